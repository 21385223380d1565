/** VOX-3, RTE-9, RTE-10: what a caller hears while it waits and when the waiting ends, compared with the prompts themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { PROMPTS_DIR } from '../../sip/rtp/sounds.ts';
import { readPcm8k } from '../../sip/rtp/wav.ts';
import type { SipPhone } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone, likeness } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

/** 160 ms of the prompt, somewhere in what was heard since `from`. */
const hears = (phone: SipPhone, prompt: string, timeoutMs = 15_000) => {
  const spoken = readPcm8k(readFileSync(join(PROMPTS_DIR, `${prompt}.wav`)));
  return until(() => phone.media.heard.length > 8 && isSpeech(phone.media.sound(8)) && likeness(phone.media.sound(8), spoken) > 0.95, {
    what: `the prompt ${prompt}`,
    timeoutMs,
    everyMs: 30,
  });
};
/** Its first 40 ms find the place in the prompt: they must be loud enough. */
const isSpeech = (sound: Int16Array): boolean => Math.max(...sound.subarray(0, 320)) > 1_000;

async function waiting() {
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => call.state === 'talking', { what: 'the answer' });
  return { phone, call };
}
const hearsTone = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz`, timeoutMs: 15_000 });

test('VOX-3 RTE-9 the caller is told its position between music, and then the estimated wait, in the language of the queue', async () => {
  house = await openHouse({ voice: { announceEverySec: 6, language: 'it' } });
  const { phone, call } = await waiting();
  await hearsTone(phone, MUSIC_HZ);
  await hears(phone, 'it/position');
  await hears(phone, 'it/number-1');
  await hearsTone(phone, MUSIC_HZ);
  // One that was served, and one that is: now there is something to go by.
  const agent = await house.agent({ tone: 1_000 });
  await hearsTone(phone, 1_000);
  const next = await waiting();
  await call.bye();
  await hearsTone(next.phone, 1_000);
  const last = await waiting();
  await hears(last.phone, 'it/position');
  await hears(last.phone, 'it/wait');
  await hears(last.phone, 'it/minute');
  await hearsTone(last.phone, MUSIC_HZ);
  expect(agent.sip.calls).toHaveLength(2);
}, 60_000);

test.each(['close', 'voicemail', 'callback'] as const)(
  'RTE-10 a recipe that ends the waiting with %s on arrival: the caller hears why, and is hung up',
  async (op) => {
    house = await openHouse({ queue: { recipe: [{ afterSec: 0, onlyIf: 'no_agents', do: { op } }] } });
    const { phone, call } = await waiting();
    await hears(phone, `en/${op === 'close' ? 'closed' : op}`);
    await until(() => call.state === 'over', { what: 'the BYE', timeoutMs: 15_000 });
    await until(() => house.app.calls.size === 0);
  },
  30_000,
);

test('RTE-10 a recipe that ends the waiting later: its words cut the music', async () => {
  house = await openHouse({ queue: { recipe: [{ afterSec: 2, onlyIf: 'always', do: { op: 'voicemail' } }] } });
  const { phone, call } = await waiting();
  await hearsTone(phone, MUSIC_HZ);
  await hears(phone, 'en/voicemail');
  await until(() => call.state === 'over', { what: 'the BYE', timeoutMs: 15_000 });
}, 30_000);

test('RTE-10 a recipe into another queue: it waits there, with that queue’s language, and its agent answers', async () => {
  house = await openHouse();
  const there = await house.scene.addQueue();
  await house.scene.changeQueue(house.scene.queueId, {
    recipe: [{ afterSec: 1, onlyIf: 'always', do: { op: 'queue', queueId: there } }],
  });
  const { phone } = await waiting();
  const [call] = house.app.calls.all();
  await until(() => call?.queueId === there, { what: 'the other queue', timeoutMs: 10_000 });
  const agent = await house.agent({ tone: 1_000 });
  await hearsTone(phone, 1_000);
  expect(agent.sip.calls).toHaveLength(1);
}, 30_000);

test('RTE-10 VOX-6 a recipe to a number: dialled through the trunk, both hear each other, routing is done with it', async () => {
  house = await openHouse({ queue: { recipe: [{ afterSec: 1, onlyIf: 'always', do: { op: 'number', number: '+39061234567' } }] } });
  const provider = await house.phone({ media: { tone: 1_600 } });
  provider.onInvite = (rung) => rung.answer();
  await house.scene.addTrunk({ port: Number(provider.address.split(':')[1]), prefixes: ['+3906'] });
  const { phone, call } = await waiting();
  const [carried] = house.app.calls.all();
  await hearsTone(phone, 1_600);
  await hearsTone(provider, 440);
  const interaction = carried && (await house.engine.views.interaction(house.scene.scope, carried.interaction));
  expect(interaction?.state).toBe('closed');
  await provider.calls[0]?.bye();
  await until(() => call.state === 'over', { what: 'the BYE' });
}, 30_000);

test('RTE-10 VOX-6 a recipe to a number that cannot be reached: the caller is told, and hung up', async () => {
  house = await openHouse({ queue: { recipe: [{ afterSec: 1, onlyIf: 'always', do: { op: 'number', number: '+44201234567' } }] } });
  const { phone, call } = await waiting();
  await hears(phone, 'en/closed');
  await until(() => call.state === 'over', { what: 'the BYE', timeoutMs: 15_000 });
}, 30_000);
