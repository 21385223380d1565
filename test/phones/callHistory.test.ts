/** The history of calls: what the projector makes of a call's events, and who may read it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/auth/can.ts';
import { type ContactId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { LocalFileStore } from '../../src/files/index.ts';
import { eraseContact } from '../../src/history/erase.ts';
import { historyRoutes } from '../../src/history/index.ts';
import { admin, agent, callRoute, refusal, restKey, supervisor } from '../history/calling.ts';
import { foundAccount } from '../history/configured.ts';
import { type Projected, startProjected } from '../history/projected.ts';

let stage: Projected;
let folder: string;
let sales: QueueId;
let support: QueueId;
let anna: UserId;
let marco: UserId;
let answered: { id: InteractionId; contactId: ContactId };
let lost: { id: InteractionId; contactId: ContactId };

const CALLER = '+420123456789';
const account = () => stage.world.scope.accountId;
const ask = async (who: Principal, request: string, query: Record<string, string> = {}) => {
  const files = new LocalFileStore(folder);
  const routes = historyRoutes({ db: stage.database.kysely, engine: stage.world.engine, files });
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
  return (await callRoute(routes, who, request, { query })).body as any;
};
const idsOf = async (who: Principal, query: Record<string, string> = {}) =>
  (await ask(who, 'GET /api/v1/calls', query)).items.map(({ interaction }: { interaction: string }) => interaction);

async function incoming(queue: QueueId): Promise<{ id: InteractionId; contactId: ContactId }> {
  const { world } = stage;
  const start = { ...world.newChat(queue, ''), name: 'Karel', medium: 'voice' as const };
  const started = await world.engine.router.startInteraction(world.scope, start);
  if (!started.ok) throw new Error(started.code);
  return { id: started.interaction.id as InteractionId, contactId: start.contactId };
}

async function note(id: InteractionId, version: number, state: string): Promise<void> {
  const call = JSON.stringify({ state, caller: CALLER, legs: [], version });
  const noted = await stage.world.engine.router.noteCall(stage.world.scope, { interactionId: id, version, call });
  expect(noted).toMatchObject({ ok: true });
}

async function leg(
  id: InteractionId,
  fields: { role: string; a?: string; name: string; answeredAt: number; cause: string; stats?: object },
) {
  const { a = '', stats = {}, ...rest } = fields;
  const now = Date.now();
  const body = { i: id, q: sales, call: newId('call'), leg: newId('leg'), startedAt: now - 9_000, endedAt: now, a, ...rest };
  expect(await stage.world.engine.router.noteLeg(stage.world.scope, { ...body, stats: JSON.stringify(stats) })).toMatchObject({ ok: true });
}

beforeAll(async () => {
  stage = await startProjected();
  folder = mkdtempSync(join(tmpdir(), 'centralino-calls-'));
  const { world } = stage;
  const { router } = world.engine;
  sales = await world.addQueue({ channel: 'voice', mode: 'longest_idle', outcomes: [{ id: 'sold', name: 'Sold', kind: 'OK' }] });
  support = await world.addQueue({ channel: 'voice', mode: 'longest_idle' });
  anna = await world.addAgent({ queues: [sales] });
  marco = await world.addAgent({ queues: [support] });
  answered = await incoming(sales);
  const offer = (await world.engine.views.agent(world.scope, anna))?.offers[0];
  await router.acceptOffer(world.scope, { interactionId: answered.id, agentId: anna, token: offer?.token ?? '' });
  for (const [version, state] of ['talking', 'held', 'talking', 'consulting', 'conference'].entries())
    await note(answered.id, version + 1, state);
  const talked = { answeredAt: Date.now() - 6_000 };
  const stats = { packetsReceived: 300, packetsLost: 3, packetsSent: 310, jitterMs: 4.5, roundTripMs: 31 };
  await leg(answered.id, { role: 'customer', name: CALLER, cause: 'hung up', stats, ...talked });
  await leg(answered.id, { role: 'agent', a: anna, name: 'Anna', cause: 'hung up', stats, ...talked });
  await leg(answered.id, { role: 'consult', a: marco, name: 'Marco', cause: '486', answeredAt: 0 });
  await router.endInteraction(world.scope, { interactionId: answered.id, by: 'client', memberId: answered.contactId, isSupervisor: false });
  const closing = { outcome: 'sold', note: 'wants two', key: newId('command'), isSupervisor: false };
  await router.closeInteraction(world.scope, { interactionId: answered.id, agentId: anna, ...closing });

  lost = await incoming(support);
  await router.endInteraction(world.scope, { interactionId: lost.id, by: 'client', memberId: lost.contactId, isSupervisor: false });
  await leg(lost.id, { role: 'customer', name: '+39055', cause: 'abandoned', answeredAt: Date.now() });
  // A conversation in writing is no call.
  const chats = await world.addQueue({ channel: 'chat' });
  await world.startChat(chats);
  await stage.caughtUp();
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

describe('the history of calls', () => {
  test('HIS-1 a call says how it came, how it ended, how long it waited and was talked, and how many phones were in it', async () => {
    const { accountId, partition } = stage.world.scope;
    await foundAccount(stage, accountId, partition);
    const outcomes = JSON.stringify([{ id: 'sold', name: 'Sold', kind: 'OK' }]);
    await stage.rows('insert into queue (id, account_id, name, outcomes) values ($1, $2, $3, $4)', [sales, accountId, 'Sales', outcomes]);
    const { items } = await ask(admin(account()), 'GET /api/v1/calls');
    expect(items.map(({ interaction }: { interaction: string }) => interaction)).toEqual([lost.id, answered.id]);
    expect(items[1]).toMatchObject({
      direction: 'inbound',
      result: 'answered',
      caller: { id: answered.contactId, name: 'Karel' },
      number: CALLER,
      agent: { id: anna },
      outcome: { id: 'sold', name: 'Sold', kind: 'OK' },
      legs: 3,
      waitMs: expect.any(Number),
      talkMs: expect.any(Number),
    });
    expect(items[1].answeredAt - items[1].createdAt).toBe(items[1].waitMs);
    expect(items[1].endedAt - items[1].answeredAt).toBe(items[1].talkMs);
    expect(items[0]).toMatchObject({ result: 'abandoned', number: '+39055', legs: 1 });
    expect(items[0]).not.toHaveProperty('talkMs');
  });

  test('HIS-1 filters: result, number, agent, queue, direction, time', async () => {
    const as = restKey(account());
    expect(await idsOf(as, { result: 'answered' })).toEqual([answered.id]);
    expect(await idsOf(as, { result: 'abandoned' })).toEqual([lost.id]);
    expect(await idsOf(as, { number: '420123' })).toEqual([answered.id]);
    expect(await idsOf(as, { queue: support })).toEqual([lost.id]);
    // Whom the agent asked had a phone in it, too.
    expect(await idsOf(as, { agent: marco })).toEqual([answered.id]);
    expect(await idsOf(as, { direction: 'outbound' })).toEqual([]);
    expect(await idsOf(as, { to: '1000' })).toEqual([]);
    const first = await ask(as, 'GET /api/v1/calls', { limit: '1' });
    expect(await idsOf(as, { limit: '1', cursor: first.nextCursor })).toEqual([answered.id]);
  });

  test('HIS-2 one call in detail: segments with what was held, and each phone with how it ended and its RTCP figures', async () => {
    const detail = await ask(admin(account()), `GET /api/v1/calls/${answered.id}`);
    expect(detail.note).toBe('wants two');
    expect(detail.segments.map(({ kind }: { kind: string }) => kind)).toEqual([
      'waiting',
      'offered',
      'served',
      'held',
      'served',
      'held',
      'served',
    ]);
    const [customer, own, consulted] = ['customer', 'agent', 'consult'].map((role) =>
      detail.phones.find((phone: { role: string }) => phone.role === role),
    );
    expect(customer).toMatchObject({ name: CALLER, cause: 'hung up', quality: { packetsLost: 3, jitterMs: 4.5, roundTripMs: 31 } });
    expect(own).toMatchObject({ agent: { id: anna } });
    expect(consulted).toMatchObject({ cause: '486', quality: {} });
    expect(consulted).not.toHaveProperty('answeredAt');
  });

  test('ACC-4 agents see the calls they had a phone in, supervisors those of their queues', async () => {
    expect(await idsOf(agent(account(), anna, [sales]))).toEqual([answered.id]);
    expect(await idsOf(agent(account(), marco, [support]))).toEqual([answered.id]);
    expect(await idsOf(supervisor(account(), [support]))).toEqual([lost.id]);
    const outsider = agent(account(), newId('user'), [sales]);
    expect(await idsOf(outsider)).toEqual([]);
    expect(await refusal(ask(outsider, `GET /api/v1/calls/${answered.id}`))).toBe('not_found');
  });

  test('DESIGN-4 facts hold no number, and erasing takes it from the legs; who was in it and how long stays', async () => {
    const facts = await stage.rows<{ body: string }>('select body::text as body from event');
    expect(facts.length).toBeGreaterThan(5);
    expect(facts.map(({ body }) => body).join('\n')).not.toContain(CALLER);
    await eraseContact(stage.database.kysely, account(), answered.contactId, async () => undefined);
    const detail = await ask(admin(account()), `GET /api/v1/calls/${answered.id}`);
    expect(detail).toMatchObject({ number: '', caller: { name: '' }, legs: 3 });
    expect(JSON.stringify(detail)).not.toContain(CALLER);
    expect(detail.phones.find((phone: { role: string }) => phone.role === 'agent')).toMatchObject({ agent: { id: anna }, name: 'Anna' });
  });
});

describe('calls that agents place', () => {
  const CALLED = '+39061234567';
  const contactId = newId('contact');
  async function placed(): Promise<InteractionId> {
    const { world } = stage;
    const interactionId = newId('interaction');
    const call = { interactionId, agentId: anna, contactId, name: CALLED, connectionId: newId('leg') };
    expect(await world.engine.router.placeCall(world.scope, call)).toEqual({ ok: true });
    return interactionId;
  }

  test('HIS-1 VOX-4 whom the agent called, for how long, in no queue; or that nobody answered, and what was said', async () => {
    const { world } = stage;
    const { router } = world.engine;
    const talked = await placed();
    await note(talked, 1, 'dialling');
    await router.answerPlaced(world.scope, { interactionId: talked });
    for (const [version, state] of ['talking', 'held', 'talking'].entries()) await note(talked, version + 2, state);
    await leg(talked, { role: 'customer', name: CALLED, cause: 'hung up', answeredAt: Date.now() });
    await router.endInteraction(world.scope, { interactionId: talked, by: 'client', memberId: contactId, isSupervisor: false });
    const missed = await placed();
    await leg(missed, { role: 'customer', name: CALLED, cause: '486', answeredAt: 0 });
    await router.endInteraction(world.scope, { interactionId: missed, by: 'client', memberId: contactId, isSupervisor: false });
    await stage.caughtUp();
    const as = agent(account(), anna, [sales]);
    const { items } = await ask(as, 'GET /api/v1/calls', { direction: 'outbound' });
    expect(items).toEqual([
      expect.objectContaining({ interaction: missed, result: 'unanswered', number: CALLED, agent: expect.objectContaining({ id: anna }) }),
      expect.objectContaining({
        interaction: talked,
        direction: 'outbound',
        result: 'answered',
        number: CALLED,
        talkMs: expect.any(Number),
      }),
    ]);
    for (const item of items) expect(item).not.toHaveProperty('queue');
    expect(await idsOf(as, { result: 'unanswered' })).toEqual([missed]);
    const detail = await ask(as, `GET /api/v1/calls/${talked}`);
    expect(detail.segments.map(({ kind }: { kind: string }) => kind)).toEqual(['dialling', 'served', 'held', 'served']);
    expect((await ask(as, `GET /api/v1/calls/${missed}`)).phones[0]).toMatchObject({ cause: '486' });
    // Nothing of it is anybody's who does not see it otherwise.
    expect(await idsOf(agent(account(), marco, [support]), { direction: 'outbound' })).toEqual([]);
  });
});
