/** The life of an interaction through the real scripts on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines();
});
afterAll(() => world.close());

describe('RTE-2 manual', () => {
  test('RTE-12 a waiting conversation is claimed by exactly one of ten agents at once', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual' });
    const agents = await Promise.all(Array.from({ length: 10 }, () => world.addAgent({ queues: [queue] })));
    const started = await world.startChat(queue);
    const outcomes = await Promise.all(
      agents.map((agentId) => engine.router.claimInteraction(scope, { interactionId: started.id, agentId, key: 'claim-000001' })),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.code).toBe('already_taken');
  });

  test('CHT-6 of two repliers the first owns the dialog, the other is told who', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual' });
    const [anna, marco] = [
      await world.addAgent({ queues: [queue], name: 'Anna' }),
      await world.addAgent({ queues: [queue], name: 'Marco' }),
    ];
    const chat = await world.startChat(queue);
    const reply = (agentId: string, name: string) =>
      engine.router.sendMessage(scope, {
        interactionId: chat.id,
        mid: `reply-${name}-01`,
        from: { role: 'agent', id: agentId as never, name },
        visibility: 'everyone',
        text: 'Hi',
        isClaim: true,
      });
    const [first, second] = await Promise.all([reply(anna, 'Anna'), reply(marco, 'Marco')]);
    const view = await engine.views.interaction(scope, chat.id);
    const loser = first.ok ? second : first;
    expect(first.ok).not.toBe(second.ok);
    expect(loser).toMatchObject({ ok: false, code: 'already_taken', owner: view?.owner?.name });
    expect(view).toMatchObject({ state: 'served', isUnanswered: false, unread: 0 });
  });
});

describe('RTE-2 automatic', () => {
  test('RTE-6 an offer passes to the next agent when declined, and keeps the place', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced' });
    const agents = [await world.addAgent({ queues: [queue] }), await world.addAgent({ queues: [queue] })];
    const chat = await world.startChat(queue);
    const offered = async () => {
      for (const agentId of agents) {
        const view = await engine.views.agent(scope, agentId);
        const [offer] = view?.offers ?? [];
        if (offer) return { agentId, token: offer.token };
      }
      return undefined;
    };
    const first = await offered();
    expect(first).toBeDefined();
    if (!first) return;
    await engine.router.declineOffer(scope, { interactionId: chat.id, agentId: first.agentId, token: first.token });
    const second = await offered();
    expect(second?.agentId).toBe(agents.find((agentId) => agentId !== first.agentId));
    const late = await engine.router.acceptOffer(scope, { interactionId: chat.id, agentId: first.agentId, token: first.token });
    expect(late).toMatchObject({ ok: false, code: 'offer_gone' });
    if (!second) return;
    const accepted = await engine.router.acceptOffer(scope, { interactionId: chat.id, agentId: second.agentId, token: second.token });
    expect(accepted).toMatchObject({ ok: true, interaction: { state: 'served', owner: { id: second.agentId } } });
    expect(await engine.router.acceptOffer(scope, { interactionId: chat.id, agentId: second.agentId, token: second.token })).toMatchObject({
      ok: true,
    });
  });

  test('RTE-2 balanced gives to the agent with the fewest open conversations', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true });
    const agents = await Promise.all(Array.from({ length: 4 }, () => world.addAgent({ queues: [queue], capacity: 5 })));
    for (let count = 0; count < 12; count++) await world.startChat(queue);
    const loads = await Promise.all(agents.map(async (agentId) => (await engine.views.agent(scope, agentId))?.agent.load));
    expect(loads).toEqual([3, 3, 3, 3]);
  });

  test('RTE-2 random keeps the totals of the day within one per twenty', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'random', isAutoAccepted: true });
    const agents = await Promise.all(Array.from({ length: 5 }, () => world.addAgent({ queues: [queue], capacity: 2 })));
    const totals = new Map<string, number>();
    for (let count = 0; count < 100; count++) {
      const chat = await world.startChat(queue);
      const owner = (await engine.views.interaction(scope, chat.id))?.owner?.id ?? '';
      totals.set(owner, (totals.get(owner) ?? 0) + 1);
      await engine.router.closeInteraction(scope, {
        interactionId: chat.id,
        agentId: owner as never,
        outcome: '',
        note: '',
        key: `close-${count}-xx`,
        isSupervisor: false,
      });
    }
    const counts = agents.map((agentId) => totals.get(agentId) ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  });

  test('GRP-5 above the limit the visitor waits, and is offered as soon as capacity comes free', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, limitPerAgent: 1 });
    const agentId = await world.addAgent({ queues: [queue], capacity: 5 });
    const first = await world.startChat(queue);
    const second = await world.startChat(queue);
    expect((await engine.views.interaction(scope, second.id))?.state).toBe('waiting');
    await engine.router.closeInteraction(scope, {
      interactionId: first.id,
      agentId,
      outcome: '',
      note: '',
      key: 'close-first-1',
      isSupervisor: false,
    });
    expect(await engine.views.interaction(scope, second.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
  });
});

describe('RTE-8 wrap-up', () => {
  test('RTE-8 wrap-up holds the capacity until it is ended', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: 60_000 });
    const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
    const first = await world.startChat(queue);
    const second = await world.startChat(queue);
    await engine.router.closeInteraction(scope, {
      interactionId: first.id,
      agentId,
      outcome: '',
      note: '',
      key: 'close-first-1',
      isSupervisor: false,
    });
    expect((await engine.views.agent(scope, agentId))?.agent).toMatchObject({ status: 'wrap_up', load: 1 });
    expect((await engine.views.interaction(scope, second.id))?.state).toBe('waiting');
    await engine.router.endWrapUp(scope, { interactionId: first.id, agentId, isSupervisor: false });
    expect((await engine.views.interaction(scope, second.id))?.state).toBe('served');
  });
});

describe('idempotence', () => {
  test('API-1 the same start and the same message again give the first result', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual' });
    const start = world.newChat(queue);
    const first = await engine.router.startInteraction(scope, start);
    const again = await engine.router.startInteraction(scope, start);
    expect(first.ok && again.ok && again.isRepeat && again.interaction.id === first.interaction.id).toBe(true);
    if (!first.ok) return;
    const message = {
      interactionId: first.interaction.id as never,
      mid: 'message-01',
      from: { role: 'customer' as const, id: start.contactId, name: 'Eva' },
      visibility: 'everyone',
      text: 'hello',
      isClaim: false,
    };
    const sent = await engine.router.sendMessage(scope, message);
    const repeated = await engine.router.sendMessage(scope, message);
    expect(sent.ok && repeated.ok && repeated.isRepeat && repeated.off === sent.off).toBe(true);
    const conversation = await engine.views.conversation(scope, first.interaction.id as never);
    expect(conversation?.messages.map((each) => each.text)).toEqual([start.text, 'hello']);
  });

  test('INV-7 a decline, an invitation and a leaving whose answer was lost change nothing when they come again', async () => {
    const { engine, scope } = world;
    const { router } = engine;
    const queue = await world.addQueue({ mode: 'balanced' });
    const anna = await world.addAgent({ queues: [queue] });
    const guest = await world.addAgent({ queues: [await world.addQueue({ mode: 'manual' })] });
    const { id: interactionId } = await world.startChat(queue);
    const offer = async () => (await engine.views.agent(scope, anna))?.offers[0]?.token ?? '';
    const decline = { interactionId, agentId: anna, token: await offer() };
    expect(await router.declineOffer(scope, decline)).toEqual({ ok: true });
    const next = await offer();
    expect(await router.declineOffer(scope, decline)).toEqual({ ok: true });
    expect(await offer(), 'the next offer stands').toBe(next);
    await router.acceptOffer(scope, { interactionId, agentId: anna, token: next });

    const invite = { interactionId, by: anna, agentId: guest, key: 'invite-000001', isSupervisor: false };
    const leave = { interactionId, agentId: guest, key: 'leave-0000001' };
    const guests = async () => (await engine.views.interaction(scope, interactionId))?.participants.map((each) => each.id);
    await router.inviteParticipant(scope, invite);
    await router.leaveInteraction(scope, leave);
    expect(await router.inviteParticipant(scope, invite)).toEqual({ ok: true });
    expect(await guests()).toEqual([]);
    await router.inviteParticipant(scope, { ...invite, key: 'invite-000002' });
    expect(await router.leaveInteraction(scope, leave)).toEqual({ ok: true });
    expect(await guests()).toEqual([guest]);
  });
});
