/**
 * The feed of an agent (own conversations, offers, own state) or of a queue (its list). Its events say "the row as it is now", so interactions
 * are read when something happened to them: at once for what an agent has to act on, else at most every `everyMs`, each once however
 * often it changed meanwhile. An offer waits for nothing: its entry in the log brings the row, and the agent's own state is told a little later.
 * Created by the hub.
 */
import type { Engine, FeedCursor, Scope } from '../../queues/engine.ts';
import { readRow } from '../../queues/rowText.ts';
import { AppError, assertNever } from '../base/errors.ts';
import type { InteractionId, QueueId, UserId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { CallView } from '../protocol/calls.ts';
import type { PublicEvent } from '../protocol/events.ts';
import type { AgentView, InteractionView, Snapshot } from '../protocol/views.ts';
import type { Channel, LazyEntry, Missed } from './channel.ts';
import type { Metrics } from './metrics.ts';
import { changesAgent, type ReadEvent, type RowStep, readEvent, rowStep } from './publicEvents.ts';
import type { Shown, Subscription } from './subscription.ts';

const NO_ROWS: ReadonlyMap<string, InteractionView> = new Map();
const RETRY_MS = 500;
/** After an offer much else changes that the agent's state shows: it is read once for all of it. */
const STATE_AFTER_MS = 50;

interface Item {
  readonly off: number;
  readonly event: ReadEvent;
  /** The row that the entry brought. */
  readonly row?: InteractionView | undefined;
}

export interface RowChannelOptions {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly scope: Scope;
  readonly feed: string;
  /** Rows that need no hurry are read and pushed at most this often. */
  readonly everyMs: number;
  /** Something could not be shown: the followers have to load the feed anew. */
  readonly onBroken: () => void;
}

export class RowChannel implements Channel {
  readonly subscriptions = new Set<Subscription>();
  readonly #engine: Engine;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #onBroken: () => void;
  readonly #scope: Scope;
  readonly #feed: string;
  readonly #id: string;
  readonly #agentId: UserId | undefined;
  readonly #everyMs: number;
  #pending: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #isFlushing = false;
  /** The agent's state is to be told, beside what is pending. */
  #isAgentDue = false;

  constructor({ engine, metrics, log, scope, feed, everyMs, onBroken }: RowChannelOptions) {
    this.#engine = engine;
    this.#log = log;
    this.#onBroken = onBroken;
    this.#metrics = metrics;
    this.#scope = scope;
    this.#feed = feed;
    this.#id = feed.slice(feed.indexOf(':') + 1);
    this.#agentId = feed.startsWith('agent:') ? (this.#id as UserId) : undefined;
    this.#everyMs = everyMs;
  }

  onEntry(lazy: LazyEntry, off: number): void {
    const event = lazy.read();
    if (off === 0 && this.#isToldAnyway(event)) return;
    const row = event.type === 'offer.made' ? readRow(event.body.i, lazy.entry.row) : undefined;
    this.#pending.push({ off, event, row });
    const isUrgent = this.#agentId !== undefined && off > 0;
    if (isUrgent && this.#showAtOnce()) this.#schedule(STATE_AFTER_MS);
    else this.#schedule(isUrgent ? 0 : this.#flushedAt + this.#everyMs - performance.now());
  }

  /** Shows what is pending, if nothing that has its place in the feed has to be read. What only says how things stand now is told as state, soon. */
  #showAtOnce(): boolean {
    if (this.#isFlushing) return false;
    const steps = this.#pending.map((item) => ({ item, step: rowStep(item.event, this.#agentId) }));
    const isReady = ({ item, step }: (typeof steps)[number]) =>
      item.off === 0 || (step.kind !== 'row' && (step.kind !== 'offer' || item.row));
    if (!steps.every(isReady)) return false;
    this.#pending = [];
    for (const { item, step } of steps) {
      const { off, event, row } = item;
      if (off === 0) this.#pending.push(item);
      if (step.kind === 'agent' || changesAgent(step, event.type)) this.#isAgentDue = true;
      if (off === 0 || step.kind === 'agent') continue;
      const made = this.#publicOf(step, event.at, row ? new Map([[row.id as string, row]]) : NO_ROWS, undefined);
      const shown = made && shownOf(off, made);
      if (shown) for (const subscription of this.subscriptions) subscription.show(shown);
    }
    return true;
  }

  /** Whether every follower also follows the conversation itself, whose feed tells the same. */
  #isToldAnyway(event: ReadEvent): boolean {
    if (!('i' in event.body)) return false;
    const feed = `conversation:${event.body.i}`;
    for (const { follower } of this.subscriptions) if (!follower.follows(feed)) return false;
    return true;
  }

  async missed(after: FeedCursor): Promise<Missed | undefined> {
    const read = await this.#engine.feeds.read(this.#scope, this.#feed, after);
    if (read.kind === 'reload') return undefined;
    const shown = await this.#show(read.events.map(({ off, type, at, body }) => ({ off, event: readEvent(type, at, body) })));
    // Changes of rows are not stored in an agent's feed: whoever was away gets the rows as they are now.
    if (this.#agentId !== undefined) {
      const now = await this.#engine.views.agent(this.#scope, this.#agentId);
      const at = Date.now();
      if (now) {
        shown.push(shownOf(0, { type: 'agent.changed', at, agent: now.agent }));
        for (const interaction of now.interactions) shown.push(shownOf(0, { type: 'row.changed', at, interaction }));
        for (const call of await this.#calls(now.interactions))
          shown.push(shownOf(0, { type: 'call.changed', at, interaction: call.interaction, call }));
      }
    }
    return { shown, upTo: read.cursor.off };
  }

  async snapshot(): Promise<{ cursor: FeedCursor; snapshot: Snapshot }> {
    if (this.#agentId === undefined) {
      const view = await this.#engine.views.queue(this.#scope, this.#id as QueueId);
      if (!view) throw new AppError('not_found');
      return { cursor: view.cursor, snapshot: { kind: 'queue', interactions: view.interactions } };
    }
    const view = await this.#engine.views.agent(this.#scope, this.#agentId);
    if (!view) throw new AppError('not_found');
    const rows = await this.#rows(new Set(view.offers.map(({ interaction }) => interaction)));
    const offers = view.offers.flatMap(({ interaction, token, expiresAt }) => {
      const row = rows.get(interaction);
      return row ? [{ interaction: row, token, expiresAt }] : [];
    });
    return {
      cursor: view.cursor,
      snapshot: { kind: 'agent', agent: view.agent, offers, interactions: view.interactions, calls: await this.#calls(view.interactions) },
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#pending = [];
    this.subscriptions.clear();
  }

  #schedule(inMs: number): void {
    const dueAt = performance.now() + Math.max(0, inMs);
    if (this.#isFlushing || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#flush(), Math.max(0, inMs));
  }

  async #flush(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#flushedAt = performance.now();
    this.#isFlushing = true;
    const items = this.#pending;
    const isAgentDue = this.#isAgentDue;
    this.#pending = [];
    this.#isAgentDue = false;
    let retryMs = 0;
    try {
      for (const shown of await this.#show(items, isAgentDue)) for (const subscription of this.subscriptions) subscription.show(shown);
    } catch (error) {
      if (error instanceof AppError && error.code !== 'internal') {
        this.#pending.unshift(...items);
        this.#isAgentDue ||= isAgentDue;
        retryMs = RETRY_MS;
      } else {
        this.#log.error({ err: error, feed: this.#feed }, 'rows.failed');
        this.#onBroken();
      }
    } finally {
      this.#isFlushing = false;
    }
    if ((this.#pending.length === 0 && !this.#isAgentDue) || this.subscriptions.size === 0) return;
    const isUrgent = this.#agentId !== undefined && this.#pending.some(({ off }) => off > 0);
    this.#schedule(Math.max(retryMs, isUrgent ? 0 : this.#flushedAt + this.#everyMs - performance.now()));
  }

  /** Reads what the events need, once each, and makes them ready in order. A row that changes again later in the list is shown then. */
  async #show(items: readonly Item[], isAgentDue = false): Promise<Shown[]> {
    const steps = items.map(({ off, event }) => ({ off, event, step: rowStep(event, this.#agentId) }));
    const lastAt = new Map<string, number>();
    const wanted = new Set<string>();
    let isAgentWanted = isAgentDue;
    for (const [index, { step, event }] of steps.entries()) {
      if (step.kind === 'row' || step.kind === 'removed') lastAt.set(step.interaction, index);
      if (step.kind === 'row' || step.kind === 'offer') wanted.add(step.interaction);
      if (this.#agentId !== undefined && (step.kind === 'agent' || changesAgent(step, event.type))) isAgentWanted = true;
    }
    const [rows, agent] = await Promise.all([this.#rows(wanted), isAgentWanted ? this.#agent() : undefined]);
    const shown: Shown[] = [];
    for (const [index, { off, event, step }] of steps.entries()) {
      if ((step.kind === 'row' || step.kind === 'removed') && lastAt.get(step.interaction) !== index) continue;
      const made = this.#publicOf(step, event.at, rows, agent);
      if (!made) continue;
      // The offer's end is told beside the event, because an event of the log has one place and one form.
      if (this.#agentId !== undefined && event.type === 'interaction.taken') {
        shown.push(shownOf(0, { type: 'offer.gone', at: event.at, interaction: event.body.i, reason: 'accepted' }));
      }
      shown.push(shownOf(off, made));
    }
    if (agent && steps.at(-1)?.step.kind !== 'agent') shown.push(shownOf(0, { type: 'agent.changed', at: Date.now(), agent }));
    return shown;
  }

  async #rows(ids: ReadonlySet<string>): Promise<Map<string, InteractionView>> {
    const list = [...ids];
    this.#metrics.rowReads.inc(list.length);
    const views = await Promise.all(list.map((id) => this.#engine.views.interaction(this.#scope, id as InteractionId)));
    return new Map(views.flatMap((view) => (view ? [[view.id as string, view] as const] : [])));
  }

  /** Of those that a phone carries. Our own node wrote them, so they are not validated again. */
  async #calls(interactions: readonly InteractionView[]): Promise<CallView[]> {
    const spoken = interactions.filter(({ medium }) => medium === 'voice');
    const calls = await Promise.all(spoken.map(({ id }) => this.#engine.views.call(this.#scope, id as InteractionId)));
    return calls.flatMap((call) => (call === undefined ? [] : [JSON.parse(call) as CallView]));
  }

  #publicOf(step: RowStep, at: number, rows: ReadonlyMap<string, InteractionView>, agent: AgentView | undefined): PublicEvent | undefined {
    switch (step.kind) {
      case 'row': {
        const interaction = rows.get(step.interaction);
        return interaction && this.#isListed(interaction)
          ? { type: 'row.changed', at, interaction }
          : { type: 'row.removed', at, interaction: step.interaction };
      }
      case 'removed':
        return { type: 'row.removed', at, interaction: step.interaction };
      case 'offer': {
        const interaction = rows.get(step.interaction);
        if (!interaction) return { type: 'offer.gone', at, interaction: step.interaction, reason: 'withdrawn' };
        return { type: 'offer.made', at, offer: { interaction, token: step.token, expiresAt: step.expiresAt } };
      }
      case 'offerGone':
        return { type: 'offer.gone', at, interaction: step.interaction, reason: step.reason };
      case 'call':
        return { type: 'call.changed', at, interaction: step.interaction, call: step.call };
      case 'room':
        return { type: 'room.changed', at, interaction: step.interaction, room: step.room };
      case 'agent':
        return agent && { type: 'agent.changed', at, agent };
      case 'nothing':
        return undefined;
      default:
        return assertNever(step);
    }
  }

  /** Whether the row, as it is by now, still belongs into the list. */
  #isListed({ state, owner, participants }: InteractionView): boolean {
    if (state === 'closed') return false;
    return this.#agentId === undefined || owner?.id === this.#agentId || participants.some(({ id }) => id === this.#agentId);
  }

  async #agent(): Promise<AgentView | undefined> {
    return this.#engine.views.agentState(this.#scope, this.#id as UserId);
  }
}

function shownOf(off: number, event: PublicEvent): Shown {
  let json: string | undefined;
  return {
    off,
    json() {
      json ??= JSON.stringify(event);
      return json;
    },
  };
}
