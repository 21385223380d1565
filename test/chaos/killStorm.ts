/**
 * A kill storm: three nodes with agents and clients and two workers, each a process, route calls, chats and videos through queues that ring all, need
 * skills and relax, give without asking and move on by a recipe, while they are killed or stopped by seed at every enumerated point. The judge stands
 * outside: what clients were told, what the log says, and what stands in Redis at each look.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { agentDefaults, type ConfigInput, queueDefaults } from '../../queues/config.ts';
import { createEngine, type RunningEngine, type Scope } from '../../queues/index.ts';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { seeded } from '../support/cutProxy.ts';
import { testLog } from '../support/engines.ts';
import { overCapacity, readWorld, violations } from '../support/invariants.ts';
import { createTestDatabase, startTestRedis, type TestRedis, until } from '../support/services.ts';
import { type FaultProxy, MOMENTS, type Moment, startFaultProxy } from './faultProxy.ts';
import type { Orders, Told } from './routingNode.ts';

const PARTITION = 11;
const NODES = 3;
const WORKERS = 2;
const AGENTS_PER_NODE = 4;
const SCRIPTS = /fcall|evalsha/;
const COMMITS = /COMMIT/i;
const LONGEST_STOP_MS = 7_500;
/** DESIGN §1: nothing stays wrong longer. */
const HEALED_MS = 10_000;
/** Five processes on a machine that does other things too. */
const START_MS = 120_000;
const STRIKE_WITHIN_MS = 60_000;
const LOOK_MS = 400;
/** Closed ones leave Redis after 15 minutes; only the latest are looked at each time. */
const LOOKED_AT = 150;
const CALM_MS = 60_000;

export interface KillStormReport {
  readonly hits: ReadonlyMap<string, number>;
  readonly started: number;
  readonly accepted: number;
  /** Moments at which everything in Redis was judged. */
  readonly looks: number;
  /** What does not hold; empty when all is well. */
  readonly verdict: readonly string[];
}

interface Point {
  readonly role: Orders['role'];
  readonly server: 'redis' | 'postgres';
  readonly moment: Moment;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** Every enumerated point with both signals. Between PostgreSQL's commit and the position stands the answer to the commit that holds both. */
const POINTS: readonly Point[] = (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) => [
  ...MOMENTS.map((moment) => ({ role: 'node' as const, server: 'redis' as const, moment, signal })),
  ...MOMENTS.map((moment) => ({ role: 'worker' as const, server: 'redis' as const, moment, signal })),
  ...MOMENTS.map((moment) => ({ role: 'worker' as const, server: 'postgres' as const, moment, signal })),
]);
const nameOf = ({ role, server, moment, signal }: Point): string => `${role} ${signal} ${moment} (${server})`;

/** `hits`: how often each point is struck; `redisKills`: how often Redis is killed in between. */
export async function killStorm(plan: { seed: number; hits: number; redisKills: number }): Promise<KillStormReport> {
  const [redis, database] = [await startTestRedis(), await createTestDatabase()];
  const watch = await createEngine({ redisUrl: redis.url, nodeId: 'watch', log: testLog });
  const storm = new Storm(plan.seed, redis, database.url, watch);
  try {
    return await storm.play(plan);
  } finally {
    await storm.close();
    await watch.close('storm over');
    await database.drop();
    await redis.stop();
  }
}

class Member {
  readonly orders: Orders;
  readonly proxies: Record<Point['server'], FaultProxy>;
  readonly #child: ChildProcess;
  /** May be chosen to be struck. */
  isReady = false;
  /** Has started, and is not stopped. */
  isUp = false;

  constructor(orders: Orders, proxies: Record<Point['server'], FaultProxy>, on: { ready(): void; told(told: Told): void }) {
    this.orders = orders;
    this.proxies = proxies;
    this.#child = fork(join(import.meta.dirname, 'routingNode.ts'), [JSON.stringify(orders)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (told: Told) => {
      if (told.kind !== 'ready') return on.told(told);
      this.isReady = true;
      this.isUp = true;
      on.ready();
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  say(what: 'calm' | 'over'): void {
    if (this.#child.connected) this.#child.send(what);
  }

  async gone(): Promise<void> {
    if (!this.hasEnded) await once(this.#child, 'exit');
  }
}

class Storm {
  readonly #random: () => number;
  readonly #redis: TestRedis;
  readonly #databaseUrl: string;
  readonly #watch: RunningEngine;
  readonly #scope: Scope = { accountId: newId('account'), partition: PARTITION };
  readonly #queues: QueueId[] = [];
  readonly #agents: UserId[] = [];
  readonly #members: Member[] = [];
  readonly #started = new Set<string>();
  readonly #known = new Set<string>();
  readonly #accepted: { id: string; agent: string }[] = [];
  readonly #owners = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #verdict = new Set<string>();
  readonly #repairs: string[] = [];
  readonly #proxies: FaultProxy[] = [];
  #made = 0;
  #looks = 0;
  /** When Redis or a worker was last struck or came back. */
  #unwellAt = 0;

  constructor(seed: number, redis: TestRedis, databaseUrl: string, watch: RunningEngine) {
    this.#random = seeded(seed);
    this.#redis = redis;
    this.#databaseUrl = databaseUrl;
    this.#watch = watch;
  }

  async play(plan: { hits: number; redisKills: number }): Promise<KillStormReport> {
    await this.#setScene();
    const tail = this.#watch.feeds.tail({
      onEntry: ({ type, body }) => this.#hear(type, JSON.parse(body)),
      onGap: () => this.#verdict.add('gap'),
    });
    await tail.include(this.#scope);
    for (let place = 0; place < NODES; place++)
      await this.#launch('node', this.#agents.slice(place * AGENTS_PER_NODE, (place + 1) * AGENTS_PER_NODE));
    for (let place = 0; place < WORKERS; place++) await this.#launch('worker', []);
    await until(() => this.#members.every(({ isReady }) => isReady), { timeoutMs: START_MS, what: 'all processes' });

    let isOver = false;
    const looking = this.#keepLooking(() => isOver);
    const points = this.#shuffle(Array.from({ length: plan.hits }, () => POINTS).flat());
    const hits = new Map<string, number>();
    const killEvery = Math.ceil(points.length / (plan.redisKills + 1));
    for (const [count, point] of points.entries()) {
      await this.#strike(point);
      hits.set(nameOf(point), (hits.get(nameOf(point)) ?? 0) + 1);
      if ((count + 1) % killEvery === 0 && count + 1 < points.length) await this.#killRedis();
    }
    for (const member of this.#members) member.say('calm');
    await this.#untilAllClosed();
    isOver = true;
    await looking;
    for (const member of this.#members) member.say('over');
    await Promise.all(this.#members.map((member) => member.gone()));
    await this.#judgeEnd();
    await tail.close();
    return { hits, started: this.#started.size, accepted: this.#accepted.length, looks: this.#looks, verdict: [...this.#verdict] };
  }

  async #setScene(): Promise<void> {
    const { config } = this.#watch;
    const { accountId } = this.#scope;
    await config.place(accountId, PARTITION);
    const apply = (doc: ConfigInput) => config.apply([{ kind: doc.kind, id: doc.id, accountId, version: 1, doc }]);
    await apply({ kind: 'account', id: accountId, name: 'Storm', isActive: true, origins: [] });
    this.#queues.push(...Array.from({ length: 4 }, () => newId('queue')));
    const [ringing, skilled, given, moving] = this.#queues as [QueueId, QueueId, QueueId, QueueId];
    const common = {
      ...queueDefaults,
      kind: 'queue' as const,
      accountId,
      offerTimeoutMs: 1_500,
      maxMissed: 2,
      reconnectMs: 2_500,
      agentLostMs: 4_000,
    };
    await apply({ ...common, id: ringing, name: 'rings all', mode: 'ring_all', ringMax: 3, wrapUpMs: 1_200, channel: 'voice' });
    await apply({
      ...common,
      id: skilled,
      name: 'skilled',
      mode: 'balanced',
      wrapUpMs: 1_600,
      required: [{ skill: 'it', level: 5 }],
      relaxation: [{ afterSec: 1, lowerBy: 10 }],
    });
    await apply({ ...common, id: given, name: 'given', mode: 'longest_idle', isAutoAccepted: true, stickyWaitMs: 500 });
    await apply({
      ...common,
      id: moving,
      name: 'moving',
      mode: 'skills',
      preferred: [{ skill: 'it', level: 3 }],
      recipe: [
        { afterSec: 1, onlyIf: 'always', do: { op: 'priority', by: 2 } },
        { afterSec: 2, onlyIf: 'always', do: { op: 'queue', queueId: given } },
      ],
    });
    for (let place = 0; place < NODES * AGENTS_PER_NODE; place++) {
      const id = newId('user');
      this.#agents.push(id);
      const interrupts = place % 2 === 0 ? (['voice>chat', 'chat>voice', 'video>chat', 'chat>video'] as const) : [];
      const skills = { it: 1 + (place % 6) };
      await apply({
        ...agentDefaults,
        kind: 'agent',
        id,
        accountId,
        name: `Agent ${place}`,
        capacity: 2,
        interrupts: [...interrupts],
        skills,
        queues: this.#queues,
      });
    }
  }

  async #launch(role: Orders['role'], agents: readonly UserId[]): Promise<void> {
    const proxies = { redis: await startFaultProxy(this.#redis.url, SCRIPTS), postgres: await startFaultProxy(this.#databaseUrl, COMMITS) };
    this.#proxies.push(proxies.redis, proxies.postgres);
    const nodeId = `${role}-${++this.#made}`;
    const [scope, queues, seed] = [this.#scope, this.#queues, Math.floor(this.#random() * 2 ** 31)];
    const orders = { role, nodeId, seed, scope, queues, agents, redisUrl: proxies.redis.url, databaseUrl: proxies.postgres.url };
    // A worker that comes takes partitions over, which is a moment without one for these.
    const ready = () => {
      if (role === 'worker') this.#unwellAt = Date.now();
    };
    this.#members.push(new Member(orders, proxies, { ready, told: (told) => this.#hearTold(nodeId, told) }));
  }

  #hearTold(nodeId: string, told: Told): void {
    if (told.kind === 'started') this.#started.add(told.id);
    if (told.kind === 'accepted') this.#accepted.push(told);
    if (told.kind === 'repairs' && told.count > 0 && !this.#repairs.includes(nodeId)) this.#repairs.push(nodeId);
  }

  /** The log's own story: nobody is given what another owns. */
  #hear(type: string, { i = '', a = '' }: { i?: string; a?: string }): void {
    if (type === 'interaction.created') this.#known.add(i);
    if (type === 'interaction.taken') {
      const owner = this.#owners.get(i);
      if (owner !== undefined) this.#verdict.add(`${i} was given to ${a} while ${owner} owned it`);
      this.#owners.set(i, a);
      this.#taken.add(`${i} ${a}`);
    }
    if (type === 'interaction.requeued' || type === 'interaction.closed') this.#owners.delete(i);
  }

  async #strike(point: Point): Promise<void> {
    const member = await this.#hit(point);
    const proxy = member.proxies[point.server];
    member.isUp = false;
    if (point.role === 'worker') this.#unwellAt = Date.now();
    if (point.signal === 'SIGKILL') {
      await member.gone();
      this.#members.splice(this.#members.indexOf(member), 1);
      void this.#healed(member.orders.nodeId);
      await this.#launch(member.orders.role, member.orders.agents);
    } else {
      void wait(200 + this.#random() * LONGEST_STOP_MS).then(() => {
        // What it had asked arrives, or its answer does, long after: perhaps after its lease.
        proxy.release();
        member.signal('SIGCONT');
        member.isReady = true;
        member.isUp = true;
        if (point.role === 'worker') this.#unwellAt = Date.now();
      });
    }
    // One of each kind is left to be struck and to go on.
    const isSomeoneLeft = (role: string) =>
      this.#members.some(({ orders, isReady, hasEnded }) => orders.role === role && isReady && !hasEnded);
    await until(() => isSomeoneLeft('node') && isSomeoneLeft('worker'), { timeoutMs: 60_000, what: 'processes to strike' });
  }

  /** Chooses a process and strikes it. One that gave its partition away has nothing more to do: another is chosen then. */
  async #hit(point: Point): Promise<Member> {
    const giveUpAt = Date.now() + STRIKE_WITHIN_MS;
    for (;;) {
      const member = await until(() => this.#choose(point), { timeoutMs: STRIKE_WITHIN_MS, what: `a process for ${nameOf(point)}` });
      const proxy = member.proxies[point.server];
      const strike = () => point.signal === 'SIGKILL' && member.signal('SIGKILL');
      const count = 1 + Math.floor(this.#random() * (point.role === 'node' ? 6 : 2));
      let isStruck = false;
      member.isReady = false;
      void proxy.strikeAt(point.moment, count, { stop: () => member.signal('SIGSTOP'), strike }).then(() => {
        isStruck = true;
      });
      const isFit = async () => point.role === 'node' || (await this.#holder())?.startsWith(`${member.orders.nodeId}:`) === true;
      await until(async () => isStruck || !(await isFit()), { timeoutMs: STRIKE_WITHIN_MS, what: nameOf(point) });
      if (!isStruck && proxy.disarm()) {
        member.isReady = true;
        if (Date.now() > giveUpAt) throw new Error(`nobody to strike: ${nameOf(point)}`);
        continue;
      }
      await until(() => isStruck, { timeoutMs: STRIKE_WITHIN_MS, what: nameOf(point) });
      return member;
    }
  }

  /** Of the workers only the one that holds the partition has anything to do. */
  async #choose({ role }: Point): Promise<Member | undefined> {
    const fit = this.#members.filter(({ orders, isReady, hasEnded }) => orders.role === role && isReady && !hasEnded);
    if (role === 'node') return fit[Math.floor(this.#random() * fit.length)];
    const holder = await this.#holder();
    return fit.find(({ orders }) => holder?.startsWith(`${orders.nodeId}:`));
  }

  #holder(): Promise<string | null> {
    return this.#watch.core.runner.redis.get(`${this.#watch.core.prefix}{p${PARTITION}}:worker`).catch(() => null);
  }

  /** What a killed node held is detached in time, counted from when Redis and the workers, who do it, were last struck, or away. */
  async #healed(nodeId: string): Promise<void> {
    const key = `${this.#watch.core.prefix}{p${PARTITION}}:nodes`;
    const diedAt = Date.now();
    for (;;) {
      const isStanding = await this.#watch.core.runner.redis.hexists(key, nodeId).catch(() => undefined);
      if (isStanding === 0) return;
      const isDoneBySomeone = this.#members.some(({ orders, isUp, hasEnded }) => orders.role === 'worker' && isUp && !hasEnded);
      if (isStanding === undefined || !isDoneBySomeone) this.#unwellAt = Date.now();
      else if (Date.now() > Math.max(diedAt, this.#unwellAt) + HEALED_MS) {
        this.#verdict.add(`${nodeId} was not detached within ${HEALED_MS} ms; holder: ${await this.#holder()}`);
        return;
      }
      await wait(LOOK_MS);
    }
  }

  async #killRedis(): Promise<void> {
    await this.#redis.kill9();
    await wait(this.#random() * 2_000);
    await this.#redis.restart();
  }

  /** Of one moment. What agents hold must be among what is read, also when the log has not told of it yet; else the look is not judged. */
  async #look(): Promise<void> {
    const interactions = new Set([...this.#known, ...this.#started].slice(-LOOKED_AT));
    for (let round = 0; round < 3; round++) {
      const wanted = { interactions: [...interactions], agents: this.#agents, queues: this.#queues };
      const world = await readWorld(this.#watch, this.#scope, wanted);
      const held = [...world.agents.values()].flatMap(({ offers, owned }) => [...Object.keys(offers), ...owned]);
      if (held.every((id) => interactions.has(id))) {
        for (const violation of [...violations(world), ...overCapacity(world)]) this.#verdict.add(violation);
        this.#looks++;
        return;
      }
      for (const id of held) interactions.add(id);
    }
  }

  async #keepLooking(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#look().catch((error: Error) => {
        if (!/closed|writeable|ECONN|timed out|LOADING/i.test(error.message)) throw error;
      });
      await wait(LOOK_MS);
    }
  }

  async #untilAllClosed(): Promise<void> {
    const open = async () => {
      const states = await Promise.all(
        [...new Set([...this.#started, ...this.#known])].map((id) => this.#watch.views.interaction(this.#scope, id as never)),
      );
      return states.flatMap((view) => (view && view.state !== 'closed' ? [`${view.id} is ${view.state}`] : []));
    };
    let left: string[] = [];
    await until(async () => (left = await open()).length === 0, { timeoutMs: CALM_MS, everyMs: 500 }).catch(() => undefined);
    for (const one of left) this.#verdict.add(`not over: ${one}`);
    // Then only wrap-ups run, each less than two seconds.
    const loads = async () =>
      (await Promise.all(this.#agents.map((id) => this.#watch.views.agent(this.#scope, id)))).map((view) => view?.agent.load);
    await until(async () => (await loads()).every((load) => load === 0), { timeoutMs: HEALED_MS }).catch(() => undefined); // Named by `#judgeEnd`.
  }

  async #judgeEnd(): Promise<void> {
    for (const id of this.#started) if (!this.#known.has(id)) this.#verdict.add(`${id} was told to a client and is not in the log`);
    for (const { id, agent } of this.#accepted)
      if (!this.#taken.has(`${id} ${agent}`)) this.#verdict.add(`${agent} was told to have ${id}, the log is not`);
    for (const nodeId of this.#repairs) this.#verdict.add(`${nodeId} had to repair`);
    for (const agentId of this.#agents) {
      const view = await this.#watch.views.agent(this.#scope, agentId);
      if (!view || view.agent.load > 0) this.#verdict.add(`${agentId} is stuck with a load of ${view?.agent.load}`);
    }
    await this.#judgeHistory();
  }

  /** Each interaction of the log stands once in history, and closed. */
  async #judgeHistory(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      const ids = [...this.#known];
      const closed = async () =>
        (await client.query<{ id: string }>('select id from interaction where id = any($1) and closed_at is not null', [ids])).rows.map(
          ({ id }) => id,
        );
      const found = await closed();
      if (new Set(found).size !== found.length) this.#verdict.add('history has an interaction twice');
      const missing = ids.filter((id) => !found.includes(id));
      if (missing.length > 0) this.#verdict.add(`history lacks the end of ${missing.length}: ${missing.slice(0, 5)}`);
    } finally {
      await client.end();
    }
  }

  #shuffle<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, at: this.#random() }))
      .sort((left, right) => left.at - right.at)
      .map(({ item }) => item);
  }

  async close(): Promise<void> {
    for (const member of this.#members) member.signal('SIGKILL');
    await Promise.all(this.#members.map((member) => member.gone()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
