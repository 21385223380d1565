/** A phone not written here over WebSocket: JsSIP calls a queue, and is the phone of an agent. What both sides hear is told by frequency. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JsSipCall, JsSipPhone } from '../actors/jssipPhone.ts';
import type { RtpPhone } from '../actors/rtpPhone.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import type { SceneAgent } from '../support/phoneScene.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse, signIn } from './support/house.ts';

const CALLER_HZ = 440;
const AGENT_HZ = 1_000;
const COLLEAGUE_HZ = 1_300;

let house: House;
const phones: JsSipPhone[] = [];
beforeEach(async () => {
  house = await openHouse({ voice: { canExit: true } });
});
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
  await house.close();
});

async function jssip(options: { user?: string; password?: string; tone: number }): Promise<JsSipPhone> {
  const phone = await JsSipPhone.start({ wsPort: house.edge.wsPort, user: 'stranger', ...options });
  phones.push(phone);
  return phone;
}

/** Signed in; its phone is JsSIP, registered with digest at the registrar. */
async function agent(tone = AGENT_HZ): Promise<SceneAgent & { readonly page: JsSipPhone }> {
  const known = await house.scene.addAgent();
  const { username: user, password } = known.credentials;
  const page = await jssip({ user, password, tone });
  await signIn(house.engine, house.scene, known.id);
  return { ...known, page };
}

const hears = (media: RtpPhone, hz: number) => until(() => hasTone(media.sound(10), hz), { what: `${hz} Hz` });
/** Among what came since `before` packets. */
const hearsNow = (media: RtpPhone, hz: number, before = media.heard.length) =>
  until(() => media.heard.length >= before + 15 && hasTone(media.sound(10), hz), { what: `${hz} Hz now` });
const happens = (call: JsSipCall, event: string) =>
  until(() => call.events.find((each) => each.startsWith(event)), { what: `${event} at JsSIP, after ${call.events.join(' ')}` });
const rings = (phone: JsSipPhone, count = 1) => until(() => phone.calls[count - 1], { what: 'JsSIP ringing' });
const agentNow = async (who: SceneAgent) => house.engine.views.agent(house.scene.scope, who.id);
async function isOver(who: SceneAgent): Promise<void> {
  await until(() => house.app.calls.size === 0, { what: 'the end of the call' });
  await until(() => house.edge.figures.dialogs === 0, { what: 'the end of the dialogs' });
  await until(async () => (await agentNow(who))?.agent.status === 'available', { what: 'the agent free' });
}

/** A caller (of the RFCs) and an agent with JsSIP who answered it. */
async function served(): Promise<{ who: Awaited<ReturnType<typeof agent>>; leg: JsSipCall; caller: SipPhone; call: PhoneCall }> {
  const who = await agent();
  const caller = await house.phone({ media: { tone: CALLER_HZ } });
  const call = caller.call(house.scene.did);
  const leg = await rings(who.page);
  leg.answer();
  await hears(caller.media, AGENT_HZ);
  await hears(leg.media, CALLER_HZ);
  return { who, leg, caller, call };
}

describe('JsSIP calls a queue', () => {
  test('VOX-1 VOX-3 VOX-4 RFC 7118 music, then the agent, both heard; hold by re-INVITE; the caller hangs up', async () => {
    const phone = await jssip({ tone: CALLER_HZ });
    const call = await phone.call(house.scene.did);
    await happens(call, 'confirmed');
    await hears(call.media, MUSIC_HZ);
    const who = await house.agent({ tone: AGENT_HZ });
    await hears(call.media, AGENT_HZ);
    await hears(who.sip.media, CALLER_HZ);
    await call.hold();
    await hearsNow(who.sip.media, MUSIC_HZ);
    await call.unhold();
    await hearsNow(who.sip.media, CALLER_HZ);
    await hearsNow(call.media, AGENT_HZ);
    call.hangUp();
    await until(() => who.sip.calls[0]?.state === 'over', { what: 'the BYE at the agent' });
    await isOver(who);
  });

  test('VOX-3 RFC 4733 `*` pressed at JsSIP leaves the queue: a word, and the end', async () => {
    const phone = await jssip({ tone: CALLER_HZ });
    const call = await phone.call(house.scene.did);
    await hears(call.media, MUSIC_HZ);
    const [carried] = house.app.calls.all();
    call.press('*');
    await until(async () => carried && (await house.engine.views.interaction(house.scene.scope, carried.interaction))?.state === 'closed', {
      what: 'routing',
    });
    await until(() => call.events.at(-1)?.startsWith('ended'), { what: 'the BYE', timeoutMs: 40_000 });
    expect(house.app.calls.size).toBe(0);
  });

  test('VOX-4 it gives up while the agent rings: the phone stops', async () => {
    const who = await house.agent({ answers: false });
    const phone = await jssip({ tone: CALLER_HZ });
    const call = await phone.call(house.scene.did);
    const rung = await until(() => who.sip.calls[0], { what: 'ringing' });
    rung.ring();
    await happens(call, 'confirmed');
    call.hangUp();
    await until(() => rung.status === 487, { what: 'the CANCEL' });
    await isOver(who);
  });
});

describe('JsSIP is the phone of an agent', () => {
  test('RTE-4 VOX-4 RFC 5626 rung by its own connection, it answers, holds and goes on; the caller hangs up', async () => {
    const { who, leg, caller, call } = await served();
    expect((await agentNow(who))?.interactions).toHaveLength(1);
    await leg.hold();
    await hearsNow(caller.media, MUSIC_HZ);
    await leg.unhold();
    await hearsNow(caller.media, AGENT_HZ);
    await hearsNow(leg.media, CALLER_HZ);
    await call.bye();
    await happens(leg, 'ended');
    await isOver(who);
  });

  test('VOX-4 it hangs up: the caller too', async () => {
    const { who, leg, call } = await served();
    leg.hangUp();
    await until(() => call.state === 'over', { what: 'the BYE at the caller' });
    await isOver(who);
  });

  test('RTE-6 it refuses: the next agent rings, and the caller keeps its place', async () => {
    const who = await agent();
    const caller = await house.phone({ media: { tone: CALLER_HZ } });
    const call = caller.call(house.scene.did);
    const leg = await rings(who.page);
    const next = await house.agent({ tone: COLLEAGUE_HZ });
    leg.hangUp();
    await hears(caller.media, COLLEAGUE_HZ);
    await hears(next.sip.media, CALLER_HZ);
    expect((await agentNow(who))?.interactions).toEqual([]);
    await call.bye();
    await isOver(next);
  });

  test('VOX-4 RFC 3515 blind transfer by its REFER to another queue: told of it, and let go', async () => {
    const { who, leg, caller, call } = await served();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    leg.refer('sip:200@127.0.0.1');
    await happens(leg, 'ended');
    expect(leg.referred).toContain('requestSucceeded');
    const [carried] = house.app.calls.all();
    expect(carried?.queueId).toBe(queue);
    expect((await agentNow(who))?.interactions).toEqual([]);
    const there = await house.agent({ tone: COLLEAGUE_HZ });
    await hears(caller.media, COLLEAGUE_HZ);
    await hears(there.sip.media, CALLER_HZ);
    await call.bye();
    await isOver(there);
  });

  test('VOX-4 RFC 3891 attended transfer by its REFER with Replaces: two calls of one page become one', async () => {
    const { who, leg, caller, call } = await served();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const colleague = await house.agent({ tone: COLLEAGUE_HZ });
    await leg.hold();
    const consultation = await who.page.call('200');
    await happens(consultation, 'confirmed');
    await hears(consultation.media, COLLEAGUE_HZ);
    await hears(colleague.sip.media, AGENT_HZ);
    leg.refer('sip:200@127.0.0.1', consultation);
    await hearsNow(caller.media, COLLEAGUE_HZ);
    await hearsNow(colleague.sip.media, CALLER_HZ);
    await happens(leg, 'ended');
    await happens(consultation, 'ended');
    await call.bye();
    await isOver(colleague);
  });
});
