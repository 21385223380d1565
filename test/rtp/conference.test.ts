/** Several phones in one call: who hears whom, by ear. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RtpPhone } from '../actors/rtpPhone.ts';
import { until } from '../support/services.ts';
import { hasTone, levelOf } from '../support/tones.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

let house: MediaHouse;
beforeEach(async () => {
  house = await openMediaHouse();
});
afterEach(() => house.close());

const hears = (phone: RtpPhone, frequency: number): boolean => hasTone(phone.sound(15), frequency);
const LOUD_ENOUGH = { timeoutMs: 15_000 };

test('VOX-4 of three in a conference each hears the two others and not itself', async () => {
  const tones = { a: 440, b: 1_000, c: 1_700 };
  const phones = new Map<string, RtpPhone>();
  for (const [leg, tone] of Object.entries(tones)) {
    const opened = await house.phone('call', leg, { tone });
    phones.set(leg, opened.phone);
    opened.phone.talk(opened.leg);
  }
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { a: ['b', 'c'], b: ['a', 'c'], c: ['a', 'b'] } });
  for (const [leg, phone] of phones)
    for (const [other, tone] of Object.entries(tones))
      if (other !== leg) await until(() => hears(phone, tone), { ...LOUD_ENOUGH, what: `${leg} hears ${other}` });
  for (const [leg, phone] of phones) expect(levelOf(phone.sound(15), tones[leg as keyof typeof tones])).toBeLessThan(400);
});

test('VOX-4 a conference of µ-law, A-law and G.722 phones: everybody hears everybody else', async () => {
  const a = await house.phone('call', 'a', { tone: 440, law: 'PCMU' });
  const b = await house.phone('call', 'b', { tone: 1_000, law: 'PCMA' });
  const c = await house.phone('call', 'c', { tone: 1_700, law: 'G722' });
  for (const one of [a, b, c]) one.phone.talk(one.leg);
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { a: ['b', 'c'], b: ['a', 'c'], c: ['a', 'b'] } });
  await until(() => hears(a.phone, 1_000) && hears(a.phone, 1_700), LOUD_ENOUGH);
  await until(() => hears(b.phone, 440) && hears(b.phone, 1_700), LOUD_ENOUGH);
  await until(() => hears(c.phone, 440) && hears(c.phone, 1_000), LOUD_ENOUGH);
});

test('VOX-4 a supervisor hears both sides and is heard by one: the matrix is obeyed, and a change of it', async () => {
  const customer = await house.phone('call', 'customer', { tone: 440 });
  const agent = await house.phone('call', 'agent', { tone: 1_000 });
  const supervisor = await house.phone('call', 'supervisor', { tone: 1_700 });
  for (const one of [customer, agent, supervisor]) one.phone.talk(one.leg);
  await house.client.ask({
    do: 'call.hears',
    call: 'call',
    hears: { customer: ['agent'], agent: ['customer', 'supervisor'], supervisor: ['customer', 'agent'] },
  });
  await until(() => hears(agent.phone, 440) && hears(agent.phone, 1_700), LOUD_ENOUGH);
  await until(() => hears(supervisor.phone, 440) && hears(supervisor.phone, 1_000), LOUD_ENOUGH);
  await until(() => hears(customer.phone, 1_000), LOUD_ENOUGH);
  expect(hears(customer.phone, 1_700)).toBe(false);
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { customer: ['supervisor'], supervisor: ['customer'] } });
  await until(() => hears(customer.phone, 1_700) && !hears(customer.phone, 1_000), LOUD_ENOUGH);
  const atAgent = agent.phone.heard.length;
  await until(() => supervisor.phone.sound(15).length > 0 && !hears(supervisor.phone, 1_000), LOUD_ENOUGH);
  expect(agent.phone.heard.length - atAgent).toBeLessThan(10);
});

test('VOX-4 two loud talkers together are cut off at full scale, not wrapped round', async () => {
  const a = await house.phone('call', 'a');
  const b = await house.phone('call', 'b', { tone: 500 });
  const c = await house.phone('call', 'c', { tone: 500 });
  // 0x80 is the loudest positive sample of µ-law, 0x00 the loudest negative one.
  for (const one of [b, c])
    one.phone.mangle = (packet) => {
      for (let index = 12; index < packet.length; index++) packet[index] = (index - 12) % 16 < 8 ? 0x80 : 0x00;
      return [packet];
    };
  for (const one of [b, c]) one.phone.talk(one.leg);
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { a: ['b', 'c'] } });
  await until(() => a.phone.heard.length > 40, LOUD_ENOUGH);
  const sound = a.phone.sound(10);
  expect(Math.max(...sound)).toBeGreaterThan(30_000);
  expect(levelOf(sound, 500)).toBeGreaterThan(30_000);
});

test('VOX-4 who is muted is heard by nobody, alone or in a conference, until unmuted', async () => {
  const a = await house.phone('call', 'a', { tone: 440 });
  const b = await house.phone('call', 'b', { tone: 1_000 });
  for (const one of [a, b]) one.phone.talk(one.leg);
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { a: ['b'], b: ['a'] } });
  await until(() => hears(b.phone, 440), LOUD_ENOUGH);
  await house.client.ask({ do: 'leg.mute', leg: 'a', isMuted: true });
  const heard = b.phone.heard.length;
  const sent = a.phone.sent;
  await until(() => a.phone.sent > sent + 20, LOUD_ENOUGH);
  expect(b.phone.heard.length - heard).toBeLessThan(5);
  await house.client.ask({ do: 'leg.mute', leg: 'a', isMuted: false });
  await until(() => b.phone.heard.length > heard + 20 && hears(b.phone, 440), LOUD_ENOUGH);
});

test('VOX-4 on hold: who is sent to only hears, who is inactive does neither, and resumes', async () => {
  const a = await house.phone('call', 'a', { tone: 440 });
  const b = await house.phone('call', 'b', { tone: 1_000 });
  for (const one of [a, b]) one.phone.talk(one.leg);
  await house.client.ask({ do: 'call.hears', call: 'call', hears: { a: ['b'], b: ['a'] } });
  await until(() => hears(a.phone, 1_000) && hears(b.phone, 440), LOUD_ENOUGH);
  const point = async (direction: 'sendrecv' | 'sendonly' | 'inactive') => {
    await house.client.ask({ do: 'leg.remote', leg: 'a', remote: { ...a.phone.remote, direction } });
    const [atA, atB, sent] = [a.phone.heard.length, b.phone.heard.length, a.phone.sent];
    await until(() => a.phone.sent > sent + 25, LOUD_ENOUGH);
    return { a: a.phone.heard.length - atA > 5, b: b.phone.heard.length - atB > 5 };
  };
  expect(await point('sendonly')).toEqual({ a: true, b: false });
  expect(await point('inactive')).toEqual({ a: false, b: false });
  expect(await point('sendrecv')).toEqual({ a: true, b: true });
});
