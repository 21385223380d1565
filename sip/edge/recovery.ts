/**
 * Calls whose application is gone (DESIGN §6, "Call recovery"): answered ones stay up, whoever authenticates may adopt them, and what nobody has adopted
 * 10 s after the loss is ended. Created by `createEdge`.
 */
import type { Application } from './application.ts';
import type { Core } from './core.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLife } from './dialogLife.ts';
import type { Inbound } from './inbound.ts';
import type { Outbound } from './outbound.ts';

export const ADOPT_WITHIN_MS = 10_000;

export class Recovery {
  readonly #core: Core;
  readonly #life: DialogLife;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #timers = new Set<unknown>();

  constructor(core: Core, life: DialogLife, inbound: Inbound, outbound: Outbound) {
    this.#core = core;
    this.#life = life;
    this.#inbound = inbound;
    this.#outbound = outbound;
  }

  /** The connection of this application is lost. */
  lost(application: Application): void {
    const { core } = { core: this.#core };
    this.#inbound.abandon(application);
    this.#outbound.abandon(application);
    const orphans = [...core.dialogs.ownedBy(application)];
    for (const dialog of orphans) {
      dialog.owner = undefined;
      if (dialog.usage === 'invite' && dialog.state !== 'early') core.counts.callsOrphaned++;
    }
    if (orphans.length === 0) return;
    core.log.warn({ application: application.id, dialogs: orphans.length }, 'edge.orphaned');
    const timer = core.clock.setTimeout(() => {
      this.#timers.delete(timer);
      for (const dialog of orphans) this.#endIfAlone(dialog);
    }, ADOPT_WITHIN_MS);
    this.#timers.add(timer);
  }

  /** Requests in these dialogs go to this application from now on. @returns those that stand and are its now */
  adopt(ids: readonly string[], application: Application): Dialog[] {
    const adopted: Dialog[] = [];
    for (const id of ids) {
      const dialog = this.#core.dialogs.ofWireId(id);
      if (!dialog || dialog.isOver || !isFreeFor(dialog, application)) continue;
      dialog.owner = application;
      this.#core.counts.callsAdopted++;
      this.#inbound.adopted(dialog, application);
      adopted.push(dialog);
    }
    return adopted;
  }

  close(): void {
    for (const timer of this.#timers) this.#core.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #endIfAlone(dialog: Dialog): void {
    if (dialog.owner || dialog.isOver) return;
    this.#life.whenAcknowledged(dialog, () => {
      this.#inbound.dialogOver(dialog);
      this.#life.hangUp(dialog, 'application-lost');
    });
  }
}

/** Nobody's, its own, or of an earlier connection of the same application that has not been noticed to be dead. */
function isFreeFor({ owner }: Dialog, application: Application): boolean {
  return !owner || owner === application || owner.tags.some((tag) => application.tags.includes(tag));
}
