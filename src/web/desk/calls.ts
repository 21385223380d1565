/** Phone calls as the desk knows them, by interaction: from the agent's own feed and from the conversation that is open. The newest version of each counts. */
import { computed, signal } from '@preact/signals';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import type { CallView, LegView, PublicEvent, Snapshot } from '../socket/wire.ts';

export class Calls {
  readonly #all = signal<ReadonlyMap<string, CallView>>(new Map());
  /** Those that are not over. */
  readonly live = computed(() => [...this.#all.value.values()].filter(({ state }) => state !== 'ended'));

  of(interaction: string): CallView | undefined {
    return this.#all.value.get(interaction);
  }

  take(call: CallView): void {
    const known = this.#all.value.get(call.interaction);
    if (known && known.id === call.id && known.version >= call.version) return;
    this.#all.value = new Map(this.#all.value).set(call.interaction, call);
  }

  /** The agent's own calls as they are now: what is not among them is over or somebody else's. */
  replace(calls: readonly CallView[]): void {
    const kept = calls.map((call) => {
      const known = this.#all.value.get(call.interaction);
      return known && known.id === call.id && known.version > call.version ? known : call;
    });
    this.#all.value = new Map(kept.map((call) => [call.interaction, call]));
  }

  /** Hears of the call what the conversation's feed tells, and passes everything on. */
  heardBy(conversation: FeedHandlers): FeedHandlers {
    return {
      onSnapshot: (snapshot: Snapshot) => {
        if (snapshot.kind === 'conversation' && snapshot.call) this.take(snapshot.call);
        conversation.onSnapshot(snapshot);
      },
      onEvent: (event: PublicEvent, off: number) => {
        if (event.type === 'call.changed') this.take(event.call);
        conversation.onEvent(event, off);
      },
      onSignal: (signalled) => conversation.onSignal?.(signalled),
      onEnded: (code) => conversation.onEnded?.(code),
    };
  }
}

/** The agent's own phone in the call. */
export const ownLeg = (call: CallView, me: string): LegView | undefined =>
  call.legs.find(({ userId, state }) => userId === me && state !== 'gone');

/** How long it is talked, or rung, in minutes and seconds. */
export function callClock(call: CallView, now: number): string {
  const sec = Math.max(0, Math.floor(((call.endedAt ?? now) - (call.answeredAt ?? call.startedAt)) / 1_000));
  const [hours, minutes] = [Math.floor(sec / 3_600), Math.floor(sec / 60) % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(sec % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
