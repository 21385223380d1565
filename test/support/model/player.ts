/**
 * Plays steps on a lane and judges each: the answer, the events, what stands in Redis afterwards against the model, the invariants. One player plays one
 * scene once. @throws Error with everything that contradicts, and the steps taken in words
 */
import type { AgentDoc, ConfigEntry, QueueDoc } from '../../../queues/config.ts';
import type { Scope } from '../../../queues/engine.ts';
import { AppError } from '../../../src/base/errors.ts';
import type { AccountId } from '../../../src/base/ids.ts';
import { agentStateOf, violations } from '../invariants.ts';
import type { Action, Answer, Memory, SceneIds } from './action.ts';
import { actionOf } from './actions.ts';
import { differences } from './compare.ts';
import { idlePairs, overdue } from './leftUndone.ts';
import { clearLane, isRemembered, type Lane, type LaneNode, lapseLease, reconcile, settle, sweep } from './nodes.ts';
import { RoutingModel } from './routingModel.ts';
import type { AgentState } from './rules.ts';
import { readSnapshot, type Snapshot, type StoredEvent } from './snapshot.ts';
import { agentOf, queueOf, type SceneShape, type SingleStep, type Step } from './steps.ts';

export interface PlayerOptions {
  /** Events are judged by the model; off where nodes of 0.1.0 write some of them, with less in them. */
  readonly isJudgingEvents: boolean;
}

const RECONCILE_EVERY = 8;

/** How many commands were given, by what they were answered. `lost`: the node's lease had lapsed, or the connection was cut for good. */
export interface Commanded {
  accepted: number;
  refused: number;
  lost: number;
}

export class Player {
  readonly commanded: Commanded = { accepted: 0, refused: 0, lost: 0 };
  readonly #lane: Lane;
  readonly #options: PlayerOptions;
  readonly #ids: SceneIds;
  readonly #model = new RoutingModel();
  readonly #memory: Memory = { started: [], tokens: [], connections: new Map(), live: new Set(), serial: 0 };
  readonly #story: string[] = [];
  readonly #done: { readonly action: Action; readonly wasOk: boolean; readonly isKept: boolean }[] = [];
  /** Nothing came after the last command done. */
  #isJustDone = false;
  #told: readonly StoredEvent[] = [];
  #version = 1;
  #seen = '0';
  #last: Snapshot | undefined;
  #steps = 0;
  /** In the last look something was due at once: what a command left may have gone on since. */
  #hasSwept = false;

  private constructor(lane: Lane, shape: SceneShape, options: PlayerOptions) {
    this.#lane = lane;
    this.#options = options;
    this.#model.isCutShort = lane.nodes.some(({ release }) => release === 'short');
    const accountId = `acc_lane${lane.partition}` as AccountId;
    this.#ids = {
      scope: { accountId, partition: lane.partition } satisfies Scope,
      queues: shape.queues.map((_, at) => `q${at}`),
      agents: shape.agents.map((_, at) => `a${at}`),
      canSignInAnywhere: shape.canSignInAnywhere,
    };
  }

  static async open(lane: Lane, shape: SceneShape, options: PlayerOptions): Promise<Player> {
    await clearLane(lane);
    const player = new Player(lane, shape, options);
    const { accountId } = player.#ids.scope;
    await lane.config.place(accountId, lane.partition);
    await player.#setAccount(true);
    for (const [at, queue] of shape.queues.entries()) await player.#setQueue(queueOf(`q${at}`, accountId, queue, player.#ids.queues));
    for (const [at, agent] of shape.agents.entries()) {
      await player.#setAgent(agentOf(`a${at}`, accountId, agent, player.#ids.queues));
      const { router } = player.#node(at);
      const agentId = `a${at}` as never;
      const desk = { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-a${at}` };
      await untilAnswered(() => router.attachDevice(player.#ids.scope, desk));
      await untilAnswered(() => router.signIn(player.#ids.scope, { agentId, key: 'first-sign-in' }));
    }
    await player.#look('the scene');
    return player;
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step);
    await this.#reconciled();
  }

  #node(place: number): LaneNode {
    return this.#lane.nodes[place % this.#lane.nodes.length] as LaneNode;
  }

  async #take(step: Step): Promise<void> {
    this.#steps++;
    this.#lane.nowMs += 1;
    if (step.do === 'burst') await this.#burst(step.steps);
    else if (await this.#special(step)) this.#isJustDone = step.do === 'again' && this.#isJustDone;
    else await this.#single(step);
    if (this.#steps % RECONCILE_EVERY === 0) await this.#reconciled();
  }

  /** One command at a time: its answer is foretold. */
  async #single(step: SingleStep): Promise<void> {
    const action = actionOf(step, this.#model, this.#ids, this.#memory);
    if (!action) return;
    const node = this.#node(step.node);
    this.#story.push(`${action.label} (${node.name})`);
    const losses = node.losses();
    const answer = await this.#ask(action, node);
    const events = await this.#look(action.label);
    const complaints: string[] = [];
    if (answer === 'fenced') {
      if (events > 0 && !this.#hasSwept) complaints.push(`INV-9 ${action.label} was fenced and changed something`);
    } else {
      // One whose answer was cut off is asked again: what it ended is over then.
      const isOver = answer === 'gone' && node.losses() > losses && !action.expected?.includes('gone');
      const isUnanswered = answer === 'unavailable' || (isOver && (events > 0 || this.#hasSwept));
      const wasDone = answer === 'ok' || (isUnanswered && (await this.#wasDone(action, events)));
      if (!isUnanswered && action.expected && !action.expected.includes(answer))
        complaints.push(`${action.label} was answered ${answer} instead of ${action.expected}`);
      if (isUnanswered && wasDone) complaints.push(...(await this.#unforeseen(action, node, events)));
      // 0.1.0 remembers a decline by its token alone, which two offers of one step share: it takes the second for the first.
      const isMistaken = node.release === '0.1.0' && action.label.startsWith('decline');
      if (wasDone) complaints.push(...(this.#hasSwept || isMistaken ? [] : (action.after?.(this.#model) ?? [])));
      else if (events > 0 && !this.#hasSwept) complaints.push(`INV-5 ${action.label} was refused as ${answer} and changed something`);
      this.#done.push({ action, wasOk: wasDone, isKept: isKept(action, node) });
      this.#isJustDone = !this.#hasSwept;
    }
    this.#fail(complaints);
  }

  /** A command that was not answered was carried out, or it was not: the engine's own record says which, or else what was told since. */
  async #wasDone({ record }: Action, events: number): Promise<boolean> {
    return (record !== undefined && (await isRemembered(this.#lane, record))) || (events > 0 && !this.#hasSwept);
  }

  /** What the rules do not allow of a command that was carried out and not answered. */
  async #unforeseen(action: Action, node: LaneNode, events: number): Promise<string[]> {
    const complaints: string[] = [];
    if (action.expected && !action.expected.includes('ok'))
      complaints.push(`INV-5 ${action.label} was carried out, to be refused as ${action.expected}`);
    const isUnknown = action.record !== undefined && node.release !== '0.1.0' && !(await isRemembered(this.#lane, action.record));
    if (events > 0 && !this.#hasSwept && isUnknown) complaints.push(`INV-7 ${action.label} was carried out and is not remembered`);
    return complaints;
  }

  /** Several at once, through different nodes: the events and what stands afterwards are judged, and that nothing was promised twice. */
  async #burst(steps: readonly SingleStep[]): Promise<void> {
    const actions = steps.flatMap((step, at) => {
      const action = actionOf(step, this.#model, this.#ids, this.#memory);
      return action ? [{ action, node: this.#node(step.node + at) }] : [];
    });
    const passing = steps.reduce((sum, step) => sum + (step.do === 'pass' ? step.ms : 0), 0);
    this.#lane.nowMs += passing;
    this.#story.push(
      `at once: ${actions.map(({ action, node }) => `${action.label} (${node.name})`).join(' | ')}${passing > 0 ? ` | ${passing} ms pass` : ''}`,
    );
    const [, ...answers] = await Promise.all([
      passing > 0 ? sweep(this.#lane, this.#node(steps.length).commands).catch(ignoreFenced) : undefined,
      ...actions.map(({ action, node }) => this.#ask(action, node)),
    ]);
    this.#isJustDone = false;
    await this.#look('a burst');
    const accepted = actions
      .filter(({ action }, at) => answers[at] === 'ok' && /^accept/.test(action.label))
      .map(({ action }) => action.label.split(' '));
    // Who has it by a transfer meanwhile is told so also when it asks with the token of the one before.
    const isHandedOn = (id: string | undefined) => this.#told.some(({ type, body }) => type === 'interaction.requeued' && body.i === id);
    const twice = accepted.filter(
      ([, id, agent]) => !isHandedOn(id) && accepted.some(([, otherId, other]) => otherId === id && other !== agent),
    );
    this.#fail(twice.map(([, id, agent]) => `INV-1 ${id} was given to ${agent} and to another`));
    for (const [at, { action, node }] of actions.entries()) {
      const wasOk = answers[at] === 'ok' || (answers[at] === 'unavailable' && (await this.#wasDone(action, 0)));
      this.#done.push({ action, wasOk, isKept: isKept(action, node) });
    }
  }

  async #ask(action: Action, node: LaneNode): Promise<Answer> {
    try {
      const outcome = await action.run(node);
      this.commanded[outcome.ok ? 'accepted' : 'refused']++;
      return outcome.ok ? 'ok' : outcome.code;
    } catch (error) {
      if (error instanceof AppError && (error.code === 'fenced' || error.code === 'unavailable')) {
        this.commanded.lost++;
        if (error.code === 'unavailable') await settle(this.#lane, node);
        return error.code;
      }
      throw new Error(`${action.label} failed\n${this.#tale()}`, { cause: error });
    }
  }

  /** Steps that are no commands. @return whether it was one */
  async #special(step: SingleStep): Promise<boolean> {
    const { accountId } = this.#ids.scope;
    switch (step.do) {
      case 'pass':
        this.#lane.nowMs += step.ms;
        this.#story.push(`${step.ms} ms pass`);
        await sweep(this.#lane, this.#node(step.node).commands).catch(ignoreFenced);
        await this.#look('time');
        return true;
      case 'skew':
        this.#lane.skews[step.node % this.#lane.nodes.length] = step.ms;
        this.#story.push(`clock of ${this.#node(step.node).name} is ${step.ms} ms off`);
        return true;
      case 'lapse': {
        const node = this.#node(step.node);
        this.#story.push(`lease of ${node.name} lapses`);
        await lapseLease(this.#lane, node);
        return true;
      }
      case 'knock':
      case 'oldKnock':
        await this.#knock(step.do === 'oldKnock', step.deadline, this.#node(step.node));
        return true;
      case 'again':
        await this.#again(step);
        return true;
      case 'setQueue': {
        const known = this.#model.queues.get(this.#ids.queues[step.queue % this.#ids.queues.length] ?? '');
        if (!known) return true;
        this.#story.push(`${known.id} is set to ${JSON.stringify(step.with)}`);
        await this.#setQueue({
          ...queueOf(known.id, accountId, { ...known, ...step.with, channel: known.channel }, this.#ids.queues),
          recipe: known.recipe,
        });
        await this.#look('settings');
        return true;
      }
      case 'setAgent': {
        const known = this.#model.agents.get(this.#ids.agents[step.agent % this.#ids.agents.length] ?? '');
        if (!known) return true;
        this.#story.push(`${known.id} is set to ${JSON.stringify(step.with)}`);
        const changed = 'in' in step.with ? agentOf(known.id, accountId, step.with, this.#ids.queues) : { ...known.doc, ...step.with };
        await this.#setAgent(changed);
        await this.#look('settings');
        return true;
      }
      case 'setAccount':
        this.#story.push(`the account is ${step.isActive ? 'active' : 'inactive'}`);
        await this.#setAccount(step.isActive);
        await this.#look('settings');
        return true;
      case 'deleteQueue': {
        const id = this.#ids.queues[step.queue % this.#ids.queues.length] ?? '';
        const known = this.#model.queues.get(id);
        if (!known) return true;
        this.#story.push(`${id} is deleted`);
        this.#model.queues.set(id, { ...known, isActive: false });
        await this.#apply({ kind: 'queue', id, doc: null });
        await this.#look('settings');
        return true;
      }
      case 'deleteAgent': {
        const known = this.#model.agents.get(this.#ids.agents[step.agent % this.#ids.agents.length] ?? '');
        if (!known) return true;
        this.#story.push(`${known.id} is deleted`);
        this.#model.setAgent(known.doc, true);
        await this.#apply({ kind: 'agent', id: known.id, doc: null });
        await this.#look('settings');
        return true;
      }
      default:
        return false;
    }
  }

  /** A timer that rings too early, or one whose deadline is over: neither changes anything. */
  async #knock(isOld: boolean, place: number, node: LaneNode): Promise<void> {
    const standing = [...(this.#last?.deadlines ?? [])].filter(([member]) => !member.startsWith('offer|'));
    const old = this.#memory.tokens
      .map(([id, , token]) => `offer|${id}|${token}`)
      .concat(['wrapup|i0|a0', 'reconnect|i0|1', 'agentlost|a0|0', 'relax|i0|0', 'sticky|i0|0']);
    const members = isOld ? old.filter((member) => !this.#last?.deadlines.has(member)) : standing.map(([member]) => member);
    const member = members[place % Math.max(1, members.length)];
    if (member === undefined) return;
    this.#story.push(`${isOld ? 'old' : 'early'} knock ${member} (${node.name})`);
    await node.commands.run('fireDeadline', this.#lane.partition, [member]).catch(ignoreFenced);
    const isDue = (this.#last?.deadlines.get(member) ?? Number.POSITIVE_INFINITY) <= this.#lane.nowMs + Math.max(0, ...this.#lane.skews);
    const events = await this.#look('a knock');
    if (events > 0 && !isDue && !this.#hasSwept)
      this.#fail([`INV-5 the knock ${member} came ${isOld ? 'late' : 'early'} and changed something`]);
  }

  /** The same command again: what is known by its key, or comes at once, changes nothing (INV-7). */
  async #again(step: { readonly back: number; readonly node: number }): Promise<void> {
    const before = this.#done.at(-1 - step.back);
    if (!before) return;
    const { action, wasOk } = before;
    const isKnown = action.isKeyed === true && before.isKept;
    const node = this.#node(step.node);
    const isAtOnce = step.back === 0 && this.#isJustDone;
    this.#story.push(`again: ${action.label} (${node.name})`);
    const answer = await this.#ask(action, node);
    const events = await this.#look('a repeat', isAtOnce && !action.isKeyed ? ['agent.changed', 'client.presence'] : []);
    if (answer === 'fenced') return;
    if (wasOk && (isAtOnce || isKnown) && events > 0 && !this.#hasSwept) this.#fail([`INV-7 ${action.label} was carried out twice`]);
    // Releases may remember a command each in its own way: the other says that it is over already, and does nothing.
    const isSame = answer !== 'unavailable' && (this.#options.isJudgingEvents || (answer !== 'gone' && answer !== 'offer_gone'));
    if (wasOk && isAtOnce && isSame && answer !== 'ok' && !/^(rate|claim|end|changeMedium)/.test(action.label))
      this.#fail([`INV-7 ${action.label} was answered ok, then ${answer}`]);
  }

  async #setAccount(isActive: boolean): Promise<void> {
    const { accountId } = this.#ids.scope;
    this.#model.isAccountActive = isActive;
    const doc = {
      kind: 'account' as const,
      id: accountId,
      name: 'Model',
      isActive,
      origins: [],
      canSignInAnywhere: this.#ids.canSignInAnywhere,
    };
    await this.#apply({ kind: 'account', id: accountId, doc });
  }

  async #setQueue(doc: QueueDoc): Promise<void> {
    this.#model.setQueue(doc);
    await this.#apply({ kind: 'queue', id: doc.id, doc });
  }

  async #setAgent(doc: AgentDoc): Promise<void> {
    this.#model.setAgent(doc);
    await this.#apply({ kind: 'agent', id: doc.id, doc });
  }

  async #apply(entry: Pick<ConfigEntry, 'kind' | 'id' | 'doc'>): Promise<void> {
    const { accountId } = this.#ids.scope;
    await this.#lane.config.apply([{ ...entry, accountId, version: ++this.#version }]);
  }

  /** Reads what stands, fires what is due at once (as its knock would), folds the events, judges. @return how many events there were */
  async #look(what: string, ignored: readonly string[] = []): Promise<number> {
    this.#hasSwept = false;
    let snapshot = await this.#read();
    let events = snapshot.events;
    if ([...snapshot.deadlines.values()].some((due) => due <= Math.max(this.#lane.nowMs, snapshot.now))) {
      this.#hasSwept = true;
      await sweep(this.#lane);
      snapshot = await this.#read();
      events = [...events, ...snapshot.events];
    }
    this.#last = snapshot;
    const complaints = violations(snapshot);
    const later = new Map<string, AgentState>();
    for (const { doc, isDeleted } of this.#model.agents.values()) {
      const state = agentStateOf(snapshot, doc, isDeleted);
      if (state) later.set(doc.id, state);
    }
    this.#told = events;
    if (this.#options.isJudgingEvents) complaints.push(...this.#model.fold(events, later, snapshot));
    else this.#model.adopt(snapshot, later);
    this.#remember(events, snapshot);
    complaints.push(...(this.#options.isJudgingEvents ? differences(this.#model, snapshot, later) : []));
    complaints.push(...idlePairs(this.#model));
    if (this.#options.isJudgingEvents) complaints.push(...overdue(this.#model));
    const late = [...snapshot.deadlines].filter(([, due]) => due <= Math.max(this.#lane.nowMs, snapshot.now) && what === 'time');
    complaints.push(...late.map(([member]) => `INV-3 ${member} is overdue`));
    this.#fail(complaints);
    return events.filter(({ type }) => !ignored.includes(type)).length;
  }

  async #read(): Promise<Snapshot> {
    const open = this.#memory.started.filter((id) => this.#model.interactions.get(id)?.state !== 'closed' || this.#memory.live.has(id));
    const wanted = { interactions: open, agents: this.#ids.agents, queues: this.#ids.queues };
    const snapshot = await readSnapshot(this.#lane.engine.core.runner.redis, this.#lane.base, wanted, this.#seen);
    this.#seen = snapshot.events.at(-1)?.id ?? this.#seen;
    for (const { type, body } of snapshot.events) {
      if (type !== 'interaction.created') continue;
      this.#memory.started.push(body.i);
      this.#memory.live.add(body.i);
    }
    return snapshot;
  }

  #remember(events: readonly StoredEvent[], snapshot: Snapshot): void {
    for (const { type, body } of events) {
      if (type === 'offer.made') this.#memory.tokens.push([body.i, body.a, body.tok]);
    }
    for (const one of snapshot.interactions.values()) this.#memory.connections.set(one.id, one.connections);
    // Closed ones are looked at once more with their wrap-up, then no longer.
    for (const id of [...this.#memory.live]) {
      const isHeld = [...this.#model.agents.values()].some((agent) => agent.holds.some((hold) => hold.interaction === id));
      if (this.#model.interactions.get(id)?.state === 'closed' && !isHeld) this.#memory.live.delete(id);
    }
  }

  async #reconciled(): Promise<void> {
    const repairs = await reconcile(this.#lane);
    this.#fail(repairs.map((repair) => `the reconciler repaired ${repair}`));
    await this.#look('the reconciler');
  }

  #fail(complaints: readonly string[]): void {
    if (complaints.length > 0) throw new Error(`${complaints.join('\n')}\n${this.#tale()}`);
  }

  #tale(): string {
    const told = this.#told.map(({ type, at, body }) => `${type} at ${at} ${JSON.stringify(body)}`);
    const queues = [...this.#model.queues.values()].map(({ kind: _k, accountId: _a, name: _n, ...doc }) => JSON.stringify(doc));
    const agents = [...this.#model.agents.values()].map(({ doc: { kind: _k, accountId: _a, name: _n, ...doc } }) => JSON.stringify(doc));
    return [
      'scene now:',
      ...queues,
      ...agents,
      'steps:',
      ...this.#story.map((line, at) => `${at + 1}. ${line}`),
      'events of the last step:',
      ...told,
    ].join('\n');
  }
}

async function untilAnswered(command: () => Promise<unknown>): Promise<void> {
  let isAnswered = false;
  while (!isAnswered) {
    await command().then(() => {
      isAnswered = true;
    }, ignoreUnavailable);
  }
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
}

function ignoreFenced(error: unknown): void {
  if (!(error instanceof AppError) || (error.code !== 'fenced' && error.code !== 'unavailable')) throw error;
}

/** 0.1.0 does not remember an invitation, a leaving or a transfer that had nothing to do: asked again later it may have something to do. */
function isKept({ label }: Action, { release }: LaneNode): boolean {
  return release !== '0.1.0' || !/^(invite|leaveChat|transfer)/.test(label);
}
