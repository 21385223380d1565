/**
 * What happened in a run, told by the partition's log and by nothing else: the fate of everybody who came, what each agent held and when, and how many
 * waited, were there and worked. Created by a run, which hands it every log entry in order.
 */
import type { LogEntry } from '../engine.ts';
import type { EventBody, EventType } from '../events.ts';
import type { Center } from './center.ts';
import { numberOf } from './ids.ts';
import { midnightOf, type Scenario } from './scenario.ts';
import { Series } from './series.ts';

/** The fate of one interaction. Times in Unix ms; queues and agents by their place in the center. */
export interface Fate {
  readonly at: number;
  /** Where it came in, and where it is. */
  readonly queue: number;
  queueNow: number;
  state: 'waiting' | 'offered' | 'served' | 'closed';
  /** When an agent first took it, and which. */
  takenAt?: number;
  agent?: number;
  closedAt?: number;
  /** As `interaction.closed` says. */
  reason?: string;
  offers: number;
  missed: number;
  relaxed: number;
}

export interface AgentFacts {
  status: string;
  /** Owned interactions and wrap-ups. */
  holding: number;
  answered: number;
  offers: number;
  missed: number;
}

interface GroupSeries {
  /** Signed in, and not paused or still at work. */
  readonly staffed: Series;
  /** Holding an interaction or in wrap-up. */
  readonly working: Series;
}

export type Told = {
  readonly [Type in EventType]: { readonly type: Type; readonly at: number; readonly body: EventBody<Type> };
}[EventType];

export class Observer {
  readonly fates: Fate[] = [];
  readonly agents: AgentFacts[];
  /** Per queue: how many wait, offered ones included. */
  readonly waiting: readonly Series[];
  readonly groups: readonly GroupSeries[];
  /** How many are not closed. */
  open = 0;
  readonly #center: Center;

  constructor(scenario: Scenario, center: Center) {
    this.#center = center;
    const midnight = midnightOf(scenario);
    const from = midnight + scenario.from + scenario.warmUpMin * 60_000;
    const series = () => new Series(from, midnight + scenario.to, scenario.intervalMin * 60_000);
    this.waiting = scenario.queues.map(series);
    this.groups = scenario.agents.map(() => ({ staffed: series(), working: series() }));
    this.agents = center.agents.map(() => ({ status: 'out', holding: 0, answered: 0, offers: 0, missed: 0 }));
  }

  /** Takes one entry in. @return it with its body read */
  take(entry: LogEntry): Told {
    const told = { type: entry.type, at: entry.at, body: JSON.parse(entry.body) } as Told;
    this.#apply(told);
    return told;
  }

  fate(interaction: string): Fate {
    const fate = this.fates[numberOf(interaction)];
    if (!fate) throw new Error(`the log names ${interaction}, which nobody opened`);
    return fate;
  }

  #apply(told: Told): void {
    const { at } = told;
    switch (told.type) {
      case 'interaction.created': {
        const queue = numberOf(told.body.q);
        this.fates[numberOf(told.body.i)] = {
          at: told.body.start,
          queue,
          queueNow: queue,
          state: 'waiting',
          offers: 0,
          missed: 0,
          relaxed: 0,
        };
        this.open++;
        this.waiting[queue]?.add(at, 1);
        return;
      }
      case 'interaction.moved':
        this.#wait(told.body.i, at, -1);
        this.fate(told.body.i).queueNow = numberOf(told.body.q);
        this.#wait(told.body.i, at, 1);
        return;
      case 'interaction.changed':
        if (told.body.what === 'relaxed') this.fate(told.body.i).relaxed++;
        return;
      case 'interaction.queued':
        this.fate(told.body.i).state = 'waiting';
        return;
      case 'offer.made':
        this.fate(told.body.i).state = 'offered';
        this.fate(told.body.i).offers++;
        this.#agent(told.body.a).offers++;
        return;
      case 'offer.gone':
        if (told.body.reason !== 'expired') return;
        this.fate(told.body.i).missed++;
        this.#agent(told.body.a).missed++;
        return;
      case 'interaction.taken': {
        const fate = this.fate(told.body.i);
        this.#wait(told.body.i, at, -1);
        fate.state = 'served';
        if (fate.takenAt === undefined) {
          fate.takenAt = at;
          fate.agent = numberOf(told.body.a);
          this.#agent(told.body.a).answered++;
        }
        this.#hold(told.body.a, at, 1);
        return;
      }
      case 'interaction.requeued':
        this.fate(told.body.i).state = 'waiting';
        this.#wait(told.body.i, at, 1);
        this.#hold(told.body.a, at, -1);
        return;
      case 'interaction.closed': {
        const fate = this.fate(told.body.i);
        if (fate.state === 'served') this.#hold(told.body.a, at, -1);
        else this.#wait(told.body.i, at, -1);
        fate.state = 'closed';
        fate.closedAt = at;
        fate.reason = told.body.reason;
        this.open--;
        return;
      }
      case 'wrapup.started':
        this.#hold(told.body.a, at, 1);
        return;
      case 'wrapup.ended':
        this.#hold(told.body.a, at, -1);
        return;
      case 'agent.changed':
        this.#change(told.body.a, at, (agent) => {
          agent.status = told.body.status;
        });
        return;
    }
  }

  #agent(id: string): AgentFacts {
    const agent = this.agents[numberOf(id)];
    if (!agent) throw new Error(`the log names ${id}, who does not work here`);
    return agent;
  }

  #wait(interaction: string, at: number, by: number): void {
    this.waiting[this.fate(interaction).queueNow]?.add(at, by);
  }

  #hold(id: string, at: number, by: number): void {
    this.#change(id, at, (agent) => {
      agent.holding += by;
    });
  }

  /** Keeps the counts of the agent's group in step with what the agent becomes. */
  #change(id: string, at: number, change: (agent: AgentFacts) => void): void {
    const agent = this.#agent(id);
    const group = this.groups[this.#center.agents[numberOf(id)]?.group ?? -1];
    const before = { isStaffed: isStaffed(agent), isWorking: agent.holding > 0 };
    change(agent);
    if (isStaffed(agent) !== before.isStaffed) group?.staffed.add(at, before.isStaffed ? -1 : 1);
    if (agent.holding > 0 !== before.isWorking) group?.working.add(at, before.isWorking ? -1 : 1);
  }
}

const isStaffed = ({ status, holding }: AgentFacts): boolean => status !== 'out' && (status !== 'paused' || holding > 0);
