/**
 * The agents of a run: they answer offers after a while or miss them, serve, and wrap up; by their shifts they come, pause and go. Who leaves for a break or
 * for home takes nothing new and finishes what is held. What they look at in manual queues stands in `manualQueues.ts`.
 */
import type { InteractionId } from '../../src/base/ids.ts';
import type { Outcome } from '../engine.ts';
import { drawMs } from './durations.ts';
import { numberOf } from './ids.ts';
import { closingKey } from './leftovers.ts';
import { ManualQueues } from './manualQueues.ts';
import type { Told } from './observer.ts';
import { Random } from './random.ts';
import type { Stage } from './run.ts';
import type { ScenarioAgents } from './scenario.ts';
import { type ShiftStep, shiftSteps } from './shifts.ts';
import type { Arrival } from './traffic.ts';

type WorkStep =
  | { readonly do: 'comeBack' | 'look' }
  | { readonly do: 'accept'; readonly interaction: InteractionId; readonly token: string }
  | { readonly do: 'close'; readonly interaction: InteractionId; readonly taking: number }
  | { readonly do: 'endWrapUp'; readonly interaction: InteractionId }
  | { readonly do: 'extendWrapUp'; readonly interaction: InteractionId; readonly byMs: number };
export type AgentStep = { readonly by: 'agent'; readonly agent: number } & (ShiftStep | WorkStep);

/** With which reason the system pauses who missed too many offers (RTE-6). */
const NO_ANSWER = 'no_answer';

interface Person {
  readonly group: ScenarioAgents;
  readonly chance: Random;
  /** What the shift wants now. */
  plan: 'out' | 'in' | 'break';
  status: string;
  why: string;
  readonly holds: Set<string>;
}

export class AgentPeople {
  readonly #stage: Stage;
  readonly #arrivals: readonly Arrival[];
  readonly #people: readonly Person[];
  readonly #manual: ManualQueues;
  /** Tokens of the offers that stand, by interaction and agent. */
  readonly #offers = new Map<string, string>();
  /** What is left to do, of those that were taken: since when, how long, and how often they were taken. */
  readonly #serving = new Map<string, { since: number; restMs: number; taking: number }>();
  #commands = 0;

  constructor(stage: Stage, arrivals: readonly Arrival[], seed: number) {
    this.#stage = stage;
    this.#arrivals = arrivals;
    const members = new Map<number, number>();
    this.#people = stage.center.agents.map(({ group }) => {
      const member = members.get(group) ?? 0;
      members.set(group, member + 1);
      const settings = stage.scenario.agents[group] as ScenarioAgents;
      return {
        group: settings,
        chance: new Random(seed, `agent.${settings.name}.${member}`),
        plan: 'out',
        status: 'out',
        why: '',
        holds: new Set(),
      };
    });
    this.#manual = new ManualQueues(stage);
  }

  begin(): void {
    this.#people.forEach((person, agent) => {
      for (const { at, step } of shiftSteps(this.#stage.scenario, person.group)) this.#plan(at, agent, step);
    });
  }

  hear(told: Told): void {
    this.#manual.hear(told);
    switch (told.type) {
      case 'offer.made':
        return this.#offered(told.body);
      case 'offer.gone':
        this.#offers.delete(`${told.body.i}|${told.body.a}`);
        return;
      case 'interaction.taken':
        return this.#taken(told.body, told.at);
      case 'interaction.requeued': {
        const serving = this.#serving.get(told.body.i);
        if (serving) serving.restMs = Math.max(0, serving.restMs - (told.at - serving.since));
        return this.#dropped(told.body.a, told.body.i);
      }
      case 'interaction.closed':
        this.#serving.delete(told.body.i);
        if (told.body.a !== '') this.#dropped(told.body.a, told.body.i);
        return this.#wake();
      case 'wrapup.started':
        return this.#wrapsUp(told.body);
      case 'wrapup.ended':
        return this.#dropped(told.body.a, told.body.i);
      case 'agent.changed': {
        const agent = numberOf(told.body.a);
        const person = this.#person(agent);
        const wasPausedForMissing = person.status === 'paused' && person.why === NO_ANSWER;
        [person.status, person.why] = [told.body.status, told.body.reason];
        const isPausedForMissing = person.status === 'paused' && person.why === NO_ANSWER;
        if (isPausedForMissing && !wasPausedForMissing)
          this.#plan(this.#stage.now() + drawMs(person.group.backAfterMissed, person.chance), agent, { do: 'comeBack' });
        return this.#wake();
      }
      case 'interaction.created':
      case 'interaction.queued':
      case 'interaction.moved':
        return this.#wake();
    }
  }

  async perform(step: AgentStep): Promise<void> {
    const { router } = this.#stage.engine;
    const { scope, agents } = this.#stage.center;
    const agentId = (agents[step.agent] as (typeof agents)[number]).id;
    const person = this.#person(step.agent);
    const key = String(this.#commands++);
    switch (step.do) {
      case 'signIn':
        return this.#signIn(step.agent, key);
      case 'goHome':
        person.plan = 'out';
        if (person.status === 'out') return;
        if (person.holds.size === 0) return must('sign out', router.signOut(scope, { agentId, key }));
        return must('pause', router.pause(scope, { agentId, key, reason: this.#reason('shift over') }));
      case 'pause':
        if (person.plan !== 'in') return;
        person.plan = 'break';
        return must('pause', router.pause(scope, { agentId, key, reason: this.#reason(step.reason) }));
      case 'resume':
        if (person.plan !== 'break') return;
        person.plan = 'in';
        return must('resume', router.resume(scope, { agentId, key }));
      case 'comeBack':
        if (person.plan !== 'in' || person.status !== 'paused' || person.why !== NO_ANSWER) return;
        return must('resume', router.resume(scope, { agentId, key }));
      case 'look':
        return this.#manual.look(step.agent, () => String(this.#commands++));
      case 'accept':
        if (this.#offers.get(`${step.interaction}|${agentId}`) !== step.token) return;
        return must('accept', router.acceptOffer(scope, { interactionId: step.interaction, agentId, token: step.token }));
      case 'close':
        if (this.#serving.get(step.interaction)?.taking !== step.taking || !person.holds.has(step.interaction)) return;
        return must(
          'close',
          router.closeInteraction(scope, {
            interactionId: step.interaction,
            agentId,
            outcome: this.#outcome(step.interaction),
            note: '',
            key: closingKey(numberOf(step.interaction)),
            isSupervisor: false,
          }),
        );
      case 'endWrapUp':
        if (!person.holds.has(step.interaction)) return;
        return must('end wrap-up', router.endWrapUp(scope, { interactionId: step.interaction, agentId, isSupervisor: false }));
      case 'extendWrapUp':
        if (!person.holds.has(step.interaction)) return;
        return must(
          'extend wrap-up',
          router.extendWrapUp(scope, { interactionId: step.interaction, agentId, byMs: step.byMs, key, isSupervisor: false }),
        );
    }
  }

  async #signIn(agent: number, key: string): Promise<void> {
    const { engine, center } = this.#stage;
    const { id: agentId, signIn } = center.agents[agent] as (typeof center.agents)[number];
    const person = this.#person(agent);
    person.plan = 'in';
    // Still finishing what the shift before left.
    if (person.status !== 'out') return must('resume', engine.router.resume(center.scope, { agentId, key }));
    await must(
      'attach',
      engine.router.attachDevice(center.scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: agentId }),
    );
    return must('sign in', engine.router.signIn(center.scope, { agentId, queues: signIn, key }));
  }

  #offered({ i, a, tok }: { i: string; a: string; tok: string }): void {
    const agent = numberOf(a);
    const { group, chance } = this.#person(agent);
    this.#offers.set(`${i}|${a}`, tok);
    if (chance.happens(group.missed)) return;
    this.#plan(this.#stage.now() + drawMs(group.answer, chance), agent, { do: 'accept', interaction: i as InteractionId, token: tok });
  }

  #taken({ i, a }: { i: string; a: string }, at: number): void {
    const agent = numberOf(a);
    this.#offers.delete(`${i}|${a}`);
    this.#person(agent).holds.add(i);
    const before = this.#serving.get(i);
    const serving = { since: at, restMs: before?.restMs ?? this.#arrivals[numberOf(i)]?.handleMs ?? 0, taking: (before?.taking ?? 0) + 1 };
    this.#serving.set(i, serving);
    this.#plan(at + serving.restMs, agent, { do: 'close', interaction: i as InteractionId, taking: serving.taking });
  }

  #wrapsUp({ i, a, until }: { i: string; a: string; until: number }): void {
    const { now, center, observer } = this.#stage;
    const agent = numberOf(a);
    this.#person(agent).holds.add(i);
    const takesMs = this.#arrivals[numberOf(i)]?.wrapUpMs;
    const queue = center.queues[observer.fate(i).queueNow]?.doc;
    if (takesMs === undefined || !queue) return;
    const byMs = now() + takesMs - until;
    const interaction = i as InteractionId;
    if (byMs < 0 && queue.canEndWrapUp) this.#plan(now() + takesMs, agent, { do: 'endWrapUp', interaction });
    if (byMs > 0 && queue.canExtendWrapUp) this.#plan(now(), agent, { do: 'extendWrapUp', interaction, byMs });
  }

  #dropped(a: string, i: string): void {
    const agent = numberOf(a);
    const person = this.#person(agent);
    person.holds.delete(i);
    if (person.plan === 'out' && person.status === 'paused' && person.holds.size === 0)
      this.#plan(this.#stage.now(), agent, { do: 'goHome' });
    this.#wake();
  }

  /** Who could take from a manual queue looks there after as long as an answer takes. */
  #wake(): void {
    for (const agent of this.#manual.waking((each) => this.#person(each))) {
      const { group, chance } = this.#person(agent);
      this.#plan(this.#stage.now() + drawMs(group.answer, chance), agent, { do: 'look' });
    }
  }

  #plan(at: number, agent: number, step: ShiftStep | WorkStep): void {
    this.#stage.agenda.add(at, { by: 'agent', agent, ...step });
  }

  #person(agent: number): Person {
    const person = this.#people[agent];
    if (!person) throw new Error(`no agent ${agent}`);
    return person;
  }

  /** Where the account has reasons, a pause names one of them. */
  #reason(wanted: string): string {
    const reasons = this.#stage.scenario.account.pauseReasons ?? [];
    return (reasons.find(({ id, name }) => id === wanted || name === wanted) ?? reasons[0])?.id ?? wanted;
  }

  #outcome(interaction: string): string {
    const queue = this.#stage.center.queues[this.#stage.observer.fate(interaction).queueNow]?.doc;
    return queue?.isOutcomeRequired ? (queue.outcomes[0]?.id ?? '') : '';
  }
}

/** What cannot be refused in a world where only these people act. @throws Error */
async function must(what: string, command: Promise<Outcome<unknown>>): Promise<void> {
  const answer = await command;
  if (!answer.ok) throw new Error(`an agent could not ${what}: ${answer.code}`);
}
