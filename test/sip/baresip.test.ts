/** Phones not written here: baresip registers, calls a queue and answers its callers; what both sides hear is told by frequency, from what baresip wrote down. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { voiceDefaults } from '../../queues/config.ts';
import { Baresip } from '../actors/baresip.ts';
import type { SceneAgent } from '../support/phoneScene.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC, MUSIC_HZ, openHouse, signIn } from './support/house.ts';

const CALLER_HZ = 440;
const AGENT_HZ = 1_000;

let house: House;
const phones: Baresip[] = [];
beforeEach(async () => {
  house = await openHouse();
});
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
  await house.close();
});

interface BaresipAgent extends SceneAgent {
  readonly baresip: Baresip;
}

/** Signed in, its baresip registered with digest at the registrar. */
async function agent(tone = AGENT_HZ): Promise<BaresipAgent> {
  const known = await house.scene.addAgent();
  const { username: user, password } = known.credentials;
  const baresip = await Baresip.start({ serverPort: house.edge.sipPort, user, password, tone });
  phones.push(baresip);
  await until(async () => (await house.engine.phones.bindings(house.scene.scope, known.phone.id)).length === 1, {
    what: 'the registration',
  });
  await signIn(house.engine, house.scene, known.id);
  return { ...known, baresip };
}

/** Nobody's agent: registers in vain, calls all the same. */
async function caller(): Promise<Baresip> {
  const baresip = await Baresip.start({ serverPort: house.edge.sipPort, user: 'stranger', password: 'none', tone: CALLER_HZ });
  phones.push(baresip);
  return baresip;
}

const dial = (phone: Baresip, number = house.scene.did) => phone.press('dial', `sip:${number}@127.0.0.1:${house.edge.sipPort}`);
const happens = (phone: Baresip, event: string, count = 1) =>
  until(() => phone.count(event) >= count, { what: `${event} of baresip` }).catch((error: Error) => {
    throw new Error(`${error.message}\n${phone.events.join(' ')}\n${phone.output}`);
  });
const hears = (phone: Baresip, hz: number) =>
  until(() => hasTone(phone.sound(), hz), { what: `${hz} Hz at ${phone.user}` }).catch((error: Error) => {
    throw new Error(`${error.message}\n${phone.output}`);
  });
const hearsNo = (phone: Baresip, hz: number) => until(() => !hasTone(phone.sound(), hz), { what: `no ${hz} Hz at ${phone.user}` });
const agentNow = async (who: SceneAgent) => house.engine.views.agent(house.scene.scope, who.id);

/** The caller heard music, the agent answered, both hear each other. */
async function talking() {
  const phone = await caller();
  await dial(phone);
  await happens(phone, 'CALL_ESTABLISHED');
  await hears(phone, MUSIC_HZ);
  const [carried] = house.app.calls.all();
  const served = await agent();
  await happens(served.baresip, 'CALL_INCOMING');
  await served.baresip.press('accept');
  await hears(phone, AGENT_HZ);
  await hears(served.baresip, CALLER_HZ);
  await hearsNo(phone, MUSIC_HZ);
  return { phone, served, interaction: carried?.interaction ?? ('' as never) };
}

/** No call, no dialog, no medium; the interaction is closed, the agent free. */
async function isOver(interaction: Awaited<ReturnType<typeof talking>>['interaction'], who: SceneAgent): Promise<void> {
  await until(() => house.app.calls.size === 0, { what: 'the end of the call' });
  await until(() => house.edge.figures.dialogs === 0, { what: 'the end of the dialogs' });
  await until(async () => (await house.engine.views.interaction(house.scene.scope, interaction))?.state === 'closed', { what: 'closed' });
  await until(async () => (await agentNow(who))?.agent.status === 'available', { what: 'the agent free' });
  expect((await agentNow(who))?.interactions).toEqual([]);
}

test('RTE-4 VOX-1 VOX-3 VOX-4 baresip waits with music, baresip rings and answers, both hear each other; the caller hangs up', {
  timeout: 90_000,
}, async () => {
  const { phone, served, interaction } = await talking();
  expect((await agentNow(served))?.interactions).toHaveLength(1);
  await phone.press('hangup');
  await happens(served.baresip, 'CALL_CLOSED');
  await isOver(interaction, served);
});

test('VOX-4 the agent hangs up baresip: the caller too', { timeout: 90_000 }, async () => {
  const { phone, served, interaction } = await talking();
  await served.baresip.press('hangup');
  await happens(phone, 'CALL_CLOSED');
  await isOver(interaction, served);
});

test('VOX-4 RFC 3264 8.4 hold on baresip: the caller hears music, then the agent again', { timeout: 90_000 }, async () => {
  const { phone, served } = await talking();
  await served.baresip.press('hold');
  await hears(phone, MUSIC_HZ);
  await hearsNo(phone, AGENT_HZ);
  await served.baresip.press('resume');
  await hears(phone, AGENT_HZ);
  await hears(served.baresip, CALLER_HZ);
  await hearsNo(phone, MUSIC_HZ);
});

test('VOX-4 RFC 3515 blind transfer by baresip to another queue: music again, and its agent answers', { timeout: 90_000 }, async () => {
  const { phone, served, interaction } = await talking();
  const queue = await house.scene.addQueue({ voice: { ...voiceDefaults, music: MUSIC, announceEverySec: 0 } });
  await house.scene.addNumber('200', queue);
  await served.baresip.press('transfer', `sip:200@127.0.0.1:${house.edge.sipPort}`);
  await happens(served.baresip, 'CALL_CLOSED');
  await hears(phone, MUSIC_HZ);
  expect((await house.engine.views.interaction(house.scene.scope, interaction))?.queue).toBe(queue);
  expect((await agentNow(served))?.interactions).toEqual([]);
  const there = await agent(1_300);
  await happens(there.baresip, 'CALL_INCOMING');
  await there.baresip.press('accept');
  await hears(phone, 1_300);
  await hears(there.baresip, CALLER_HZ);
  await phone.press('hangup');
  await happens(there.baresip, 'CALL_CLOSED');
  await isOver(interaction, there);
});
