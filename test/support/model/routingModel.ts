/**
 * The model: what the routing engine may do, told by folding its events. It predicts no random draw; of every decision it says whether the rules
 * allow it: the agent who was chosen may take it and stands first by the queue's strategy, or the interaction that was chosen stands first by its
 * score among those the freed agent may take. Everything else an event claims is held against what was so before it. Pure.
 */
import type { AgentDoc, Medium, QueueDoc } from '../../../queues/config.ts';
import { announced, COMES_TO_WAIT, cameFree, type Why, words } from './announced.ts';
import { judgeChoice, type World } from './choices.ts';
import { type ModelInteraction, waitingInteraction } from './modelInteraction.ts';
import { type AgentState, hasRoom, isServing, isWithinLimit, joinNeeds, needText, parseNeeds, relaxed, scoreOf } from './rules.ts';
import type { Snapshot, StoredEvent } from './snapshot.ts';
import { DAY_MS, type GivenToday } from './strategies.ts';

export class RoutingModel {
  readonly queues = new Map<string, QueueDoc>();
  readonly agents = new Map<string, AgentState>();
  readonly interactions = new Map<string, ModelInteraction>();
  readonly given: GivenToday = { counts: new Map(), turns: new Map() };
  isAccountActive = true;
  /** Every search for what a freed agent is given goes on script by script. */
  isCutShort = false;
  now = 0;
  /** What the events of the present step contradict; empty when all of it is allowed. */
  readonly complaints: string[] = [];
  /** Agents as they stand after the present step, as far as their own announcement may come after what it caused. */
  #later: ReadonlyMap<string, readonly AgentState[]> = new Map();
  #stored: Snapshot['interactions'] = new Map();
  /** What was offered or owned and came back in the present step. */
  readonly #returned = new Set<string>();
  /** See `World`. */
  readonly #letGo = new Set<string>();
  readonly #fresh = new Set<string>();
  #searching: ReadonlySet<string> = new Set();
  #before: StoredEvent | undefined;
  /** Who gave back an interaction last. */
  #sender = '';
  #turn = 0;
  /** When each queue's settings changed: what waited then keeps the needs it came with. */
  readonly #changed = new Map<string, number>();

  setQueue(doc: QueueDoc): void {
    if (this.queues.has(doc.id)) this.#changed.set(doc.id, Number.POSITIVE_INFINITY);
    this.queues.set(doc.id, doc);
  }

  /** Whether the queue's settings are those with which the interaction came. */
  isAsEntered(one: ModelInteraction): boolean {
    return (this.#changed.get(one.queue) ?? 0) < one.entered;
  }

  setAgent(doc: AgentDoc, isDeleted = false): void {
    const known = this.agents.get(doc.id);
    if (known) Object.assign(known, { doc, isDeleted });
    else {
      const fresh = {
        status: 'out',
        reason: '',
        devices: 0,
        phones: 0,
        queues: new Set<string>(),
        pausedIn: new Set<string>(),
        holds: [],
        freed: 0,
      } as const;
      this.agents.set(doc.id, { id: doc.id, doc, isDeleted, ...fresh, holds: [] });
    }
  }

  /** Whether it rings by the settings that the queue has now: other settings count from the next offer on. */
  isRingingAsSet(one: ModelInteraction): boolean {
    return one.state === 'offered' && (this.#changed.get(one.queue) ?? 0) < one.offeredAt;
  }

  /** Folds the events of one step. `later` and `snapshot`: agents and all else after it. @return what the rules do not allow */
  fold(events: readonly StoredEvent[], later: ReadonlyMap<string, AgentState>, snapshot: Snapshot): string[] {
    this.complaints.length = 0;
    this.#returned.clear();
    this.#letGo.clear();
    this.#fresh.clear();
    if (this.isCutShort) this.#searching = cameFree(events, this);
    this.#later = announced(events, this.agents, later);
    this.#stored = snapshot.interactions;
    for (const event of events) {
      if (event.at < this.now) this.#complain('INV-8', `time ran backwards: ${event.type} at ${event.at} after ${this.now}`);
      this.now = event.at;
      this.#apply(event);
      if (this.isCutShort && COMES_TO_WAIT.has(event.type)) this.#fresh.add(event.body.i);
      this.#before = event;
    }
    for (const one of this.interactions.values()) this.#readKept(one);
    for (const [queue, at] of this.#changed) if (at === Number.POSITIVE_INFINITY) this.#changed.set(queue, this.now);
    return [...this.complaints];
  }

  /** Takes over what stands instead of folding events, where those of an earlier release say less. */
  adopt(snapshot: Snapshot, agents: ReadonlyMap<string, AgentState>): void {
    this.now = Math.max(this.now, snapshot.now);
    this.#stored = snapshot.interactions;
    for (const { id, fields } of snapshot.interactions.values()) {
      let one = this.interactions.get(id);
      if (!one) {
        one = this.#begin(id, fields['q'] ?? '', fields['c'] ?? '', Number(fields['start']));
        this.interactions.set(id, one);
      }
      const parts = fields['parts'] ? (JSON.parse(fields['parts']) as [string, string][]) : [];
      Object.assign(one, {
        queue: fields['q'],
        state: fields['st'],
        score: Number(fields['score']),
        owner: fields['own'] ?? '',
        offered: new Set((fields['oa'] ?? '').split(',').filter((agent) => agent !== '' && fields['st'] === 'offered')),
        token: fields['tok'] ?? '',
        presence: fields['pres'],
        joined: new Set(parts.map(([agent]) => agent)),
      });
    }
    for (const [id, state] of agents) Object.assign(this.agents.get(id) ?? {}, state);
  }

  #complain(rule: string, what: string): void {
    this.complaints.push(`${rule} ${what}`);
  }

  #apply({ type, body, at }: StoredEvent): void {
    const one = this.interactions.get(body.i);
    if (type === 'interaction.created') return this.#created(body);
    if (type === 'agent.changed') return this.#agentChanged(body);
    if (!one) return;
    if (
      one.state === 'closed' &&
      !['rating.given', 'outcome.changed', 'wrapup.started', 'wrapup.extended', 'wrapup.ended', 'participant.left'].includes(type)
    )
      this.#complain('INV-3', `${type} of ${one.id}, which is closed`);
    switch (type) {
      case 'interaction.moved':
        return body.step === 0 ? this.#sentOn(one, body) : this.#moved(one, body, at);
      case 'interaction.queued':
        return body.reason === 'transfer' ? this.#sent(one, body.q, at) : undefined;
      case 'interaction.changed':
        return this.#changedTo(one, body, at);
      case 'recipe.ran':
        return this.#ranStep(one, body.step, body.op, at);
      case 'offer.made':
        return this.#offered(one, body, at);
      case 'offer.gone':
        return this.#offerGone(one, body, at);
      case 'interaction.taken':
        return this.#taken(one, body);
      case 'interaction.requeued':
        if (one.owner !== body.a || one.state !== 'served')
          this.#complain('INV-1', `${one.id} requeued from ${body.a}, owned by ${one.owner}`);
        this.#release(one.owner, one.id, 'owned');
        this.#sender = one.owner;
        one.owner = '';
        one.state = 'waiting';
        this.#returned.add(one.id);
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
    const one = this.#begin(body['i'] ?? '', body['q'] ?? '', body['contact'] ?? '', body.start);
    one.medium = (body['channel'] ?? 'chat') as Medium;
    one.priority = body.pri ?? 0;
    one.need = one.firstNeed = parseNeeds(body.need);
    if (queue) {
      one.score = this.scoreOf(one);
      const wanted = needText(joinNeeds(queue.required, one.own));
      if (needText(one.need) !== wanted) this.#complain('RTE-3', `${one.id} needs ${needText(one.need)} instead of ${wanted}`);
    }
    this.interactions.set(one.id, one);
  }

  #begin(id: string, queue: string, contact: string, start: number): ModelInteraction {
    const one = waitingInteraction({ id, queue, contact, start }, parseNeeds(this.#stored.get(id)?.fields['req']), this.now);
    this.#readKept(one);
    return one;
  }

  #readKept(one: ModelInteraction): void {
    const fields = this.#stored.get(one.id)?.fields;
    if (!fields) return;
    one.preferred = parseNeeds(fields['pref']);
    one.keptFor = fields['sta'] ?? '';
    one.keptUntil = Number(fields['stu'] ?? 0);
  }

  #agentChanged(body: {
    a: string;
    status: AgentState['status'];
    reason: string;
    queues?: string;
    paused?: string;
    dv?: number;
    ph?: number;
  }): void {
    const agent = this.agents.get(body.a);
    if (!agent || body.queues === undefined) return;
    agent.status = body.status;
    agent.reason = body.reason;
    agent.queues = words(body.queues);
    agent.pausedIn = words(body.paused ?? '');
    if (body.dv !== undefined) agent.devices = body.dv;
    if (body.ph !== undefined) agent.phones = body.ph;
  }

  #moved(one: ModelInteraction, body: { from: string; q: string; step: number }, at: number): void {
    if (one.queue !== body.from || one.state !== 'waiting')
      this.#complain('INV-3', `${one.id} moved from ${body.from} while ${one.state} in ${one.queue}`);
    if (one.visited.has(body.q)) this.#complain('RTE-10', `${one.id} entered ${body.q} twice`);
    this.#ranStep(one, body.step, 'queue', at);
    const queue = this.queues.get(body.q);
    if (!queue?.isActive) this.#complain('RTE-10', `${one.id} moved to ${body.q}, which takes none`);
    one.visited.add(body.q);
    one.queue = body.q;
    one.entered = at;
    one.ran = new Set();
    one.missed.clear();
    if (queue) {
      one.need = one.firstNeed = joinNeeds(queue.required, one.own);
      one.score = this.scoreOf(one);
    }
    this.#readKept(one);
  }

  /** By hand to another queue: told before it begins to wait there. */
  #sentOn(one: ModelInteraction, body: { from: string; q: string }): void {
    if (one.queue !== body.from || one.state !== 'waiting')
      this.#complain('INV-3', `${one.id} sent on from ${body.from} while ${one.state} in ${one.queue}`);
    if (!this.queues.get(body.q)?.isActive) this.#complain('VOX-4', `${one.id} sent to ${body.q}, which takes none`);
    one.queue = body.q;
  }

  /** VOX-4: it begins anew in the queue, with its virtual start; who sent it comes last for it. */
  #sent(one: ModelInteraction, queueId: string, at: number): void {
    const queue = this.queues.get(queueId);
    if (one.queue !== queueId || !queue) return this.#complain('INV-3', `${one.id} waits in ${queueId}, sent to ${one.queue}`);
    one.visited = new Set([queueId]);
    one.entered = at;
    one.ran = new Set();
    one.missed = new Set([this.#sender]);
    one.need = one.firstNeed = joinNeeds(queue.required, one.own);
    one.score = this.scoreOf(one);
    this.#readKept(one);
  }

  /** A step of the recipe (from 1): of the kind that is written there, not before its time, and only for whom it is meant. */
  #ranStep(one: ModelInteraction, place: number, op: string, at: number): void {
    const queue = this.queues.get(one.queue);
    const step = queue?.recipe[place - 1];
    if (!queue || !this.isAsEntered(one)) return;
    if (step?.do.op !== op)
      return this.#complain('RTE-10', `${one.id} had step ${place} (${op}) of ${queue.id}, where that is ${step?.do.op}`);
    if (one.ran.has(place)) this.#complain('RTE-10', `${one.id} had step ${place} of ${queue.id} twice`);
    one.ran.add(place);
    if (at < one.entered + step.afterSec * 1_000) this.#complain('RTE-10', `${one.id} had step ${place} of ${queue.id} too early`);
    const isSomebodyThere = [...this.agents.values()].some(
      (agent) => isServing(agent, queue.id) && this.#laterOf(agent).every((later) => isServing(later, queue.id)),
    );
    if (step.onlyIf === 'no_agents' && isSomebodyThere)
      this.#complain('RTE-10', `${one.id} had step ${place} of ${queue.id} though somebody is there`);
  }

  #changedTo(one: ModelInteraction, body: { what: string; need: string; pri: number; channel: Medium }, at: number): void {
    one.need = parseNeeds(body.need);
    if (body.what === 'priority') {
      one.priority = body.pri;
      one.score = this.scoreOf(one);
    }
    if (body.what === 'media') {
      // It was offered until now: whoever missed it as what it was may be asked again.
      if (this.#before?.type === 'offer.gone' && this.#before.body.i === one.id) one.missed.clear();
      this.#mediumChanged(one, body.channel);
    }
    const queue = this.queues.get(one.queue);
    if (body.what !== 'relaxed' || !queue || !this.isAsEntered(one)) return;
    const wanted = needText(relaxed(one.firstNeed, queue, at - one.entered));
    if (needText(one.need) !== wanted)
      this.#complain('RTE-3', `${one.id} needs ${body.need} after ${at - one.entered} ms instead of ${wanted}`);
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
      agent.freed = this.now;
    }
    one.medium = medium;
  }

  #offered(one: ModelInteraction, body: { a: string; q: string; tok: string; due: number; why?: Why }, at: number): void {
    const queue = this.queues.get(one.queue);
    if (queue && queue.mode === 'ring_all' && one.offered.size >= queue.ringMax && this.isAsEntered(one))
      this.#complain('RTE-2', `${one.id} rings at ${one.offered.size + 1}`);
    const isJoining = one.state === 'offered' && queue?.mode === 'ring_all' && one.token === body.tok;
    if (one.state !== 'waiting' && !isJoining) this.#complain('INV-4', `${one.id} offered to ${body.a} while ${one.state}`);
    if (queue && body.due !== at + queue.offerTimeoutMs && !isJoining)
      this.#complain('INV-4', `offer of ${one.id} is due at ${body.due}, made at ${at}`);
    if (!isJoining && one.token === body.tok) this.#complain('INV-5', `token ${body.tok} of ${one.id} was used again`);
    this.#chosen(one, body.a, 'offered', body.why);
    if (body.why?.by === 'interaction' && one.missed.has(body.a)) one.missed.clear();
    if (!isJoining) one.offeredAt = at;
    one.state = 'offered';
    one.token = body.tok;
    one.due = body.due;
    one.offered.add(body.a);
    this.#hold(one, body.a, 'offer');
    this.#countTurn(one, body.a);
  }

  #offerGone(one: ModelInteraction, body: { a: string; tok: string; reason: string }, at: number): void {
    if (!one.offered.delete(body.a) || one.token !== body.tok)
      this.#complain('INV-4', `an offer of ${one.id} to ${body.a} went that did not stand`);
    if (body.reason === 'expired' && at < one.due)
      this.#complain('INV-5', `an offer of ${one.id} expired early, at ${at} instead of ${one.due}`);
    if (body.reason !== 'taken') one.missed.add(body.a);
    // Who had the chance and let it pass is waited for no longer.
    if (one.keptFor === body.a && (body.reason === 'declined' || body.reason === 'expired')) one.keptFor = '';
    this.#release(body.a, one.id, 'offer');
    this.#letGo.add(body.a);
    this.#returned.add(one.id);
    if (one.offered.size === 0 && one.state === 'offered') one.state = 'waiting';
  }

  #taken(one: ModelInteraction, body: { a: string; via: string; why?: Why }): void {
    const agent = this.agents.get(body.a);
    if (one.owner !== '') this.#complain('INV-1', `${one.id} taken by ${body.a}, owned by ${one.owner}`);
    if (body.via === 'accept') {
      if (!one.offered.has(body.a)) this.#complain('INV-5', `${one.id} accepted by ${body.a}, to whom it was not offered`);
      one.offered.delete(body.a);
      if (one.offered.size > 0) this.#complain('INV-4', `${one.id} accepted by ${body.a} while others are rung: ${[...one.offered]}`);
      this.#release(body.a, one.id, 'offer', false);
    } else if (one.state !== 'waiting') this.#complain('INV-1', `${one.id} taken by ${body.via} while ${one.state}`);
    if (body.via === 'auto') {
      this.#chosen(one, body.a, 'given', body.why);
      this.#countTurn(one, body.a);
    } else if (agent && body.via !== 'accept') {
      const queue = this.queues.get(one.queue);
      if (!hasRoom(agent, one.medium))
        this.#complain('INV-2', `${one.id} (${one.medium}) taken by ${body.via}, for which ${body.a} has no room`);
      if (queue && !isWithinLimit(agent, queue)) this.#complain('INV-2', `${one.id} taken by ${body.via} above the limit of its queue`);
    }
    one.state = 'served';
    one.owner = body.a;
    one.joined.delete(body.a);
    one.missed.clear();
    this.#hold(one, body.a, 'owned');
    const key = `${one.queue} ${body.a} ${Math.floor(this.now / DAY_MS)}`;
    this.given.counts.set(key, (this.given.counts.get(key) ?? 0) + 1);
  }

  #countTurn(one: ModelInteraction, agentId: string): void {
    if (this.queues.get(one.queue)?.mode === 'round_robin') this.given.turns.set(`${one.queue} ${agentId}`, ++this.#turn);
  }

  #closed(one: ModelInteraction, body: { reason: string; a: string }): void {
    if (one.offered.size > 0) this.#complain('INV-4', `${one.id} closed while offered to ${[...one.offered]}`);
    if (body.reason === 'served' ? one.owner === '' : one.owner !== '')
      this.#complain('INV-3', `${one.id} closed as ${body.reason}, owned by [${one.owner}]`);
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

  /** Whether the rules allow this pair. */
  #chosen(one: ModelInteraction, agentId: string, what: string, why: Why | undefined): void {
    this.complaints.push(...judgeChoice(this.#world(), one, agentId, what, why));
  }

  #world(): World {
    const { queues, agents, interactions, given, isAccountActive, now } = this;
    const laterOf = (agent: AgentState) => this.#laterOf(agent);
    const passing = { returned: this.#returned, letGo: this.#letGo, fresh: this.#fresh, searching: this.#searching, laterOf };
    return { queues, agents, interactions, given, isAccountActive, now, ...passing };
  }

  #laterOf(agent: AgentState): readonly AgentState[] {
    return this.#later.get(agent.id) ?? [agent];
  }

  /** INV-8: never anything but its start, its queue's priority and its own. */
  scoreOf(one: ModelInteraction): number {
    const queue = this.queues.get(one.queue);
    return queue ? scoreOf(one.start, queue, one.priority) : 0;
  }
}
