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
