/** What is counted of a call, against what really happened: RTCP in both directions (RFC 3550 6). */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LegStats } from '../../sip/rtp/protocol.ts';
import { Reception } from '../../sip/rtp/reception.ts';
import { ntpMiddle, parseRtcp, writeReport } from '../../sip/rtp/rtcp.ts';
import { until } from '../support/services.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

let house: MediaHouse;
beforeEach(async () => {
  house = await openMediaHouse();
});
afterEach(() => house.close());

const statsOf = async (leg: string): Promise<LegStats | undefined> =>
  (await house.client.ask({ do: 'list' })).legs?.find((info) => info.leg === leg)?.stats;

test('RFC 3550 6.4 loss of what a phone sends is counted, reported to it, and told at the end', async () => {
  const { phone, leg } = await house.phone('c', 'a', { tone: 440 });
  let sent = 0;
  let lost = 0;
  phone.mangle = (packet) => {
    if (sent++ % 5 !== 2) return [packet];
    lost++;
    return [];
  };
  phone.talk(leg);
  const reports = () => phone.heardRtcp.flatMap((bytes) => parseRtcp(bytes) ?? []).filter(({ blocks }) => blocks.length > 0);
  await until(() => reports().some(({ blocks }) => (blocks[0]?.lost ?? 0) > 3), { timeoutMs: 18_000, what: 'a report with loss' });
  const block = reports().at(-1)?.blocks[0];
  expect(block?.ssrc).toBe(phone.ssrc);
  expect((block?.fractionLost ?? 0) / 256).toBeGreaterThan(0.1);
  expect((block?.fractionLost ?? 0) / 256).toBeLessThan(0.3);
  phone.mangle = (packet) => [packet];
  phone.hush();
  phone.sendPayload(new Uint8Array(160));
  await until(async () => ((await statsOf('a'))?.packetsReceived ?? 0) === sent - lost + 1, { what: 'every packet is counted' });
  await house.client.ask({ do: 'leg.close', leg: 'a' });
  await until(() => house.events.some(({ event }) => event === 'leg.closed'));
  const closed = house.events.find(({ event }) => event === 'leg.closed');
  expect(closed).toMatchObject({ stats: { packetsReceived: sent - lost + 1, packetsLost: lost, packetsSent: 0 } });
  await until(() => phone.heardRtcp.some((bytes) => parseRtcp(bytes)?.some(({ kind }) => kind === 'bye')), { what: 'the farewell' });
}, 30_000);

test('RFC 3550 6.4.1 a phone’s report gives its loss and the round trip, on a port of its own or on the shared one (RFC 5761)', async () => {
  for (const isMux of [false, true]) {
    const name = `leg-${isMux}`;
    const { phone, leg } = await house.phone(name, name, { remote: { isRtcpMux: isMux } });
    await house.client.ask({ do: 'leg.play', leg: name, playback: { id: 'm', pieces: [{ kind: 'sound', name: 'music' }], loop: true } });
    phone.talk(leg);
    const senderReport = () => phone.heardRtcp.flatMap((bytes) => parseRtcp(bytes) ?? []).find(({ sentAt }) => sentAt !== undefined);
    await until(() => senderReport() && phone.heard.length > 20, { timeoutMs: 18_000, what: 'a sender report' });
    const ours = phone.heard[0]?.ssrc ?? 0;
    const answer = (ssrc: number): Buffer =>
      writeReport({
        ssrc: phone.ssrc,
        cname: 'phone',
        unixMs: Date.now(),
        isBye: false,
        sent: undefined,
        // As if it had kept the report for no time: what has passed since is the round trip.
        heard: { ssrc, fractionLost: 10, lost: 5, highest: 100, jitter: 8, lastReport: ntpMiddle(Date.now() - 250), sinceLastReport: 0 },
      });
    const send = (bytes: Buffer): void => (isMux ? phone.sendRaw(bytes) : phone.sendRtcp(bytes, leg.rtcpPort));
    send(answer(ours));
    await until(async () => (await statsOf(name))?.roundTripMs !== undefined);
    const stats = await statsOf(name);
    expect(stats?.roundTripMs).toBeGreaterThanOrEqual(249);
    expect(stats?.remoteLossPct).toBeGreaterThan(0);
  }
}, 45_000);

test('VOX-4 how well one who talks is heard is told every few seconds: loss of the worse direction, round trip, codec; of who hears music, nothing', async () => {
  const one = await house.phone('c', 'a', { tone: 440 });
  const two = await house.phone('c', 'b', { tone: 880, law: 'PCMA' });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
  const waiting = await house.phone('w', 'w', { tone: 440 });
  await house.client.ask({ do: 'leg.play', leg: 'w', playback: { id: 'm', pieces: [{ kind: 'sound', name: 'music' }], loop: true } });
  let sent = 0;
  one.phone.mangle = (packet) => (sent++ % 5 === 2 ? [] : [packet]);
  for (const { phone, leg } of [one, two, waiting]) phone.talk(leg);
  const told = (leg: string) =>
    house.events.flatMap((event) => (event.event === 'leg.quality' && event.leg === leg ? [event.quality] : []));
  await until(() => told('a').length > 0 && told('b').length > 0, { timeoutMs: 18_000, what: 'figures' });
  const [first] = told('a');
  expect(first).toMatchObject({ codec: 'PCMU' });
  expect(first?.lossPct).toBeGreaterThan(10);
  expect(first?.lossPct).toBeLessThan(30);
  expect(first?.packets).toBeGreaterThan(0);
  expect(first).not.toHaveProperty('rttMs');
  expect(told('b')[0]).toMatchObject({ codec: 'PCMA', lossPct: 0 });
  // What the other side reports counts as well.
  const ssrc = two.phone.heard.at(-1)?.ssrc ?? 0;
  const heard = { ssrc, fractionLost: 128, lost: 50, highest: 100, jitter: 8, lastReport: ntpMiddle(Date.now() - 250), sinceLastReport: 0 };
  const report = { ssrc: two.phone.ssrc, cname: 'phone', unixMs: Date.now(), isBye: false, sent: undefined, heard };
  two.phone.sendRtcp(writeReport(report), two.leg.rtcpPort);
  await until(() => told('b').at(-1)?.rttMs !== undefined, { timeoutMs: 18_000, what: 'the next figures' });
  expect(told('b').at(-1)?.lossPct).toBe(50);
  expect(told('b').at(-1)?.rttMs).toBeGreaterThanOrEqual(249);
  expect(told('w')).toEqual([]);
}, 45_000);

test('RFC 3550 A.8 jitter is that of the arrival times, and none of an even sender', () => {
  const even = new Reception(1, 0);
  for (let index = 0; index < 200; index++) even.count(index, index * 160, index * 20);
  expect(even.jitterMs).toBeCloseTo(0, 5);
  const uneven = new Reception(1, 0);
  for (let index = 0; index < 2_000; index++) uneven.count(index & 0xffff, index * 160, index * 20 + (index % 2 === 0 ? 0 : 10));
  expect(uneven.jitterMs).toBeGreaterThan(8);
  expect(uneven.jitterMs).toBeLessThan(11);
});

test('RFC 3550 A.1 counting goes on over the wrap of the sequence, and a sender that begins anew is noticed', () => {
  const reception = new Reception(1, 65_500);
  for (let index = 0; index < 100; index++)
    if (index !== 50) expect(reception.count((65_500 + index) & 0xffff, index * 160, index * 20)).toBe(true);
  expect(reception.received).toBe(99);
  expect(reception.lost).toBe(1);
  expect(reception.report().highest).toBe(65_536 + ((65_500 + 99) & 0xffff));
  expect(reception.count(30_000, 0, 5_000)).toBe(false);
});
