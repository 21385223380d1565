/**
 * One way into a room: asks to join until it is in, or it is certain or has taken long enough that it cannot be. Made by `RoomClient` each time it enters, ended by
 * `close`: what is still under way then is thrown away, and nothing more is told.
 */
import type { Device } from 'mediasoup-client';
import type { Joined, VideoCommand } from '../socket/wire.ts';
import type { LeftBecause } from './callState.ts';
import { codeOf } from './errors.ts';
import { deviceFor, RoomMedia } from './roomMedia.ts';

export interface EntryPorts {
  /** To the room. @throws with `code` */
  ask(body: VideoCommand): Promise<unknown>;
  onJoined(joined: Joined, media: RoomMedia): void;
  onRefused(because: LeftBecause, code: string): void;
  /** The way to the room cannot be mended from within. */
  onLost(why: string): void;
}

const TRY_FOR_MS = 60_000;
const WAITS_MS = [500, 1_000, 2_000, 4_000];
/** Codes after which asking again is pointless. */
const FINAL: Readonly<Record<string, LeftBecause>> = {
  gone: 'over',
  not_found: 'over',
  forbidden: 'refused',
  wrong_state: 'over',
  unauthenticated: 'refused',
};

/** What this browser can, known from the first entry on: it saves a round, as the answer has all consumers. */
let device: Device | undefined;

export class Entry {
  readonly #peer: string;
  readonly #ports: EntryPorts;
  /** Again, after it was in. */
  readonly #isReturn: boolean;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: (() => void) | undefined;
  #isClosed = false;

  constructor(peer: string, isReturn: boolean, ports: EntryPorts) {
    this.#peer = peer;
    this.#isReturn = isReturn;
    this.#ports = ports;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async run(): Promise<void> {
    const giveUpAt = Date.now() + TRY_FOR_MS;
    for (let attempt = 0; !this.#isClosed; attempt++) {
      try {
        await this.#join();
        return;
      } catch (error) {
        if (this.#isClosed) return;
        const code = codeOf(error);
        console.debug('centralino: the room could not be entered', error);
        const because = this.#endOf(code, Date.now() > giveUpAt);
        if (because) return this.#ports.onRefused(because, code);
        await this.#wait(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 0);
      }
    }
  }

  /** The next attempt now: the network is there again. */
  hurry(): void {
    this.#stopWaiting?.();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#waiting);
    this.#stopWaiting?.();
  }

  /** undefined: try again. Who never was in is told at once that there is no place. */
  #endOf(code: string, isLate: boolean): LeftBecause | undefined {
    if (FINAL[code]) return FINAL[code];
    if (!this.#isReturn && code === 'at_capacity') return 'failed';
    if (!isLate) return undefined;
    return this.#isReturn ? 'lost' : 'failed';
  }

  async #join(): Promise<void> {
    const { ask } = this.#ports;
    const peer = this.#peer;
    const rtpCapabilities = device?.recvRtpCapabilities as unknown as Joined['rtpCapabilities'] | undefined;
    const joined = (await ask({ do: 'join', peer, ...(rtpCapabilities && { rtpCapabilities }) })) as Joined;
    device ??= await deviceFor(joined.rtpCapabilities);
    if (this.#isClosed) return;
    const media = new RoomMedia(device, peer, joined, {
      ask,
      onLost: (why) => !this.#isClosed && this.#ports.onLost(why),
    });
    this.#ports.onJoined(joined, media);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#stopWaiting = resolve;
      this.#waiting = setTimeout(resolve, ms);
    });
  }
}
