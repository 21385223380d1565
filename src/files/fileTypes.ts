/**
 * What a file really is, by its bytes, against what its name and sender say. Only listed kinds are taken; a mismatch is refused.
 * Markup that browsers run (HTML, SVG, XML) is not on the list; text is served as text only.
 */
import { fileTypeFromBuffer } from 'file-type';
import { AppError } from '../base/errors.ts';

/** Extensions by content type; the first is given to files without a name. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpg', 'jpeg'],
  'image/png': ['png'],
  'image/gif': ['gif'],
  'image/webp': ['webp'],
  'image/avif': ['avif'],
  'image/heic': ['heic'],
  'application/pdf': ['pdf'],
  'text/plain': ['txt', 'log', 'md'],
  'text/csv': ['csv'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': ['docx'],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': ['xlsx'],
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': ['pptx'],
  'application/vnd.oasis.opendocument.text': ['odt'],
  'application/vnd.oasis.opendocument.spreadsheet': ['ods'],
  'application/vnd.oasis.opendocument.presentation': ['odp'],
  'application/msword': ['doc'],
  'application/vnd.ms-excel': ['xls'],
  'application/vnd.ms-powerpoint': ['ppt'],
  'application/zip': ['zip'],
  'audio/mpeg': ['mp3'],
  'audio/wav': ['wav'],
  'audio/ogg': ['ogg', 'oga', 'opus'],
  'audio/mp4': ['m4a'],
  'audio/flac': ['flac'],
  'audio/aac': ['aac'],
  'video/mp4': ['mp4', 'm4v'],
  'video/webm': ['webm'],
  'video/quicktime': ['mov'],
  'video/ogg': ['ogv'],
};

/** Other names that senders and the detector use for the same thing. */
const SAME: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-m4a': 'audio/mp4',
  'audio/opus': 'audio/ogg',
  'audio/x-flac': 'audio/flac',
  'video/x-m4v': 'video/mp4',
  'application/x-zip-compressed': 'application/zip',
  'text/markdown': 'text/plain',
  'application/x-cfb': 'application/msword',
  'image/heif': 'image/heic',
};

/** Legacy Office formats share one container, in which the detector cannot tell them apart. */
const LEGACY_OFFICE: ReadonlySet<string> = new Set(['application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint']);
/** Senders that do not know say this; then the name decides. */
const UNTOLD: ReadonlySet<string> = new Set(['', 'application/octet-stream', 'binary/octet-stream']);
/** Shown in the page; everything else is downloaded. */
const INLINE: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif']);

export function isShownInline(type: string): boolean {
  return INLINE.has(type);
}

/** The type to store and serve. @throws AppError file_type when kind, name and sender do not agree */
export async function typeOf(content: Uint8Array, declared: string, name: string): Promise<string> {
  const told = canonical(declared.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const extension = extensionOf(name);
  const wanted = UNTOLD.has(told) ? typeOfExtension(extension) : told;
  const found = await sniff(content);
  const isSame =
    found !== undefined &&
    (found === wanted ||
      (found === 'text/plain' && wanted === 'text/csv') ||
      (found === 'application/msword' && LEGACY_OFFICE.has(wanted ?? '')));
  if (!isSame || wanted === undefined || !ALLOWED[wanted]) {
    const what = found === undefined ? 'of a kind that is not accepted' : found;
    throw new AppError('file_type', { detail: `It says it is ${wanted ?? 'something unknown'}; its content is ${what}.` });
  }
  if (extension !== '' && !ALLOWED[wanted].includes(extension))
    throw new AppError('file_type', { detail: `Its name ends in .${extension}, its content is ${wanted}.` });
  return wanted;
}

async function sniff(content: Uint8Array): Promise<string | undefined> {
  const found = await fileTypeFromBuffer(content);
  if (!found) return isText(content) ? 'text/plain' : undefined;
  const type = canonical(found.mime.split(';', 1)[0] ?? '');
  return ALLOWED[type] ? type : undefined;
}

/** UTF-8 without control characters other than those of text. */
function isText(content: Uint8Array): boolean {
  if (content.length === 0) return false;
  for (const byte of content) if (byte < 32 && !(byte >= 9 && byte <= 13)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function canonical(type: string): string {
  return SAME[type] ?? type;
}

function typeOfExtension(extension: string): string | undefined {
  return Object.entries(ALLOWED).find(([, extensions]) => extensions.includes(extension))?.[0];
}

export function extensionOf(name: string): string {
  return /\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

const NAME_MAX_CHARS = 120;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*`]/gu;

/** A name that is safe to show and to save under: no folders, control or direction characters; the extension stays. */
export function safeName(given: string, type: string): string {
  const last = given.normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const clean = last
    .replace(UNSAFE, '')
    .trim()
    .replace(/^\.+|[. ]+$/g, '');
  const extension = extensionOf(clean) || (ALLOWED[type]?.[0] ?? 'bin');
  const stem = clean.replace(/\.[A-Za-z0-9]{1,10}$/, '') || 'file';
  return `${[...stem].slice(0, NAME_MAX_CHARS - extension.length - 1).join('')}.${extension}`;
}
