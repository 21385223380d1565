/** DESIGN §6 "Processes": the process that carries the phone media of calls stands still, or is killed; another is there, or it is started again. */
import { afterEach, expect, test, vi } from 'vitest';
import type { ServerProcess } from '../../src/supervisor/serverProcess.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { SCENE_SECRET_KEY } from '../support/phoneScene.ts';
import { startRtpProcess } from '../support/rtpProcess.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, MUSIC_HZ, openHouse } from './support/house.ts';

const timeoutMs = 30_000;
vi.setConfig({ testTimeout: 90_000 });

let house: House;
let media: ServerProcess | undefined;
afterEach(async () => {
  await media?.stop();
  media = undefined;
  await house.close();
});

/** A house with a media process that calls choose before the one of the house, which at `load` 1 takes none. */
async function open({ load = 0.9, ...more }: { load?: number; drainSec?: number; nodeId?: string } = {}): Promise<void> {
  house = await openHouse({ mediaLoad: load });
  await startMedia(more);
  await until(() => house.app.media.nodes.length === 2, { what: 'both media processes', timeoutMs });
}

async function startMedia(options: { drainSec?: number; nodeId?: string }): Promise<void> {
  const { redis, dataDir } = house;
  media = await startRtpProcess({ redisUrl: redis.url, dataDir, secretKey: SCENE_SECRET_KEY, ...options });
}

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz`, timeoutMs });
/** What was heard before does not count. */
const hearsAnew = (phone: SipPhone, hz: number) => {
  phone.media.heard.length = 0;
  return hears(phone, hz);
};
const isOver = (call: PhoneCall | undefined) => until(() => call?.state === 'over', { what: 'the end of the call', timeoutMs });
const isFree = (agent: HouseAgent) =>
  until(async () => (await house.engine.views.agent(house.scene.scope, agent.id))?.agent.load === 0, { what: 'the agent free', timeoutMs });

/** Its call goes on in another process. */
async function kill(): Promise<void> {
  const [carried] = house.app.calls.all();
  const before = carried?.media;
  media?.kill('SIGKILL');
  await until(() => carried?.media !== before, { what: 'the media of another process', timeoutMs });
}

/** A call with its agent, its media in that process. */
async function talk(phone: SipPhone, agent: HouseAgent) {
  const call = phone.call(house.scene.did);
  await until(() => call.state !== 'ringing', { what: 'an answer', timeoutMs });
  expect(call.state).toBe('talking');
  await Promise.all([hears(phone, 1_000), hears(agent.sip, 440)]);
  const [carried] = house.app.calls.all();
  const answered = agent.sip.calls.at(-1);
  if (!carried || !answered) throw new Error('no call');
  expect(carried.media).not.toBe('rtp-1');
  return { call, answered, carried, node: carried.media };
}

const muting = ({ id }: HouseAgent, isMuted: boolean) => JSON.stringify({ by: id, command: { do: 'mute', isMuted } });
const openPair = async () => [await house.phone({ media: { tone: 440 } }), await house.agent({ tone: 1_000 })] as const;

test('RTE-12 VOX-4 RFC 3264 8 stopped: the talk goes on in the other process, and when it goes on itself nothing of the call is left there', async () => {
  await open();
  const { app } = house;
  const [phone, agent] = await openPair();
  const { call, answered, carried, node } = await talk(phone, agent);
  const before = answered.remoteSdp;
  media?.kill('SIGSTOP');
  await until(() => carried.media === 'rtp-1', { what: 'the other process', timeoutMs });
  await Promise.all([hearsAnew(phone, 1_000), hearsAnew(agent.sip, 440)]);
  // One session, a later version of it.
  const origin = (sdp: string): number[] => (/^o=\S+ (\d+) (\d+) /m.exec(sdp) ?? []).slice(1).map(Number);
  const [id, version = 0] = origin(before);
  expect(origin(answered.remoteSdp)).toEqual([id, version + 1]);

  media?.kill('SIGCONT');
  await until(() => app.media.nodes.includes(node), { what: 'the link to it', timeoutMs });
  const left = async () => (await app.media.ask(node, { do: 'list' })).legs?.length;
  await until(async () => (await left()) === 0, { what: 'no leg of the call', timeoutMs });
  await call.bye();
  await isOver(answered);
  await isFree(agent);
});

test('RTE-12 VOX-4 killed: the talk goes on in the other process, muted as it was, and new calls go there', async () => {
  await open();
  const [phone, agent] = await openPair();
  const { call, answered, carried } = await talk(phone, agent);
  const ask = (isMuted: boolean) =>
    house.engine.phones.ask('sip-1', { id: `mute-${isMuted}`, call: carried.id, body: muting(agent, isMuted) });
  await ask(true);
  await kill();
  expect(carried.media).toBe('rtp-1');
  await hearsAnew(agent.sip, 440);
  phone.media.heard.length = 0;
  agent.sip.media.heard.length = 0;
  await until(() => agent.sip.media.heard.length > 50, { what: 'a second of talk', timeoutMs });
  expect(hasTone(phone.media.sound(10), 1_000)).toBe(false);
  await ask(false);
  await hears(phone, 1_000);
  await call.bye();
  await isOver(answered);
  await isFree(agent);
  const again = phone.call(house.scene.did);
  await hearsAnew(phone, 1_000);
  await again.bye();
});

test('VOX-3 killed: who waits hears music again, and a phone that rang meanwhile is told of the new media when it answers', async () => {
  await open();
  const phone = await house.phone({ media: { tone: 440 } });
  const agent = await house.agent({ answers: false, tone: 1_000 });
  const call = phone.call(house.scene.did);
  await hears(phone, MUSIC_HZ);
  const rung = await until(() => agent.sip.calls[0], { what: 'ringing', timeoutMs });
  rung.ring();
  await kill();
  await hearsAnew(phone, MUSIC_HZ);
  rung.answer();
  await Promise.all([hears(phone, 1_000), hears(agent.sip, 440)]);
  await call.bye();
  await isOver(rung);
  await isFree(agent);
});

test("VOX-4 RFC 3264 8.4 killed while the agent's phone holds: it still does, and takes the caller back", async () => {
  await open();
  const [phone, agent] = await openPair();
  const { call, answered } = await talk(phone, agent);
  await answered.reinvite(agent.sip.sdp({ direction: 'sendonly', version: 2 }));
  await hears(phone, MUSIC_HZ);
  let offer = '';
  answered.onReinvite = (request) => {
    offer = request.body;
    const lines = [`To: ${header(request, 'To')}`, `Contact: ${agent.sip.contact}`];
    agent.sip.respond(request, 200, 'OK', lines, agent.sip.sdp({ direction: 'sendonly', version: 3 }));
  };
  await kill();
  await hearsAnew(phone, MUSIC_HZ);
  await until(() => offer !== '', { what: 'the new offer', timeoutMs });
  expect(offer).toMatch(/^a=recvonly\r$/m);
  answered.onReinvite = undefined;
  // While the new offer is not done with, another is refused (491).
  await until(async () => (await answered.reinvite(agent.sip.sdp({ version: 4 }))) === 200, { what: 'the end of the hold', timeoutMs });
  await Promise.all([hears(phone, 1_000), hearsAnew(agent.sip, 440)]);
  await call.bye();
  await isFree(agent);
});

test("VOX-4 killed, and the caller's phone does not follow: the call ends on both sides, and the agent is free", async () => {
  await open();
  const [phone, agent] = await openPair();
  const { call, answered } = await talk(phone, agent);
  call.onReinvite = (request) => phone.respond(request, 488, 'Not Acceptable Here', [`To: ${header(request, 'To')}`]);
  media?.kill('SIGKILL');
  await isOver(call);
  await isOver(answered);
  await isFree(agent);
});

test('RTE-12 VOX-4 drained: the talk goes on in the other process, and nobody is waited for', async () => {
  await open({ drainSec: 60 });
  const [phone, agent] = await openPair();
  const { call, carried } = await talk(phone, agent);
  // By itself, long before its time to drain is over.
  await media?.stop(40_000);
  expect(await media?.ended).toMatchObject({ code: 0 });
  expect(carried.media).toBe('rtp-1');
  await Promise.all([hearsAnew(phone, 1_000), hearsAnew(agent.sip, 440)]);
  await call.bye();
  await isFree(agent);
});

test('RTE-12 VOX-4 the only one killed, and started again under its name: the talk goes on there; not started again: both hear that it is over', async () => {
  const nodeId = 'media-a';
  await open({ load: 1, nodeId });
  const [phone, agent] = await openPair();
  const first = await talk(phone, agent);
  media?.kill('SIGKILL');
  await startMedia({ nodeId });
  await until(() => first.carried.media !== first.node, { what: 'the media of the new process', timeoutMs });
  await Promise.all([hearsAnew(phone, 1_000), hearsAnew(agent.sip, 440)]);
  media?.kill('SIGKILL');
  await isOver(first.call);
  await isOver(first.answered);
  await isFree(agent);
});

test('RTE-12 VOX-4 killed together with the application: the one that takes the call over makes its media anew', async () => {
  house = await openHouse({ mediaLoad: 0.9, hasApplication: false });
  await startMedia({});
  const areTold = async () => (await house.engine.phones.nodes('rtp')).length === 2;
  await until(areTold, { what: 'both media processes', timeoutMs });
  const first = await house.process('sip-a');
  const [phone, agent] = await openPair();
  const call = phone.call(house.scene.did);
  await Promise.all([hears(phone, 1_000), hears(agent.sip, 440)]);
  const second = await house.application('sip-b');
  const isSaved = async () => (await house.savedBy('sip-a')).some(({ legs, media: node }) => legs.length === 2 && node !== 'rtp-1');
  await until(isSaved, { what: 'the call saved', timeoutMs });
  media?.kill('SIGKILL');
  await first.kill9();
  phone.media.heard.length = 0;
  agent.sip.media.heard.length = 0;
  await until(() => second.app.calls.size === 1, { what: 'the call taken over', timeoutMs });
  await Promise.all([hears(phone, 1_000), hears(agent.sip, 440)]);
  await call.bye();
  await isFree(agent);
});
