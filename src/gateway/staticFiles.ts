/**
 * The web clients' files, from the folder that the web build fills. Created once per gateway. Looks a file up when it is asked for, so the
 * build may finish after the start; remembers it while its size and time stay. Serves `.br` and `.gz` siblings, or compresses once by itself.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Answer, Exchange } from './exchange.ts';
import { pageHeaders } from './securityHeaders.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
};
const COMPRESSIBLE = /^(text\/|application\/(json|manifest|wasm)|image\/svg)/;
/** The build puts a hash of the contents before the extension: such a file never changes. */
const HASHED = /[-.][A-Za-z0-9_-]{8,}\.\w+$/;
const CHECK_EVERY_MS = 1_000;
const IN_MEMORY_BYTES = 2 * 1024 * 1024;

interface Loaded {
  readonly bytes: Buffer;
  readonly mtimeMs: number;
  readonly etag: string;
  readonly encoded: Map<Encoding, Promise<Buffer>>;
  checkedAt: number;
}
type Encoding = 'br' | 'gzip';

export class StaticFiles {
  readonly #folder: string;
  readonly #loaded = new Map<string, Loaded>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** undefined: no such file. Folders answer with their index.html. */
  async find(exchange: Exchange): Promise<Answer | undefined> {
    const name = nameOf(exchange.path);
    if (name === undefined) return undefined;
    const type = TYPES[extname(name)];
    if (type === undefined) return undefined;
    const file = await this.#load(name);
    if (!file) return undefined;
    if (file === 'large')
      return {
        status: 200,
        headers: { 'content-type': type },
        file: { path: join(this.#folder, name), size: (await stat(join(this.#folder, name))).size },
      };
    const headers: Record<string, string> = {
      'content-type': type,
      etag: file.etag,
      'cache-control': HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'Accept-Encoding',
      ...(type.startsWith('text/html')
        ? pageHeaders()
        : { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }),
    };
    if (
      exchange
        .header('if-none-match')
        ?.split(',')
        .some((tag) => tag.trim().replace(/^W\//, '') === file.etag)
    )
      return { status: 304, headers };
    const encoding = COMPRESSIBLE.test(type) && file.bytes.length > 256 ? acceptedEncoding(exchange.header('accept-encoding')) : undefined;
    if (!encoding) return { status: 200, headers, body: file.bytes };
    return { status: 200, headers: { ...headers, 'content-encoding': encoding }, body: await this.#encoded(name, file, encoding) };
  }

  async #load(name: string): Promise<Loaded | 'large' | undefined> {
    const known = this.#loaded.get(name);
    const now = performance.now();
    if (known && now - known.checkedAt < CHECK_EVERY_MS) return known;
    const found = await stat(join(this.#folder, name)).catch(() => undefined);
    if (!found?.isFile()) {
      this.#loaded.delete(name);
      return undefined;
    }
    if (found.size > IN_MEMORY_BYTES) return 'large';
    if (known && known.mtimeMs === found.mtimeMs && known.bytes.length === found.size) {
      known.checkedAt = now;
      return known;
    }
    const bytes = await readFile(join(this.#folder, name));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const loaded: Loaded = { bytes, mtimeMs: found.mtimeMs, etag, encoded: new Map(), checkedAt: now };
    this.#loaded.set(name, loaded);
    return loaded;
  }

  #encoded(name: string, file: Loaded, encoding: Encoding): Promise<Buffer> {
    const known = file.encoded.get(encoding);
    if (known) return known;
    const sibling = join(this.#folder, `${name}.${encoding === 'br' ? 'br' : 'gz'}`);
    const made = readFile(sibling).catch(() => compress(file.bytes, encoding));
    file.encoded.set(encoding, made);
    return made;
  }
}

function compress(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'gzip') return promisify(gzip)(bytes, { level: 9 });
  return promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}

/** A path inside the folder without hidden names, or undefined. */
function nameOf(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  const segments = decoded.split('/').slice(1);
  if (segments.some((segment, index) => segment.startsWith('.') || (segment === '' && index < segments.length - 1))) return undefined;
  const name = segments.join('/');
  if (name === '' || name.endsWith('/')) return `${name}index.html`;
  return extname(name) === '' ? `${name}/index.html` : name;
}

/** The best of what the client takes; a weight of 0 refuses. */
function acceptedEncoding(header: string | undefined): Encoding | undefined {
  const accepted = new Set(
    (header ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
      .map((part) => part.split(';', 1)[0]),
  );
  return accepted.has('br') ? 'br' : accepted.has('gzip') ? 'gzip' : undefined;
}
