/** Two phones and a process of phone media between them: what each hears, by ear. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { hasTone, levelOf } from '../support/tones.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

let house: MediaHouse;
beforeEach(async () => {
  house = await openMediaHouse();
});
afterEach(() => house.close());

test('VOX-4 two phones in one codec hear each other and not themselves, with one sequence and one SSRC', async () => {
  const a = await house.phone('c', 'a', { tone: 440 });
  const b = await house.phone('c', 'b', { tone: 1_000 });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
  a.phone.talk(a.leg);
  b.phone.talk(b.leg);
  await until(() => a.phone.heard.length > 30 && b.phone.heard.length > 30, { what: 'both hear' });
  expect(hasTone(b.phone.sound(20), 440)).toBe(true);
  expect(hasTone(a.phone.sound(20), 1_000)).toBe(true);
  expect(levelOf(a.phone.sound(20), 440)).toBeLessThan(300);
  expect(levelOf(b.phone.sound(20), 1_000)).toBeLessThan(300);
  expect(new Set(b.phone.heard.map(({ ssrc }) => ssrc)).size).toBe(1);
  expect(b.phone.heard[0]?.ssrc).not.toBe(a.phone.ssrc);
  const steps = b.phone.heard.slice(1).map((packet, index) => (packet.sequence - (b.phone.heard[index]?.sequence ?? 0)) & 0xffff);
  expect(new Set(steps)).toEqual(new Set([1]));
});

test('VOX-4 A-law and µ-law phones hear each other', async () => {
  const a = await house.phone('c', 'a', { tone: 440, law: 'PCMA' });
  const b = await house.phone('c', 'b', { tone: 1_000, law: 'PCMU' });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'], b: ['a'] } });
  a.phone.talk(a.leg);
  b.phone.talk(b.leg);
  await until(() => a.phone.heard.length > 30 && b.phone.heard.length > 30);
  expect(hasTone(b.phone.sound(20), 440)).toBe(true);
  expect(hasTone(a.phone.sound(20), 1_000)).toBe(true);
});

test('VOX-3 a tone is played instead of what the leg would hear, and its end is told', async () => {
  const a = await house.phone('c', 'a');
  const b = await house.phone('c', 'b', { tone: 1_000 });
  await house.client.ask({ do: 'call.hears', call: 'c', hears: { a: ['b'] } });
  b.phone.talk(b.leg);
  await until(() => a.phone.heard.length > 5);
  await house.client.ask({ do: 'leg.play', leg: 'a', playback: { id: 'p1', pieces: [{ kind: 'tone', frequencies: [440], ms: 600 }] } });
  await until(() => hasTone(a.phone.sound(10), 440) && !hasTone(a.phone.sound(10), 1_000), { what: 'the tone' });
  await until(() => house.events.some((event) => event.event === 'play.ended' && event.playback === 'p1' && event.reason === 'over'));
  await until(() => hasTone(a.phone.sound(10), 1_000), { what: 'the other again' });
});
