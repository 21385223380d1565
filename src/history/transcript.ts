/** CHT-15: a conversation as plain text, one line a message, in English or Italian. Pure. */
import type { HistoryMessage } from './historyViews.ts';

export type TranscriptLanguage = 'en' | 'it';

interface Texts {
  readonly locale: string;
  readonly title: (client: string) => string;
  readonly started: string;
  readonly over: string;
  readonly visitor: string;
  readonly staff: string;
  readonly system: string;
  readonly staffOnly: string;
  readonly file: string;
  readonly began: { readonly video: string; readonly audio: string };
  readonly videoOver: (minutes: number) => string;
  readonly erased: string;
  readonly cut: (count: number) => string;
}

const TEXTS: Readonly<Record<TranscriptLanguage, Texts>> = {
  en: {
    locale: 'en-GB',
    title: (client) => `Conversation with ${client}`,
    started: 'Started',
    over: 'Conversation ended',
    visitor: 'Visitor',
    staff: 'Agent',
    system: 'System',
    staffOnly: 'staff only',
    file: 'file',
    began: { video: 'Video call began', audio: 'Audio call began' },
    videoOver: (minutes) => `Call ended (${minutes} min)`,
    erased: '(deleted)',
    cut: (count) => `Only the last ${count} messages are shown.`,
  },
  it: {
    locale: 'it-IT',
    title: (client) => `Conversazione con ${client}`,
    started: 'Iniziata',
    over: 'Conversazione terminata',
    visitor: 'Visitatore',
    staff: 'Operatore',
    system: 'Sistema',
    staffOnly: 'solo operatori',
    file: 'file',
    began: { video: 'Videochiamata iniziata', audio: 'Chiamata audio iniziata' },
    videoOver: (minutes) => `Chiamata terminata (${minutes} min)`,
    erased: '(eliminato)',
    cut: (count) => `Sono mostrati solo gli ultimi ${count} messaggi.`,
  },
};

/** VID-2: from when both sides were in. */
export interface VideoSpan {
  readonly kind: 'video' | 'audio';
  readonly startedAt: number;
  /** Absent while it lasts. */
  readonly endedAt?: number;
}

export interface TranscriptSource {
  readonly client: string;
  readonly createdAt: number;
  /** When the conversation was over. */
  readonly endedAt: number | undefined;
  readonly messages: readonly HistoryMessage[];
  /** Video in it, in order. */
  readonly calls: readonly VideoSpan[];
  readonly isCut: boolean;
}

/** `timeZone` is an IANA name; it stands in the heading. Ends with a line break. */
export function toTranscript(source: TranscriptSource, language: TranscriptLanguage, timeZone: string): string {
  const texts = TEXTS[language];
  const format = new Intl.DateTimeFormat(texts.locale, { dateStyle: 'short', timeStyle: 'medium', timeZone });
  const at = (ms: number): string => format.format(ms);
  const lines = [texts.title(oneLine(source.client) || texts.visitor), `${texts.started} ${at(source.createdAt)} (${timeZone})`];
  if (source.isCut) lines.push(texts.cut(source.messages.length));
  lines.push('');
  // In the order of their times; what was said first at one moment stands first.
  const said = [
    ...source.messages.map((message) => ({ at: message.at, text: `${authorOf(message, texts)}: ${contentOf(message, texts)}` })),
    ...source.calls.flatMap((call) => spanLines(call, texts)),
  ].sort((a, b) => a.at - b.at);
  for (const line of said) lines.push(`[${at(line.at)}] ${line.text}`);
  if (source.endedAt !== undefined) lines.push('', `[${at(source.endedAt)}] ${texts.over}`);
  return `${lines.join('\n')}\n`;
}

function spanLines({ kind, startedAt, endedAt }: VideoSpan, texts: Texts): { at: number; text: string }[] {
  const began = { at: startedAt, text: texts.began[kind] };
  if (endedAt === undefined) return [began];
  return [began, { at: endedAt, text: texts.videoOver(Math.ceil((endedAt - startedAt) / 60_000)) }];
}

function authorOf({ from, visibility }: HistoryMessage, texts: Texts): string {
  const fallback = from.role === 'customer' ? texts.visitor : from.role === 'system' ? texts.system : texts.staff;
  const name = oneLine(from.name) || fallback;
  return visibility === 'staff' ? `${name} (${texts.staffOnly})` : name;
}

function contentOf(message: HistoryMessage, texts: Texts): string {
  if (message.isErased) return texts.erased;
  const file = message.file ? [`[${texts.file}: ${oneLine(message.file.name)}]`] : [];
  return [...(message.text ? [indented(message.text)] : []), ...file].join(' ');
}

/** Further lines of a message are set in, so that nobody can write a line that looks like another's. */
function indented(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029\v\f]/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/\n/g, '\n    ');
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
