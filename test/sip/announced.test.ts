/** VOX-3, RTE-9, RTE-10: what a caller hears while it waits and when the waiting ends, compared with the prompts themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { spokenMinutes } from '../../sip/flows/sounds.ts';
import { PROMPTS_DIR } from '../../sip/rtp/sounds.ts';
import { readPcm8k } from '../../sip/rtp/wav.ts';
import { type GroupId, newId } from '../../src/base/ids.ts';
import type { SipPhone } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone, likeness } from '../support/tones.ts';
import { type House, MUSIC, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

/** How far each phone's sound was listened to: a machine that is late with listening misses nothing. */
const listened = new WeakMap<SipPhone, number>();
const WINDOW = 8;

/** 160 ms of the prompt, in what was heard since the prompt before. */
const hears = (phone: SipPhone, prompt: string, timeoutMs = 15_000) => {
  const spoken = readPcm8k(readFileSync(join(PROMPTS_DIR, `${prompt}.wav`)));
  let at = listened.get(phone) ?? 0;
  return until(
    () => {
      const { heard } = phone.media;
      for (; at + WINDOW <= heard.length; at += WINDOW / 2) {
        const span = (heard[at + WINDOW - 1]?.timestamp ?? 0) - (heard[at]?.timestamp ?? 0);
        const sound = phone.media.sound(WINDOW, at + WINDOW);
        // What was left out in between, because the machine was late, is in no window.
        if (span !== (WINDOW - 1) * 160 || !isSpeech(sound) || likeness(sound, spoken) < 0.95) continue;
        listened.set(phone, at + WINDOW);
        return true;
      }
      return false;
    },
    { what: `the prompt ${prompt}`, timeoutMs },
  );
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
  await hears(last.phone, 'it/soon');
  await hearsTone(last.phone, MUSIC_HZ);
  expect(agent.sip.calls).toHaveLength(2);
}, 60_000);

test('VOX-3 RTE-9 a place beyond twenty is told as it is, a hundred waiting before it only as that', async () => {
  house = await openHouse({ voice: { announceEverySec: 5 } });
  const join = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++)
      await house.engine.router.startInteraction(house.scene.scope, {
        queueId: house.scene.queueId,
        groupId: '' as GroupId,
        contactId: newId('contact'),
        key: newId('command'),
        name: '',
        email: '',
        language: 'en',
        page: '',
        userAgent: '',
        text: '',
        connectionId: '',
        medium: 'voice',
        start: Date.now() - 3_600_000,
      });
  };
  await join(36);
  const { phone } = await waiting();
  await hears(phone, 'en/position');
  await hears(phone, 'en/number-37');
  await join(64);
  await hears(phone, 'en/busy');
}, 40_000);

test('RTE-9 a wait in minutes is told in the grammar of each language, with prompts that are there', () => {
  const spoken = (language: string, minutes: number) =>
    spokenMinutes(language, minutes).map((piece) => piece.kind === 'sound' && piece.name);
  for (const language of ['en', 'it', 'cs', 'ru'])
    for (let minutes = 1; minutes <= 20; minutes++)
      for (const name of spoken(language, minutes)) expect(existsSync(join(PROMPTS_DIR, `${name}.wav`)), String(name)).toBe(true);
  expect(spoken('it', 1)).toEqual(['it/minute']);
  expect(spoken('cs', 2)).toEqual(['cs/minutes-two']);
  expect(spoken('cs', 4)).toEqual(['cs/number-4', 'cs/minutes-few']);
  expect(spoken('cs', 5)).toEqual(['cs/number-5', 'cs/minutes']);
  expect(spoken('ru', 3)).toEqual(['ru/number-3', 'ru/minutes-few']);
  expect(spoken('ru', 12)).toEqual(['ru/number-12', 'ru/minutes']);
  expect(spoken('de', 3)).toEqual(['en/number-3', 'en/minutes']);
});

test('VOX-2 VOX-3 who may leave by the star is told so with its place', async () => {
  house = await openHouse({ voice: { announceEverySec: 4, canExit: true, language: 'cs' } });
  const { phone } = await waiting();
  await hears(phone, 'cs/position');
  await hears(phone, 'cs/leave');
}, 30_000);

test('RTE-10 a recipe’s message is heard by the caller, the queue’s prompt or an upload, and it goes on waiting', async () => {
  house = await openHouse({
    voice: { language: 'it', music: '' },
    queue: {
      recipe: [
        { afterSec: 2, onlyIf: 'always', do: { op: 'message', text: 'All are busy', sound: 'busy' } },
        { afterSec: 5, onlyIf: 'always', do: { op: 'message', text: 'For those who read', sound: MUSIC } },
      ],
    },
  });
  const { phone, call } = await waiting();
  await hears(phone, 'it/busy');
  await hearsTone(phone, MUSIC_HZ);
  expect(call.state).toBe('talking');
  const agent = await house.agent({ tone: 1_000 });
  await hearsTone(phone, 1_000);
  expect(agent.sip.calls).toHaveLength(1);
}, 30_000);

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
