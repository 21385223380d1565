/**
 * Session descriptions as far as phones need them (RFC 8866, 3551, 4733, 5761): one audio stream, whatever else is offered beside it. `parseSession` reads what
 * a stranger sent, strictly and within limits; `writeSession` is its counterpart. What may be said in answer to what is in `negotiate.ts`.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Codec } from '../rtp/protocol.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface CodecOffer {
  readonly codec: Codec;
  readonly payloadType: number;
}

/** The audio line that is used; `address` as a text without brackets. */
export interface AudioLine {
  /** Which `m=` line it is, from 0. */
  readonly index: number;
  readonly address: string;
  /** 0: the stream is refused or over. */
  readonly port: number;
  /** Absent: port + 1. */
  readonly rtcpPort?: number;
  readonly isRtcpMux: boolean;
  /** RTP/AVPF (RFC 4585): the answer must say the same (RFC 3264 6). */
  readonly hasFeedback: boolean;
  /** In the order of preference; other codecs are left out. */
  readonly codecs: readonly CodecOffer[];
  /** RFC 4733 at 8,000 Hz. */
  readonly eventPayloadType?: number;
  readonly ptimeMs: number;
  readonly direction: Direction;
}

export interface Session {
  readonly origin: { readonly id: string; readonly version: string };
  /** All `m=` lines, for the answer has as many: what stands before the port, and after it. */
  readonly lines: readonly { readonly kind: string; readonly protocol: string; readonly formats: string }[];
  readonly audio: AudioLine | undefined;
}

const MAX_CHARS = 16_384;
const MAX_LINES = 400;
const MAX_MEDIA = 16;
const PTIME_MS = 20;

const STATIC: Readonly<Record<string, Codec>> = { '0': 'PCMU', '8': 'PCMA', '9': 'G722' };
/** The number each codec has by itself (RFC 3551); G.722 says 8,000 for historical reasons. */
export const PAYLOAD_TYPE: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8, G722: 9 };
const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** undefined: not a session description, or beyond our limits. */
export function parseSession(body: string): Session | undefined {
  const text = body.startsWith('--') ? partOf(body) : body;
  if (text.length > MAX_CHARS || !text.startsWith('v=0')) return undefined;
  const rows = text.split(/\r\n|\n|\r/).map((row) => row.trimEnd());
  if (rows.length > MAX_LINES) return undefined;

  const sections: string[][] = [[]];
  for (const row of rows) {
    if (row.startsWith('m=')) sections.push([]);
    if (row !== '') sections.at(-1)?.push(row);
  }
  const [common = [], ...media] = sections;
  if (media.length > MAX_MEDIA) return undefined;
  const origin = common
    .find((row) => row.startsWith('o='))
    ?.slice(2)
    .split(/ +/);
  if (origin?.length !== 6) return undefined;

  const lines = media.map((rows) => /^m=([\w.-]+) (\d{1,5})(?:\/\d+)? ([\w./-]+) (.+)$/.exec(rows[0] ?? ''));
  if (lines.some((line) => line === null)) return undefined;
  const parsed = lines.map((line) => ({
    kind: line?.[1] ?? '',
    port: Number(line?.[2]),
    protocol: line?.[3] ?? '',
    formats: line?.[4] ?? '',
  }));
  // The first usable one: a caller may offer the same stream encrypted beside.
  const isUsable = (line: (typeof parsed)[number]): boolean =>
    line.kind === 'audio' && /^RTP\/AVPF?$/.test(line.protocol) && line.port < 65_536;
  const live = parsed.findIndex((line) => isUsable(line) && line.port > 0);
  const index = live >= 0 ? live : parsed.findIndex(isUsable);
  const chosen = parsed[index];
  const audio = chosen && audioLine(index, chosen, media[index] ?? [], common);
  return { origin: { id: origin[1] ?? '', version: origin[2] ?? '' }, lines: parsed, audio };
}

/** Of several parts (RFC 2046 5.1; carriers send ISUP or a location beside) the session description; '' when there is none. */
function partOf(body: string): string {
  const boundary = body.split(/\r?\n/, 1)[0] as string;
  for (const part of body.split(boundary)) {
    const [head = '', ...rest] = part.split(/\r?\n\r?\n/);
    if (/^content-type:[ \t]*application\/sdp\b/im.test(head)) return rest.join('\r\n\r\n');
  }
  return '';
}

function audioLine(
  index: number,
  { port, formats, protocol }: { readonly port: number; readonly formats: string; readonly protocol: string },
  rows: readonly string[],
  common: readonly string[],
): AudioLine | undefined {
  const address = connection(rows) ?? connection(common);
  if (address === undefined) return undefined;
  const names = new Map<string, string>();
  for (const row of rows) {
    const map = /^a=rtpmap:(\d{1,3}) ([A-Za-z0-9.-]+)\/(\d+)(?:\/1)?$/.exec(row);
    if (map) names.set(map[1] ?? '', `${map[2]?.toUpperCase()}/${map[3]}`);
  }
  const codecs: CodecOffer[] = [];
  let eventPayloadType: number | undefined;
  for (const format of formats.trim().split(/ +/)) {
    const payloadType = Number(format);
    if (!/^\d{1,3}$/.test(format) || payloadType > 127) continue;
    const name = names.get(format) ?? (STATIC[format] ? `${STATIC[format]}/8000` : '');
    if (name === 'TELEPHONE-EVENT/8000' && payloadType >= 96) eventPayloadType ??= payloadType;
    const codec = (Object.keys(PAYLOAD_TYPE) as Codec[]).find((known) => name === `${known}/8000`);
    if (codec && !codecs.some((other) => other.codec === codec)) codecs.push({ codec, payloadType });
  }
  const rtcp = attribute(rows, 'rtcp')?.split(' ')[0];
  const rtcpPort = rtcp !== undefined && /^\d{1,5}$/.test(rtcp) && Number(rtcp) > 0 && Number(rtcp) < 65_536 ? Number(rtcp) : undefined;
  const ptime = Number(attribute(rows, 'ptime'));
  const direction = directionOf(rows) ?? directionOf(common) ?? 'sendrecv';
  return {
    index,
    address,
    port,
    ...(rtcpPort === undefined ? {} : { rtcpPort }),
    isRtcpMux: rows.includes('a=rtcp-mux'),
    hasFeedback: protocol === 'RTP/AVPF',
    codecs,
    ...(eventPayloadType === undefined ? {} : { eventPayloadType }),
    ptimeMs: ptime >= 10 && ptime <= 60 ? Math.round(ptime) : PTIME_MS,
    // RFC 2543's way to hold: nothing can be sent there.
    direction:
      address === '0.0.0.0' || address === '::'
        ? direction === 'sendrecv' || direction === 'sendonly'
          ? 'sendonly'
          : 'inactive'
        : direction,
  };
}

/** One host: packets of a call are never sent to a group. */
function connection(rows: readonly string[]): string | undefined {
  const row = rows.find((candidate) => candidate.startsWith('c='));
  const match = /^c=IN IP([46]) ([^ /]+)/.exec(row ?? '');
  const address = match?.[2] ?? '';
  const isOne = match?.[1] === '4' ? isIPv4(address) && Number(address.split('.')[0]) < 224 : isIPv6(address) && !/^ff/i.test(address);
  return isOne ? address : undefined;
}

function attribute(rows: readonly string[], name: string): string | undefined {
  return rows.find((row) => row.startsWith(`a=${name}:`))?.slice(name.length + 3);
}

/**
 * Where an offer wants its packets, without reading the rest of it; undefined when it says both, or neither. Not where its signalling came from: a phone may speak SIP
 * over one family and media over the other.
 */
export function familyOf(text: string): 'IPv4' | 'IPv6' | undefined {
  const [four, six] = [/^c=IN IP4 /m.test(text), /^c=IN IP6 /m.test(text)];
  return four === six ? undefined : four ? 'IPv4' : 'IPv6';
}

function directionOf(rows: readonly string[]): Direction | undefined {
  const row = rows.find((candidate) => candidate.startsWith('a=') && DIRECTIONS.has(candidate.slice(2)));
  return row?.slice(2) as Direction | undefined;
}

export interface WrittenSession {
  readonly id: string;
  /** Grows with every description of this session that differs (RFC 3264 8). */
  readonly version: number;
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly isRtcpMux: boolean;
  readonly hasFeedback: boolean;
  readonly codecs: readonly CodecOffer[];
  readonly eventPayloadType?: number | undefined;
  readonly ptimeMs: number;
  readonly direction: Direction;
  /** An answer: the other side's lines; all but the one at `index` are refused. */
  readonly answers?: { readonly lines: Session['lines']; readonly index: number };
}

export function writeSession(own: WrittenSession): string {
  const family = isIPv6(own.address) ? 'IP6' : 'IP4';
  const formats = own.codecs.map(({ payloadType }) => payloadType);
  if (own.eventPayloadType !== undefined) formats.push(own.eventPayloadType);
  const audio = [
    `m=audio ${own.port} ${own.hasFeedback ? 'RTP/AVPF' : 'RTP/AVP'} ${formats.join(' ')}`,
    ...own.codecs.map(({ codec, payloadType }) => `a=rtpmap:${payloadType} ${codec}/8000`),
    ...(own.eventPayloadType === undefined
      ? []
      : [`a=rtpmap:${own.eventPayloadType} telephone-event/8000`, `a=fmtp:${own.eventPayloadType} 0-15`]),
    `a=ptime:${own.ptimeMs}`,
    ...(own.isRtcpMux ? ['a=rtcp-mux'] : own.rtcpPort === own.port + 1 ? [] : [`a=rtcp:${own.rtcpPort}`]),
    `a=${own.direction}`,
  ];
  const media = own.answers
    ? own.answers.lines.flatMap((line, index) =>
        index === own.answers?.index ? audio : [`m=${line.kind} 0 ${line.protocol} ${line.formats}`],
      )
    : audio;
  const head = ['v=0', `o=- ${own.id} ${own.version} IN ${family} ${own.address}`, 's=-', `c=IN ${family} ${own.address}`, 't=0 0'];
  return `${[...head, ...media].join('\r\n')}\r\n`;
}
