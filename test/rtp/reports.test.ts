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
