/** Rights that change while sockets are open: what was taken ends at once, on the sockets concerned and no others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE } from '../../src/base/errors.ts';
import { key, type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;

beforeAll(async () => {
  world = await World.start();
  await world.addGateway();
  tenant = await world.tenant();
});
afterAll(() => world.close());

describe('ACC-2 sessions', () => {
  test('ACC-2 signing out closes the sockets of that session, on every gateway, and no others', async () => {
    const [anna, marco] = [await world.person(tenant, 'Anna'), await world.person(tenant, 'Marco')];
    const [here, there] = [await world.desk(anna), await world.desk(anna, { port: world.gateways[1]?.port ?? 0 })];
    const other = await world.desk(marco);
    expect((await world.call('POST /api/v1/auth/sign-out', { as: anna.token })).status).toBe(204);
    expect(await here.closed()).toBe(CLOSE.unauthenticated);
    expect(await there.closed()).toBe(CLOSE.unauthenticated);
    expect(await other.reply({ t: 'ping' })).toEqual({});
    other.close();
  });
});

describe('ACC-4 rights', () => {
  test('ACC-4 whoever leaves a queue loses its feeds and its conversations at once', async () => {
    const anna = await world.person(tenant, 'Anna');
    const desk = await world.desk(anna);
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const [queueFeed, conversationFeed, ownFeed] = [`queue:${tenant.queue}`, `conversation:${interaction}`, `agent:${anna.id}`];
    for (const feed of [queueFeed, conversationFeed, ownFeed]) await desk.reply({ t: 'subscribe', feed });
    const removed = await world.call(`DELETE /api/v1/queues/${tenant.queue}/members/${anna.id}?role=agent`, { as: tenant.owner.token });
    expect(removed.status).toBe(204);
    for (const feed of [queueFeed, conversationFeed])
      await desk.seen((frame) => frame.t === 'reset' && frame.feed === feed && frame.isFinal === true, `the end of ${feed}`);
    const before = desk.events(conversationFeed).length;
    await visitor.socket.reply({ t: 'chat.send', interaction, mid: key(), text: 'not for Anna any more' });
    expect(await desk.ask({ t: 'subscribe', feed: queueFeed })).toMatchObject({ code: 'forbidden' });
    expect(await desk.ask({ t: 'chat.earlier', interaction, before: 100 })).toMatchObject({ t: 'error' });
    expect(await desk.reply({ t: 'ping' })).toEqual({});
    expect(desk.events(conversationFeed)).toHaveLength(before);
    expect(desk.frames.some((frame) => frame.t === 'reset' && frame.feed === ownFeed)).toBe(false);
    desk.close();
    visitor.socket.close();
  });
});

describe('RTE-10 overflow', () => {
  test('ACC-4 RTE-10 a conversation that goes on waiting in another queue is no more that of the agents and supervisors of the first', async () => {
    const owned = await world.tenant('Moves');
    const as = owned.owner.token;
    const [marco, sara] = [await world.person(owned, 'Marco'), await world.person(owned, 'Sara', 'supervisor')];
    const elsewhere = await world.call('POST /api/v1/queues', { as, body: { name: 'Elsewhere', mode: 'manual' } });
    const { version } = (await world.call(`GET /api/v1/queues/${owned.queue}`, { as })).body;
    const recipe = [{ afterSec: 0, onlyIf: 'no_agents', do: { op: 'queue', queueId: elsewhere.body.id } }];
    expect((await world.call(`PATCH /api/v1/queues/${owned.queue}`, { as, body: { mode: 'manual', recipe, version } })).status).toBe(200);
    const [visitor, desk, watcher] = [await world.visitor(owned), await world.desk(marco), await world.desk(sara, { isSigningIn: false })];
    const interaction = await world.chat(visitor);
    const feed = `conversation:${interaction}`;
    for (const each of [desk, watcher]) await each.reply({ t: 'subscribe', feed });
    await desk.reply({ t: 'agent.signOut', key: key() });
    for (const each of [desk, watcher])
      await each.seen((frame) => frame.t === 'reset' && frame.feed === feed && frame.isFinal === true, 'the end of the feed');
    await visitor.socket.reply({ t: 'chat.send', interaction, mid: key(), text: 'for Elsewhere alone' });
    for (const each of [desk, watcher]) {
      for (const command of [
        { t: 'subscribe', feed },
        { t: 'chat.read', interaction, upTo: 1 },
        { t: 'interaction.end', key: key(), interaction },
      ])
        expect(await each.ask(command)).toMatchObject({ code: 'forbidden' });
      expect(JSON.stringify(each.frames)).not.toContain('for Elsewhere alone');
    }
    for (const socket of [desk, watcher, visitor.socket]) socket.close();
  });
});

describe('GRP-1, ACC-1 switched off', () => {
  test('GRP-1 an inactive group closes the widgets on its pages, and takes no new ones', async () => {
    const owned = await world.tenant('Groups');
    const visitor = await world.visitor(owned);
    const { version } = (await world.call(`GET /api/v1/groups/${owned.group.id}`, { as: owned.owner.token })).body;
    const changed = await world.call(`PATCH /api/v1/groups/${owned.group.id}`, {
      as: owned.owner.token,
      body: { isActive: false, version },
    });
    expect(changed.status).toBe(200);
    expect(await visitor.socket.closed()).toBe(CLOSE.forbidden);
    await expect(world.visitor(owned)).rejects.toThrow('not_found');
  });

  test('ACC-1 an inactive account closes every socket of it; its administrators still reach the account', async () => {
    const owned = await world.tenant('Accounts');
    const agent = await world.person(owned, 'Anna');
    const [visitor, desk, stranger] = [await world.visitor(owned), await world.desk(agent), await world.visitor(tenant)];
    const { version } = (await world.call('GET /api/v1/account', { as: owned.owner.token })).body;
    expect((await world.call('PATCH /api/v1/account', { as: owned.owner.token, body: { status: 'inactive', version } })).status).toBe(200);
    expect(await visitor.socket.closed()).toBe(CLOSE.forbidden);
    expect([CLOSE.forbidden, CLOSE.unauthenticated]).toContain(await desk.closed());
    await expect(world.visitor(owned)).rejects.toThrow();
    expect((await world.call('GET /api/v1/account', { as: owned.owner.token })).status).toBe(200);
    expect(await stranger.socket.reply({ t: 'ping' })).toEqual({});
    stranger.socket.close();
  });
});

describe('ACC-4 who may open a desk', () => {
  test('ACC-4 an administrator who serves no queue watches all of them, and a supervisor writes as supervisor', async () => {
    const [anna, sara] = [await world.person(tenant, 'Anna'), await world.person(tenant, 'Sara', 'supervisor')];
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const agent = await world.desk(anna);
    await agent.reply({ t: 'interaction.claim', key: key(), interaction });
    for (const person of [tenant.owner, sara]) {
      const desk = await world.desk(person, { isSigningIn: false });
      for (const feed of [`agent:${person.id}`, `queue:${tenant.queue}`, `figures:${tenant.queue}`, `conversation:${interaction}`])
        await desk.reply({ t: 'subscribe', feed });
      await desk.reply({ t: 'chat.send', interaction, mid: key(), text: 'a word of advice', visibility: 'staff' });
      const { event } = await desk.seen((frame) => frame.event?.type === 'message.sent', 'the note');
      expect(event.message).toMatchObject({ from: { role: 'supervisor', id: person.id }, visibility: 'staff' });
      desk.close();
    }
    agent.close();
    visitor.socket.close();
  });

  test('CHT-19 an invited agent of another queue who leaves follows the conversation no more, and cannot come back', async () => {
    const [anna, visitor] = [await world.person(tenant, 'Anna'), await world.visitor(tenant)];
    const elsewhere = await world.call('POST /api/v1/queues', { as: tenant.owner.token, body: { name: 'Elsewhere' } });
    const helper = await world.person(tenant, 'Helper', 'agent', elsewhere.body.id);
    const interaction = await world.chat(visitor);
    const feed = `conversation:${interaction}`;
    const [owner, invited] = [await world.desk(anna), await world.desk(helper)];
    await owner.reply({ t: 'interaction.claim', key: key(), interaction });
    expect(await invited.ask({ t: 'subscribe', feed })).toMatchObject({ code: 'forbidden' });
    await owner.reply({ t: 'participant.invite', key: key(), interaction, agent: helper.id });
    await invited.reply({ t: 'subscribe', feed });
    await invited.reply({ t: 'participant.leave', key: key(), interaction });
    await invited.seen((frame) => frame.t === 'reset' && frame.feed === feed && frame.isFinal === true, 'the end of the feed');
    await owner.reply({ t: 'chat.send', interaction, mid: key(), text: 'among ourselves', visibility: 'staff' });
    for (const command of [
      { t: 'subscribe', feed },
      { t: 'chat.typing', interaction, isTyping: true },
      { t: 'chat.read', interaction, upTo: 1 },
    ])
      expect(await invited.ask(command)).toMatchObject({ code: 'forbidden' });
    expect(JSON.stringify(invited.frames)).not.toContain('among ourselves');
    for (const socket of [owner, invited, visitor.socket]) socket.close();
  });

  test('CHT-19 what is said to one participant is seen by them, the author and the supervisors alone', async () => {
    const [anna, marco, sara] = [
      await world.person(tenant, 'Anna'),
      await world.person(tenant, 'Marco'),
      await world.person(tenant, 'Sara', 'supervisor'),
    ];
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const sockets = { anna: await world.desk(anna), marco: await world.desk(marco), sara: await world.desk(sara, { isSigningIn: false }) };
    await sockets.anna.reply({ t: 'interaction.claim', key: key(), interaction });
    for (const socket of [...Object.values(sockets), visitor.socket])
      await socket.reply({ t: 'subscribe', feed: `conversation:${interaction}` });
    await sockets.sara.reply({ t: 'chat.send', interaction, mid: key(), text: 'for Anna alone', visibility: anna.id });
    await sockets.anna.reply({ t: 'chat.send', interaction, mid: key(), text: 'for all' });
    for (const socket of [...Object.values(sockets), visitor.socket])
      await socket.seen((frame) => frame.event?.message?.text === 'for all', 'the public message');
    const saw = (frames: readonly unknown[]): boolean => JSON.stringify(frames).includes('for Anna alone');
    expect({
      anna: saw(sockets.anna.frames),
      marco: saw(sockets.marco.frames),
      sara: saw(sockets.sara.frames),
      visitor: saw(visitor.socket.frames),
    }).toEqual({
      anna: true,
      marco: false,
      sara: true,
      visitor: false,
    });
    for (const socket of [...Object.values(sockets), visitor.socket]) socket.close();
  });
});
