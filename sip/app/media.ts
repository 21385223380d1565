/**
 * The processes of phone media this application uses: found by their announcements, each asked over one connection that is kept up. A call's legs stand in one
 * process, for only there can they hear each other; `open` chooses the least loaded. Made by the role; what media processes tell of a leg goes to `onEvent`.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import type { LegInfo, RtpCommand, RtpEvent, SpareEnd } from '../rtp/protocol.ts';

export type MediaCommand = Exclude<RtpCommand, { do: 'hello' }>;

/** One media process: `RtpClient`. */
export interface MediaProcess {
  readonly isUp: boolean;
  /** It may stand still. */
  readonly isLate: boolean;
  /** @throws AppError unavailable | rate_limited (no ports, overloaded) | gone | not_found */
  ask(command: MediaCommand): Promise<{
    readonly leg?: LegInfo | undefined;
    readonly legs?: readonly LegInfo[] | undefined;
    readonly ends?: readonly SpareEnd[] | undefined;
  }>;
  close(): void;
}

export interface MediaAddress {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** 0 to 1: who is at 1 takes no new leg. */
  readonly load: number;
  readonly isDraining: boolean;
}

/** What happens on the link to one. */
export interface MediaTold {
  event(event: RtpEvent): void;
  up(): void;
  down(): void;
  /** Nobody listens there. */
  refused(): void;
}

export interface MediaOptions {
  connect(address: MediaAddress, told: MediaTold): MediaProcess;
  nodes(): Promise<readonly MediaAddress[]>;
  onEvent(event: RtpEvent): void;
  /** Ids of ours there. */
  callsAt(node: string): readonly string[];
  /** What of the process's legs is left after it was out of reach; nothing when it is gone, or goes. */
  onLegs(node: string, legs: ReadonlySet<string>): void;
  readonly log: Logger;
}

interface Known {
  address: MediaAddress;
  readonly process: MediaProcess;
  lost: NodeJS.Timeout | undefined;
  /** Opened by us since its load was last told, so that a burst spreads. */
  opened: number;
  /** Opened ahead, for phones that ring. */
  ends: SpareEnd[];
  isOpeningEnds: boolean;
}

/** What one more leg adds to a load, until the process says itself. */
const LEG_LOAD = 0.002;
/** So long a lost link may come back before its calls are given up. */
const BACK_WITHIN_MS = 3_000;
/** As many phones ring before the process can have answered once; beyond them one is asked for and waited for. */
const SPARE_ENDS = 8;

export class Media {
  readonly #options: MediaOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: MediaOptions) {
    this.#options = options;
  }

  /** Takes in who announces itself, lets go of who does not any more. Called every second. */
  async refresh(): Promise<void> {
    const { connect, nodes, onEvent, onLegs, log } = this.#options;
    const addresses = await nodes();
    const leaving: string[] = [];
    for (const address of addresses) {
      const known = this.#known.get(address.id);
      if (known) {
        if (address.isDraining && !known.address.isDraining) leaving.push(address.id);
        known.address = address;
        known.opened = 0;
      } else {
        log.info({ media: address.id }, 'media.found');
        const told: MediaTold = {
          event: onEvent,
          up: () => this.#back(address.id),
          down: () => this.#away(address.id),
          refused: () => this.#dead(address.id),
        };
        const process = connect(address, told);
        this.#known.set(address.id, { address, process, lost: undefined, opened: 0, ends: [], isOpeningEnds: false });
      }
    }
    for (const [id, { process }] of this.#known) {
      if (addresses.some((address) => address.id === id) || process.isUp) continue;
      this.#known.delete(id);
      process.close();
      onLegs(id, new Set());
    }
    // Its calls need not end with it.
    for (const id of leaving) if (this.#best()) onLegs(id, new Set());
  }

  #away(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    // They went with the connection.
    known.ends = [];
    clearTimeout(known.lost);
    known.lost = setTimeout(() => this.#options.onLegs(id, new Set()), BACK_WITHIN_MS);
    known.lost.unref();
  }

  /** Nobody listens where it was: it is not waited for. */
  #dead(id: string): void {
    const known = this.#known.get(id);
    if (!known?.lost) return;
    clearTimeout(known.lost);
    known.lost = undefined;
    this.#options.onLegs(id, new Set());
  }

  /** Its legs stand as they did, or some of them. */
  #back(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    // What was over here while it was out of reach is over there, too.
    this.tell(id, { do: 'calls.keep', calls: [...this.#options.callsAt(id)] });
    this.#openEnds(known);
    if (!known.lost) return;
    clearTimeout(known.lost);
    known.lost = undefined;
    known.process.ask({ do: 'list' }).then(
      ({ legs = [] }) => this.#options.onLegs(id, new Set(legs.map(({ leg }) => leg))),
      () => this.#away(id),
    );
  }

  get nodes(): string[] {
    return [...this.#known].filter(([, { process }]) => process.isUp).map(([id]) => id);
  }

  /** The least loaded; one that is late only where no other is. @throws AppError unavailable */
  choose(): string {
    const best = this.#best();
    if (best === undefined) throw new AppError('unavailable', { detail: 'No phone media has room.' });
    return best;
  }

  #best(): string | undefined {
    let best: { id: string; load: number; isLate: boolean } | undefined;
    for (const [id, { address, process, opened }] of this.#known) {
      if (!process.isUp || address.isDraining || address.load >= 1) continue;
      const load = address.load + opened * LEG_LOAD;
      const { isLate } = process;
      if (!best || (isLate === best.isLate ? load < best.load : best.isLate)) best = { id, load, isLate };
    }
    return best?.id;
  }

  /** One that stands already, for a leg that shall not wait for an answer (`leg.open` names it); undefined: none is left. */
  takeEnd(node: string): SpareEnd | undefined {
    const known = this.#known.get(node);
    if (!known?.process.isUp) return undefined;
    const end = known.ends.shift();
    this.#openEnds(known);
    return end;
  }

  #openEnds(known: Known): void {
    const count = SPARE_ENDS - known.ends.length;
    if (known.isOpeningEnds || count === 0 || known.address.isDraining) return;
    known.isOpeningEnds = true;
    known.process.ask({ do: 'ends.open', ends: Array.from({ length: count }, () => randomUUID()) }).then(
      ({ ends = [] }) => {
        known.isOpeningEnds = false;
        known.ends.push(...ends);
      },
      (error: unknown) => {
        known.isOpeningEnds = false;
        this.#options.log.debug({ err: error, media: known.address.id }, 'media.ends.refused');
      },
    );
  }

  /** @throws AppError unavailable | not_found */
  async ask(node: string, command: MediaCommand): ReturnType<MediaProcess['ask']> {
    const known = this.#known.get(node);
    if (!known?.process.isUp) throw new AppError('unavailable', { detail: 'The phone media of this call is gone.' });
    if (command.do === 'leg.open') known.opened++;
    return known.process.ask(command);
  }

  /** Where only order counts and nothing can be done about a failure but to log it. */
  tell(node: string, command: MediaCommand): void {
    this.ask(node, command).catch((error: unknown) => {
      const { do: what } = command;
      this.#options.log.debug({ err: error, media: node, what }, 'media.refused');
    });
  }

  close(): void {
    for (const { process, lost } of this.#known.values()) {
      clearTimeout(lost);
      process.close();
    }
    this.#known.clear();
  }
}
