/**
 * The judge outside the system: it keeps what clients were told and, at the end, says what does not hold. Created per run, shared by all actors.
 * It knows nothing of how the server works: only acknowledgements, offers, ownership and timelines as they reached sockets, and the history that the API or
 * the database shows afterwards. An empty verdict means: nothing that a client was told is sent was lost, repeated or reordered, nobody was told
 * to own what another one owned, nobody had more than the capacity, and no conversation was forgotten.
 */
import type { OwnershipTold } from './ownership.ts';
import { judgeCapacity, judgeOwnership } from './ownership.ts';
import type { Timeline } from './timeline.ts';

export interface Acknowledged {
  readonly interaction: string;
  readonly mid: string;
  readonly off: number;
  readonly by: string;
  readonly visibility: string;
  /** Order in which this sender was answered. */
  readonly order: number;
}

export interface OfferTold {
  readonly interaction: string;
  readonly agent: string;
  readonly token: string;
  /** Server time. */
  readonly madeAt: number;
  goneAt: number | undefined;
  why: string | undefined;
}

/** Messages of a conversation as the history holds them, in its order. */
export type HistoryOf = (interaction: string) => Promise<readonly { readonly mid: string; readonly off: number }[]>;

export class Ledger {
  readonly acknowledged: Acknowledged[] = [];
  readonly offers: OfferTold[] = [];
  readonly ownerships: OwnershipTold[] = [];
  readonly timelines: Timeline[] = [];
  readonly breaches: string[] = [];
  readonly capacities = new Map<string, number>();
  /** Interactions that clients were told exist, with whether they were told it is closed. */
  readonly #interactions = new Map<string, { isClosed: boolean }>();

  started(interaction: string): void {
    if (!this.#interactions.has(interaction)) this.#interactions.set(interaction, { isClosed: false });
  }

  closed(interaction: string): void {
    this.#interactions.set(interaction, { isClosed: true });
  }

  get interactions(): string[] {
    return [...this.#interactions.keys()];
  }

  /** Conversations of which nobody was told that they are closed. */
  get open(): string[] {
    return [...this.#interactions].filter(([, { isClosed }]) => !isClosed).map(([id]) => id);
  }

  acknowledge(told: Omit<Acknowledged, 'order'>): void {
    this.acknowledged.push({ ...told, order: this.acknowledged.length });
  }

  offered(offer: Pick<OfferTold, 'interaction' | 'agent' | 'token' | 'madeAt'>): void {
    if (this.offers.some(({ token, agent }) => token === offer.token && agent === offer.agent)) return;
    this.offers.push({ ...offer, goneAt: undefined, why: undefined });
  }

  offerGone(agent: string, interaction: string, at: number, why: string): void {
    const offer = this.offers.findLast((one) => one.agent === agent && one.interaction === interaction && one.goneAt === undefined);
    if (offer) Object.assign(offer, { goneAt: at, why });
  }

  owns(told: OwnershipTold): void {
    this.ownerships.push(told);
  }

  /** Registers a participant's knowledge of a conversation. */
  keep(timeline: Timeline): Timeline {
    this.timelines.push(timeline);
    return timeline;
  }

  breach(text: string): void {
    this.breaches.push(text);
  }

  /** All that does not hold, one sentence each; empty when everything does. */
  async verdict({ historyOf }: { historyOf: HistoryOf }): Promise<string[]> {
    const found = [...this.breaches, ...this.timelines.flatMap(({ breaches }) => breaches)];
    found.push(...this.#judgeAcknowledgements(), ...this.#judgeDelivery(), ...this.#judgeOffers());
    found.push(...judgeOwnership(this.ownerships, this.timelines), ...judgeCapacity(this.capacities, this.timelines));
    for (const interaction of this.interactions) found.push(...this.#judgeHistory(interaction, await historyOf(interaction)));
    for (const interaction of this.open) found.push(`${interaction} was never closed`);
    return found;
  }

  /** One offset per message, one message per offset, and each sender's messages in the order of their acknowledgements. */
  #judgeAcknowledgements(): string[] {
    const found: string[] = [];
    const byMid = new Map<string, Acknowledged>();
    const byPlace = new Map<string, Acknowledged>();
    const lastOf = new Map<string, Acknowledged>();
    for (const told of this.acknowledged) {
      const known = byMid.get(told.mid);
      if (known && known.off !== told.off) found.push(`${told.mid} was acknowledged at ${known.off} and at ${told.off}`);
      const place = `${told.interaction} ${told.off}`;
      const other = byPlace.get(place);
      if (other && other.mid !== told.mid) found.push(`${other.mid} and ${told.mid} were both acknowledged at ${place}`);
      const before = lastOf.get(`${told.by} ${told.interaction}`);
      if (!known && before && before.off >= told.off)
        found.push(`${told.by} was told ${told.mid} at ${told.off} after ${before.mid} at ${before.off}`);
      byMid.set(told.mid, told);
      byPlace.set(place, told);
      lastOf.set(`${told.by} ${told.interaction}`, told);
    }
    return found;
  }

  /** Every participant has every acknowledged message, once, where the sender was told it stands. */
  #judgeDelivery(): string[] {
    const found: string[] = [];
    const toldOf = Map.groupBy(this.acknowledged, ({ interaction }) => interaction);
    for (const timeline of this.timelines) {
      const placesOf = Map.groupBy(timeline.messages.values(), ({ mid }) => mid);
      for (const [mid, places] of placesOf)
        if (places.length > 1) found.push(`${timeline.reader} has ${mid} ${places.length} times in ${timeline.interaction}`);
      for (const { mid, off, visibility } of toldOf.get(timeline.interaction) ?? []) {
        if (visibility !== 'everyone' || off > (timeline.leftAt ?? Number.POSITIVE_INFINITY)) continue;
        const [place] = placesOf.get(mid) ?? [];
        if (!place) found.push(`${timeline.reader} never got ${mid} of ${timeline.interaction}, acknowledged at ${off}`);
        else if (place.off !== off) found.push(`${timeline.reader} has ${mid} at ${place.off}, its sender was told ${off}`);
      }
    }
    return found;
  }

  /** An interaction is on offer to one agent at a time. */
  #judgeOffers(): string[] {
    const found: string[] = [];
    for (const [interaction, offers] of Map.groupBy(this.offers, (offer) => offer.interaction)) {
      const inOrder = offers.toSorted((a, b) => a.madeAt - b.madeAt);
      for (const [index, offer] of inOrder.entries()) {
        const next = inOrder[index + 1];
        if (next && next.agent !== offer.agent && offer.goneAt !== undefined && offer.goneAt > next.madeAt) {
          found.push(`${interaction} was on offer to ${offer.agent} until ${offer.goneAt} and to ${next.agent} from ${next.madeAt}`);
        }
      }
    }
    return found;
  }

  #judgeHistory(interaction: string, history: readonly { readonly mid: string; readonly off: number }[]): string[] {
    const found: string[] = [];
    const rowsOf = Map.groupBy(history, ({ mid }) => mid);
    for (const [mid, rows] of rowsOf)
      if (rows.length > 1) found.push(`${mid} stands ${rows.length} times in the history of ${interaction}`);
    for (const told of this.acknowledged) {
      if (told.interaction !== interaction) continue;
      const [row] = rowsOf.get(told.mid) ?? [];
      if (!row) found.push(`${told.mid}, acknowledged to ${told.by}, is not in the history of ${interaction}`);
      else if (row.off !== told.off) found.push(`${told.mid} stands at ${row.off} in the history, ${told.by} was told ${told.off}`);
    }
    for (const [index, row] of history.entries()) {
      const before = history[index - 1];
      if (before && before.off >= row.off) found.push(`the history of ${interaction} is out of order at ${row.mid}`);
    }
    return found;
  }
}
