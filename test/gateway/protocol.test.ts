/** What a socket does with clients that are wrong, late, too many or forged: a clear error or close code to them, nothing to anybody else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE } from '../../src/base/errors.ts';
import { until } from '../support/services.ts';
import { RawSocket } from './support/rawSocket.ts';
import { key, type Person, type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start({ TRUST_PROXY: '1', LIMIT_FACTOR: '1' });
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
});
afterAll(() => world.close());

let addresses = 0;
/** Strangers come from addresses of their own, as behind a proxy. */
const from = (ip = `198.51.100.${++addresses}`): Record<string, string> => ({ 'x-forwarded-for': ip });
const stranger = (): Promise<RawSocket> => RawSocket.connect(world.port, from());
const hello = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
  t: 'hello',
  v: 1,
  as: 'visitor',
  group: tenant.group.publicId,
  ...extra,
});

describe('API-2 hello', () => {
  test('API-2 whoever says nothing is closed as late, and may come again', async () => {
    const socket = await stranger();
    expect(await until(() => socket.closeCode, { timeoutMs: 8_000 })).toBe(CLOSE.late);
  });

  test('API-2 a first frame that is no hello is refused and the socket closed', async () => {
    const socket = await stranger();
    expect(await socket.ask({ t: 'ping' })).toMatchObject({ t: 'error', code: 'bad_request' });
    expect(await socket.closed()).toBe(CLOSE.protocol);
  });

  test('API-2 another version of the protocol is told apart', async () => {
    const socket = await stranger();
    await socket.ask(hello({ v: 2 }));
    expect(await socket.closed()).toBe(CLOSE.version);
  });

  test('API-2 an unknown group is refused for good', async () => {
    const socket = await stranger();
    expect(await socket.ask(hello({ group: 'nobody-has-this' }))).toMatchObject({ code: 'not_found' });
    expect(await socket.closed()).toBe(CLOSE.forbidden);
  });

  test('API-2 a malformed visitor token is refused; a forged one is nobody', async () => {
    const malformed = await stranger();
    expect(await malformed.ask(hello({ token: 'vt_short' }))).toMatchObject({ code: 'unauthenticated' });
    expect(await malformed.closed()).toBe(CLOSE.unauthenticated);
    const forged = await stranger();
    expect(await forged.reply(hello({ token: `vt_${'A'.repeat(43)}` }))).toMatchObject({ conversations: [] });
    forged.close();
  });

  test('API-2 an agent with a forged, foreign or missing token is refused', async () => {
    const device = { id: 'desk', name: 'Desk' };
    const [head = '', tail = ''] = anna.token.split(/(?<=_ses_.{26}_)/);
    for (const token of [undefined, 'nonsense', `${head}${'A'.repeat(tail.length)}`, `vt_${'A'.repeat(43)}`]) {
      const socket = await stranger();
      const frame = await socket.ask({ t: 'hello', v: 1, as: 'agent', device, ...(token === undefined ? {} : { token }) });
      expect(frame).toMatchObject({ t: 'error', code: 'unauthenticated' });
      expect(await socket.closed()).toBe(CLOSE.unauthenticated);
    }
  });

  test('API-2 a cookie counts only on our own pages', async () => {
    const device = { id: 'desk', name: 'Desk' };
    const cookie = `centralino=${anna.token}`;
    const own = await RawSocket.connect(world.port, { cookie, origin: `http://127.0.0.1:${world.port}` });
    expect(await own.reply({ t: 'hello', v: 1, as: 'agent', device })).toMatchObject({ agent: { name: 'Anna' } });
    own.close();
    const foreign = await RawSocket.connect(world.port, { cookie, origin: 'https://evil.example' });
    expect(await foreign.ask({ t: 'hello', v: 1, as: 'agent', device })).toMatchObject({ code: 'unauthenticated' });
    expect(await foreign.closed()).toBe(CLOSE.unauthenticated);
  });
});

describe('API-2 frames', () => {
  test('API-2 malformed JSON is answered with id 0, and three of it close the socket', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    for (const text of ['{"t":', '[]', '"text"']) socket.raw(text);
    expect(await socket.closed()).toBe(CLOSE.protocol);
    expect(socket.frames.filter((frame) => frame.t === 'error' && frame.id === 0 && frame.code === 'bad_request')).toHaveLength(3);
  });

  test('API-2 binary frames count as malformed', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    for (let count = 0; count < 3; count++) socket.raw(Buffer.from([1, 2, 3]));
    expect(await socket.closed()).toBe(CLOSE.protocol);
  });

  test('API-2 wrong types, unknown commands and the other side’s commands are errors of their own, and the socket goes on', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    const wrong = [
      { t: 'chat.send', interaction: 5, mid: key(), text: 'x' },
      { t: 'chat.send', interaction: 'int_00000000000000000000000000', mid: 'short', text: 'x' },
      { t: 'chat.start', key: key(), text: '' },
      { t: 'chat.start', key: key(), text: 'x'.repeat(4_001) },
      { t: 'no.such.command' },
      { t: 'subscribe', feed: 'conversation:int_00000000000000000000000000', cursor: { epoch: 'x', off: -1 } },
      { t: 'interaction.claim', key: key(), interaction: 'int_00000000000000000000000000' },
      hello(),
    ];
    for (const command of wrong) expect(await socket.ask(command)).toMatchObject({ t: 'error', code: 'invalid' });
    // An id of a far future is nobody's, and no fault of ours.
    const far = `int_${'z'.repeat(26)}`;
    expect(await socket.ask({ t: 'chat.earlier', interaction: far, before: 9 })).toMatchObject({ t: 'error', code: 'not_found' });
    expect(await socket.reply({ t: 'ping' })).toEqual({});
    socket.close();
  });

  test('API-2 a frame above the limit is refused and counts as malformed; one far above it ends the connection', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    const fill = (bytes: number) => JSON.stringify({ t: 'ping', id: 9, fill: 'x'.repeat(bytes) });
    socket.raw(fill(70_000));
    await socket.seen((frame) => frame.t === 'error' && frame.id === 0 && frame.code === 'bad_request', 'the refusal');
    expect(await socket.reply({ t: 'ping' })).toEqual({});
    for (let count = 0; count < 2; count++) socket.raw(fill(70_000));
    expect(await socket.closed()).toBe(CLOSE.protocol);
    const { socket: other } = await world.visitor(tenant, { headers: from() });
    other.raw(fill(300_000));
    await other.closed();
  });

  test('API-2 a flood of frames is closed for good', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    for (let count = 0; count < 400; count++) socket.send({ t: 'ping' });
    expect(await socket.closed()).toBe(CLOSE.flood);
  });

  test('API-2 commands are answered in the order they were sent', async () => {
    const { socket } = await world.visitor(tenant, { headers: from() });
    const ids = [
      socket.send({ t: 'chat.start', key: key(), text: 'first' }),
      socket.send({ t: 'ping' }),
      socket.send({ t: 'no.such' }),
      socket.send({ t: 'ping' }),
    ];
    await until(() => socket.answer(ids[3] ?? 0));
    const answered = socket.frames.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
    expect(answered).toEqual(ids);
    socket.close();
  });
});

describe('API-2 what a stranger can reach is limited', () => {
  test('API-2 conversations per address', async () => {
    const ip = '203.0.113.7';
    const codes: string[] = [];
    for (let count = 0; count < 32; count++) {
      const { socket } = await world.visitor(tenant, { headers: from(ip) });
      const frame = await socket.ask({ t: 'chat.start', key: key(), text: 'spam' });
      codes.push(frame.t === 'reply' ? 'ok' : frame.code);
      if (frame.t === 'error') expect(frame).toMatchObject({ isRetryable: true, retryAfterSec: expect.any(Number) });
      socket.close();
    }
    expect(codes.filter((code) => code === 'ok')).toHaveLength(30);
    expect(codes.slice(30)).toEqual(['rate_limited', 'rate_limited']);
  });

  test('API-2 messages of a visitor: the burst passes, then it is told to wait', async () => {
    const visitor = await world.visitor(tenant, { headers: from() });
    const id = await world.chat(visitor);
    const ids = Array.from({ length: 60 }, (_, number) =>
      visitor.socket.send({ t: 'chat.send', interaction: id, mid: key(), text: `${number}` }),
    );
    await until(() => ids.every((each) => visitor.socket.answer(each)));
    const codes = ids.map((each) => visitor.socket.answer(each)).map((frame) => (frame.t === 'reply' ? 'ok' : frame.code));
    expect(codes.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'ok'));
    expect(codes).toContain('rate_limited');
    visitor.socket.close();
  });

  test('API-2 messages of a visitor: more windows give no more messages', async () => {
    const visitor = await world.visitor(tenant, { headers: from() });
    const id = await world.chat(visitor);
    const others = await Promise.all([1, 2, 3].map(() => world.visitor(tenant, { token: visitor.token, headers: from() })));
    const windows = [visitor, ...others];
    const sent = windows.flatMap(({ socket }) =>
      Array.from({ length: 45 }, () => ({ socket, id: socket.send({ t: 'chat.send', interaction: id, mid: key(), text: 'x' }) })),
    );
    await until(() => sent.every((each) => each.socket.answer(each.id)));
    const passed = sent.filter((each) => each.socket.answer(each.id).t === 'reply').length;
    expect(passed).toBeGreaterThanOrEqual(30);
    // Four bursts would be 120.
    expect(passed).toBeLessThan(120);
    for (const { socket } of windows) socket.close();
  });

  test('API-2 windows of one visitor', async () => {
    const first = await world.visitor(tenant, { headers: from() });
    const others = await Promise.all(Array.from({ length: 19 }, () => world.visitor(tenant, { token: first.token, headers: from() })));
    const socket = await stranger();
    expect(await socket.ask(hello({ token: first.token }))).toMatchObject({ code: 'rate_limited' });
    for (const each of [first, ...others]) each.socket.close();
    socket.close();
  });

  test('API-2 sockets per address: one more is refused before it is a socket', async () => {
    const ip = '203.0.113.99';
    const sockets = await Promise.all(Array.from({ length: 500 }, () => RawSocket.connect(world.port, from(ip))));
    await expect(RawSocket.connect(world.port, from(ip))).rejects.toThrow('429');
    await (await RawSocket.connect(world.port, from())).close();
    for (const socket of sockets) socket.cut();
  });
});
