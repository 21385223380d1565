/**
 * The rows of the lists, from the agent's own feed and the feeds of the queues. Created by the desk. A conversation may stand in several feeds;
 * the newest view of it is shown, and it is gone when no feed has it.
 */
import { computed, signal } from '@preact/signals';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import type { InteractionView, PublicEvent, Snapshot } from '../socket/wire.ts';

export type ListName = 'mine' | 'waiting' | 'all';

export class Rows {
  readonly #byFeed = signal<ReadonlyMap<string, ReadonlyMap<string, InteractionView>>>(new Map());
  readonly #shown: () => readonly InteractionView[];
  readonly all = computed(() => {
    const newest = new Map<string, InteractionView>();
    for (const rows of this.#byFeed.value.values()) {
      for (const row of rows.values()) {
        const known = newest.get(row.id);
        if (!known || known.off <= row.off) newest.set(row.id, row);
      }
    }
    for (const view of this.#shown()) if ((newest.get(view.id)?.off ?? Number.POSITIVE_INFINITY) <= view.off) newest.set(view.id, view);
    return [...newest.values()].filter((row) => row.state !== 'closed');
  });

  /** `shown`: conversations as their own feeds told them; the lists' feeds do not repeat what these say. */
  constructor(shown: () => readonly InteractionView[]) {
    this.#shown = shown;
  }

  find(id: string): InteractionView | undefined {
    return this.all.value.find((row) => row.id === id);
  }

  /** Takes what a feed says of its rows. `onOther` gets the rest. */
  handlers(feed: string, onOther: { onSnapshot(snapshot: Snapshot): void; onEvent(event: PublicEvent): void }): FeedHandlers {
    return {
      onSnapshot: (snapshot) => {
        if (snapshot.kind === 'agent' || snapshot.kind === 'queue')
          this.#set(feed, new Map(snapshot.interactions.map((row) => [row.id, row])));
        onOther.onSnapshot(snapshot);
      },
      onEvent: (event) => {
        const rows = new Map(this.#byFeed.value.get(feed));
        if (event.type === 'row.changed') rows.set(event.interaction.id, event.interaction);
        else if (event.type === 'row.removed') rows.delete(event.interaction);
        else return onOther.onEvent(event);
        this.#set(feed, rows);
      },
      onEnded: () => this.#set(feed, new Map()),
    };
  }

  drop(feed: string): void {
    this.#set(feed, new Map());
  }

  #set(feed: string, rows: ReadonlyMap<string, InteractionView>): void {
    this.#byFeed.value = new Map(this.#byFeed.value).set(feed, rows);
  }
}

export const isMine = (row: InteractionView, me: string): boolean =>
  row.owner?.id === me || row.participants.some((agent) => agent.id === me);

export function rowsOf(list: ListName, rows: readonly InteractionView[], me: string): InteractionView[] {
  if (list === 'mine') return rows.filter((row) => isMine(row, me));
  if (list === 'waiting') return rows.filter((row) => !row.owner && (row.state === 'waiting' || row.state === 'offered'));
  return [...rows];
}

/** CHT-2: unanswered first, longest waiting on top, then by last activity; or by last message only. */
export function sorted(rows: readonly InteractionView[], byLastMessage: boolean): InteractionView[] {
  const activity = (row: InteractionView): number => row.lastMessage?.at ?? row.createdAt;
  return [...rows].sort((a, b) => {
    if (!byLastMessage) {
      const open = Number(needsAnswer(b)) - Number(needsAnswer(a));
      if (open !== 0) return open;
      if (needsAnswer(a)) return (a.unansweredSince ?? a.createdAt) - (b.unansweredSince ?? b.createdAt);
    }
    return activity(b) - activity(a);
  });
}

export const needsAnswer = (row: InteractionView): boolean => row.isUnanswered && row.state !== 'ended' && row.state !== 'closed';
