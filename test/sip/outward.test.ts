/** VOX-4, VOX-6, RTE-10: calls to the outside, all through one gate. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PhoneCall } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, openHouse } from './support/house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse({ trunkSources: ['198.51.100.1'] });
});
afterEach(() => house.close());

test('VOX-6 a transfer goes out through the trunk that lists its prefix, and nowhere else', async () => {
  const provider = await house.phone({ media: { tone: 1_600 } });
  provider.onInvite = (call) => call.answer();
  await house.scene.addTrunk({ port: Number(provider.address.split(':')[1]), prefixes: ['+3906'], callerId: '+390699' });
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  const leg = agent.sip.calls[0] as PhoneCall;
  expect(await leg.refer('<sip:+44201234567@127.0.0.1>')).toBe(202);
  await until(() => leg.notified.some((body) => body.startsWith('SIP/2.0 403')), { what: 'the refusal' });
  expect(leg.state).toBe('talking');
  // The trunks in memory are a second old at most.
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.prefixes.includes('+3906')));
  expect(await leg.refer('<sip:+39061234567@127.0.0.1>')).toBe(202);
  await until(() => hasTone(phone.media.sound(10), 1_600), { what: 'the number that was dialled' });
  await until(() => leg.state === 'over', { what: 'the BYE of who handed on' });
  await provider.calls[0]?.bye();
  await until(() => call.state === 'over');
});

test('VOX-6 nobody dials out from outside: an INVITE for a number that is not ours is refused', async () => {
  const stranger = await house.phone();
  const call = stranger.call('+39061234567');
  await until(() => call.state === 'over');
  // Asked who it is, as a phone of ours would be: nobody can tell from it which names there are.
  expect(call.status).toBe(407);
  const guesses = await house.phone({ password: 'guessed' });
  const guessed = guesses.call('+39061234567');
  await until(() => guessed.state === 'over');
  expect(guessed.status).toBe(403);
  const caller = await house.phone();
  const inside = caller.call(house.scene.did);
  await until(() => inside.state === 'talking');
  expect(await inside.refer('<sip:+39061234567@127.0.0.1>')).toBe(403);
});
