/**
 * One question to a STUN or TURN server, as a browser would ask it (RFC 8489, RFC 8656): a binding, or an allocation with the credentials given, let go of at once.
 * Over UDP, TCP or TLS as the address says. Used by the doctor; holds nothing open.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

export type IceAnswer =
  | { readonly kind: 'answered' }
  /** Of TURN: 401 when the credentials are not taken. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string };

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

const BINDING = 0x0001;
const ALLOCATE = 0x0003;
const REFRESH = 0x0004;
const SUCCESS = 0x0100;
const ERROR = 0x0110;
const MAGIC = 0x2112a442;
const HEADER = 20;
const ATTRIBUTE = { username: 0x0006, integrity: 0x0008, error: 0x0009, lifetime: 0x000d, realm: 0x0014, nonce: 0x0015, transport: 0x0019 };
const UDP = 17;
const TIMEOUT_MS = 4_000;
/** RFC 8489 6.2.1: lost requests are repeated, each after twice the time. */
const FIRST_REPEAT_MS = 500;

type Attributes = readonly (readonly [type: number, value: Buffer])[];
interface Reply {
  readonly type: number;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

/** A way to the server that carries whole messages. */
interface Line {
  ask(message: Buffer): Promise<Reply>;
  close(): void;
}

/** `url` as RTCPeerConnection takes it. Credentials are needed for TURN. */
export async function askIceServer(url: string, credentials?: TurnCredentials): Promise<IceAnswer> {
  let line: Line | undefined;
  try {
    line = await openLine(url);
    return url.startsWith('stun') || !credentials ? outcomeOf(await line.ask(message(BINDING, []))) : await allocate(line, credentials);
  } catch (error) {
    return { kind: 'silent', reason: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  } finally {
    line?.close();
  }
}

async function allocate(line: Line, { username, credential }: TurnCredentials): Promise<IceAnswer> {
  const asked: Attributes = [[ATTRIBUTE.transport, Buffer.from([UDP, 0, 0, 0])]];
  const first = await line.ask(message(ALLOCATE, asked));
  const { attributes } = first;
  const [realm, nonce] = [attributes.get(ATTRIBUTE.realm), attributes.get(ATTRIBUTE.nonce)];
  if (!realm || !nonce) return outcomeOf(first);
  const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
  const signed = (type: number, wanted: Attributes): Buffer =>
    message(type, [...wanted, [ATTRIBUTE.username, Buffer.from(username)], [ATTRIBUTE.realm, realm], [ATTRIBUTE.nonce, nonce]], key);
  const second = await line.ask(signed(ALLOCATE, asked));
  // A place taken for a question is given back.
  if (second.type === (ALLOCATE | SUCCESS)) await line.ask(signed(REFRESH, [[ATTRIBUTE.lifetime, Buffer.alloc(4)]]));
  return outcomeOf(second);
}

function outcomeOf({ type, attributes }: Reply): IceAnswer {
  if ((type & ERROR) !== ERROR) return { kind: 'answered' };
  const error = attributes.get(ATTRIBUTE.error) ?? Buffer.alloc(4);
  return { kind: 'refused', code: ((error[2] ?? 0) & 7) * 100 + (error[3] ?? 0), reason: error.subarray(4).toString() };
}

/** RFC 8489 5; with a key it ends with MESSAGE-INTEGRITY (14.5), whose digest counts itself into the length. */
function message(type: number, attributes: Attributes, key?: Buffer): Buffer {
  const body = Buffer.concat(attributes.map(([kind, value]) => attribute(kind, value)));
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  header.writeUInt32BE(MAGIC, 4);
  randomBytes(12).copy(header, 8);
  const plain = Buffer.concat([header, body]);
  return key ? Buffer.concat([plain, attribute(ATTRIBUTE.integrity, createHmac('sha1', key).update(plain).digest())]) : plain;
}

function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

/** undefined: not whole yet, or not a message. */
function parse(data: Buffer): Reply | undefined {
  if (data.length < HEADER || data.length < HEADER + data.readUInt16BE(2)) return undefined;
  const end = HEADER + data.readUInt16BE(2);
  const attributes = new Map<number, Buffer>();
  for (let at = HEADER; at + 4 <= end; ) {
    const length = data.readUInt16BE(at + 2);
    attributes.set(data.readUInt16BE(at), data.subarray(at + 4, Math.min(end, at + 4 + length)));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { type: data.readUInt16BE(0), attributes };
}

async function openLine(url: string): Promise<Line> {
  const [, scheme = '', bracketed, plain, port, transport = ''] =
    /^(\w+):(?:\[(.+)\]|([^:?]+))(?::(\d+))?(?:\?transport=(\w+))?$/.exec(url) ?? [];
  const host = bracketed ?? plain ?? '';
  const isSecure = scheme.endsWith('s');
  const at = { host, port: Number(port ?? (isSecure ? 5349 : 3478)) };
  if (isSecure) return overStream(await connected(connectTls({ ...at, servername: host }), 'secureConnect'));
  return transport === 'tcp' ? overStream(await connected(connect(at), 'connect')) : overUdp(at);
}

function connected<Socket extends Duplex & { setTimeout(ms: number, then: () => void): unknown }>(
  socket: Socket,
  event: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once(event, () => resolve(socket));
  });
}

function overStream(socket: Duplex): Line {
  return {
    ask: (request) =>
      answered((deliver, fail) => {
        let gathered = Buffer.alloc(0);
        const onData = (chunk: Buffer): void => {
          gathered = Buffer.concat([gathered, chunk]);
          const reply = parse(gathered);
          if (reply) deliver(reply);
        };
        socket.on('data', onData).once('error', fail);
        socket.write(request);
        return () => socket.off('data', onData).off('error', fail);
      }),
    close: () => socket.destroy(),
  };
}

function overUdp({ host, port }: { host: string; port: number }): Line {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return {
    ask: (request) =>
      answered((deliver, fail) => {
        const onMessage = (data: Buffer): void => {
          const reply = data.subarray(8, HEADER).equals(request.subarray(8, HEADER)) ? parse(data) : undefined;
          if (reply) deliver(reply);
        };
        let repeat: NodeJS.Timeout | undefined;
        const send = (waitMs: number): void => {
          socket.send(request, port, host, (error) => error && fail(error));
          repeat = setTimeout(() => send(waitMs * 2), waitMs);
        };
        socket.on('message', onMessage).once('error', fail);
        send(FIRST_REPEAT_MS);
        return () => {
          clearTimeout(repeat);
          socket.off('message', onMessage).off('error', fail);
        };
      }),
    close: () => socket.close(),
  };
}

/** `start` begins to listen and to send, and returns what ends it. @throws Error when there is no answer in time */
async function answered(start: (deliver: (reply: Reply) => void, fail: (error: Error) => void) => () => void): Promise<Reply> {
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Reply>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no answer')), TIMEOUT_MS);
      stop = start(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    stop();
  }
}
