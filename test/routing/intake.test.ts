/** RTE-1, RTE-3, RTE-9, RTE-12: interactions that programs begin, where they stand, and serving them by REST. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawSocket } from '../gateway/support/rawSocket.ts';
import { type Answer, key, type Person, type Tenant, World } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';

const UNKNOWN_QUEUE = 'que_00000000000000000000000000';

let world: World;
let tenant: Tenant;
let restKey: string;
beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant('Ours');
  restKey = (await asOwner('POST /api/v1/keys', { name: 'Shop', type: 'rest' })).body.key;
});
afterAll(() => world.close());

const asOwner = (request: string, body?: unknown): Promise<Answer> =>
  world.call(request, { as: tenant.owner.token, ...(body !== undefined && { body }) });
const begin = (body: object, as = restKey): Promise<Answer> =>
  world.call('POST /api/v1/interactions', { as, body: { key: key(), contact: { name: 'Eva' }, ...body } });
async function queue(name: string, settings: object = {}): Promise<string> {
  return (await asOwner('POST /api/v1/queues', { name, ...settings })).body.id;
}
const place = (id: string, as = restKey): Promise<Answer> => world.call(`GET /api/v1/interactions/${id}/place`, { as });
const paths = ({ status, body }: Answer) => ({ status, paths: body.errors?.map((error: { path: string }) => error.path) });

describe('RTE-12 beginning', () => {
  test('RTE-12 a program begins an interaction; the same key gives the same one, and what it says is kept', async () => {
    const queueId = await queue('Orders');
    const body = { queueId, key: key(), contact: { name: 'Eva', email: 'eva@example.com' }, text: 'Where is my order?', language: 'en' };
    const first = await begin(body);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ queue: queueId, state: 'waiting', medium: 'chat', client: { name: 'Eva' }, unread: 1 });
    const again = await begin(body);
    expect({ status: again.status, id: again.body.id }).toEqual({ status: 200, id: first.body.id });
    // Another caller's key is another key.
    expect((await begin(body, tenant.owner.token)).body.id).not.toBe(first.body.id);
  });

  test('RTE-12 a reference of one’s own names one contact, which another account does not reach', async () => {
    const queueId = await queue('References');
    const contact = { name: 'Eva', id: 'customer 4711' };
    const [one, two] = [await begin({ queueId, contact }), await begin({ queueId, contact })];
    expect(two.body.id).not.toBe(one.body.id);
    expect(two.body.client.id).toBe(one.body.client.id);
    const stranger = await world.tenant('Theirs');
    const theirs = await begin({ queueId: stranger.queue, contact }, stranger.owner.token);
    expect(theirs.body.client.id).not.toBe(one.body.client.id);
    const foreign = await begin({ queueId: stranger.queue, contact: { name: 'Eva', id: one.body.client.id } }, stranger.owner.token);
    expect(paths(foreign)).toEqual({ status: 422, paths: ['contact.id'] });
  });

  test('ACC-6 a key that another caller used for the same person gives nothing of theirs: neither the view nor the interaction', async () => {
    const hidden = await queue('Hidden from Sara');
    const sara = await world.person(tenant, 'Sara', 'supervisor');
    const same = { key: key(), contact: { name: 'Eva', id: 'customer 0815' } };
    const theirs = await begin({ ...same, queueId: hidden });
    const hers = await begin({ ...same, queueId: tenant.queue }, sara.token);
    expect({ status: hers.status, queue: hers.body.queue }).toEqual({ status: 201, queue: tenant.queue });
    expect(hers.body.id).not.toBe(theirs.body.id);
    expect(hers.body.client.id).toBe(theirs.body.client.id);
    expect((await begin({ ...same, queueId: hidden })).body.id).toBe(theirs.body.id);
  });

  test('RTE-12 a visitor’s contact may be named: the interaction is the visitor’s', async () => {
    const visitor = await world.visitor(tenant);
    await world.chat(visitor);
    const answer = await begin({ queueId: tenant.queue, contact: { name: 'Eva', id: visitor.contact } });
    expect(answer.body.client.id).toBe(visitor.contact);
    visitor.socket.close();
  });

  test('RTE-12 a supervisor begins one in the own queues; agents and chatbot keys do not', async () => {
    const other = await queue('Not hers');
    const [anna, sara] = [await world.person(tenant, 'Anna'), await world.person(tenant, 'Sara', 'supervisor')];
    expect((await begin({ queueId: tenant.queue }, sara.token)).status).toBe(201);
    expect(paths(await begin({ queueId: other }, sara.token))).toEqual({ status: 422, paths: ['queueId'] });
    expect((await begin({ queueId: tenant.queue }, anna.token)).status).toBe(403);
    const bot = (await asOwner('POST /api/v1/keys', { name: 'Bot', type: 'chatbot' })).body.key;
    expect((await begin({ queueId: tenant.queue }, bot)).status).toBe(403);
  });

  test('RTE-3 unknown queue, skill, group, level, medium or a queue that is off: each is refused by name, nothing begins', async () => {
    const off = await queue('Off', { isActive: false });
    const stranger = await world.tenant('Foreign');
    const queueId = tenant.queue;
    for (const [body, path] of [
      [{ queueId: UNKNOWN_QUEUE }, 'queueId'],
      [{ queueId: 'nonsense' }, 'queueId'],
      [{ queueId: stranger.queue }, 'queueId'],
      [{ queueId: off }, 'queueId'],
      [{ queueId, required: [{ skill: 'skl_00000000000000000000000000', level: 1 }] }, 'required.0.skill'],
      [{ queueId, preferred: [{ skill: 'x', level: 1 }] }, 'preferred.0.skill'],
      [{ queueId, required: [{ skill: 'x', level: 11 }] }, 'required.0.level'],
      [{ queueId, groupId: stranger.group.id }, 'groupId'],
      [{ queueId, medium: 'fax' }, 'medium'],
      [{ queueId, priority: 1_001 }, 'priority'],
      [{ queueId, key: 'short' }, 'key'],
      [{ queueId, contact: { name: '' } }, 'contact.name'],
    ] as const)
      expect({ path, ...paths(await begin(body)) }).toEqual({ path, status: 422, paths: [path] });
  });
});

describe('RTE-9, RTE-1 while it waits', () => {
  test('RTE-9 position follows the score; a supervisor raises the priority and it passes the others', async () => {
    const queueId = await queue('Places');
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) ids.push((await begin({ queueId })).body.id);
    const positions = async () => Promise.all(ids.map(async (id) => (await place(id)).body.position));
    expect(await positions()).toEqual([1, 2, 3]);
    const { status, body } = await world.call(`PATCH /api/v1/interactions/${ids[2]}`, { as: restKey, body: { priority: 10 } });
    expect({ status, priority: body.priority }).toEqual({ status: 200, priority: 10 });
    expect(await positions()).toEqual([2, 3, 1]);
    expect((await begin({ queueId, priority: 20 })).body.priority).toBe(20);
    expect(await positions()).toEqual([3, 4, 2]);
  });

  test('RTE-1 priority and place are for those of the queue; what does not wait has no place', async () => {
    const queueId = await queue('Rights');
    const { id } = (await begin({ queueId })).body;
    const [anna, sara] = [await world.person(tenant, 'Anna'), await world.person(tenant, 'Sara', 'supervisor')];
    const raise = (as: string, priority: unknown = 5) => world.call(`PATCH /api/v1/interactions/${id}`, { as, body: { priority } });
    expect((await place(id, anna.token)).status).toBe(404);
    expect((await raise(sara.token)).status).toBe(404);
    expect((await raise(anna.token)).status).toBe(403);
    for (const wrong of [-1, 1_001, 1.5, 'high']) expect((await raise(restKey, wrong)).status).toBe(422);
    expect((await world.call(`POST /api/v1/interactions/${id}/close`, { as: tenant.owner.token, body: {} })).status).toBe(204);
    expect((await place(id)).body.code).toBe('wrong_state');
    expect((await raise(restKey)).body.code).toBe('gone');
    expect((await place('int_00000000000000000000000000')).status).toBe(404);
  });
});

describe('RTE-2, RTE-3 serving by REST', () => {
  let anna: Person;
  let marco: Person;
  let desks: RawSocket[];
  let queueId: string;
  let law: string;
  const work = async (person: Person) => (await world.call(`GET /api/v1/agents/${person.id}/work`, { as: person.token })).body;
  const act = (person: Person, id: string, what: string, body: object) =>
    world.call(`POST /api/v1/interactions/${id}/${what}`, { as: person.token, body });

  beforeAll(async () => {
    queueId = await queue('Offered', { mode: 'balanced', outcomes: [{ id: 'ok', name: 'Done', kind: 'OK' }], isOutcomeRequired: true });
    law = (await asOwner('POST /api/v1/skills', { name: 'Law' })).body.id;
    [anna, marco] = [await world.person(tenant, 'Anna', 'agent', queueId), await world.person(tenant, 'Marco', 'agent', queueId)];
    const { version } = (await asOwner(`GET /api/v1/users/${marco.id}`)).body;
    await asOwner(`PUT /api/v1/users/${marco.id}/skills`, { skills: [{ skill: law, level: 5 }], version });
    desks = [await world.desk(anna), await world.desk(marco)];
  });
  afterAll(() => desks.forEach((desk) => void desk.close()));

  test('RTE-3 what needs a skill is offered to who has it; declined and accepted by REST, closed with an outcome', async () => {
    const { id } = (await begin({ queueId, required: [{ skill: law, level: 3 }] })).body;
    const { offers } = await work(marco);
    expect(offers).toMatchObject([{ interaction: { id, required: [{ skill: law, level: 3 }] } }]);
    expect((await work(anna)).offers).toEqual([]);
    const { token } = offers[0];
    expect((await act(anna, id, 'accept', { token })).body.code).toBe('offer_gone');
    expect((await act(marco, id, 'accept', { token: 'nonsense' })).body.code).toBe('offer_gone');
    expect((await act(marco, id, 'accept', { token })).body).toMatchObject({ state: 'served', owner: { id: marco.id } });
    expect((await act(anna, id, 'close', { outcome: 'ok' })).status).toBe(403);
    expect((await act(marco, id, 'close', {})).body.code).toBe('outcome_required');
    expect((await act(marco, id, 'close', { outcome: 'ok', note: 'by REST' })).status).toBe(204);
    expect((await act(marco, id, 'close', { outcome: 'ok' })).status).toBe(410);
  });

  test('RTE-6 a declined offer goes to the other agent', async () => {
    const { id } = (await begin({ queueId })).body;
    const [first, second] = (await work(anna)).offers.length > 0 ? [anna, marco] : [marco, anna];
    const { token } = (await work(first)).offers[0];
    expect((await act(first, id, 'decline', { token })).status).toBe(204);
    expect((await work(second)).offers).toMatchObject([{ interaction: { id } }]);
    expect((await act(first, id, 'accept', { token })).body.code).toBe('offer_gone');
    const [offer] = (await work(second)).offers;
    expect((await act(second, id, 'accept', { token: offer.token })).status).toBe(200);
    expect((await world.call(`GET /api/v1/agents/${second.id}/work`, { as: first.token })).status).toBe(404);
    await act(second, id, 'close', { outcome: 'ok' });
  });

  test('RTE-5 an agent of capacity 0 in a medium is never offered one, and is offered the others', async () => {
    const { version } = (await asOwner(`GET /api/v1/users/${anna.id}`)).body;
    await asOwner(`PATCH /api/v1/users/${anna.id}`, { capacity: 0, version });
    const ids: string[] = [];
    for (let index = 0; index < 6; index++) ids.push((await begin({ queueId })).body.id);
    expect((await work(anna)).offers).toEqual([]);
    expect((await work(marco)).offers).toHaveLength(5);
    const call = (await begin({ queueId, medium: 'voice' })).body;
    expect(call.medium).toBe('voice');
    // The first of its medium in the queue: who may take it is looked up by the workers.
    const offered = await until(async () => (await work(anna)).offers[0], { what: 'the offer of the call' });
    expect(offered.interaction.id).toBe(call.id);
  });
});

describe('RTE-12 what goes while somebody waits or is served', () => {
  test('RTE-12 an agent who is removed while serving loses nothing: the conversation waits again with its start', async () => {
    const queueId = await queue('Leaving');
    const anna = await world.person(tenant, 'Leaver', 'agent', queueId);
    const desk = await world.desk(anna);
    const { id, createdAt } = (await begin({ queueId })).body;
    expect((await world.call(`POST /api/v1/interactions/${id}/claim`, { as: anna.token, body: {} })).status).toBe(200);
    expect((await asOwner(`DELETE /api/v1/users/${anna.id}`)).status).toBe(204);
    const scope = await world.engine.config.scopeOf(tenant.accountId as never);
    const view = scope && (await world.engine.views.interaction(scope, id));
    expect(view).toMatchObject({ state: 'waiting', createdAt });
    expect(view?.owner).toBeUndefined();
    expect((await place(id)).body.position).toBe(1);
    desk.close();
  });

  test('ACC-1 an account that is switched off takes no new interactions; what waited is still there when it is on again', async () => {
    const owned = await world.tenant('Switched');
    const { id } = (await begin({ queueId: owned.queue }, owned.owner.token)).body;
    const switchTo = async (status: string): Promise<void> => {
      const { version } = (await world.call('GET /api/v1/account', { as: owned.owner.token })).body;
      await world.call('PATCH /api/v1/account', { as: owned.owner.token, body: { status, version } });
    };
    await switchTo('inactive');
    expect((await begin({ queueId: owned.queue }, owned.owner.token)).body.code).toBe('account_inactive');
    await switchTo('active');
    const anna = await world.person(owned, 'Anna');
    const desk = await world.desk(anna);
    expect((await world.call(`POST /api/v1/interactions/${id}/claim`, { as: anna.token, body: {} })).body.owner.id).toBe(anna.id);
    desk.close();
  });

  test('RTE-12 a queue in which somebody waits is not deleted, and says so; afterwards it is', async () => {
    const queueId = await queue('Deleted');
    const { id } = (await begin({ queueId })).body;
    const refused = await asOwner(`DELETE /api/v1/queues/${queueId}`);
    expect(refused.body).toMatchObject({ status: 409, code: 'wrong_state', detail: expect.stringContaining('1 conversation') });
    await world.call(`POST /api/v1/interactions/${id}/close`, { as: tenant.owner.token, body: {} });
    expect((await asOwner(`DELETE /api/v1/queues/${queueId}`)).status).toBe(204);
    expect(paths(await begin({ queueId }))).toEqual({ status: 422, paths: ['queueId'] });
  });

  test('RTE-3 a skill that somebody waits for is not deleted, whether it waits or rings, and it says where', async () => {
    const queueId = await queue('Needing', { mode: 'balanced' });
    const skill = (await asOwner('POST /api/v1/skills', { name: 'Rare' })).body.id;
    const { id } = (await begin({ queueId, required: [{ skill, level: 3 }] })).body;
    const refusal = { code: 'wrong_state', detail: expect.stringContaining('Needing (1)') };
    expect((await asOwner(`DELETE /api/v1/skills/${skill}`)).body).toMatchObject(refusal);
    const able = await world.person(tenant, 'Able', 'agent', queueId);
    const { version } = (await asOwner(`GET /api/v1/users/${able.id}`)).body;
    await asOwner(`PUT /api/v1/users/${able.id}/skills`, { skills: [{ skill, level: 5 }], version });
    const desk = await world.desk(able);
    await until(async () => (await world.call(`GET /api/v1/agents/${able.id}/work`, { as: able.token })).body.offers.length > 0);
    expect((await asOwner(`DELETE /api/v1/skills/${skill}`)).body).toMatchObject(refusal);
    await world.call(`POST /api/v1/interactions/${id}/close`, { as: tenant.owner.token, body: {} });
    expect((await asOwner(`DELETE /api/v1/skills/${skill}`)).status).toBe(204);
    desk.close();
  });
});
