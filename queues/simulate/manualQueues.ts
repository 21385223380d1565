/** Manual queues, where agents choose for themselves: everybody who is free sees what waits, and takes what has waited longest. */
import type { QueueId } from '../../src/base/ids.ts';
import { numberOf, simulatedId } from './ids.ts';
import type { Told } from './observer.ts';
import type { Stage } from './run.ts';

/** So many are tried before somebody gives up looking. */
const TRIES = 5;

export class ManualQueues {
  readonly #stage: Stage;
  /** What waits, by queue. */
  readonly #waiting = new Map<QueueId, Set<number>>();
  /** Agents who are signed in to one of them. */
  readonly #watchers: readonly number[];
  readonly #isLooking = new Set<number>();
  /** Agents who were refused and wait until something of theirs comes free. */
  readonly #isFull = new Set<number>();

  constructor(stage: Stage) {
    this.#stage = stage;
    for (const { id, doc } of stage.center.queues) if (doc.mode === 'manual') this.#waiting.set(id, new Set());
    this.#watchers = stage.center.agents.flatMap(({ signIn }, agent) => (signIn.some((queue) => this.#waiting.has(queue)) ? [agent] : []));
  }

  hear(told: Told): void {
    switch (told.type) {
      case 'interaction.created':
      case 'interaction.queued':
      case 'interaction.requeued':
        this.#waiting.get(told.body.q as QueueId)?.add(numberOf(told.body.i));
        break;
      case 'interaction.moved':
        this.#waiting.get(told.body.from as QueueId)?.delete(numberOf(told.body.i));
        this.#waiting.get(told.body.q as QueueId)?.add(numberOf(told.body.i));
        break;
      case 'interaction.taken':
      case 'interaction.closed':
        this.#waiting.get(told.body.q as QueueId)?.delete(numberOf(told.body.i));
        break;
    }
    if (told.type === 'interaction.closed' || told.type === 'wrapup.ended' || told.type === 'interaction.requeued')
      if (told.body.a !== '') this.#isFull.delete(numberOf(told.body.a));
  }

  /** Agents who begin to look now. */
  waking(personOf: (agent: number) => { readonly status: string }): number[] {
    if (![...this.#waiting.values()].some((waiting) => waiting.size > 0)) return [];
    const waking = this.#watchers.filter(
      (agent) => personOf(agent).status === 'on' && !this.#isLooking.has(agent) && !this.#isFull.has(agent),
    );
    for (const agent of waking) this.#isLooking.add(agent);
    return waking;
  }

  async look(agent: number, nextKey: () => string): Promise<void> {
    const { engine, center } = this.#stage;
    const { id: agentId, signIn } = center.agents[agent] as (typeof center.agents)[number];
    this.#isLooking.delete(agent);
    const seen = signIn.flatMap((queue) => [...(this.#waiting.get(queue) ?? [])]).sort((left, right) => left - right);
    for (const number of seen.slice(0, TRIES)) {
      const claimed = await engine.router.claimInteraction(center.scope, {
        interactionId: simulatedId('interaction', number),
        agentId,
        key: nextKey(),
      });
      if (claimed.ok) return;
      if (claimed.code === 'at_capacity' || claimed.code === 'not_signed_in') break;
    }
    if (seen.length > 0) this.#isFull.add(agent);
  }
}
