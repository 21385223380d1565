/** The link of applications: who may command, what becomes of legs when an application or the process dies, and what a process gives back. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Media as MediaProcesses } from '../../sip/app/media.ts';
import { until } from '../support/services.ts';
import { type MediaHouse, openMediaHouse, silent } from './house.ts';

let house: MediaHouse;
beforeEach(async () => {
  house = await openMediaHouse();
});
afterEach(() => house.close());

/** Sockets of this process, as the kernel counts them. */
const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('VOX-4 the same leg opened twice is one, with the same ports', async () => {
  const [first, second] = await Promise.all([
    house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' }),
    house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' }),
  ]);
  expect(second.leg).toEqual(first.leg);
  expect(first.leg).toMatchObject({ call: 'c', leg: 'a', address: '127.0.0.1' });
  expect((first.leg?.port ?? 1) % 2).toBe(0);
  expect(first.leg?.rtcpPort).toBe((first.leg?.port ?? 0) + 1);
  expect(house.media.legCount).toBe(1);
  await expect(house.client.ask({ do: 'leg.open', call: 'other', leg: 'a' })).rejects.toMatchObject({ code: 'bad_request' });
});

test('RFC 4291 a leg over IPv6 is opened, and refuses a remote side of the other family', async () => {
  const { leg } = await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a', family: 'IPv6' });
  expect(leg?.address).toBe('::1');
  const remote = { port: 4_000, codec: 'PCMU' as const, payloadType: 0 };
  await expect(house.client.ask({ do: 'leg.remote', leg: 'a', remote: { ...remote, address: '127.0.0.1' } })).rejects.toMatchObject({
    code: 'bad_request',
  });
  await house.client.ask({ do: 'leg.remote', leg: 'a', remote: { ...remote, address: '::1' } });
});

test('VOX-6 nobody can be made to send to a group of hosts, to a name, or to nothing sensible', async () => {
  await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
  for (const address of ['224.0.0.1', '255.255.255.255', 'victim.example', '', '1.2.3.4.5', '::1'])
    await expect(
      house.client.ask({ do: 'leg.remote', leg: 'a', remote: { address, port: 4_000, codec: 'PCMU', payloadType: 0 } }),
    ).rejects.toMatchObject({ code: 'bad_request' });
});

test('VOX-4 legs that are not there, or are another’s, are unknown', async () => {
  await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
  const other = house.link('app-2').client;
  for (const client of [house.client, other])
    await expect(client.ask({ do: 'leg.stop', leg: 'none' })).rejects.toMatchObject({ code: 'gone' });
  await expect(other.ask({ do: 'leg.stop', leg: 'a' })).rejects.toMatchObject({ code: 'gone' });
  await expect(other.ask({ do: 'leg.open', call: 'c', leg: 'b' })).rejects.toMatchObject({ code: 'bad_request' });
  await other.ask({ do: 'leg.close', leg: 'a' });
  await other.ask({ do: 'call.close', call: 'c' });
  expect((await other.ask({ do: 'adopt', calls: ['c'] })).legs).toEqual([]);
  expect(house.media.legCount).toBe(1);
});

test('VOX-4 when every pair of ports is taken, one more leg is refused, and one that is closed makes room', async () => {
  await house.close();
  const low = 20_000 + 2 * Math.floor(Math.random() * 4_000);
  house = await openMediaHouse({ ports: { low, high: low + 19 } });
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, index) => house.client.ask({ do: 'leg.open', call: 'c', leg: `l${index}` })),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  // Another process of this machine may hold some of them.
  expect(refused.length).toBeGreaterThanOrEqual(2);
  for (const result of refused) expect(result).toMatchObject({ reason: { code: 'rate_limited' } });
  const taken = results.findIndex(({ status }) => status === 'fulfilled');
  await house.client.ask({ do: 'leg.close', leg: `l${taken}` });
  await until(() => house.client.ask({ do: 'leg.open', call: 'c', leg: 'again' }).then(Boolean, () => false));
});

test("VOX-4 an end that was opened ahead is the leg's that names it, once; what no leg took goes with the link", async () => {
  await until(() => house.client.isUp);
  const before = openFiles();
  const names = Array.from({ length: 32 }, (_, index) => `e${index}`);
  const { ends = [] } = await house.client.ask({ do: 'ends.open', ends: names });
  expect(ends.map(({ end }) => end)).toEqual(names);
  expect((await house.client.ask({ do: 'ends.open', ends: ['e1', 'one too many'] })).ends).toEqual([ends[1]]);
  const { leg } = await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a', end: 'e1' });
  expect(leg).toMatchObject({ address: ends[1]?.address, port: ends[1]?.port, rtcpPort: ends[1]?.rtcpPort });
  await expect(house.client.ask({ do: 'leg.open', call: 'c', leg: 'b', end: 'e1' })).rejects.toMatchObject({ code: 'gone' });
  const other = house.link('app-2').client;
  await expect(other.ask({ do: 'leg.open', call: 'd', leg: 'd', end: 'e2' })).rejects.toMatchObject({ code: 'gone' });
  other.close();
  house.client.close();
  // The two sockets of the leg stay, for who adopts it; those of the link go with it.
  await until(() => openFiles() <= before, { what: 'the ends are closed' });
  expect(house.media.legCount).toBe(1);
});

test('VOX-4 two processes on one range of ports never give the same', async () => {
  const second = await openMediaHouse();
  try {
    const open = (one: MediaHouse, index: number) => one.client.ask({ do: 'leg.open', call: 'c', leg: `l${index}` });
    const opened = await Promise.all(Array.from({ length: 200 }, (_, index) => open(index % 2 === 0 ? house : second, index)));
    expect(new Set(opened.map(({ leg }) => leg?.port)).size).toBe(200);
  } finally {
    await second.close();
  }
});

test('DESIGN 6 a process that is late for seconds on end takes no new leg, and takes them again when it is not', async () => {
  await house.close();
  house = await openMediaHouse({ mostLateMs: 100 });
  await house.client.ask({ do: 'leg.open', call: 'c', leg: 'before' });
  const end = keepBusy(150);
  let tries = 0;
  const open = () => house.client.ask({ do: 'leg.open', call: 'c', leg: `new-${tries++}` });
  await until(
    () =>
      open().then(
        () => false,
        ({ code }) => code === 'rate_limited',
      ),
    { timeoutMs: 15_000, what: 'a refusal' },
  );
  expect(house.media.load).toBe(1);
  await house.client.ask({ do: 'leg.open', call: 'c', leg: 'before' });
  end();
  await until(() => open().then(Boolean, () => false), { what: 'a leg again' });
});

test('DESIGN 6 a process that is busy but in time is no reason to refuse a caller', async () => {
  const end = keepBusy(10);
  const media = processesOf(() => house.media.load);
  await until(() => house.media.load > 0.95, { timeoutMs: 15_000, what: 'a busy process' });
  await media.refresh();
  for (let count = 0; count < 100; count++) await media.ask(media.choose(), { do: 'leg.open', call: 'c', leg: `l${count}` });
  expect(house.media.legCount).toBe(100);
  end();
  media.close();
});

test('VOX-4 thousands of legs opened, used and closed leave no socket and no leg', async () => {
  const before = openFiles();
  const play = { id: 'm', pieces: [{ kind: 'sound' as const, name: 'music' }], loop: true, isShared: true };
  for (let round = 0; round < 10; round++) {
    const names = Array.from({ length: 200 }, (_, index) => `${round}-${index}`);
    await Promise.all(
      names.map(async (leg) => {
        await house.client.ask({ do: 'leg.open', call: `c${leg}`, leg });
        await house.client.ask({ do: 'leg.remote', leg, remote: { address: '127.0.0.1', port: 9, codec: 'PCMU', payloadType: 0 } });
        await house.client.ask({ do: 'leg.play', leg, playback: play });
        if (round % 2 === 0) await house.client.ask({ do: 'call.close', call: `c${leg}` });
        else await house.client.ask({ do: 'leg.close', leg });
      }),
    );
  }
  expect(house.media.legCount).toBe(0);
  await until(() => openFiles() <= before);
  expect(house.events.filter(({ event }) => event === 'leg.closed')).toHaveLength(2_000);
  expect((await house.client.ask({ do: 'list' })).legs).toEqual([]);
});

test('VOX-4 a phone that is silent is told once, and again when it is heard', async () => {
  const { phone, leg } = await house.phone('c', 'a', { tone: 440, silentAfterMs: 300 });
  const told = () => house.events.flatMap(({ event }) => (event.startsWith('leg.') ? [event] : []));
  await until(() => told().length > 0);
  phone.talk(leg);
  await until(() => told().length === 2);
  phone.hush();
  await until(() => told().length === 3);
  expect(told()).toEqual(['leg.silent', 'leg.heard', 'leg.silent']);
});

describe('when an application dies', () => {
  test('VOX-4 its calls talk on, another adopts them and commands them, with their figures', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b', { tone: 1_000 });
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
    for (const one of [a, b]) one.phone.talk(one.leg);
    await until(() => a.phone.heard.length > 10);
    house.client.close();
    const heir = house.link('app-2');
    await until(async () => ((await heir.client.ask({ do: 'list' })).legs ?? []).length === 2, { what: 'the orphans are listed' });
    const before = a.phone.heard.length;
    await until(() => a.phone.heard.length > before + 10, { what: 'talk goes on' });
    const { legs } = await heir.client.ask({ do: 'adopt', calls: ['c', 'another'] });
    expect(legs?.map(({ leg }) => leg).sort()).toEqual(['a', 'b']);
    expect(legs?.[0]?.stats.packetsReceived).toBeGreaterThan(10);
    expect(legs?.[0]?.remote?.port).toBeDefined();
    await heir.client.ask({ do: 'call.close', call: 'c' });
    await until(() => heir.events.filter(({ event }) => event === 'leg.closed').length === 2);
  });

  test('VOX-4 what nobody adopts is closed after 10 s, what was adopted stays', async () => {
    for (const call of ['left', 'kept']) await house.client.ask({ do: 'leg.open', call, leg: `${call}-leg` });
    house.client.close();
    const heir = house.link('app-2').client;
    await until(async () => ((await heir.ask({ do: 'adopt', calls: ['kept'] })).legs ?? []).length === 1);
    await until(async () => house.media.legCount === 1, { timeoutMs: 18_000 });
    expect((await heir.ask({ do: 'list' })).legs?.map(({ leg }) => leg)).toEqual(['kept-leg']);
  }, 30_000);

  test('VOX-4 one that lost only its link comes back to its own', async () => {
    await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
    const again = house.link('app-1');
    await until(() => again.client.isUp);
    expect((await again.client.ask({ do: 'list' })).legs).toHaveLength(1);
    again.client.close();
    // The first, cut off by the second, has connected again by itself.
    await until(async () => (await house.client.ask({ do: 'list' })).legs?.length === 1);
    await house.client.ask({ do: 'leg.close', leg: 'a' });
  });
});

describe('strangers at the control port', () => {
  /** Says these lines; resolves with what came back when the other side ends it. */
  const say = (...lines: string[]): Promise<string> =>
    new Promise((resolve) => {
      let heard = '';
      const socket = connect(house.server.port, '127.0.0.1', () => socket.write(lines.map((line) => `${line}\n`).join('')));
      socket.on('data', (chunk) => {
        heard += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(heard));
    });

  test('VOX-6 without the secret nothing is done: a wrong one, none, or something else ends the link', async () => {
    expect(await say(JSON.stringify({ seq: 0, do: 'hello', secret: 'wrong', application: 'x' }))).toContain('unauthenticated');
    expect(await say(JSON.stringify({ seq: 1, do: 'leg.open', call: 'c', leg: 'x' }))).toContain('unauthenticated');
    expect(await say(JSON.stringify({ seq: 1, do: 'nothing' }))).toContain('bad_request');
    expect(await say('GET / HTTP/1.1')).toBe('');
    expect(await say('x'.repeat(5_000))).toBe('');
    expect(await say('null', '[]', '7')).toBe('');
    expect(house.media.legCount).toBe(0);
  });

  test('VOX-6 commands that are not as they must be are refused one by one, and the link stays', async () => {
    const ask = (command: object) => house.client.ask(command as never);
    await expect(ask({ do: 'leg.open', call: '', leg: 'a' })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(ask({ do: 'leg.open', call: 'c', leg: 'a'.repeat(65) })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(ask({ do: 'leg.fly', leg: 'a' })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(ask({ do: 'hello', secret: 'x', application: 'y' })).rejects.toMatchObject({ code: 'unauthenticated' });
    await house.client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
    await expect(ask({ do: 'leg.play', leg: 'a', playback: { id: 'p', pieces: [{ kind: 'silence', ms: 10 }] } })).rejects.toMatchObject({
      code: 'bad_request',
    });
    await expect(ask({ do: 'leg.keys', leg: 'a', keys: 'x' })).rejects.toMatchObject({ code: 'bad_request' });
  });
});

/** The loop does nothing but wait, in stretches of so many milliseconds. */
function keepBusy(stretchMs: number): () => void {
  let isBlocking = true;
  const block = (): void => {
    const until = performance.now() + stretchMs;
    while (performance.now() < until);
    if (isBlocking) setImmediate(block);
  };
  block();
  return () => {
    isBlocking = false;
  };
}

/** An application's choice of processes: there is one, which tells its load. */
function processesOf(load: () => number): MediaProcesses {
  return new MediaProcesses({
    connect: () => house.client,
    nodes: async () => [{ id: 'rtp-1', host: '127.0.0.1', port: 1, load: load(), isDraining: false }],
    onEvent: () => {},
    callsAt: () => [],
    onLegs: () => {},
    log: silent,
  });
}
