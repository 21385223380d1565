/** Order, states and hand-over of the routing engine, on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines();
});
afterAll(() => world.close());

const offersOf = async (agentId: UserId) => (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
const stateOf = (id: string) => world.engine.views.interaction(world.scope, id as never);
const close = (id: string, agentId: UserId) =>
  world.engine.router.closeInteraction(world.scope, {
    interactionId: id as never,
    agentId,
    outcome: '',
    note: '',
    key: newId('command'),
    isSupervisor: false,
  });

describe('INV-8 order', () => {
  test('RTE-1 INV-8 an agent of several queues gets the highest score: priority × weight + seconds waited', async () => {
    const plain = await world.addQueue({ mode: 'balanced', isAutoAccepted: true });
    const urgent = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, priority: 2, weightSec: 60 });
    const first = await world.startChat(plain);
    const second = await world.startChat(plain);
    const prior = await world.startChat(urgent);
    const agentId = await world.addAgent({ queues: [plain, urgent], capacity: 1 });
    const served: string[] = [];
    for (const _ of [first, second, prior]) {
      const own = (await world.engine.views.agent(world.scope, agentId))?.interactions.find(({ state }) => state === 'served');
      served.push(own?.id ?? '');
      await close(own?.id ?? '', agentId);
    }
    expect(served).toEqual([prior.id, first.id, second.id]);
  });

  test('RTE-6 INV-8 a missed offer keeps the place', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced' });
    const first = await world.startChat(queue);
    const second = await world.startChat(queue);
    const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
    const [offer] = await offersOf(agentId);
    expect(offer?.interaction).toBe(first.id);
    await engine.router.declineOffer(scope, { interactionId: first.id, agentId, token: offer?.token ?? '' });
    // The one that was not missed comes before for this agent; for another the first is still the first.
    expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([second.id]);
    const other = await world.addAgent({ queues: [queue], capacity: 1 });
    expect((await offersOf(other)).map(({ interaction }) => interaction)).toEqual([first.id]);
  });
});

describe('RTE-4 states', () => {
  test('RTE-4 RTE-7 an agent is signed out, available, offered, busy, paused with a reason, and shows live devices', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
    const status = async () => (await engine.views.agent(scope, agentId))?.agent;
    expect(await status()).toMatchObject({ status: 'available', devices: [{ id: 'desk', isLive: true }] });
    const chat = await world.startChat(queue);
    expect(await status()).toMatchObject({ status: 'offered' });
    const [offer] = await offersOf(agentId);
    await engine.router.acceptOffer(scope, { interactionId: chat.id, agentId, token: offer?.token ?? '' });
    expect(await status()).toMatchObject({ status: 'busy' });
    await close(chat.id, agentId);
    await engine.router.pause(scope, { agentId, reason: 'Lunch', key: newId('command') });
    expect(await status()).toMatchObject({ status: 'paused', pauseReason: 'Lunch' });
    const waiting = await world.startChat(queue);
    expect((await stateOf(waiting.id))?.state).toBe('waiting');
    await engine.router.signOut(scope, { agentId, key: newId('command') });
    expect(await status()).toMatchObject({ status: 'signed_out' });
    expect(await engine.router.resume(scope, { agentId, key: newId('command') })).toMatchObject({ ok: false, code: 'not_signed_in' });
  });

  test('RTE-7 an offer that is open when the agent pauses goes to the next agent', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced' });
    const first = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    expect(await offersOf(first)).toHaveLength(1);
    const second = await world.addAgent({ queues: [queue] });
    await engine.router.pause(scope, { agentId: first, reason: '', key: newId('command') });
    expect(await offersOf(first)).toHaveLength(0);
    expect((await offersOf(second)).map(({ interaction }) => interaction)).toEqual([chat.id]);
  });
});

describe('CHT-9 transfer', () => {
  test('CHT-9 the owner hands over to an agent who is there and has room; the other is refused', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual' });
    const [from, to, away] = [
      await world.addAgent({ queues: [queue] }),
      await world.addAgent({ queues: [queue], capacity: 1 }),
      await world.addAgent({ queues: [queue] }),
    ];
    await engine.router.signOut(scope, { agentId: away, key: newId('command') });
    const chat = await world.startChat(queue);
    await engine.router.claimInteraction(scope, { interactionId: chat.id, agentId: from, key: newId('command') });
    const hand = (agentId: UserId, target: UserId) =>
      engine.router.transferInteraction(scope, {
        interactionId: chat.id,
        from: agentId,
        to: target,
        key: newId('command'),
        isSupervisor: false,
      });
    expect(await hand(to, to)).toMatchObject({ ok: false, code: 'forbidden' });
    expect(await hand(from, away)).toMatchObject({ ok: false, code: 'not_signed_in' });
    expect(await hand(from, to)).toMatchObject({ ok: true });
    expect(await stateOf(chat.id)).toMatchObject({ state: 'served', owner: { id: to } });
    expect((await engine.views.agent(scope, from))?.agent.load).toBe(0);
    const full = await world.startChat(queue);
    await engine.router.claimInteraction(scope, { interactionId: full.id, agentId: from, key: newId('command') });
    const refused = await engine.router.transferInteraction(scope, {
      interactionId: full.id,
      from,
      to,
      key: newId('command'),
      isSupervisor: false,
    });
    expect(refused).toMatchObject({ ok: false, code: 'at_capacity' });
  });
});
