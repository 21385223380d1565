/** Puts a scenario's account, queues and agents into an engine, as configuration copies on a partition in virtual time. */
import type { GroupId, QueueId, UserId } from '../../src/base/ids.ts';
import { agentDefaults, type ConfigEntry, type ConfigInput, type QueueDoc, queueDefaults } from '../config.ts';
import type { RunningEngine, Scope } from '../index.ts';
import { partitionKey } from '../keys.ts';
import { simulatedId } from './ids.ts';
import type { Scenario } from './scenario.ts';

export interface CenterQueue {
  readonly id: QueueId;
  readonly doc: QueueDoc;
}

export interface CenterAgent {
  readonly id: UserId;
  /** Place of its group in the scenario. */
  readonly group: number;
  readonly signIn: readonly QueueId[];
}

export interface Center {
  readonly scope: Scope;
  readonly groupId: GroupId;
  readonly queues: readonly CenterQueue[];
  readonly agents: readonly CenterAgent[];
}

const PARTITION = 0;

export async function openCenter(engine: RunningEngine, scenario: Scenario): Promise<Center> {
  const scope: Scope = { accountId: simulatedId('account', 1), partition: PARTITION };
  const { accountId } = scope;
  const queueId = (name: string): QueueId =>
    simulatedId(
      'queue',
      scenario.queues.findIndex((queue) => queue.id === name),
    );
  const queues = scenario.queues.map(({ id: name, settings }) => {
    const recipe = (settings.recipe ?? []).map((step) =>
      step.do.op === 'queue' ? { ...step, do: { ...step.do, queueId: queueId(step.do.queueId) } } : step,
    );
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Partial<QueueDoc>;
    const doc: QueueDoc = { ...queueDefaults, mode: 'longest_idle', ...given, recipe, kind: 'queue', id: queueId(name), accountId, name };
    return { id: queueId(name), doc };
  });
  const agents = scenario.agents
    .flatMap((group, place) =>
      Array.from({ length: group.count }, (_, member) => ({ group: place, member, signIn: (group.signIn ?? group.queues).map(queueId) })),
    )
    .map((agent, number) => ({ ...agent, id: simulatedId('user', number) }));

  let version = 0;
  const entry = (doc: ConfigInput): ConfigEntry => ({ kind: doc.kind, id: doc.id, accountId, version: ++version, doc });
  await engine.core.runner.retrying(() =>
    engine.core.runner.redis.hset(`${partitionKey(engine.core.prefix, PARTITION)}:meta`, 'virtual', '1'),
  );
  await engine.config.place(accountId, PARTITION);
  await engine.config.apply([
    entry({ kind: 'account', id: accountId, name: scenario.name, isActive: true, origins: [], ...scenario.account } as ConfigInput),
    ...queues.map(({ doc }) => entry(doc)),
    ...agents.map(({ id, group: place, member }) => {
      const group = scenario.agents[place] as Scenario['agents'][number];
      return entry({
        ...agentDefaults,
        kind: 'agent',
        id,
        accountId,
        name: `${group.name} ${member + 1}`,
        capacity: group.capacity.chat ?? agentDefaults.capacity,
        voiceCapacity: group.capacity.voice ?? agentDefaults.voiceCapacity,
        videoCapacity: group.capacity.video ?? agentDefaults.videoCapacity,
        interrupts: group.interrupts,
        skills: group.skills,
        queues: group.queues.map(queueId),
        order: Object.fromEntries(Object.entries(group.order).map(([name, order]) => [queueId(name), order])),
      });
    }),
  ]);
  return { scope, groupId: simulatedId('group', 1), queues, agents };
}
