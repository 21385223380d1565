/**
 * The accounts that the routing benchmark plays on, made through the engine's own commands. Created by the load generator.
 *
 * A skilled scene is as hard as the issue asks: 50 skills; half of what waits needs two of the ten rare ones, which a twentieth of the agents hold
 * (a fifth of the others hold exactly one of the rare, so that looking by one skill is not enough); what needs skills waits longest, so it stands at
 * the heads of the queues, where the agent who comes free mostly cannot serve it; in every fifth queue needs have been lowered once and will be again,
 * which is a tenth of all that waits.
 */
import { type AgentDoc, agentDefaults, type QueueDoc, queueDefaults, type SkillNeed } from '../queues/config.ts';
import type { NewInteraction, RunningEngine, Scope } from '../queues/index.ts';
import { type AccountId, type ContactId, type GroupId, newId, type QueueId, type UserId } from '../src/base/ids.ts';
import { addressOf } from '../test/support/workspace.ts';
import { Wire } from './dialects/wire.ts';
import type { Calls } from './routingCalls.ts';
import type { SceneShape } from './routingOrders.ts';

const QUEUES_PER_AGENT = 5;
/** Calls on each connection while a scene is built; one while it is played. */
export const BUILDING_IN_FLIGHT = 4;
/** Coprime to the numbers of queues, so that an agent's five are different ones and spread over all. */
const QUEUE_STRIDE = 41;
const RARE = 10;
const SKILLS = 50;
const HELD_LEVEL = 5;
const LONG_MS = 3_600_000;

/** What an interaction of the benchmark asks for. */
export interface Kind {
  readonly queue: QueueId;
  readonly needs: readonly SkillNeed[];
}

export interface Scene {
  readonly shape: SceneShape;
  readonly scope: Scope;
  readonly queues: readonly QueueId[];
  readonly agents: readonly UserId[];
  readonly group: GroupId;
}

/** An even spread without a pattern that the queues share; the same in every run. */
const spread = (number: number, below: number): number => ((Math.imul(number + 1, 2_654_435_761) >>> 16) * 7 + number) % below;

/** `settings`: of every queue, beside those that the shape gives. */
export async function buildScene(calls: Calls, shape: SceneShape, settings: Partial<QueueDoc> = {}): Promise<Scene> {
  const accountId = newId('account') as AccountId;
  const scope: Scope = { accountId, partition: shape.partition };
  const { config } = calls.first;
  await config.place(accountId, shape.partition);
  const account = { kind: 'account' as const, id: accountId, name: shape.name, isActive: true, origins: [] };
  await config.apply([{ kind: 'account', id: accountId, accountId, version: 1, doc: account }]);
  const queues = Array.from({ length: shape.queues }, () => newId('queue') as QueueId);
  const agents = Array.from({ length: shape.agents }, () => newId('user') as UserId);
  await calls.each(queues.length, async (engine, number) => {
    const doc = { ...queueOf(shape, accountId, queues[number] as QueueId, number), ...settings };
    await engine.config.apply([{ kind: 'queue', id: doc.id, accountId, version: 1, doc }]);
  });
  await calls.each(
    agents.length,
    async (engine, number) => {
      const doc = agentOf(shape, accountId, agents[number] as UserId, number, queues);
      await engine.config.apply([{ kind: 'agent', id: doc.id, accountId, version: 1, doc }]);
    },
    BUILDING_IN_FLIGHT,
  );
  return { shape, scope, queues, agents, group: newId('group') as GroupId };
}

export function queueOf(shape: SceneShape, accountId: AccountId, id: QueueId, number: number): QueueDoc {
  const isRelaxing = shape.isSkilled && number % 5 === 0;
  return {
    ...queueDefaults,
    kind: 'queue',
    id,
    accountId,
    name: `Queue ${number}`,
    mode: 'longest_idle',
    channel: 'voice',
    isAutoAccepted: false,
    offerTimeoutMs: LONG_MS,
    maxMissed: 0,
    agentLostMs: LONG_MS,
    wrapUpMs: shape.wrapUpMs,
    relaxation: isRelaxing
      ? [
          { afterSec: 1, lowerBy: 1 },
          { afterSec: 3_600, lowerBy: 2 },
        ]
      : [],
  };
}

export function agentOf(shape: SceneShape, accountId: AccountId, id: UserId, number: number, queues: readonly QueueId[]): AgentDoc {
  const skills = shape.isSkilled ? skillsOf(number) : [];
  return {
    ...agentDefaults,
    kind: 'agent',
    id,
    accountId,
    name: `Agent ${number}`,
    capacity: 1,
    voiceCapacity: 1,
    queues: queuesOf(number, queues),
    skills: Object.fromEntries(skills.map((skill) => [skill, HELD_LEVEL])),
  };
}

/** The queues that the `number`-th agent serves. */
export const queuesOf = (number: number, queues: readonly QueueId[]): QueueId[] =>
  Array.from({ length: QUEUES_PER_AGENT }, (_, place) => queues[(number + place * QUEUE_STRIDE) % queues.length] as QueueId);

function skillsOf(agent: number): string[] {
  const place = spread(agent, 20);
  const common = (index: number): string => `skill-${RARE + ((agent * 7 + index * 13) % (SKILLS - RARE))}`;
  if (place === 0) return [...Array.from({ length: RARE }, (_, rare) => `skill-${rare}`), common(0), common(1)];
  if (place <= 4) return [`skill-${spread(agent * 3, RARE)}`, common(0), common(1)];
  return [common(0), common(1), common(2)];
}

/** Connects the agents (at sockets of the gateway, or said to be) and signs them in, before anything waits. */
export async function signInAll(calls: Calls, scene: Scene): Promise<Wire[]> {
  const { scope, agents } = scene;
  const wires: Wire[] = [];
  await calls.each(
    agents.length,
    async (engine, number) => {
      const agentId = agents[number] as UserId;
      if (scene.shape.agentsAt) wires.push(await openDesk(engine, scene, agentId, scene.shape.agentsAt));
      else
        must(await engine.router.attachDevice(scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') }));
      must(await engine.router.signIn(scope, { agentId, key: newId('command') }));
    },
    BUILDING_IN_FLIGHT,
  );
  return wires;
}

/** An agent who is nowhere signed in, so that the gateway follows the account's partition. */
export async function openObserver(calls: Calls, scene: Scene, gateway: string): Promise<Wire> {
  const { accountId } = scene.scope;
  const id = newId('user') as UserId;
  const doc: AgentDoc = { ...agentDefaults, kind: 'agent', id, accountId, name: 'Observer', queues: [scene.queues[0] as string] };
  await calls.first.config.apply([{ kind: 'agent', id, accountId, version: 1, doc }]);
  return openDesk(calls.first, scene, id, gateway);
}

let addresses = 0;

/** A signed-in agent's socket that follows the agent's own feed. */
async function openDesk(engine: RunningEngine, { scope, queues }: Scene, agentId: UserId, gateway: string): Promise<Wire> {
  const principal = {
    accountId: scope.accountId,
    userId: agentId,
    name: 'Bench',
    role: 'member',
    supervises: [],
    serves: queues.slice(0, 5),
  };
  const session = {
    userId: agentId,
    ip: '',
    userAgent: 'bench',
    stage: 'full' as const,
    principal: JSON.stringify(principal),
    ttlMs: LONG_MS,
  };
  const { token } = await engine.sessions.create(scope, session);
  const wire = await Wire.open(`${gateway}/ws`, { 'x-forwarded-for': addressOf(++addresses) });
  const ask = async (frame: Readonly<Record<string, unknown>>, id: number): Promise<void> => {
    const isAnswer = (candidate: Buffer): boolean =>
      candidate.includes(`"id":${id}`) && /^\{"t":"(reply|error)"/.test(candidate.toString());
    const answer = String(await wire.ask(JSON.stringify({ ...frame, id }), isAnswer));
    if (!answer.startsWith('{"t":"reply"')) throw new Error(`${String(frame['t'])} was refused: ${answer}`);
  };
  await ask({ t: 'hello', v: 1, as: 'agent', token, device: { id: 'bench', name: 'Load generator' } }, 1);
  await ask({ t: 'subscribe', feed: `agent:${agentId}` }, 2);
  wire.keepAlive('{"t":"ping","id":999999999}', 20_000);
  return wire;
}

/** What the `number`-th interaction asks for when nothing else is said: its queue, and needs if it is one of those. */
export function kindOf({ queues, shape }: Scene, number: number, hasNeeds: boolean): Kind {
  const place = number % queues.length;
  const queue = queues[place] as QueueId;
  if (!hasNeeds || !shape.isSkilled) return { queue, needs: [] };
  const first = spread(number, RARE);
  const second = (first + 1 + spread(number * 5 + 3, RARE - 1)) % RARE;
  const level = place % 5 === 0 ? 4 : 2 + spread(number * 11, 2);
  return {
    queue,
    needs: [
      { skill: `skill-${first}`, level },
      { skill: `skill-${second}`, level },
    ],
  };
}

/** A call that waits: no socket, no first message. */
export function newCall({ group }: Scene, { queue, needs }: Kind): NewInteraction {
  const contactId = newId('contact') as ContactId;
  return {
    queueId: queue,
    groupId: group,
    contactId,
    key: contactId,
    name: '+39 02 1234567',
    email: '',
    language: 'it',
    page: '',
    userAgent: '',
    text: '',
    connectionId: '',
    medium: 'voice',
    ...(needs.length > 0 ? { required: needs } : {}),
  };
}

/** @throws when the engine refused */
export function must<Value extends { readonly ok: boolean }>(outcome: Value): Extract<Value, { ok: true }> {
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`);
  return outcome as Extract<Value, { ok: true }>;
}
