/** RTE-10: recipes of overflow, and what becomes of those who wait when a queue or an account is no more. In virtual time on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecipeStep } from '../../queues/config.ts';
import type { NewInteraction } from '../../queues/index.ts';
import { type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

const stateOf = (id: InteractionId) => world.engine.views.interaction(world.scope, id);
async function start(queue: QueueId, more: Partial<NewInteraction> = {}): Promise<InteractionId> {
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue), ...more });
  if (!started.ok) throw new Error(started.code);
  return started.interaction.id as InteractionId;
}
const afterWait = (afterSec: number, step: RecipeStep['do'], onlyIf: RecipeStep['onlyIf'] = 'always'): RecipeStep => ({
  afterSec,
  onlyIf,
  do: step,
});

/** Bodies of the log's events of one type about the interaction. */
async function told(type: string, id: InteractionId): Promise<Record<string, unknown>[]> {
  const entries = await world.engine.core.runner.redis.xrange(`c:{p${world.scope.partition}}:log`, '-', '+');
  return entries
    .map(([, flat]) => ({
      type: flat[flat.indexOf('t') + 1],
      body: JSON.parse(flat[flat.indexOf('d') + 1] ?? '{}') as Record<string, unknown>,
    }))
    .filter((entry) => entry.type === type && entry.body['i'] === id)
    .map((entry) => entry.body);
}

describe('RTE-10 recipes', () => {
  test('RTE-10 INV-8 after its time it goes on waiting in another queue, with its place by the virtual start', async () => {
    const second = await world.addQueue({ mode: 'longest_idle' });
    const first = await world.addQueue({ mode: 'longest_idle', recipe: [afterWait(60, { op: 'queue', queueId: second })] });
    const moved = await start(first);
    await world.advance(30_000);
    const younger = await start(second);
    await world.advance(30_000);
    expect(await stateOf(moved)).toMatchObject({ queue: second, state: 'waiting' });
    const agent = await world.addAgent({ queues: [second], capacity: 1 });
    expect((await world.engine.views.agent(world.scope, agent))?.offers.map(({ interaction }) => interaction)).toEqual([moved]);
    expect((await stateOf(younger))?.state).toBe('waiting');
    expect((await world.engine.views.queue(world.scope, first))?.interactions).toEqual([]);
  });

  test('RTE-10 a circle of queues is walked once: no queue is entered again', async () => {
    const [one, two] = [await world.addQueue({ mode: 'manual' }), await world.addQueue({ mode: 'manual' })];
    await world.changeQueue(one, { mode: 'manual', recipe: [afterWait(10, { op: 'queue', queueId: two })] });
    await world.changeQueue(two, { mode: 'manual', recipe: [afterWait(10, { op: 'queue', queueId: one })] });
    const id = await start(one);
    await world.advance(3_600_000);
    expect(await stateOf(id)).toMatchObject({ queue: two, state: 'waiting' });
    expect(await told('interaction.moved', id)).toHaveLength(1);
  });

  test('RTE-10 steps in their order: told, then preferred, then given away to voicemail', async () => {
    const recipe = [
      afterWait(10, { op: 'message', text: 'Please wait a little longer.' }),
      afterWait(20, { op: 'priority', by: 5 }),
      afterWait(30, { op: 'voicemail' }),
    ];
    const queue = await world.addQueue({ mode: 'manual', recipe });
    const id = await start(queue);
    await world.advance(10_000);
    const conversation = await world.engine.views.conversation(world.scope, id);
    expect(conversation?.messages.at(-1)).toMatchObject({ text: 'Please wait a little longer.', from: { role: 'system' } });
    await world.advance(10_000);
    expect(await stateOf(id)).toMatchObject({ priority: 5, state: 'waiting' });
    await world.advance(10_000);
    expect((await stateOf(id))?.state).toBe('closed');
    expect(await told('interaction.closed', id)).toMatchObject([{ reason: 'diverted', to: '{"op":"voicemail"}' }]);
  });

  test('RTE-10 with nobody signed in it goes to the other queue at once, also when the last agent leaves', async () => {
    const second = await world.addQueue({ mode: 'manual' });
    const first = await world.addQueue({ mode: 'manual', recipe: [afterWait(0, { op: 'queue', queueId: second }, 'no_agents')] });
    expect(await stateOf(await start(first))).toMatchObject({ queue: second });
    const agent = await world.addAgent({ queues: [first] });
    const waiting = await start(first);
    expect(await stateOf(waiting)).toMatchObject({ queue: first });
    await world.engine.router.signOut(world.scope, { agentId: agent, key: newId('command') });
    await world.advance(0);
    expect(await stateOf(waiting)).toMatchObject({ queue: second, state: 'waiting' });
  });

  test('RTE-10 GRP-5 RTE-9 who says to be there without any device is there as long as one who lost it, for recipes, figures and estimates alike', async () => {
    const { engine, scope } = world;
    const second = await world.addQueue({ mode: 'manual' });
    const recipe = [afterWait(0, { op: 'queue', queueId: second }, 'no_agents')];
    const first = await world.addQueue({ mode: 'longest_idle', agentLostMs: 20_000, recipe });
    const agentId = newId('user');
    await world.changeAgent(agentId, { queues: [first] });
    const tell = (what: 'signIn' | 'pause' | 'resume') => engine.router[what](scope, { agentId, reason: 'tea', key: newId('command') });
    const figures = () => engine.views.figures(scope, first);
    const state = async () => (await engine.views.agent(scope, agentId))?.agent;
    const comeAndGo = async (isGoing: boolean) => {
      const device = { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') };
      expect(await engine.router.attachDevice(scope, device)).toMatchObject({ ok: true });
      if (isGoing) expect(await engine.router.detachDevice(scope, device)).toMatchObject({ ok: true });
    };
    expect(await tell('signIn')).toMatchObject({ ok: true });
    const waiting = await start(first);
    await world.advance(15_000);
    // Once more is not longer.
    expect(await tell('signIn')).toMatchObject({ ok: true });
    await world.advance(4_999);
    expect(await stateOf(waiting)).toMatchObject({ queue: first });
    expect(await figures()).toMatchObject({ agentsOnline: 1 });
    await world.advance(1);
    expect(await stateOf(waiting)).toMatchObject({ queue: second });
    expect(await figures()).toMatchObject({ agentsOnline: 0, agentsPaused: 1 });
    expect((await figures())?.estimatedWaitMs).toBeUndefined();
    expect(await state()).toMatchObject({ status: 'paused', pauseReason: 'connection_lost' });

    await tell('resume');
    expect(await figures()).toMatchObject({ agentsOnline: 1 });
    await world.advance(20_000);
    expect(await figures()).toMatchObject({ agentsOnline: 0 });
    await comeAndGo(true);
    expect(await figures()).toMatchObject({ agentsOnline: 1 });
    await world.advance(20_000);
    expect(await figures()).toMatchObject({ agentsOnline: 0 });
    await comeAndGo(false);
    await world.advance(60_000);
    expect(await figures()).toMatchObject({ agentsOnline: 1 });
    expect(await stateOf(await start(first))).toMatchObject({ queue: first, state: 'offered' });
  });

  test('RTE-10 RTE-6 a step that falls due while it is offered runs when the offer comes back, and not when it is accepted', async () => {
    const second = await world.addQueue({ mode: 'manual' });
    const settings = { mode: 'longest_idle', offerTimeoutMs: 10_000, recipe: [afterWait(5, { op: 'queue', queueId: second })] } as const;
    const first = await world.addQueue({ ...settings, recipe: [...settings.recipe] });
    const agentId: UserId = await world.addAgent({ queues: [first], capacity: 1 });
    const missed = await start(first);
    await world.advance(9_999);
    expect(await stateOf(missed)).toMatchObject({ queue: first, state: 'offered' });
    await world.advance(1);
    expect(await stateOf(missed)).toMatchObject({ queue: second, state: 'waiting' });
    const taken = await start(first);
    const [offer] = (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
    await world.engine.router.acceptOffer(world.scope, { interactionId: taken, agentId, token: offer?.token ?? '' });
    await world.advance(60_000);
    expect(await stateOf(taken)).toMatchObject({ queue: first, state: 'served' });
  });
});

describe('bad input and what is taken away', () => {
  test('rule: a queue deleted while many wait closes each of them, a part at a time, and nobody else is delayed', async () => {
    const queue = await world.addQueue({ mode: 'manual' });
    const ids: InteractionId[] = [];
    for (let n = 0; n < 120; n++) ids.push(await start(queue, n % 2 ? { required: [{ skill: `skl_${n % 7}`, level: 1 }] } : {}));
    await world.deleteQueue(queue);
    expect(await world.engine.router.startInteraction(world.scope, world.newChat(queue))).toMatchObject({ ok: false, code: 'not_found' });
    await world.advance(0);
    for (const id of ids) expect((await stateOf(id))?.state).toBe('closed');
    expect(await told('interaction.closed', ids[0] as InteractionId)).toMatchObject([{ reason: 'rejected' }]);
  });

  test('ACC-1 an inactive account starts nothing and offers nothing; what waits keeps its place until it is active again', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const id = await start(queue);
    await world.changeAccount({ isActive: false });
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    expect(await world.engine.router.startInteraction(world.scope, world.newChat(queue))).toMatchObject({
      ok: false,
      code: 'account_inactive',
    });
    expect((await stateOf(id))?.state).toBe('waiting');
    await world.changeAccount({ isActive: true });
    await world.advance(0);
    expect((await world.engine.views.agent(world.scope, agent))?.offers.map(({ interaction }) => interaction)).toEqual([id]);
  });

  test('RTE-1 raising the priority of one that waits changes its place, not its start', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', weightSec: 60 });
    await start(queue);
    await world.advance(30_000);
    const raised = await start(queue);
    expect(await world.engine.router.prioritizeInteraction(world.scope, { interactionId: raised, priority: 1 })).toEqual({ ok: true });
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    expect((await world.engine.views.agent(world.scope, agent))?.offers.map(({ interaction }) => interaction)).toEqual([raised]);
  });
});
