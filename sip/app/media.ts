/**
 * The processes of phone media this application uses: found by their announcements, each asked over one connection that is kept up. A call's legs stand in one
 * process, for only there can they hear each other; `open` chooses the least loaded. Made by the role; what media processes tell of a leg goes to `onEvent`.
 */
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import type { LegInfo, RtpCommand, RtpEvent } from '../rtp/protocol.ts';

export type MediaCommand = Exclude<RtpCommand, { do: 'hello' }>;

/** One media process, as `sip/rtp/client.ts` makes it. */
export interface MediaProcess {
  readonly isUp: boolean;
  /** @throws AppError unavailable (no ports and overload too) | not_found */
  ask(command: MediaCommand): Promise<{ readonly leg?: LegInfo | undefined; readonly legs?: readonly LegInfo[] | undefined }>;
  close(): void;
}

export interface MediaAddress {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly load: number;
  readonly isDraining: boolean;
}

export interface MediaOptions {
  connect(address: MediaAddress, told: { event(event: RtpEvent): void; up(): void; down(): void }): MediaProcess;
  nodes(): Promise<readonly MediaAddress[]>;
  onEvent(event: RtpEvent): void;
  /** The process is gone with all its legs. */
  onGone(node: string): void;
  readonly log: Logger;
}

interface Known {
  address: MediaAddress;
  readonly process: MediaProcess;
  /** Opened by us since its load was last told, so that a burst spreads. */
  opened: number;
}

/** What one more leg adds to a load, until the process says itself. */
const LEG_LOAD = 0.002;

export class Media {
  readonly #options: MediaOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: MediaOptions) {
    this.#options = options;
  }

  /** Takes in who announces itself, lets go of who does not any more. Called every second. */
  async refresh(): Promise<void> {
    const { connect, nodes, onEvent, onGone, log } = this.#options;
    const addresses = await nodes();
    for (const address of addresses) {
      const known = this.#known.get(address.id);
      if (known) {
        known.address = address;
        known.opened = 0;
      } else {
        log.info({ media: address.id }, 'media.found');
        const told = { event: onEvent, up: () => undefined, down: () => onGone(address.id) };
        this.#known.set(address.id, { address, process: connect(address, told), opened: 0 });
      }
    }
    for (const [id, { process }] of this.#known) {
      if (addresses.some((address) => address.id === id) || process.isUp) continue;
      this.#known.delete(id);
      process.close();
      onGone(id);
    }
  }

  get nodes(): string[] {
    return [...this.#known].filter(([, { process }]) => process.isUp).map(([id]) => id);
  }

  /** The least loaded for a new call. @throws AppError unavailable */
  choose(): string {
    let best: { id: string; load: number } | undefined;
    for (const [id, { address, process, opened }] of this.#known) {
      const load = address.load + opened * LEG_LOAD;
      if (process.isUp && !address.isDraining && load < 1 && (!best || load < best.load)) best = { id, load };
    }
    if (!best) throw new AppError('unavailable', { detail: 'No phone media has room.' });
    return best.id;
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
    for (const { process } of this.#known.values()) process.close();
    this.#known.clear();
  }
}
