/**
 * Dialogs at a server whose link was lost (DESIGN §6 "Call recovery"). When the link is back the server is asked for them, because it lets go of what belonged to the old
 * one, again while it does not answer; what it does not give is over. So is everything at a server that stays away for as long as an edge keeps what nobody carries: it has died, or ended them itself. Over
 * means hung up, as soon as that can be said, and told to who owns the leg. Made by the application.
 */
import type { Logger } from '../../src/base/log.ts';
import { adoptDialogs } from './adoptDialogs.ts';
import type { Dialogs } from './dialog.ts';
import type { Link } from './link.ts';
import type { Deadline, Wheel } from './wheel.ts';

const GONE_MS = 10_000;
/** For so long a server that does come back is told of what was hung up. */
const OWED_MS = 600_000;
/** Q.850 41: temporary failure. */
const CAUSE = 'Q.850;cause=41;text="Server lost"';

export interface RejoinOptions {
  readonly dialogs: Dialogs;
  readonly wheel: Wheel;
  readonly log: Logger;
  /** By which servers know this application. */
  readonly tag: string;
  readonly goneMs?: number | undefined;
}

export class Rejoin {
  readonly #options: RejoinOptions;
  /** By name of the server that is away. */
  readonly #away = new Map<string, Deadline>();

  constructor(options: RejoinOptions) {
    this.#options = options;
  }

  lost({ server: { name } }: Link): void {
    const { wheel, goneMs = GONE_MS } = this.#options;
    this.#away.get(name)?.cancel();
    this.#away.set(
      name,
      wheel.after(goneMs, () => this.#gone(name)),
    );
  }

  async back(link: Link): Promise<void> {
    const { dialogs, tag, log, goneMs = GONE_MS } = this.#options;
    const { name } = link.server;
    this.#away.get(name)?.cancel();
    if (!this.#away.delete(name)) return;
    dialogs.settle(link);
    const standing = dialogs.at(name);
    for (const dialog of standing) dialog.link = link;
    if (standing.length === 0) return;
    const ids = standing.map(({ id }) => id);
    const askUntil = performance.now() + goneMs;
    let given: ReadonlySet<string> | undefined;
    do given = await adoptDialogs(link.server, tag, ids);
    while (!given && link.isUp && performance.now() < askUntil);
    // Lost again meanwhile: nothing was said of them.
    if (!link.isUp) return;
    const lost = standing.filter(({ id }) => !given?.has(id));
    log.info({ server: name, dialogs: given?.size ?? 0, lost: lost.length }, 'dialogs.rejoined');
    for (const dialog of lost) dialog.cut('lost with its server', CAUSE);
  }

  #gone(name: string): void {
    const { dialogs, wheel, log } = this.#options;
    const lost = dialogs.at(name);
    if (lost.length > 0) log.warn({ server: name, dialogs: lost.length }, 'dialogs.lost');
    for (const dialog of lost) dialog.cut('lost with its server', CAUSE);
    this.#away.set(
      name,
      wheel.after(OWED_MS, () => {
        this.#away.delete(name);
        dialogs.forgive(name);
      }),
    );
  }
}
