/**
 * The figures of one queue: a state feed, where only the latest counts. Reads them when something happened, at most every `everyMs`, and, since some
 * of them change by time alone (a window that empties, occupancy), every few seconds; what did not change is not pushed again. The hub creates it
 * when somebody looks and closes it when nobody does any more, so unwatched queues cost nothing.
 */
import type { Engine, FeedCursor, Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { QueueId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { QueueFigures, Snapshot } from '../protocol/views.ts';
import type { Channel, Missed } from './channel.ts';
import type { Subscription } from './subscription.ts';

const RETRY_MS = 500;
const UNPROMPTED_MS = 3_000;

export class FiguresChannel implements Channel {
  readonly subscriptions = new Set<Subscription>();
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #scope: Scope;
  readonly #queue: QueueId;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #unprompted: NodeJS.Timeout;
  /** JSON of what was pushed last. */
  #pushed = '';
  #readAt = Number.NEGATIVE_INFINITY;
  #occupancy: number | undefined;
  #occupancyAt = Number.NEGATIVE_INFINITY;

  constructor({ engine, log }: { engine: Engine; log: Logger }, scope: Scope, feed: string, everyMs: number) {
    this.#engine = engine;
    this.#log = log;
    this.#scope = scope;
    this.#queue = feed.slice(feed.indexOf(':') + 1) as QueueId;
    this.#everyMs = everyMs;
    this.#unprompted = setInterval(() => {
      if (performance.now() - this.#readAt >= UNPROMPTED_MS) this.onEntry();
    }, UNPROMPTED_MS);
  }

  onEntry(): void {
    this.#timer ??= setTimeout(() => void this.#push(), Math.max(0, this.#readAt + this.#everyMs - performance.now()));
  }

  /** A state has no past: the latest makes up for everything. */
  async missed(): Promise<Missed> {
    this.#pushed = '';
    const figures = await this.#read();
    if (!figures) throw new AppError('not_found');
    const json = JSON.stringify({ type: 'figures.changed', at: Date.now(), figures });
    return { shown: [{ off: 0, json: () => json }], upTo: 0 };
  }

  async snapshot(): Promise<{ cursor: FeedCursor; snapshot: Snapshot }> {
    // Who is shown the figures of this moment has to be told even when they become again what was pushed before.
    this.#pushed = '';
    const figures = await this.#read();
    if (!figures) throw new AppError('not_found');
    return { cursor: { epoch: '', off: 0 }, snapshot: { kind: 'figures', figures } };
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#unprompted);
    this.subscriptions.clear();
  }

  /** Occupancy is work for each agent, and changes slowly. */
  async #read(): Promise<QueueFigures | undefined> {
    const now = performance.now();
    const withOccupancy = now - this.#occupancyAt >= UNPROMPTED_MS;
    const figures = await this.#engine.views.figures(this.#scope, this.#queue, { withOccupancy });
    if (!withOccupancy) return figures && this.#occupancy !== undefined ? { ...figures, occupancy: this.#occupancy } : figures;
    this.#occupancy = figures?.occupancy;
    this.#occupancyAt = now;
    return figures;
  }

  async #push(): Promise<void> {
    this.#timer = undefined;
    this.#readAt = performance.now();
    try {
      const figures = await this.#read();
      const shown = JSON.stringify(figures);
      if (!figures || shown === this.#pushed) return;
      this.#pushed = shown;
      const json = JSON.stringify({ type: 'figures.changed', at: Date.now(), figures });
      for (const subscription of this.subscriptions) subscription.show({ off: 0, json: () => json });
    } catch (error) {
      if (!(error instanceof AppError)) this.#log.error({ err: error, queue: this.#queue }, 'figures.failed');
      if (this.subscriptions.size > 0) this.#timer ??= setTimeout(() => void this.#push(), RETRY_MS);
    }
  }
}
