/**
 * A few commands sent to a Redis over a plain socket, for start-up checks and the doctor only.
 * The routing engine's own connections are in `queues/`; this needs no client library and never reconnects.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A reply: text, number, nothing, or a list of replies. */
export type RedisReply = string | number | null | RedisReply[];

/** The server answered with an error line. */
export class RedisReplyError extends Error {
  override name = 'RedisReplyError';
}

/**
 * Sends the commands one after the other and returns their replies.
 * @throws on connection trouble, a timeout, or the first error reply.
 */
export async function askRedis(url: string, commands: readonly (readonly string[])[], timeoutMs = 2_000): Promise<RedisReply[]> {
  const target = new URL(url);
  const all: (readonly string[])[] = [...commands];
  const password = decodeURIComponent(target.password);
  const user = decodeURIComponent(target.username);
  if (password) all.unshift(user ? ['AUTH', user, password] : ['AUTH', password]);
  const socket = await open(target, timeoutMs);
  try {
    socket.write(all.map(encode).join(''));
    const replies = await read(socket, all.length, timeoutMs);
    return password ? replies.slice(1) : replies;
  } finally {
    socket.destroy();
  }
}

/** The value of one `CONFIG GET` name, or undefined when the server does not tell. */
export function configValue(reply: RedisReply | undefined): string | undefined {
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

/** One field of an `INFO` reply. */
export function infoField(reply: RedisReply | undefined, field: string): string | undefined {
  if (typeof reply !== 'string') return undefined;
  return reply
    .split('\r\n')
    .find((line) => line.startsWith(`${field}:`))
    ?.slice(field.length + 1);
}

function open(target: URL, timeoutMs: number): Promise<Socket> {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = Number(target.port || 6379);
  return new Promise((resolve, reject) => {
    const secure = target.protocol === 'rediss:';
    const socket = secure ? connectTls({ host, port, servername: host }) : connectPlain({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once('error', reject);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function read(socket: Socket, count: number, timeoutMs: number): Promise<RedisReply[]> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('close', () => finish(() => reject(new Error('the server closed the connection'))));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const replies: RedisReply[] = [];
      let at = 0;
      while (replies.length < count) {
        const parsed = parse(received, at);
        if (!parsed) return;
        if (parsed.value instanceof RedisReplyError) {
          const failure = parsed.value;
          return finish(() => reject(failure));
        }
        replies.push(parsed.value);
        at = parsed.next;
      }
      finish(() => resolve(replies));
    });
  });
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
}

type Parsed = { readonly value: RedisReply | RedisReplyError; readonly next: number };

/** Reads one RESP2 reply at `at`; undefined when it has not arrived in full. */
function parse(data: Buffer, at: number): Parsed | undefined {
  const lineEnd = data.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = data.toString('utf8', at + 1, lineEnd);
  const next = lineEnd + 2;
  const kind = String.fromCharCode(data[at] ?? 0);
  if (kind === '+') return { value: line, next };
  if (kind === '-') return { value: new RedisReplyError(line), next };
  if (kind === ':') return { value: Number(line), next };
  const length = Number(line);
  if (length < 0) return { value: null, next };
  if (kind === '$') {
    if (data.length < next + length + 2) return undefined;
    return { value: data.toString('utf8', next, next + length), next: next + length + 2 };
  }
  const items: RedisReply[] = [];
  let position = next;
  while (items.length < length) {
    const item = parse(data, position);
    if (!item) return undefined;
    if (item.value instanceof RedisReplyError) return item;
    items.push(item.value);
    position = item.next;
  }
  return { value: items, next: position };
}
