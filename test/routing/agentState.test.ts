/** RTE-4, RTE-8, ACC-5: what agents and those who supervise them tell agents to do by REST, and temporary sign-ins. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, key, type Person, type Tenant, World } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

const tell = (by: Person, agent: Person, what: string, body: object = {}): Promise<Answer> =>
  world.call(`POST /api/v1/agents/${agent.id}/${what}`, { as: by.token, body });
const asOwner = (tenant: Tenant, request: string, body?: unknown): Promise<Answer> =>
  world.call(request, { as: tenant.owner.token, ...(body !== undefined && { body }) });
async function queue(tenant: Tenant, name: string, settings: object = {}): Promise<string> {
  return (await asOwner(tenant, 'POST /api/v1/queues', { name, ...settings })).body.id;
}
async function permit(tenant: Tenant, canSignInAnywhere: boolean): Promise<void> {
  const { version } = (await asOwner(tenant, 'GET /api/v1/account')).body;
  expect((await asOwner(tenant, 'PATCH /api/v1/account', { canSignInAnywhere, version })).status).toBe(200);
}
const signedInTo = ({ body }: Answer): string[] =>
  body.agent.queues
    .filter((each: { isSignedIn: boolean }) => each.isSignedIn)
    .map(({ id }: { id: string }) => id)
    .sort();

describe('RTE-4 by REST', () => {
  test('RTE-4 an agent signs in, pauses in one queue and altogether, resumes and signs out, without a word on a socket', async () => {
    const tenant = await world.tenant('Alone');
    const anna = await world.person(tenant, 'Anna');
    const second = await queue(tenant, 'Second');
    await asOwner(tenant, `PUT /api/v1/queues/${second}/members/${anna.id}`, { roles: ['agent'] });
    expect((await tell(anna, anna, 'pause', { reason: 'Break' })).body.code).toBe('not_signed_in');
    expect(signedInTo(await tell(anna, anna, 'sign-in'))).toEqual([tenant.queue, second].sort());
    const partly = await tell(anna, anna, 'pause', { reason: 'Break', queues: [second] });
    expect(partly.body.agent.status).not.toBe('paused');
    expect(partly.body.agent.queues.find(({ id }: { id: string }) => id === second)).toMatchObject({ pauseReason: 'Break' });
    expect((await tell(anna, anna, 'pause', { reason: 'Lunch' })).body.agent).toMatchObject({ status: 'paused', pauseReason: 'Lunch' });
    expect((await tell(anna, anna, 'resume')).body.agent.status).toBe('available');
    expect(signedInTo(await tell(anna, anna, 'sign-out', { queues: [second] }))).toEqual([tenant.queue]);
    expect((await tell(anna, anna, 'sign-out')).body.agent.status).toBe('signed_out');
  });

  test('RTE-4 the same key again changes nothing more', async () => {
    const tenant = await world.tenant('Twice');
    const anna = await world.person(tenant, 'Anna');
    const command = { key: key() };
    await tell(anna, anna, 'sign-in', command);
    await tell(anna, anna, 'sign-out');
    expect((await tell(anna, anna, 'sign-in', command)).body.agent.status).toBe('signed_out');
  });

  test('ACC-4 supervisors reach agents of their queues and in these alone; other agents, and strangers, reach nobody', async () => {
    const tenant = await world.tenant('Reach');
    const other = await queue(tenant, 'Other');
    const [anna, marco] = [await world.person(tenant, 'Anna'), await world.person(tenant, 'Marco')];
    const [sara, nora] = [await world.person(tenant, 'Sara', 'supervisor'), await world.person(tenant, 'Nora', 'supervisor', other)];
    await asOwner(tenant, `PUT /api/v1/queues/${other}/members/${anna.id}`, { roles: ['agent'] });
    await tell(anna, anna, 'sign-in');
    expect((await tell(marco, anna, 'sign-out')).status).toBe(404);
    expect((await tell(nora, marco, 'sign-out')).status).toBe(404);
    expect((await tell(sara, anna, 'sign-out', { queues: [other] })).status).toBe(403);
    expect((await tell(sara, anna, 'pause', { reason: 'Meeting' })).body.agent).toMatchObject({
      status: 'available',
      queues: expect.arrayContaining([expect.objectContaining({ id: tenant.queue, pauseReason: 'Meeting' })]),
    });
    expect(signedInTo(await tell(sara, anna, 'sign-out'))).toEqual([other]);
    expect((await tell(tenant.owner, anna, 'sign-out')).body.agent.status).toBe('signed_out');
    const { key: restKey } = (await asOwner(tenant, 'POST /api/v1/keys', { name: 'Planner', type: 'rest' })).body;
    expect(signedInTo(await tell({ id: '', token: restKey }, anna, 'sign-in'))).toEqual([tenant.queue, other].sort());
    expect((await tell(tenant.owner, { id: 'usr_00000000000000000000000000', token: '' }, 'sign-in')).status).toBe(404);
    const { body } = await asOwner(tenant, 'GET /api/v1/audit?what=agent.state_changed');
    expect(body.items.map((entry: { detail: { what: string } }) => entry.detail.what)).toEqual([
      'sign_in',
      'sign_out',
      'sign_out',
      'pause',
    ]);
  });
});

describe('RTE-8 wrap-up', () => {
  test('RTE-8 an agent ends or extends a wrap-up where the queue allows it; a supervisor of the queue always may', async () => {
    const tenant = await world.tenant('Wrap-up');
    const strict = { wrapUpMs: 3_600_000, canEndWrapUp: false, canExtendWrapUp: false, version: 1 };
    expect((await asOwner(tenant, `PATCH /api/v1/queues/${tenant.queue}`, strict)).status).toBe(200);
    const elsewhere = await queue(tenant, 'Elsewhere');
    const anna = await world.person(tenant, 'Anna');
    const [sara, nora] = [await world.person(tenant, 'Sara', 'supervisor'), await world.person(tenant, 'Nora', 'supervisor', elsewhere)];
    const [desk, visitor] = [await world.desk(anna), await world.visitor(tenant)];
    const interaction = await world.chat(visitor);
    expect((await world.call(`POST /api/v1/interactions/${interaction}/claim`, { as: anna.token, body: {} })).body.owner.id).toBe(anna.id);
    expect((await world.call(`POST /api/v1/interactions/${interaction}/close`, { as: anna.token, body: {} })).status).toBe(204);
    const wrapUp = (by: Person, what: string, body?: object) =>
      world.call(`POST /api/v1/agents/${anna.id}/wrap-ups/${interaction}/${what}`, { as: by.token, ...(body && { body }) });
    const until_ = async () => (await world.call(`GET /api/v1/agents/${anna.id}/work`, { as: anna.token })).body.agent.wrapUps[0]?.until;
    const ends: number = await until_();
    expect((await wrapUp(anna, 'end')).status).toBe(403);
    expect((await wrapUp(anna, 'extend', { bySec: 60 })).status).toBe(403);
    expect((await wrapUp(nora, 'extend', { bySec: 60 })).status).toBe(404);
    expect((await wrapUp(nora, 'end')).status).toBe(404);
    expect((await wrapUp(sara, 'extend', { bySec: 60 })).status).toBe(204);
    expect(await until_()).toBe(ends + 60_000);
    expect((await wrapUp(sara, 'extend', { bySec: 5 })).status).toBe(422);
    expect((await wrapUp(sara, 'end')).status).toBe(204);
    expect(await until_()).toBeUndefined();
    expect((await wrapUp(sara, 'end')).status).toBe(204);
    expect((await wrapUp(sara, 'extend', { bySec: 60 })).body.code).toBe('wrong_state');
    // ACC-11
    const { items } = (await asOwner(tenant, 'GET /api/v1/audit?action=agent.state_changed&limit=50')).body;
    const done = items.map((entry: { actor: { id: string }; detail: { what: string } }) => [entry.actor.id, entry.detail.what]);
    expect(done).toContainEqual([sara.id, 'extend_wrap_up']);
    expect(done).toContainEqual([sara.id, 'end_wrap_up']);
    for (const socket of [desk, visitor.socket]) socket.close();
  });
});

describe('ACC-5 signing in anywhere', () => {
  test('ACC-5 only where the account allows it; it shows the desk for that queue and no other, and never becomes an assignment', async () => {
    const tenant = await world.tenant('Anywhere');
    const [other, third] = [await queue(tenant, 'Other'), await queue(tenant, 'Third')];
    const anna = await world.person(tenant, 'Anna');
    const desk = await world.desk(anna);
    const feeds = [`queue:${other}`, `figures:${other}`];
    expect((await tell(anna, anna, 'sign-in', { queues: [other] })).status).toBe(403);
    expect(await desk.ask({ t: 'agent.signIn', key: key(), queues: [other] })).toMatchObject({ code: 'forbidden' });
    for (const feed of feeds) expect(await desk.ask({ t: 'subscribe', feed })).toMatchObject({ code: 'forbidden' });

    await permit(tenant, true);
    expect((await tell(anna, anna, 'sign-in', { queues: ['que_00000000000000000000000000'] })).status).toBe(404);
    const { agent } = await desk.reply({ t: 'agent.signIn', key: key(), queues: [other] });
    expect(agent.queues.find(({ id }: { id: string }) => id === other)).toMatchObject({ isSignedIn: true, isTemporary: true });
    for (const feed of feeds) await desk.reply({ t: 'subscribe', feed });
    for (const feed of [`queue:${third}`, `figures:${third}`])
      expect(await desk.ask({ t: 'subscribe', feed })).toMatchObject({ code: 'forbidden' });
    expect((await world.call(`GET /api/v1/queues/${other}/figures`, { as: anna.token })).body).toMatchObject({
      queue: other,
      agentsOnline: 1,
    });
    expect((await world.call(`GET /api/v1/queues/${third}`, { as: anna.token })).status).toBe(404);
    const listed = await world.call('GET /api/v1/queues', { as: anna.token });
    expect(listed.body.items.map(({ id }: { id: string }) => id).sort()).toEqual([tenant.queue, other].sort());
    expect((await asOwner(tenant, `GET /api/v1/users/${anna.id}`)).body.queues).toEqual([{ id: tenant.queue, role: 'agent' }]);
    expect((await asOwner(tenant, `GET /api/v1/queues/${other}/members`)).body.items).toEqual([]);
    desk.close();
  });

  test('ACC-5 a visiting agent serves what comes in that queue; the sign-in outlives the permission and changes of the person', async () => {
    const tenant = await world.tenant('Outlives');
    const elsewhere = await queue(tenant, 'Elsewhere');
    await permit(tenant, true);
    // Serves no queue at all, so nothing but the temporary sign-in makes an agent of the person.
    const helper = await world.person(tenant, 'Helper', 'agent', elsewhere);
    await asOwner(tenant, `DELETE /api/v1/queues/${elsewhere}/members/${helper.id}`);
    const desk = await world.desk(helper, { isSigningIn: false });
    const servable = await world.call(`GET /api/v1/agents/${helper.id}/queues`, { as: helper.token });
    expect(servable.body.items.map((item: { name: string; isAssigned: boolean }) => [item.name, item.isAssigned])).toEqual([
      ['Elsewhere', false],
      ['Support', false],
    ]);
    await desk.reply({ t: 'agent.signIn', key: key(), queues: [tenant.queue] });

    await permit(tenant, false);
    const { version } = (await asOwner(tenant, `GET /api/v1/users/${helper.id}`)).body;
    expect((await asOwner(tenant, `PATCH /api/v1/users/${helper.id}`, { name: 'Renamed', version })).status).toBe(200);
    expect(await desk.ask({ t: 'agent.signIn', key: key(), queues: [elsewhere] })).toMatchObject({ code: 'forbidden' });
    // What stands may be said again.
    await desk.reply({ t: 'agent.signIn', key: key(), queues: [tenant.queue] });
    await desk.reply({ t: 'subscribe', feed: `queue:${tenant.queue}` });
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    await desk.reply({ t: 'subscribe', feed: `conversation:${interaction}` });
    const taken = await world.call(`POST /api/v1/interactions/${interaction}/claim`, { as: helper.token, body: {} });
    expect(taken.body).toMatchObject({ state: 'served', owner: { id: helper.id, name: 'Renamed' } });
    await desk.reply({ t: 'chat.send', interaction, mid: key(), text: 'Here I am.' });
    // No role: neither history of the queue nor the account's people.
    for (const path of ['/api/v1/interactions', '/api/v1/users', '/api/v1/account'])
      expect({ path, status: (await world.call(`GET ${path}`, { as: helper.token })).status }).toEqual({ path, status: 403 });
    for (const socket of [desk, visitor.socket]) socket.close();
  });

  test('ACC-5 when it ends, by the user or a supervisor, the feeds of the queue end at once and do not come back', async () => {
    const tenant = await world.tenant('Ends');
    const other = await queue(tenant, 'Other');
    await permit(tenant, true);
    const anna = await world.person(tenant, 'Anna');
    const nora = await world.person(tenant, 'Nora', 'supervisor', other);
    const desk = await world.desk(anna);
    for (const end of [() => tell(anna, anna, 'sign-out', { queues: [other] }), () => tell(nora, anna, 'sign-out')]) {
      await desk.reply({ t: 'agent.signIn', key: key(), queues: [other] });
      const before = desk.frames.length;
      await desk.reply({ t: 'subscribe', feed: `queue:${other}` });
      expect((await end()).status).toBe(200);
      await until(
        () => desk.frames.slice(before).some((frame) => frame.t === 'reset' && frame.feed === `queue:${other}` && frame.isFinal),
        {
          what: 'the end of the feed',
        },
      );
      expect(await desk.ask({ t: 'subscribe', feed: `queue:${other}` })).toMatchObject({ code: 'forbidden' });
      expect((await world.call(`GET /api/v1/queues/${other}`, { as: anna.token })).status).toBe(404);
    }
    desk.close();
  });

  test('ACC-5 it ends with its queue', async () => {
    const tenant = await world.tenant('Gone');
    const other = await queue(tenant, 'Other');
    await permit(tenant, true);
    const anna = await world.person(tenant, 'Anna');
    const desk = await world.desk(anna);
    await desk.reply({ t: 'agent.signIn', key: key(), queues: [other] });
    expect((await asOwner(tenant, `DELETE /api/v1/queues/${other}`)).status).toBe(204);
    const { agent } = (await world.call(`GET /api/v1/agents/${anna.id}/work`, { as: anna.token })).body;
    expect(agent).toMatchObject({ status: 'available', queues: [{ id: tenant.queue, isSignedIn: true }] });
    desk.close();
  });

  test('ACC-5 a desk that was told of the sign-in by another device follows the queue too', async () => {
    const tenant = await world.tenant('Devices');
    const other = await queue(tenant, 'Other');
    await permit(tenant, true);
    const anna = await world.person(tenant, 'Anna');
    const desk = await world.desk(anna);
    await desk.reply({ t: 'subscribe', feed: `agent:${anna.id}` });
    expect((await tell(anna, anna, 'sign-in', { queues: [other] })).status).toBe(200);
    await desk.reply({ t: 'subscribe', feed: `queue:${other}` });
    desk.close();
  });
});
