/**
 * Keys as RFC 4733 events. `KeyReader` makes one key of the many packets that tell of it (told apart by their timestamp), also when its end was lost;
 * `KeyWriter` gives the packets of keys to send, one every 20 ms. One of each per leg that has events.
 */
import type { RtpPacket } from './packet.ts';

const KEYS = '0123456789*#ABCD';
const UNITS_PER_MS = 8;
const END = 0x80;
/** -10 dBm0, what phones commonly send. */
const VOLUME = 10;
const KEY_MS = 100;
const GAP_MS = 60;
const PACKET_MS = 20;
/** A key of which nothing more comes is over. */
const LOST_END_MS = 160;
/** RFC 4733 2.5.1.4. */
const END_PACKETS = 3;
const MAX_QUEUED = 64;

export interface Key {
  readonly key: string;
  readonly ms: number;
}

export class KeyReader {
  #timestamp: number | undefined;
  #code = 0;
  #units = 0;
  #isTold = true;
  #lastAt = 0;

  /** @returns what is now known to have been pressed: a key whose end came, before it one whose end was lost */
  read(packet: RtpPacket, now: number): Key[] {
    if (packet.payloadEnd - packet.payloadStart < 4) return [];
    const code = packet.bytes[packet.payloadStart] as number;
    const flags = packet.bytes[packet.payloadStart + 1] as number;
    const units = packet.bytes.readUInt16BE(packet.payloadStart + 2);
    if (code >= KEYS.length) return [];
    const keys: Key[] = [];
    if (packet.timestamp !== this.#timestamp) {
      // A packet of the key before, late: its end has been told.
      if (this.#timestamp !== undefined && ((packet.timestamp - this.#timestamp) | 0) < 0 && now - this.#lastAt < 1_000) return keys;
      keys.push(...this.#end());
      this.#timestamp = packet.timestamp;
      this.#code = code;
      this.#units = 0;
      this.#isTold = false;
    }
    this.#units = Math.max(this.#units, units);
    this.#lastAt = now;
    if (flags & END) keys.push(...this.#end());
    return keys;
  }

  /** Called now and then: a key whose end never came. */
  lapsed(now: number): Key[] {
    return !this.#isTold && now - this.#lastAt >= LOST_END_MS ? this.#end() : [];
  }

  #end(): Key[] {
    if (this.#isTold) return [];
    this.#isTold = true;
    return [{ key: KEYS[this.#code] as string, ms: Math.round(this.#units / UNITS_PER_MS) }];
  }
}

export interface KeyPacket {
  readonly payload: Uint8Array;
  /** The first of its key: takes a new timestamp. */
  readonly isFirst: boolean;
}

export class KeyWriter {
  #queue = '';
  #sentMs = 0;
  #gapMs = 0;

  get isBusy(): boolean {
    return this.#queue !== '' || this.#gapMs > 0;
  }

  /** Keys beyond a queue of 64 are left out. */
  press(keys: string): void {
    this.#queue = (this.#queue + keys).slice(0, MAX_QUEUED);
  }

  /** The packets of the next 20 ms. */
  next(): KeyPacket[] {
    if (this.#gapMs > 0) {
      this.#gapMs -= PACKET_MS;
      return [];
    }
    if (this.#queue === '') return [];
    const isFirst = this.#sentMs === 0;
    this.#sentMs += PACKET_MS;
    const isOver = this.#sentMs >= KEY_MS;
    const units = this.#sentMs * UNITS_PER_MS;
    const payload = Uint8Array.of(KEYS.indexOf(this.#queue[0] as string), (isOver ? END : 0) | VOLUME, units >> 8, units & 0xff);
    if (!isOver) return [{ payload, isFirst }];
    this.#queue = this.#queue.slice(1);
    this.#sentMs = 0;
    this.#gapMs = GAP_MS;
    return Array.from({ length: END_PACKETS }, () => ({ payload, isFirst: false }));
  }
}
