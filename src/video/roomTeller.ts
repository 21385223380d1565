/**
 * What a room owes to the rest: its latest view into the log, and what carries the interaction. One word at a time, the latest only; what could not be said is said again by
 * `settle`, called every second. Made by the room. Guarantees that an older view never follows a newer one from this node.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';

interface TellerDeps {
  readonly router: Pick<Engine['router'], 'noteRoom' | 'changeMedium'>;
  readonly log: Logger;
  readonly scope: Scope;
  readonly id: InteractionId;
  /** What carries the interaction now. */
  readonly medium: 'chat' | 'voice' | 'video';
}

export class RoomTeller {
  readonly #deps: TellerDeps;
  #latest: { readonly version: number; readonly view: () => string } | undefined;
  #toldVersion = 0;
  #medium: TellerDeps['medium'];
  #wanted: TellerDeps['medium'];
  #settling: Promise<void> | undefined;
  #isClosed = false;

  constructor(deps: TellerDeps) {
    this.#deps = deps;
    this.#medium = deps.medium;
    this.#wanted = deps.medium;
  }

  get isDone(): boolean {
    return this.#medium === this.#wanted && (this.#latest?.version ?? 0) <= this.#toldVersion;
  }

  tell(version: number, view: () => string): void {
    this.#latest = { version, view };
    void this.settle();
  }

  /** VID-2. Without Redis it becomes so later. @throws AppError at_capacity (the owner could not hold it beside the rest), gone */
  async becomeVideo(): Promise<void> {
    this.#wanted = 'video';
    if (this.#medium === 'video') return;
    try {
      const code = await this.#change('video');
      if (code === 'ok') return;
      this.#wanted = this.#medium;
      throw new AppError(
        code === 'at_capacity' ? code : 'gone',
        code === 'at_capacity' ? { detail: 'The agent serves as much as possible at once.' } : {},
      );
    } catch (error) {
      if (error instanceof AppError && (error.code === 'at_capacity' || error.code === 'gone')) throw error;
      this.#deps.log.warn({ err: error, interaction: this.#deps.id }, 'room.medium.untold');
    }
  }

  /** Back to chat; best effort. */
  becomeChat(): void {
    if (this.#wanted === 'video') this.#wanted = 'chat';
  }

  /** Resolves when nothing is left to say, or it cannot be said now. */
  settle(): Promise<void> {
    this.#settling ??= this.#sayAll().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  close(): void {
    this.#isClosed = true;
  }

  async #sayAll(): Promise<void> {
    const { router, scope, id, log } = this.#deps;
    // What is changed in the same turn is one word.
    await Promise.resolve();
    try {
      while (!this.#isClosed && !this.isDone) {
        const latest = this.#latest;
        if (latest && latest.version > this.#toldVersion) {
          const { version } = latest;
          const noted = await router.noteRoom(scope, { interactionId: id, version, room: latest.view() });
          if (!noted.ok) log.info({ interaction: id, code: noted.code }, 'room.unknown');
          this.#toldVersion = version;
        } else if (this.#medium !== this.#wanted) {
          const wanted = this.#wanted;
          const code = await this.#change(wanted);
          // It stays as it is: the conversation is over, or the owner has no room for it.
          if (code !== 'ok' && this.#wanted === wanted) this.#wanted = this.#medium;
        }
      }
    } catch (error) {
      log.debug({ err: error, interaction: id }, 'room.untold');
    }
  }

  async #change(medium: TellerDeps['medium']): Promise<string> {
    const { router, scope, id, log } = this.#deps;
    const changed = await router.changeMedium(scope, { interactionId: id, medium });
    if (changed.ok) this.#medium = medium;
    else log.info({ interaction: id, medium, code: changed.code }, 'room.medium.refused');
    return changed.ok ? 'ok' : changed.code;
  }
}
