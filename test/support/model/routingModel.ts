/**
 * The model: what the routing engine may do, told by folding its events. It predicts no random draw; of every decision it says whether the rules
 * allow it: the agent who was chosen may take it and stands first by the queue's strategy, or the interaction that was chosen stands first by its
 * score among those the freed agent may take. Everything else an event claims is held against what was so before it. Pure.
 */
import type { AgentDoc, Medium, QueueDoc, SkillNeed } from '../../../queues/config.ts';
import { type AgentState, hasRoom, isWithinLimit, joinNeeds, mayTake, needText, parseNeeds, scoreOf } from './rules.ts';
import type { StoredEvent } from './snapshot.ts';
import { firstByStrategy, type GivenToday } from './strategies.ts';

export interface ModelInteraction {
  readonly id: string;
  readonly contact: string;
  readonly start: number;
  queue: string;
  state: 'waiting' | 'offered' | 'served' | 'ended' | 'closed';
  medium: Medium;
  priority: number;
  /** What it needs now. */
  need: readonly SkillNeed[];
  /** Agents who are rung, under one token. */
  offered: Set<string>;
  token: string;
  due: number;
  owner: string;
  /** Agents who missed it since it was last taken: they come last. */
  missed: Set<string>;
  /** Invited agents. */
  joined: Set<string>;
  presence: 'connected' | 'reconnecting' | 'gone';
  /** Queues it has been in: a recipe enters none of them again (RTE-10). */
  visited: Set<string>;
  closedAs: string;
}

export class RoutingModel {
  readonly queues = new Map<string, QueueDoc>();
  readonly agents = new Map<string, AgentState>();
  readonly interactions = new Map<string, ModelInteraction>();
  readonly given: GivenToday = new Map();
  isAccountActive = true;
  now = 0;
  /** What the events of the present step contradict; empty when all of it is allowed. */
  readonly complaints: string[] = [];
  /** Agents as they stand after the present step, as far as their own announcement may come after what it caused. */
  #later: ReadonlyMap<string, AgentState> = new Map();

  setQueue(doc: QueueDoc): void {
    this.queues.set(doc.id, doc);
  }

  setAgent(doc: AgentDoc, isDeleted = false): void {
    const known = this.agents.get(doc.id);
    if (known) Object.assign(known, { doc, isDeleted });
    else {
      const fresh = { status: 'out', reason: '', devices: 0, queues: new Set<string>(), pausedIn: new Set<string>(), holds: [], freed: 0 } as const;
      this.agents.set(doc.id, { id: doc.id, doc, isDeleted, ...fresh, holds: [] });
    }
  }

  /** Folds the events of one step. `later`: the agents after it. @return what the rules do not allow */
  fold(events: readonly StoredEvent[], later: ReadonlyMap<string, AgentState>): string[] {
    this.complaints.length = 0;
    this.#later = later;
    for (const event of events) {
      if (event.at < this.now) this.#complain('INV-8', `time ran backwards: ${event.type} at ${event.at} after ${this.now}`);
      this.now = event.at;
      this.#apply(event);
    }
    return [...this.complaints];
  }

  #complain(rule: string, what: string): void {
    this.complaints.push(`${rule} ${what}`);
  }

  #apply({ type, body, at }: StoredEvent): void {
    const one = this.interactions.get(body.i);
    if (type === 'interaction.created') return this.#created(body);
    if (type === 'agent.changed') return this.#agentChanged(body);
    if (!one) return;
    if (one.state === 'closed' && !['rating.given', 'wrapup.started', 'wrapup.extended', 'wrapup.ended', 'participant.left'].includes(type))
      this.#complain('INV-3', `${type} of ${one.id}, which is closed`);
    switch (type) {
      case 'interaction.moved':
        return this.#moved(one, body);
      case 'interaction.changed':
        one.need = parseNeeds(body.need);
        one.priority = body.pri;
        return this.#mediumChanged(one, body.channel);
      case 'offer.made':
        return this.#offered(one, body, at);
      case 'offer.gone':
        return this.#offerGone(one, body, at);
      case 'interaction.taken':
        return this.#taken(one, body);
      case 'interaction.requeued':
        if (one.owner !== body.a || one.state !== 'served') this.#complain('INV-1', `${one.id} requeued from ${body.a}, owned by ${one.owner}`);
        this.#release(one.owner, one.id, 'owned');
        one.owner = '';
        one.state = 'waiting';
        return;
      case 'interaction.ended':
        if (one.state !== 'served') this.#complain('INV-3', `${one.id} ended while ${one.state}`);
        one.state = 'ended';
        return;
      case 'interaction.closed':
        return this.#closed(one, body);
      case 'wrapup.started': {
        const agent = this.agents.get(body.a);
        const hold = agent?.holds.find((each) => each.interaction === one.id);
        if (hold) hold.kind = 'wrapup';
        else this.#complain('INV-2', `wrap-up of ${one.id} for ${body.a}, who did not own it`);
        return;
      }
      case 'wrapup.ended':
        return this.#release(body.a, one.id, 'wrapup');
      case 'participant.joined':
        one.joined.add(body.a);
        return;
      case 'participant.left':
        one.joined.delete(body.a);
        return;
      case 'client.presence':
        one.presence = body.presence;
        return;
    }
  }

  #created(body: Record<string, string> & { start: number; pri?: number; need?: string }): void {
    const queue = this.queues.get(body['q'] ?? '');
    if (!this.isAccountActive) this.#complain('RTE-12', 'an interaction began although the account is inactive');
    if (!queue?.isActive) this.#complain('RTE-12', `an interaction began in ${body['q']}, which takes none`);
    if (body.start > this.now) this.#complain('INV-8', `${body['i']} began to wait in the future`);
    this.interactions.set(body['i'] ?? '', {
      id: body['i'] ?? '',
      contact: body['contact'] ?? '',
      start: body.start,
      queue: body['q'] ?? '',
      state: 'waiting',
      medium: (body['channel'] ?? 'chat') as Medium,
      priority: body.pri ?? 0,
      need: parseNeeds(body.need),
      offered: new Set(),
      token: '',
      due: 0,
      owner: '',
      missed: new Set(),
      joined: new Set(),
      presence: 'connected',
      visited: new Set([body['q'] ?? '']),
      closedAs: '',
    });
  }

  #agentChanged(body: { a: string; status: AgentState['status']; reason: string; queues?: string; paused?: string; dv?: number }): void {
    const agent = this.agents.get(body.a);
    if (!agent || body.queues === undefined) return;
    agent.status = body.status;
    agent.reason = body.reason;
    agent.queues = words(body.queues);
    agent.pausedIn = words(body.paused ?? '');
    if (body.dv !== undefined) agent.devices = body.dv;
  }

  #moved(one: ModelInteraction, body: { from: string; q: string }): void {
    if (one.queue !== body.from || one.state !== 'waiting') this.#complain('INV-3', `${one.id} moved from ${body.from} while ${one.state} in ${one.queue}`);
    if (one.visited.has(body.q)) this.#complain('RTE-10', `${one.id} entered ${body.q} twice`);
    one.visited.add(body.q);
    one.queue = body.q;
  }

  #mediumChanged(one: ModelInteraction, medium: Medium): void {
    if (medium === one.medium) return;
    const agent = this.agents.get(one.owner);
    const hold = agent?.holds.find((each) => each.interaction === one.id);
    if (agent && hold) {
      agent.holds = agent.holds.filter((each) => each !== hold);
      if (!hasRoom(agent, medium)) this.#complain('INV-2', `${one.id} became ${medium}, for which ${agent.id} has no room`);
      hold.medium = medium;
      agent.holds.push(hold);
    }
    one.medium = medium;
  }

  #offered(one: ModelInteraction, body: { a: string; q: string; tok: string; due: number }, at: number): void {
    const queue = this.queues.get(one.queue);
    const isJoining = one.state === 'offered' && queue?.mode === 'ring_all' && one.token === body.tok;
    if (one.state !== 'waiting' && !isJoining) this.#complain('INV-4', `${one.id} offered to ${body.a} while ${one.state}`);
    if (queue && body.due !== at + queue.offerTimeoutMs && !isJoining) this.#complain('INV-4', `offer of ${one.id} is due at ${body.due}, made at ${at}`);
    if (!isJoining && one.token === body.tok) this.#complain('INV-5', `token ${body.tok} of ${one.id} was used again`);
    this.#chosen(one, body.a, 'offered');
    one.state = 'offered';
    one.token = body.tok;
    one.due = body.due;
    one.offered.add(body.a);
    this.#hold(one, body.a, 'offer');
  }

  #offerGone(one: ModelInteraction, body: { a: string; tok: string; reason: string }, at: number): void {
    if (!one.offered.delete(body.a) || one.token !== body.tok) this.#complain('INV-4', `an offer of ${one.id} to ${body.a} went that did not stand`);
    if (body.reason === 'expired' && at < one.due) this.#complain('INV-5', `an offer of ${one.id} expired early, at ${at} instead of ${one.due}`);
    if (body.reason !== 'taken') one.missed.add(body.a);
    this.#release(body.a, one.id, 'offer');
    if (one.offered.size === 0 && one.state === 'offered') one.state = 'waiting';
  }

  #taken(one: ModelInteraction, body: { a: string; via: string }): void {
    const agent = this.agents.get(body.a);
    if (one.owner !== '') this.#complain('INV-1', `${one.id} taken by ${body.a}, owned by ${one.owner}`);
    if (body.via === 'accept') {
      if (!one.offered.has(body.a)) this.#complain('INV-5', `${one.id} accepted by ${body.a}, to whom it was not offered`);
      this.#release(body.a, one.id, 'offer', false);
    } else if (one.state !== 'waiting') this.#complain('INV-1', `${one.id} taken by ${body.via} while ${one.state}`);
    if (body.via === 'auto') this.#chosen(one, body.a, 'given');
    else if (agent && body.via !== 'accept') {
      const queue = this.queues.get(one.queue);
      if (!hasRoom(agent, one.medium)) this.#complain('INV-2', `${one.id} (${one.medium}) taken by ${body.via}, for which ${body.a} has no room`);
      if (queue && !isWithinLimit(agent, queue)) this.#complain('INV-2', `${one.id} taken by ${body.via} above the limit of its queue`);
    }
    one.state = 'served';
    one.owner = body.a;
    one.joined.delete(body.a);
    one.missed.clear();
    this.#hold(one, body.a, 'owned');
    const key = `${one.queue} ${body.a}`;
    const before = this.given.get(key);
    this.given.set(key, { count: (before?.count ?? 0) + 1, last: this.now });
  }

  #closed(one: ModelInteraction, body: { reason: string; a: string }): void {
    if (one.offered.size > 0) this.#complain('INV-4', `${one.id} closed while offered to ${[...one.offered]}`);
    if (body.reason === 'served' ? one.owner === '' : one.owner !== '') this.#complain('INV-3', `${one.id} closed as ${body.reason}, owned by [${one.owner}]`);
    one.state = 'closed';
    one.closedAs = body.reason;
    // A wrap-up keeps the capacity: its event follows; without one the capacity is free from here on.
    if (one.owner !== '' && !this.#hasWrapUp(one)) this.#release(one.owner, one.id, 'owned');
  }

  #hasWrapUp(one: ModelInteraction): boolean {
    const agent = this.agents.get(one.owner);
    return (this.queues.get(one.queue)?.wrapUpMs ?? 0) > 0 && agent?.doc.isActive === true && !agent.isDeleted;
  }

  #hold(one: ModelInteraction, agentId: string, kind: 'offer' | 'owned'): void {
    this.agents.get(agentId)?.holds.push({ interaction: one.id, queue: one.queue, medium: one.medium, kind });
  }

  #release(agentId: string, interaction: string, kind: string, isFreed = true): void {
    const agent = this.agents.get(agentId);
    if (!agent) return;
    const at = agent.holds.findIndex((hold) => hold.interaction === interaction && hold.kind === kind);
    if (at < 0) return this.#complain('INV-2', `${agentId} gave back ${kind} of ${interaction}, which it did not hold`);
    agent.holds.splice(at, 1);
    if (isFreed) agent.freed = this.now;
  }

  /** Whether the rules allow this pair: the two sides of every automatic decision. */
  #chosen(one: ModelInteraction, agentId: string, what: string): void {
    const agent = this.agents.get(agentId);
    const queue = this.queues.get(one.queue);
    if (!agent || !queue) return this.#complain('INV-1', `${one.id} ${what} to ${agentId} in ${one.queue}: unknown`);
    if (queue.mode === 'manual') this.#complain('RTE-2', `${one.id} of a manual queue ${what}`);
    if (!this.isAccountActive) this.#complain('RTE-12', `${one.id} ${what} although the account is inactive`);
    if (!this.#mayTake(agent, one)) {
      this.#complain('INV-2', `${one.id} (${one.medium} ${needText(one.need)}) ${what} to ${agentId}, who may not take it: ${describe(agent)}`);
      return;
    }
    const agents = this.#candidates(one);
    const others = this.#waitingFor(agent).filter((each) => each !== one);
    const isFirstAgent = firstByStrategy(queue, one, agents, this.given).has(agentId);
    const isFirstInteraction = others.every((other) => this.scoreOf(other) >= this.scoreOf(one) || other.missed.has(agentId));
    if (agents.length > 1 && others.length === 0 && !isFirstAgent)
      this.#complain('RTE-2', `${one.id} ${what} to ${agentId}; by ${queue.mode} first: ${[...firstByStrategy(queue, one, agents, this.given)]}`);
    if (others.length > 0 && agents.length <= 1 && !isFirstInteraction)
      this.#complain('INV-8', `${one.id} ${what} to ${agentId}, before ${others.map((each) => each.id)}`);
    if (others.length > 0 && agents.length > 1 && !isFirstAgent && !isFirstInteraction)
      this.#complain('INV-8', `${one.id} ${what} to ${agentId}: first for neither side`);
  }

  /** Before the agent's own announcement or after it: scripts announce a change before or after what it caused. */
  #mayTake(agent: AgentState, one: ModelInteraction): boolean {
    const queue = this.queues.get(one.queue);
    if (!queue) return false;
    if (mayTake(agent, queue, one.medium, one.need)) return true;
    const later = this.#later.get(agent.id);
    return later !== undefined && mayTake({ ...later, holds: agent.holds }, queue, one.medium, one.need);
  }

  /** Those who may take it both now and after the step: who is just leaving is no candidate. */
  #candidates(one: ModelInteraction): AgentState[] {
    const queue = this.queues.get(one.queue);
    return [...this.agents.values()].filter((agent) => {
      const later = this.#later.get(agent.id);
      return (
        queue &&
        !one.offered.has(agent.id) &&
        mayTake(agent, queue, one.medium, one.need) &&
        (!later || mayTake({ ...later, holds: agent.holds }, queue, one.medium, one.need))
      );
    });
  }

  /** What waits in automatic queues and the agent may take. */
  #waitingFor(agent: AgentState): ModelInteraction[] {
    return [...this.interactions.values()].filter(
      (one) => one.state === 'waiting' && this.queues.get(one.queue)?.mode !== 'manual' && this.#mayTake(agent, one),
    );
  }

  /** INV-8: never anything but its start, its queue's priority and its own. */
  scoreOf(one: ModelInteraction): number {
    const queue = this.queues.get(one.queue);
    return queue ? scoreOf(one.start, queue, one.priority) : 0;
  }

  /** What it needs at first in this queue. */
  needsIn(queue: QueueDoc, own: readonly SkillNeed[]): SkillNeed[] {
    return joinNeeds(queue.required, own);
  }
}

const words = (text: string): Set<string> => new Set(text.split(' ').filter((word) => word !== ''));

function describe(agent: AgentState): string {
  const { status, devices, holds, doc } = agent;
  const held = holds.map((hold) => `${hold.kind}:${hold.medium}`);
  return JSON.stringify({ status, devices, held, queues: [...agent.queues], pausedIn: [...agent.pausedIn], skills: doc.skills, active: doc.isActive });
}
