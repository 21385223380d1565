/** What those who run the center rely on (API-4): health, readiness, metrics, ports, draining, lost leases. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE } from '../../src/base/errors.ts';
import { freePort, until } from '../support/services.ts';
import { RawSocket } from './support/rawSocket.ts';
import { key, type Person, type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
});
afterAll(() => world.close());

describe('API-4 metrics', () => {
  test('API-4 sockets, commands, routes and the process are measured; nothing in a label is personal', async () => {
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    await visitor.socket.reply({ t: 'subscribe', feed: `conversation:${interaction}` });
    await visitor.socket.ask({ t: 'no.such.command' });
    const text = (await world.call('GET /metrics')).body as string;
    for (const part of [
      'centralino_sockets{as="visitor"',
      'centralino_replies_total{command="chat.start",code="ok"',
      'centralino_replies_total{command="unknown",code="invalid"',
      'centralino_http_requests_total{route="/api/v1/queues",method="POST",status="201"',
      'centralino_feed_subscriptions{kind="conversation"',
      'nodejs_eventloop_lag_seconds',
      'centralino_command_seconds_bucket',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain(interaction);
    expect(text).not.toContain(visitor.contact);
    visitor.socket.close();
  });

  test('API-4 metrics are for this machine or for the token', async () => {
    expect((await world.call('GET /metrics', { headers: { 'x-forwarded-for': '203.0.113.5' } })).status).toBe(403);
    const guarded = await world.addGateway({ METRICS_TOKEN: 'a-token-for-metrics' });
    expect((await world.call('GET /metrics', { port: guarded.port })).status).toBe(401);
    expect((await world.call('GET /metrics', { port: guarded.port, as: 'a-token-for-metrixx' })).status).toBe(401);
    expect((await world.call('GET /metrics', { port: guarded.port, as: 'a-token-for-metrics' })).status).toBe(200);
  });
});

describe('API-4 the port', () => {
  test('API-4 a port of another program is a clear error that names the setting', async () => {
    const other = createServer((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    await expect(world.addGateway({ HTTP_PORT: String(port) })).rejects.toThrow(`HTTP_PORT ${port} is taken`);
    other.close();
  });

  test('API-4 gateways of one center share a port, which is not another center’s', async () => {
    const port = await freePort();
    await world.addGateway({ HTTP_PORT: String(port) });
    await world.addGateway({ HTTP_PORT: String(port) });
    expect((await world.call('GET /health', { port })).status).toBe(200);
    await expect(world.addGateway({ HTTP_PORT: String(port) }, 'another-key'.repeat(4))).rejects.toThrow('is taken');
  });
});

describe('API-4 draining', () => {
  test('API-4 sockets are told to move, presence is given back, the port is closed', async () => {
    const leaving = await world.addGateway();
    const visitor = await world.visitor(tenant, { port: leaving.port });
    const interaction = await world.chat(visitor);
    const desk = await world.desk(anna, { port: leaving.port });
    await leaving.close('test');
    expect(await visitor.socket.closed()).toBe(CLOSE.moved);
    expect(await desk.closed()).toBe(CLOSE.moved);
    const scope = await world.engine.config.scopeOf(tenant.accountId as never);
    const presence = async () => scope && (await world.engine.views.interaction(scope, interaction as never))?.client.presence;
    await until(async () => (await presence()) === 'reconnecting');
    await expect(RawSocket.connect(leaving.port)).rejects.toThrow();
    const back = await world.visitor(tenant, { token: visitor.token });
    await until(async () => (await presence()) === 'connected');
    back.socket.close();
  });

  test('API-4 sockets of a draining gateway go one after the other, all with the code that says come back', async () => {
    const leaving = await world.addGateway({ DRAIN_SEC: '2' });
    const sockets = await Promise.all(Array.from({ length: 5 }, () => world.visitor(tenant, { port: leaving.port })));
    const closing = leaving.close('test');
    await until(() => sockets.some(({ socket }) => socket.closeCode === CLOSE.moved));
    await closing;
    await until(() => sockets.every(({ socket }) => socket.closeCode === CLOSE.moved));
  });
});

describe('API-4 readiness', () => {
  test('API-4 health says that it lives, ready that it serves, with every check', async () => {
    expect(await world.call('GET /health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const { status, body } = await world.call('GET /ready');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { redis: { isOk: true }, log: { isOk: true }, config: { isOk: true }, postgres: { isOk: true } } },
    });
  });

  test('API-4 without PostgreSQL it is degraded and chat goes on', async () => {
    const away = await world.addGateway({ DATABASE_URL: `postgres://nobody:x@127.0.0.1:${await freePort()}/none` });
    expect(await world.call('GET /ready', { port: away.port })).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { postgres: { isOk: false } } },
    });
    const visitor = await world.visitor(tenant, { port: away.port });
    const interaction = await world.chat(visitor);
    const desk = await world.desk(anna, { port: away.port });
    await desk.reply({ t: 'interaction.claim', key: key(), interaction });
    await desk.reply({ t: 'chat.send', interaction, mid: key(), text: 'PostgreSQL is away and we talk' });
    const { status, body } = await world.call('GET /api/v1/users', { port: away.port, as: tenant.owner.token });
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' });
    desk.close();
    visitor.socket.close();
  });

  test('API-4 with Redis stopped it lives and is not ready, and comes back by itself', async () => {
    await world.redis.kill9();
    expect((await world.call('GET /health')).status).toBe(200);
    expect(await world.call('GET /ready')).toMatchObject({
      status: 503,
      body: { status: 'not_ready', checks: { redis: { isOk: false } } },
    });
    await world.redis.restart();
    await until(async () => (await world.call('GET /ready')).status === 200, { timeoutMs: 15_000, what: 'readiness' });
  });
});

describe('API-4 the lease', () => {
  test('API-4 a gateway that lost its lease tells its sockets to move, and serves on under a new one', async () => {
    const fenced = await world.addGateway();
    const visitor = await world.visitor(tenant, { port: fenced.port });
    const interaction = await world.chat(visitor);
    const scope = await world.engine.config.scopeOf(tenant.accountId as never);
    const { redis } = world.engine.core.runner;
    const leases = `c:{p${scope?.partition}}:nodes`;
    for (const node of await redis.hkeys(leases))
      if (node.startsWith(`gateway-${world.gateways.length - 1}-`)) await redis.hdel(leases, node);
    visitor.socket.send({ t: 'chat.send', interaction, mid: key(), text: 'who are you?' });
    expect(await visitor.socket.closed()).toBe(CLOSE.moved);
    const back = await world.visitor(tenant, { token: visitor.token, port: fenced.port });
    await back.socket.reply({ t: 'chat.send', interaction, mid: key(), text: 'there you are' });
    back.socket.close();
  });
});
