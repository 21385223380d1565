/**
 * A process of a kill storm: `node` has agents and clients who act by themselves through an engine of its own, `worker` does the worker's routing
 * work and writes history. Started with its orders as JSON; tells its parent what its clients and agents were told.
 */
import { Registry } from 'prom-client';
import { createEngine, type Scope, startRoutingWorkers } from '../../queues/index.ts';
import type { GroupId, InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';
import { createDatabase } from '../../src/db/database.ts';
import { Projector } from '../../src/history/projector.ts';
import { createProjectorMetrics } from '../../src/history/projectorMetrics.ts';
import { seeded } from '../support/cutProxy.ts';

export interface Orders {
  readonly role: 'node' | 'worker';
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly nodeId: string;
  readonly seed: number;
  readonly scope: Scope;
  readonly queues: readonly QueueId[];
  readonly agents: readonly UserId[];
}

export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly id: string }
  | { readonly kind: 'accepted'; readonly id: string; readonly agent: string }
  | { readonly kind: 'repairs'; readonly count: number };

const LOOK_MS = 120;
const CLIENTS = 4;

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const { scope, nodeId } = orders;
const random = seeded(orders.seed);
const log = createLogger('chaos', process.env['TEST_LOG'] ?? 'silent');
const engine = await createEngine({ redisUrl: orders.redisUrl, nodeId, log });
const { router, views } = engine;
/** Whoever started us may be gone already. */
const tell = (told: Told) => process.send?.(told, undefined, undefined, () => undefined);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let isCalm = false;
let isOver = false;
process.on('message', (message) => {
  isCalm = true;
  isOver = message === 'over';
});
process.on('disconnect', () => process.exit(0));

/** What a client does: the same command with the same ids until it is answered. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'unavailable' && code !== 'fenced') throw error;
      await pause(LOOK_MS);
    }
  }
}

/** One client after the other; a chat is watched and goes when this process dies, a call is not. */
async function visit(): Promise<void> {
  while (!isCalm) {
    const queueId = orders.queues[Math.floor(random() * orders.queues.length)] as QueueId;
    const isCall = random() < 0.4;
    const start = {
      queueId,
      groupId: newId('group') as GroupId,
      contactId: newId('contact'),
      key: newId('command'),
      name: 'Eva',
      email: '',
      language: 'en',
      page: '',
      userAgent: 'chaos',
      text: isCall ? '' : 'Hello',
      connectionId: isCall ? '' : newId('connection'),
      medium: isCall ? ('voice' as const) : random() < 0.2 ? ('video' as const) : ('chat' as const),
      ...(random() < 0.3 ? { required: [{ skill: 'it', level: 1 + Math.floor(random() * 6) }] } : {}),
      ...(random() < 0.2 ? { priority: 3 } : {}),
    };
    const started = await persist(() => router.startInteraction(scope, start));
    if (!started.ok) throw new Error(`start refused: ${started.code}`);
    const id = started.interaction.id as InteractionId;
    tell({ kind: 'started', id });
    // Some hang up while they wait, or while it rings.
    if (random() < 0.15) {
      await pause(random() * 800);
      await persist(() =>
        router.endInteraction(scope, { interactionId: id, by: 'client', memberId: start.contactId, isSupervisor: false }),
      );
    }
    while (!isOver) {
      const now = await persist(() => views.interaction(scope, id));
      if (!now || now.state === 'ended' || now.state === 'closed') break;
      await pause(LOOK_MS);
    }
  }
}

/** An agent at a desk: takes most offers, closes what it serves, ends every second wrap-up itself, comes back from pauses. */
async function serve(agentId: UserId): Promise<void> {
  const decided = new Set<string>();
  let epoch = '';
  while (!isOver) {
    if (epoch !== engine.lease.epoch) {
      epoch = engine.lease.epoch;
      const device = { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') };
      await persist(() => router.attachDevice(scope, device));
    }
    const view = await persist(() => views.agent(scope, agentId));
    if (!view) throw new Error(`agent ${agentId} is gone`);
    if (view.agent.status === 'signed_out') await persist(() => router.signIn(scope, { agentId, key: newId('command') }));
    if (view.agent.status === 'paused') await persist(() => router.resume(scope, { agentId, key: newId('command') }));
    for (const { interaction, token } of view.offers) {
      if (decided.has(token)) continue;
      decided.add(token);
      const choice = random();
      const offer = { interactionId: interaction as InteractionId, agentId, token };
      if (choice < 0.8 && (await persist(() => router.acceptOffer(scope, offer))).ok)
        tell({ kind: 'accepted', id: interaction, agent: agentId });
      else if (choice > 0.9) await persist(() => router.declineOffer(scope, offer));
    }
    for (const { id, state } of view.interactions) {
      if (state !== 'ended' && random() < 0.6) continue;
      const close = { interactionId: id as InteractionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
      await persist(() => router.closeInteraction(scope, close));
    }
    for (const { interaction } of view.agent.wrapUps) {
      if (decided.has(interaction)) continue;
      decided.add(interaction);
      if (random() < 0.5)
        await persist(() => router.endWrapUp(scope, { interactionId: interaction as InteractionId, agentId, isSupervisor: false }));
    }
    await pause(LOOK_MS);
  }
}

if (orders.role === 'node') {
  tell({ kind: 'ready' });
  await Promise.all([...orders.agents.map(serve), ...Array.from({ length: CLIENTS }, visit)]);
  await engine.close('over');
} else {
  const database = createDatabase(orders.databaseUrl, log);
  const projector = new Projector({ database, log, metrics: createProjectorMetrics(new Registry()) });
  const workers = await startRoutingWorkers(engine, { log, sinks: [projector], logBudgetBytes: 1_000_000_000 });
  tell({ kind: 'ready' });
  while (!isOver) {
    tell({ kind: 'repairs', count: workers.figures.repairs });
    await pause(LOOK_MS);
  }
  await workers.close();
  await engine.close('over');
  await database.close();
}
process.exit(0);
