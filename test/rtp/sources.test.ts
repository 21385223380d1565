/** Where a leg's packets may come from: NAT, rebinding, changes of SSRC, strangers; and packets of any shape. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Latch } from '../../sip/rtp/latch.ts';
import { OutgoingStream } from '../../sip/rtp/outgoing.ts';
import { parseRtp, type RtpPacket, sequenceAhead, writeHeader } from '../../sip/rtp/packet.ts';
import { parseRtcp } from '../../sip/rtp/rtcp.ts';
import { RtpPhone } from '../actors/rtpPhone.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

const PATIENT = { timeoutMs: 15_000 };

describe('on the network', () => {
  let house: MediaHouse;
  const opened: RtpPhone[] = [];
  beforeEach(async () => {
    house = await openMediaHouse();
  });
  afterEach(async () => {
    for (const phone of opened.splice(0)) phone.close();
    await house.close();
  });
  const stranger = async (): Promise<RtpPhone> => {
    const phone = await RtpPhone.open({ tone: 2_500 });
    opened.push(phone);
    return phone;
  };
  const source = async (leg: string) => (await house.client.ask({ do: 'list' })).legs?.find((info) => info.leg === leg)?.source;

  test('RFC 7362 4 a phone behind NAT, that sends from elsewhere than it said, is heard and reached where it is', async () => {
    const a = await house.phone('c', 'a', { tone: 440, remote: { address: '127.0.0.9', port: 9 } });
    const b = await house.phone('c', 'b', { tone: 1_000 });
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
    a.phone.talk(a.leg);
    b.phone.talk(b.leg);
    await until(() => b.phone.heard.length > 20 && hasTone(b.phone.sound(10), 440), PATIENT);
    await until(() => a.phone.heard.length > 20 && hasTone(a.phone.sound(10), 1_000), PATIENT);
    expect(await source('a')).toEqual({ address: '127.0.0.1', port: a.phone.port });
  });

  test('VOX-4 a NAT that gives a phone another port in mid-call: both hear each other again, with one SSRC', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b', { tone: 1_000 });
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
    a.phone.talk(a.leg);
    b.phone.talk(b.leg);
    await until(() => b.phone.heard.length > 20 && a.phone.heard.length > 20, PATIENT);
    await a.phone.rebind();
    const [atA, atB] = [a.phone.heard.length, b.phone.heard.length];
    await until(() => b.phone.heard.length > atB + 20 && a.phone.heard.length > atA + 20, { ...PATIENT, what: 'both hear again' });
    expect(await source('a')).toEqual({ address: '127.0.0.1', port: a.phone.port });
    expect(new Set(b.phone.heard.map(({ ssrc }) => ssrc)).size).toBe(1);
  });

  test('Safety: music for an address where the system sends nothing costs nobody else his', async () => {
    const nowhere = await house.phone('c', 'nowhere', { remote: { address: '127.255.255.255' } });
    const other = await house.phone('d', 'other');
    const playback = (id: string) => ({ id, pieces: [{ kind: 'tone' as const, frequencies: [440], ms: 1_000 }], loop: true });
    await house.client.ask({ do: 'leg.play', leg: 'nowhere', playback: playback('one') });
    await house.client.ask({ do: 'leg.play', leg: 'other', playback: playback('two') });
    const sent = async () =>
      (await house.client.ask({ do: 'list' })).legs?.find(({ leg }) => leg === nowhere.leg.leg)?.stats.packetsSent ?? 0;
    // After three seconds of silence the socket settles on whom it plays to.
    await until(async () => (await sent()) > 200, PATIENT);
    const heard = other.phone.heard.length;
    await until(() => other.phone.heard.length > heard + 20, PATIENT);
  });

  test('RFC 7362 5 a stranger who sends to the ports of a call is not heard, and hears nothing', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b', { tone: 1_000 });
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
    a.phone.talk(a.leg);
    b.phone.talk(b.leg);
    await until(() => b.phone.heard.length > 20 && a.phone.heard.length > 20, PATIENT);
    const thief = await stranger();
    thief.talk(a.leg);
    const sent = thief.sent;
    await until(() => thief.sent > sent + 60, PATIENT);
    expect(hasTone(b.phone.sound(30), 440)).toBe(true);
    expect(hasTone(b.phone.sound(30), 2_500)).toBe(false);
    expect(thief.heard).toEqual([]);
    // Also when the phone is silent for a while, and comes back.
    a.phone.hush();
    const silentFrom = thief.sent;
    await until(() => thief.sent > silentFrom + 50, PATIENT);
    expect(hasTone(b.phone.sound(10), 2_500)).toBe(false);
    expect(thief.heard).toEqual([]);
    const atB = b.phone.heard.length;
    a.phone.talk(a.leg);
    await until(() => b.phone.heard.length > atB + 20, PATIENT);
  });

  test('RFC 7362 5 who was there first does not keep out the address that was signalled', async () => {
    const thief = await stranger();
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b');
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
    thief.talk(a.leg);
    await until(() => b.phone.heard.length > 5, PATIENT);
    a.phone.talk(a.leg);
    await until(() => hasTone(b.phone.sound(10), 440) && !hasTone(b.phone.sound(10), 2_500), PATIENT);
    expect(await source('a')).toEqual({ address: '127.0.0.1', port: a.phone.port });
  });

  test('RFC 3550 8.2 a phone that changes its SSRC, and its clock with it, goes on being heard in one stream', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b');
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
    a.phone.talk(a.leg);
    await until(() => b.phone.heard.length > 10, PATIENT);
    for (let change = 0; change < 3; change++) {
      Object.assign(a.phone, { ssrc: 1_000 + change, sequence: 30_000 * change, timestamp: 2_000_000_000 * change });
      const before = b.phone.heard.length;
      await until(() => b.phone.heard.length > before + 10, PATIENT);
    }
    expect(new Set(b.phone.heard.map(({ ssrc }) => ssrc)).size).toBe(1);
    for (const [index, packet] of b.phone.heard.slice(1).entries()) {
      const before = b.phone.heard[index];
      expect(sequenceAhead(packet.sequence, before?.sequence ?? 0)).toBe(1);
      expect((packet.timestamp - (before?.timestamp ?? 0)) | 0).toBeGreaterThan(0);
    }
    const { legs } = await house.client.ask({ do: 'list' });
    expect(legs?.find(({ leg }) => leg === 'a')?.stats.packetsReceived).toBeGreaterThan(40);
  });

  test('VOX-4 late media: what a phone sends before it is known is dropped, and it is heard from then on', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const phone = await stranger();
    const { leg } = await house.client.ask({ do: 'leg.open', call: 'c', leg: 'late' });
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['late'], late: ['a'] } });
    phone.talk({ address: '127.0.0.1', port: leg?.port ?? 0 });
    a.phone.talk(a.leg);
    await until(() => phone.sent > 20, PATIENT);
    expect(a.phone.heard).toEqual([]);
    expect(phone.heard).toEqual([]);
    await house.client.ask({ do: 'leg.remote', leg: 'late', remote: phone.remote });
    await until(() => a.phone.heard.length > 20 && hasTone(a.phone.sound(10), 2_500), PATIENT);
    await until(() => phone.heard.length > 20 && hasTone(phone.sound(10), 440), PATIENT);
  });

  test('VOX-4 loss, repetition and disorder of the network pass through as they are: the phone’s own concealment sees them', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b');
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
    let held: Buffer | undefined;
    let count = 0;
    a.phone.mangle = (packet) => {
      count++;
      if (count % 10 === 3) return [];
      if (count % 10 === 5) return [packet, packet];
      if (count % 10 === 7) {
        held = packet;
        return [];
      }
      const behind = held;
      held = undefined;
      return behind ? [packet, behind] : [packet];
    };
    a.phone.talk(a.leg);
    await until(() => count > 60, PATIENT);
    a.phone.hush();
    const sequences = b.phone.heard.map(({ sequence }) => sequence);
    const first = sequences[0] ?? 0;
    const places = sequences.map((sequence) => (sequence - first) & 0xffff);
    expect(new Set(places).size).toBeLessThan(places.length);
    expect(places).not.toEqual([...places].sort((x, y) => x - y));
    expect(places.includes(2)).toBe(false);
    await until(async () => {
      const stats = (await house.client.ask({ do: 'list' })).legs?.find(({ leg }) => leg === 'a')?.stats;
      return stats && stats.packetsReceived > 0;
    });
  });

  test('RFC 3550 a phone that sends another of our codecs than was agreed on is understood', async () => {
    const a = await house.phone('c', 'a', { tone: 440, law: 'PCMA', remote: { codec: 'PCMU', payloadType: 0 } });
    const b = await house.phone('c', 'b');
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
    a.phone.talk(a.leg);
    await until(() => b.phone.heard.length > 20 && hasTone(b.phone.sound(10), 440), PATIENT);
  });

  test('VOX-4 anything that is sent to a leg’s ports is survived, and the call goes on', async () => {
    const a = await house.phone('c', 'a', { tone: 440 });
    const b = await house.phone('c', 'b');
    await house.client.ask({ do: 'call.hears', call: 'c', hears: { b: ['a'] } });
    a.phone.talk(a.leg);
    const thief = await stranger();
    thief.aim(a.leg);
    for (let round = 0; round < 300; round++) {
      const noise = randomBytes(Math.floor(Math.random() * 400));
      if (round % 2 === 0 && noise.length > 1) noise[0] = 0x80 | (round % 64);
      a.phone.sendRaw(noise);
      thief.sendRaw(noise);
      thief.sendRtcp(noise, a.leg.rtcpPort);
    }
    const before = b.phone.heard.length;
    await until(() => b.phone.heard.length > before + 20 && hasTone(b.phone.sound(10), 440), PATIENT);
  });
});

describe('packets', () => {
  test('RFC 3550 5.1 what is written is read back, with sources, extension and padding left out', () => {
    const header = fc.record({
      payloadType: fc.nat(127),
      isMarked: fc.boolean(),
      sequence: fc.nat(0xffff),
      timestamp: fc.nat(0xffffffff),
      ssrc: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(
        header,
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(15),
        fc.option(fc.nat(5)),
        fc.nat(8),
        (fields, payload, sources, words, padding) => {
          const extension = words === null ? Buffer.alloc(0) : Buffer.alloc(4 + words * 4);
          if (words !== null) extension.writeUInt16BE(words, 2);
          const pad = Buffer.alloc(padding, 0);
          if (padding > 0) pad[padding - 1] = padding;
          const bytes = Buffer.concat([Buffer.alloc(12 + sources * 4), extension, payload, pad]);
          writeHeader(bytes, 0, fields);
          bytes[0] = 0x80 | sources | (words === null ? 0 : 0x10) | (padding > 0 ? 0x20 : 0);
          const packet = parseRtp(bytes) as RtpPacket;
          expect(packet).toMatchObject(fields);
          expect(bytes.subarray(packet.payloadStart, packet.payloadEnd)).toEqual(Buffer.from(payload));
        },
      ),
    );
  });

  test('RFC 3550 no bytes are read beyond a packet, whatever it says of itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const packet = parseRtp(Buffer.from(noise));
        if (!packet) return;
        expect(packet.payloadStart).toBeGreaterThanOrEqual(12);
        expect(packet.payloadEnd).toBeLessThanOrEqual(noise.length);
        expect(packet.payloadStart).toBeLessThanOrEqual(packet.payloadEnd);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => void parseRtcp(Buffer.from(noise))),
      { numRuns: 2_000 },
    );
  });

  test('RFC 3550 5.1 what a phone hears has rising timestamps and no repeated sequence over any change of source and SSRC', () => {
    const step = fc.record({
      source: fc.constantFrom('a', 'b', 'music'),
      packets: fc.integer({ min: 1, max: 5 }),
      pauseMs: fc.nat(500),
      sequence: fc.nat(0xffff),
      timestamp: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const out = new OutgoingStream();
        let now = 0;
        let last: { sequence: number; timestamp: number } | undefined;
        for (const [ssrc, { source, packets, pauseMs, sequence, timestamp }] of steps.entries()) {
          now += pauseMs;
          for (let index = 0; index < packets; index++) {
            now += 20;
            if (source === 'music') out.produce('music', 160, 0, now);
            else {
              const bytes = Buffer.alloc(172);
              writeHeader(bytes, 0, {
                payloadType: 0,
                isMarked: false,
                sequence: (sequence + index) & 0xffff,
                timestamp: (timestamp + 160 * index) >>> 0,
                ssrc,
              });
              if (!out.relay(source, parseRtp(bytes) as RtpPacket, now)) continue;
            }
            if (last) {
              const sequenceStep = sequenceAhead(out.sequence, last.sequence);
              expect(sequenceStep).not.toBe(0);
              if (sequenceStep > 0) expect((out.timestamp - last.timestamp) | 0).toBeGreaterThan(0);
            }
            if (!last || sequenceAhead(out.sequence, last.sequence) > 0) last = { sequence: out.sequence, timestamp: out.timestamp };
          }
        }
      }),
    );
  });
});

describe('latching', () => {
  const packet = (ssrc: number, sequence: number): RtpPacket => {
    const bytes = Buffer.alloc(172);
    writeHeader(bytes, 0, { payloadType: 0, isMarked: false, sequence: sequence & 0xffff, timestamp: 0, ssrc });
    return parseRtp(bytes) as RtpPacket;
  };

  test('RFC 7362 5 no packets of a stranger, in any order and at any time, take a call whose phone goes on talking', () => {
    const attack = fc.record({
      ssrc: fc.integer({ min: 2, max: 2 ** 32 - 1 }),
      sequence: fc.nat(0xffff),
      host: fc.constantFrom('10.0.0.66', '10.0.0.1'),
    });
    fc.assert(
      fc.property(fc.array(fc.array(attack, { maxLength: 8 }), { minLength: 20, maxLength: 100 }), (attacks) => {
        const latch = new Latch();
        latch.expect({ address: '10.0.0.1', port: 4_000 });
        let taken = 0;
        for (const [index, strangers] of attacks.entries()) {
          const now = index * 20;
          if (latch.admit(packet(1, index), '10.0.0.1', 4_000, now)) taken++;
          for (const { ssrc, sequence, host } of strangers) expect(latch.admit(packet(ssrc, sequence), host, 6_666, now + 5)).toBe(false);
        }
        expect(taken).toBe(attacks.length);
        expect(latch.source).toEqual({ address: '10.0.0.1', port: 4_000 });
      }),
    );
  });

  test('RFC 7362 5 a stranger of another host takes not even a silent call, unless it knows SSRC and sequence', () => {
    const latch = new Latch();
    latch.expect({ address: '10.0.0.1', port: 4_000 });
    for (let index = 0; index < 10; index++) latch.admit(packet(1, index), '10.0.0.1', 4_000, index * 20);
    for (let index = 0; index < 500; index++) expect(latch.admit(packet(9, index), '10.0.0.66', 6_666, 60_000 + index * 20)).toBe(false);
    expect(latch.admit(packet(1, 9), '10.0.0.66', 6_666, 70_000)).toBe(false);
    expect(latch.admit(packet(1, 12), '10.0.0.66', 6_666, 70_000)).toBe(true);
  });
});
