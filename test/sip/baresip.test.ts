/** Phones not written here: baresip registers, calls a queue and answers its callers; what both sides hear is told by frequency, from what baresip wrote down. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { voiceDefaults } from '../../queues/config.ts';
import { newId } from '../../src/base/ids.ts';
import type { CallCommandBody } from '../../src/protocol/calls.ts';
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
  house = await openHouse({ voice: { canExit: true } });
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

test('VOX-3 RFC 4733 `*` on baresip leaves the queue: routing lets go of the caller, who is hung up after a word', {
  timeout: 90_000,
}, async () => {
  const phone = await caller();
  await dial(phone);
  await hears(phone, MUSIC_HZ);
  const [carried] = house.app.calls.all();
  await phone.press('sndcode', '*');
  await until(async () => carried && (await house.engine.views.interaction(house.scene.scope, carried.interaction))?.state === 'closed', {
    what: 'routing',
  });
  await until(() => phone.count('CALL_CLOSED') === 1, { what: 'the BYE', timeoutMs: 40_000 });
  expect(house.app.calls.size).toBe(0);
});

test('VOX-4 RFC 3264 8.4 the caller holds on baresip: the agent hears music, then the caller again', { timeout: 90_000 }, async () => {
  const { phone, served, interaction } = await talking();
  await phone.press('hold');
  await hears(served.baresip, MUSIC_HZ);
  await hearsNo(served.baresip, CALLER_HZ);
  await phone.press('resume');
  await hears(served.baresip, CALLER_HZ);
  await hears(phone, AGENT_HZ);
  await phone.press('hangup');
  await isOver(interaction, served);
});

/** As the gateway asks for the agent's desk, of the call of that caller. */
function ask(who: SceneAgent, interaction: string, command: CallCommandBody): Promise<string> {
  const body = JSON.stringify({ by: who.id, command });
  return house.engine.phones.ask('sip-1', { id: newId('command'), call: house.app.calls.ofInteraction(interaction)?.id ?? '', body });
}

test('VOX-4 three baresips in a conference: each hears the other two; the colleague leaves, and the two talk on', {
  timeout: 120_000,
}, async () => {
  const { phone, served, interaction } = await talking();
  const colleague = await agent(1_300);
  await ask(served, interaction, { do: 'consult', to: { kind: 'agent', userId: colleague.id } });
  await happens(colleague.baresip, 'CALL_INCOMING');
  await colleague.baresip.press('accept');
  await hears(served.baresip, 1_300);
  await hears(phone, MUSIC_HZ);
  await ask(served, interaction, { do: 'conference' });
  for (const [who, others] of [
    [phone, [AGENT_HZ, 1_300]],
    [served.baresip, [CALLER_HZ, 1_300]],
    [colleague.baresip, [CALLER_HZ, AGENT_HZ]],
  ] as const)
    for (const hz of others) await hears(who, hz);
  await colleague.baresip.press('hangup');
  await hearsNo(phone, 1_300);
  await hears(phone, AGENT_HZ);
  await hears(served.baresip, CALLER_HZ);
  await phone.press('hangup');
  await isOver(interaction, served);
});

test('VOX-4 VOX-6 RFC 3261 22.3 an agent dials on baresip: a colleague, and an outside number through the trunk; asked for its password by 407', {
  timeout: 120_000,
}, async () => {
  const who = await agent();
  const colleague = await agent(1_300);
  await dial(who.baresip, colleague.credentials.username);
  await happens(colleague.baresip, 'CALL_INCOMING');
  await colleague.baresip.press('accept');
  await hears(who.baresip, 1_300);
  await hears(colleague.baresip, AGENT_HZ);
  await colleague.baresip.press('hangup');
  await happens(who.baresip, 'CALL_CLOSED');

  const provider = await house.phone({ media: { tone: 1_600 } });
  provider.onInvite = (call) => call.answer();
  const { id } = await house.scene.addTrunk({ port: Number(provider.address.split(':')[1]), prefixes: ['+3906'] });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
  await dial(who.baresip, '+39061234567');
  await hears(who.baresip, 1_600);
  await until(() => hasTone(provider.media.sound(10), AGENT_HZ), { what: 'the agent at the other end' });
  await who.baresip.press('hangup');
  await until(() => provider.calls[0]?.state === 'over', { what: 'the BYE at the other end' });
  // Not allowed.
  await dial(who.baresip, '+39899123456');
  await happens(who.baresip, 'CALL_CLOSED', 3);
  expect(provider.calls).toHaveLength(1);
  await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left' });
});

test('VOX-4 RFC 3891 attended transfer by REFER with Replaces of baresip: it calls a colleague beside the caller and joins the two', {
  timeout: 120_000,
}, async () => {
  const { phone, served, interaction } = await talking();
  const colleague = await agent(1_300);
  await served.baresip.press('hold');
  await hears(phone, MUSIC_HZ);
  await dial(served.baresip, colleague.credentials.username);
  await happens(colleague.baresip, 'CALL_INCOMING');
  await colleague.baresip.press('accept');
  await hears(served.baresip, 1_300);
  // Its menu knows no attended transfer of its own: the dialog of the second call is told it, the REFER is its own.
  const second = [...house.app.calls.all()].find(({ placedBy }) => placedBy);
  const own = second?.legs.find(({ role }) => role === 'agent');
  const [callId = '', tag = ''] = own?.dialog?.id.split(';from-tag=') ?? [];
  const replaces = encodeURIComponent(`${callId};to-tag=any;from-tag=${tag}`);
  await served.baresip.press('line', '1');
  await served.baresip.press('transfer', `sip:${colleague.credentials.username}@127.0.0.1:${house.edge.sipPort}?Replaces=${replaces}`);
  // What the colleague hears is shown in jssip and placed: this baresip drops every second new stream of a re-INVITE as late, by the chance of its first sequence number.
  await hears(phone, 1_300);
  await happens(served.baresip, 'CALL_CLOSED', 2);
  await until(async () => (await agentNow(colleague))?.interactions.length === 1, { what: 'the colleague as owner' });
  await until(async () => (await agentNow(served))?.interactions.length === 0, { what: 'the agent free' });
  await phone.press('hangup');
  await isOver(interaction, colleague);
});
