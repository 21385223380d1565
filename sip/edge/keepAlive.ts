/**
 * Datagrams that only keep a way through a router open: line ends, zeros and words of many phones, and STUN (RFC 5626 3.5.2, 4.4.2), which wants an answer.
 * Behind one router may be many phones; what they send for it is neither SIP nor a fault of theirs.
 */
import { isV6Text, networkOf } from './address.ts';
import type { Address } from './types.ts';

/** Nothing shorter can be SIP, or STUN. */
const LEAST_BYTES = 20;
const MAGIC_COOKIE = 0x2112_a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;

export function isKeepAlive(bytes: Buffer): boolean {
  return bytes.length < LEAST_BYTES || isStun(bytes);
}

/** RFC 8489 5: the first two bits, and the cookie. No message of SIP begins so. */
function isStun(bytes: Buffer): boolean {
  return bytes.length >= LEAST_BYTES && (bytes[0] as number) < 0x40 && bytes.readUInt32BE(4) === MAGIC_COOKIE;
}

/** From where the request came, as its sender wants to know. @returns undefined for what is no Binding request */
export function stunAnswer(bytes: Buffer, from: Address): Buffer | undefined {
  if (!isStun(bytes) || bytes.readUInt16BE(0) !== BINDING_REQUEST || bytes.readUInt16BE(2) !== bytes.length - LEAST_BYTES) return undefined;
  const address = addressBytes(from.host);
  const answer = Buffer.alloc(LEAST_BYTES + 8 + address.length);
  answer.writeUInt16BE(BINDING_SUCCESS, 0);
  answer.writeUInt16BE(answer.length - LEAST_BYTES, 2);
  bytes.copy(answer, 4, 4, LEAST_BYTES);
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(4 + address.length, 22);
  answer.writeUInt16BE(address.length === 4 ? 1 : 2, 24);
  answer.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), 26);
  // XOR with the cookie, and for IPv6 with the transaction id that follows it.
  for (const [index, byte] of address.entries()) answer[28 + index] = byte ^ (bytes[4 + index] as number);
  return answer;
}

function addressBytes(host: string): readonly number[] {
  if (!isV6Text(host)) return host.split('.').map(Number);
  return networkOf(host, 8)
    .split(':')
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
