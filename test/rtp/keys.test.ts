/** Keys as RFC 4733 events, both ways. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyReader } from '../../sip/rtp/keys.ts';
import { parseRtp, type RtpPacket } from '../../sip/rtp/packet.ts';
import { until } from '../support/services.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

let house: MediaHouse;
beforeEach(async () => {
  house = await openMediaHouse();
});
afterEach(() => house.close());

const keys = (): string => house.events.flatMap((event) => (event.event === 'leg.key' ? [event.key] : [])).join('');

test('RFC 4733 2.5 each key is told once, with its length, though its packets are many', async () => {
  const { phone, leg } = await house.phone('c', 'a');
  phone.aim(leg);
  phone.press('*', { ms: 160 });
  await until(() => keys() === '*');
  expect(house.events[0]).toEqual({ event: 'leg.key', leg: 'a', key: '*', ms: 160 });
  for (const key of '159#D') phone.press(key);
  await until(() => keys() === '*159#D');
});

test('RFC 4733 2.5.1.4 a key is told also when its beginning, or every packet of its end, is lost', async () => {
  const { phone, leg } = await house.phone('c', 'a');
  phone.aim(leg);
  phone.press('1', { lost: [0, 1, 4, 5] });
  await until(() => keys() === '1');
  phone.press('2', { lost: [4, 5, 6] });
  await until(() => keys() === '12');
  phone.press('2', { lost: [4, 5, 6] });
  phone.press('3');
  await until(() => keys() === '1223');
});

test('VOX-4 keys of one phone reach the other, in its own payload type, and talk goes on after them', async () => {
  const a = await house.phone('c', 'a', { tone: 440, eventPayloadType: 101 });
  const b = await house.phone('c', 'b', { eventPayloadType: 96 });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
  a.phone.talk(a.leg);
  await until(() => b.phone.heard.length > 5);
  a.phone.press('7');
  await until(() => b.phone.heard.filter(({ payloadType }) => payloadType === 96).length >= 7);
  const events = b.phone.heard.filter(({ payloadType }) => payloadType === 96);
  expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
  expect(events.map(({ payload }) => payload[0])).toEqual(Array(7).fill(7));
  await until(() => b.phone.heard.at(-1)?.payloadType === 0);
  const sequences = b.phone.heard.map(({ sequence }) => sequence);
  expect(new Set(sequences).size).toBe(sequences.length);
});

test('VOX-4 a phone that takes no events notices no gap where keys were', async () => {
  const a = await house.phone('c', 'a', { tone: 440 });
  const b = await house.phone('c', 'b', { remote: { eventPayloadType: undefined } as never });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
  a.phone.talk(a.leg);
  await until(() => b.phone.heard.length > 5);
  a.phone.press('7');
  const before = b.phone.heard.length;
  await until(() => b.phone.heard.length > before + 10);
  const steps = b.phone.heard.slice(1).map(({ sequence }, index) => (sequence - (b.phone.heard[index]?.sequence ?? 0)) & 0xffff);
  expect(new Set(steps)).toEqual(new Set([1]));
  expect(new Set(b.phone.heard.map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
  await expect(house.client.ask({ do: 'leg.keys', leg: 'b', keys: '1' })).rejects.toMatchObject({ code: 'bad_request' });
});

test('RFC 4733 2.5.1 keys that we send: each with one timestamp, a marker, growing duration and three ends, between music', async () => {
  const { phone } = await house.phone('c', 'a');
  await house.client.ask({
    do: 'leg.play',
    leg: 'a',
    playback: { id: 'm', pieces: [{ kind: 'sound', name: 'music' }], loop: true, isShared: true },
  });
  await until(() => phone.heard.length > 5);
  await house.client.ask({ do: 'leg.keys', leg: 'a', keys: '4#' });
  const events = () => phone.heard.filter(({ payloadType }) => payloadType === 101);
  await until(() => events().filter(({ payload }) => (payload[1] ?? 0) & 0x80).length === 6);
  const byTime = Map.groupBy(events(), ({ timestamp }) => timestamp);
  expect([...byTime.values()].map((packets) => packets[0]?.payload[0])).toEqual([4, 11]);
  for (const packets of byTime.values()) {
    expect(packets.map(({ isMarked }) => isMarked)).toEqual([true, ...Array(packets.length - 1).fill(false)]);
    expect(packets.map(({ payload }) => payload.readUInt16BE(2))).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(packets.map(({ payload }) => (payload[1] ?? 0) >> 7)).toEqual([0, 0, 0, 0, 1, 1, 1]);
  }
  const last = phone.heard.length;
  await until(() => phone.heard.length > last + 5 && phone.heard.at(-1)?.payloadType === 0, { what: 'music again' });
  const times = phone.heard.map(({ timestamp }) => timestamp);
  expect(times.slice(1).every((time, index) => ((time - (times[index] ?? 0)) | 0) >= 0)).toBe(true);
});

describe('reading', () => {
  const packetOf = (timestamp: number, code: number, isEnd: boolean, units: number): RtpPacket => {
    const bytes = Buffer.alloc(16);
    bytes[0] = 0x80;
    bytes[1] = 101;
    bytes.writeUInt32BE(timestamp, 4);
    bytes[12] = code;
    bytes[13] = isEnd ? 0x8a : 0x0a;
    bytes.writeUInt16BE(units, 14);
    return parseRtp(bytes) as RtpPacket;
  };

  test('RFC 4733 any loss and repetition of packets tells each key at most once, and every key of which one packet came', () => {
    const press = fc.record({ code: fc.nat(15), survives: fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 }) });
    fc.assert(
      fc.property(fc.array(press, { maxLength: 20 }), fc.nat(2 ** 32 - 1), (presses, start) => {
        const reader = new KeyReader();
        const told: string[] = [];
        let now = 0;
        for (const [index, { code, survives }] of presses.entries()) {
          for (const [step, copies] of survives.entries()) {
            now += 20;
            const packet = packetOf((start + index * 2_000) >>> 0, code, step >= 5, Math.min(step + 1, 6) * 160);
            for (let copy = 0; copy < copies; copy++) told.push(...reader.read(packet, now).map(({ key }) => key));
          }
          now += 50;
        }
        told.push(...reader.lapsed(now + 1_000).map(({ key }) => key));
        const came = presses.filter(({ survives }) => survives.some((copies) => copies > 0)).map(({ code }) => '0123456789*#ABCD'[code]);
        expect(told).toEqual(came);
      }),
    );
  });
});
