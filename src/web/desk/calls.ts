/** Phone calls as the desk knows them, by interaction: from the agent's own feed and from the conversation that is open. The newest version of each counts. */
import { computed, signal } from '@preact/signals';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import type { CallView, LegQuality, LegView, PublicEvent, PublicSignal, Snapshot } from '../socket/wire.ts';

/** How one phone was heard, and when we were told (our clock). */
export interface HeardQuality extends LegQuality {
  readonly at: number;
}

/** What was said of a leg so long ago says nothing of it now: a leg that talks is told of every 7.5 s at the latest. */
const QUALITY_HOLDS_MS = 20_000;

export class Calls {
  readonly #quality = signal<ReadonlyMap<string, HeardQuality>>(new Map());
  readonly #all = signal<ReadonlyMap<string, CallView>>(new Map());
  /** Those that are not over. */
  readonly live = computed(() => [...this.#all.value.values()].filter(({ state }) => state !== 'ended'));

  of(interaction: string): CallView | undefined {
    return this.#all.value.get(interaction);
  }

  /** What is known of how the call's phones are heard now. */
  qualities(call: CallView, now: number): readonly HeardQuality[] {
    return call.legs.flatMap(({ id, state }) => {
      const quality = this.#quality.value.get(id);
      return quality && state === 'talking' && now - quality.at < QUALITY_HOLDS_MS ? [quality] : [];
    });
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
      onSignal: (signalled: PublicSignal) => {
        if (signalled.type === 'call.quality') this.#takeQuality(signalled.quality);
        conversation.onSignal?.(signalled);
      },
      onEnded: (code) => conversation.onEnded?.(code),
    };
  }

  #takeQuality(quality: LegQuality): void {
    const at = Date.now();
    const fresh = [...this.#quality.value].filter(([, heard]) => at - heard.at < QUALITY_HOLDS_MS);
    this.#quality.value = new Map(fresh).set(quality.legId, { ...quality, at });
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
