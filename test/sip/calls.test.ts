/** What happens between a caller and agents, each as a phone sees it: races of ringing, hold, transfer, consultation, conference, the end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/base/ids.ts';
import { type CallCommandBody, callView } from '../../src/protocol/calls.ts';
import { type PublicSignal, publicSignal } from '../../src/protocol/events.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz` });
/** What was on its way when it was asked may still come: waits for a stretch of 30 packets of `other` in which nothing of it is heard. */
const hearsNot = (phone: SipPhone, hz: number, other: SipPhone): Promise<true> =>
  until(
    async () => {
      const [heard, sent] = [phone.media.heard.length, other.media.sent];
      await until(() => other.media.sent >= sent + 30, { what: 'packets' });
      const count = Math.min(15, phone.media.heard.length - heard);
      return count === 0 || !hasTone(phone.media.sound(count), hz);
    },
    { what: `no ${hz} Hz`, timeoutMs: 30_000 },
  );

async function caller(hz = 440, from?: string): Promise<{ phone: SipPhone; call: PhoneCall }> {
  const phone = await house.phone({ media: { tone: hz } });
  const call = phone.call(house.scene.did, from === undefined ? {} : { from });
  await until(() => call.state === 'talking', { what: 'the answer' });
  return { phone, call };
}

async function talking(from?: string): Promise<{ phone: SipPhone; call: PhoneCall; agent: HouseAgent }> {
  const agent = await house.agent({ tone: 1_000 });
  const { phone, call } = await caller(440, from);
  await hears(phone, 1_000);
  return { phone, call, agent };
}

const ringing = (agent: HouseAgent, count = 1) => until(() => agent.sip.calls[count - 1], { what: 'ringing' });
const interaction = async () => {
  const [call] = house.app.calls.all();
  return call && (await house.engine.views.interaction(house.scene.scope, call.interaction));
};
const agentView = async (agent: HouseAgent) => (await house.engine.views.agent(house.scene.scope, agent.id))?.interactions.length;

/** As the gateway asks for somebody at a desk. */
async function ask(by: HouseAgent, command: CallCommandBody): Promise<string> {
  const [call] = house.app.calls.all();
  if (!call) throw new Error('no call');
  return house.engine.phones.ask('sip-1', { id: newId('command'), call: call.id, body: JSON.stringify({ by: by.id, command }) });
}

const view = async () => {
  const [call] = house.app.calls.all();
  const noted = call && (await house.engine.views.call(house.scene.scope, call.interaction));
  return noted ? callView.parse(JSON.parse(noted)) : undefined;
};

describe('talking', () => {
  test('VOX-4 the desk is told the number, and the name that came with it; and how well each of the two is heard, with the leg that the call’s view names', async () => {
    const told: PublicSignal[] = [];
    const following = house.engine.signals.follow((topic, payload) => {
      if (topic.startsWith('conversation:')) told.push(publicSignal.parse(JSON.parse(payload)));
    });
    await talking('"Ada Neri" <sip:+390299887766@127.0.0.1>');
    expect((await interaction())?.client.name).toBe('Ada Neri');
    const { legs = [], caller: number = '' } = (await until(view, { what: 'the view' })) ?? {};
    expect(number).toBe('+390299887766');
    const of = (legId = '') => told.find((signal) => signal.type === 'call.quality' && signal.quality.legId === legId);
    await until(() => legs.length === 2 && legs.every(({ id }) => of(id)), { timeoutMs: 25_000, what: 'figures of both legs' });
    expect(of(legs[0]?.id)).toMatchObject({
      interaction: [...house.app.calls.all()][0]?.interaction,
      quality: { codec: expect.any(String), lossPct: expect.any(Number), jitterMs: expect.any(Number) },
    });
    await following.close();
  }, 40_000);
});

describe('ringing', () => {
  test('VOX-4 hang-up while ringing: the phone stops, and nobody is busy', async () => {
    const agent = await house.agent({ answers: false });
    const { call } = await caller();
    const rung = await ringing(agent);
    rung.ring();
    await call.bye();
    await until(() => rung.status === 487, { what: 'the CANCEL' });
    await until(() => house.edge.figures.dialogs === 0);
    expect(await agentView(agent)).toBe(0);
  });

  test('VOX-4 CANCEL against 200: the phone that answered too late is hung up', async () => {
    const agent = await house.agent({ answers: false });
    const { call } = await caller();
    const rung = await ringing(agent);
    // The phone has no provisional response yet, so the CANCEL waits: its 200 comes first.
    await call.bye();
    await until(() => house.app.calls.size === 0);
    rung.answer();
    await until(() => rung.state === 'over', { what: 'the BYE' });
    await until(() => house.edge.figures.dialogs === 0);
  });

  test('RTE-6 accept against expiry: who answers after the offer went is hung up, and the caller keeps its place', async () => {
    const agent = await house.agent({ answers: false });
    const { phone, call } = await caller();
    const rung = await ringing(agent);
    const view = await interaction();
    const offers = (await house.engine.views.agent(house.scene.scope, agent.id))?.offers ?? [];
    await house.engine.router.declineOffer(house.scene.scope, {
      interactionId: view?.id as never,
      agentId: agent.id,
      token: offers[0]?.token ?? '',
    });
    rung.answer();
    await until(() => rung.state === 'over', { what: 'the BYE' });
    expect(call.state).toBe('talking');
    await hears(phone, MUSIC_HZ);
    expect(['waiting', 'offered']).toContain((await interaction())?.state);
  });

  test('RTE-6 a phone that says busy declines, and the next agent rings', async () => {
    const first = await house.agent({ answers: false });
    first.sip.onInvite = (rung) => rung.decline(486);
    const { phone } = await caller();
    await ringing(first);
    const second = await house.agent({ tone: 1_300 });
    await hears(phone, 1_300);
    expect(second.sip.calls).toHaveLength(1);
  });

  test('VOX-4 all phones of an agent ring, the first that answers has the call', async () => {
    const agent = await house.agent({ answers: false });
    const other = await house.phone({ user: agent.sip.user, media: { law: 'PCMA', tone: 1_600 } });
    await house.bind(agent, other);
    const { phone } = await caller();
    const [one, two] = [await ringing(agent), await until(() => other.calls[0])];
    one.ring();
    two.ring();
    two.answer();
    await until(() => one.status === 487, { what: 'the CANCEL of the other' });
    await hears(phone, 1_600);
  });

  test('RTE-6 a phone that is not there lets the next one ring', async () => {
    const gone = await house.agent({ answers: false });
    gone.sip.onInvite = (rung) => rung.decline(480);
    const { phone } = await caller();
    await ringing(gone);
    await house.agent({ tone: 1_300 });
    await hears(phone, 1_300);
  });

  test('a phone that sends elsewhere (302) is not followed', async () => {
    const agent = await house.agent({ answers: false });
    const victim = await house.phone();
    agent.sip.onInvite = (rung) => rung.decline(302, [`Contact: ${victim.contact}`]);
    await caller();
    await ringing(agent);
    const second = await house.agent();
    await ringing(second);
    expect(victim.calls).toHaveLength(0);
  });
});

describe('talking', () => {
  test('VOX-4 the agent hangs up: the caller too, and the agent is free for the next', async () => {
    const { call, agent } = await talking();
    await agent.sip.calls[0]?.bye();
    await until(() => call.state === 'over', { what: "the caller's BYE" });
    const next = await caller(500);
    await hears(agent.sip, 500);
    expect(next.call.state).toBe('talking');
  });

  test.each([
    ['sendonly', {}],
    ['inactive', {}],
    ['sendrecv', { address: '0.0.0.0' }],
  ])('RFC 3264 8.4 VOX-4 hold by the phone (%s %j): the caller hears music, then the agent again', async (direction, how) => {
    const { phone, agent } = await talking();
    const leg = agent.sip.calls[0] as PhoneCall;
    expect(await leg.reinvite(agent.sip.sdp({ direction, version: 2, ...how }))).toBe(200);
    await hears(phone, MUSIC_HZ);
    expect(await leg.reinvite(agent.sip.sdp({ version: 3 }))).toBe(200);
    await hears(phone, 1_000);
  });

  test('VOX-4 hold and mute at the desk', async () => {
    const { phone, agent } = await talking();
    await ask(agent, { do: 'hold' });
    await hears(phone, MUSIC_HZ);
    await until(async () => (await view())?.state === 'held');
    await ask(agent, { do: 'resume' });
    await hears(phone, 1_000);
    await ask(agent, { do: 'mute', isMuted: true });
    await hearsNot(phone, 1_000, agent.sip);
    await ask(agent, { do: 'mute', isMuted: false });
    await hears(phone, 1_000);
  });

  test('RFC 6086 RFC 4733 keys by INFO and from the desk reach the caller as events', async () => {
    const { phone, agent } = await talking();
    const leg = agent.sip.calls[0] as PhoneCall;
    expect(await leg.send('INFO', ['Content-Type: application/dtmf-relay'], 'Signal=5\r\nDuration=160\r\n')).toBe(200);
    const events = () => phone.media.heard.filter(({ payloadType }) => payloadType === 101).map(({ payload }) => payload[0]);
    await until(() => events().includes(5), { what: 'the 5' });
    await ask(agent, { do: 'keys', keys: '#' });
    await until(() => events().includes(11), { what: 'the #' });
  });

  test('VOX-4 nobody but who takes part commands a call', async () => {
    await talking();
    const stranger = await house.agent();
    await expect(ask(stranger, { do: 'hold' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('RFC 3261 14.1 a glare of two offers: the phone says 491, and we come again', async () => {
    const { agent } = await talking();
    const leg = agent.sip.calls[0] as PhoneCall;
    const [found] = house.app.calls.all();
    const dialog = found?.legs.find(({ role }) => role === 'agent')?.dialog;
    let refused = 0;
    leg.onReinvite = (request) => {
      if (refused++ === 0)
        return agent.sip.respond(request, 491, 'Request Pending', [`To: ${request.headers.find(([name]) => name === 'To')?.[1]}`]);
      leg.onReinvite = undefined;
      leg.handle('INVITE', request);
    };
    const written = found?.legs.find(({ role }) => role === 'agent')?.negotiation.written ?? '';
    expect(await dialog?.offer(written)).toMatchObject({ ok: true });
    expect(refused).toBe(2);
  });
});

describe('handing on', () => {
  test('RFC 3515 VOX-4 blind transfer by REFER to a colleague', async () => {
    const { phone, agent } = await talking();
    const colleague = await house.agent({ tone: 1_300 });
    const leg = agent.sip.calls[0] as PhoneCall;
    expect(await leg.refer(`<sip:${colleague.sip.user}@127.0.0.1>`)).toBe(202);
    await hears(phone, 1_300);
    await hears(colleague.sip, 440);
    await until(() => leg.state === 'over', { what: 'the BYE of who handed on' });
    expect((await interaction())?.owner?.id).toBe(colleague.id);
  });

  test('VOX-4 to a queue, by its extension: it waits there, and its agent answers', async () => {
    const { phone, agent } = await talking();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const leg = agent.sip.calls[0] as PhoneCall;
    expect(await leg.refer('<sip:200@127.0.0.1>')).toBe(202);
    await until(() => leg.state === 'over');
    await until(async () => (await interaction())?.queue === queue, { what: 'the other queue' });
    const there = await house.agent({ tone: 1_300 });
    await hears(phone, 1_300);
    expect((await interaction())?.owner?.id).toBe(there.id);
  });

  test('VOX-4 a new owner who does not answer: back to the queue, with its place', async () => {
    const { phone, agent } = await talking();
    const start = (await interaction())?.createdAt;
    const colleague = await house.agent({ answers: false });
    colleague.sip.onInvite = (rung) => rung.decline(480);
    await ask(agent, { do: 'transfer', to: { kind: 'agent', userId: colleague.id } });
    await until(async () => agent.sip.calls.length === 2 && (await interaction())?.owner?.id === agent.id, { what: 'the agent again' });
    await hears(phone, 1_000);
    expect((await interaction())?.createdAt).toBe(start);
  });

  test('BYE during transfer: the caller hangs up while the colleague rings', async () => {
    const { call, agent } = await talking();
    const colleague = await house.agent({ answers: false });
    await ask(agent, { do: 'transfer', to: { kind: 'agent', userId: colleague.id } });
    const rung = await ringing(colleague);
    rung.ring();
    await call.bye();
    await until(() => rung.status === 487, { what: 'the CANCEL' });
    await until(async () => (await agentView(colleague)) === 0, { what: 'the colleague free' });
    await until(() => house.edge.figures.dialogs === 0);
  });

  test('VOX-4 consultation, then conference: all three hear each other', async () => {
    const { phone, agent } = await talking();
    const colleague = await house.agent({ tone: 1_300 });
    await ask(agent, { do: 'consult', to: { kind: 'agent', userId: colleague.id } });
    await hears(agent.sip, 1_300);
    await hears(phone, MUSIC_HZ);
    await ask(agent, { do: 'conference' });
    await hears(phone, 1_000);
    await hears(phone, 1_300);
    await hears(colleague.sip, 440);
    await hears(colleague.sip, 1_000);
    await colleague.sip.calls[0]?.bye();
    await until(async () => (await view())?.state === 'talking');
    await hears(agent.sip, 440);
  });

  test('VOX-4 attended transfer from the desk, and going back to the caller', async () => {
    const { phone, agent } = await talking();
    const colleague = await house.agent({ tone: 1_300 });
    await ask(agent, { do: 'consult', to: { kind: 'agent', userId: colleague.id } });
    await hears(agent.sip, 1_300);
    await ask(agent, { do: 'consult.cancel' });
    await hears(phone, 1_000);
    await until(() => colleague.sip.calls[0]?.state === 'over');
    // Else the colleague of before is still what was heard last.
    const before = agent.sip.media.heard.length;
    await until(() => agent.sip.media.heard.length > before + 10 && hasTone(agent.sip.media.sound(10), 440));
    await ask(agent, { do: 'consult', to: { kind: 'agent', userId: colleague.id } });
    await until(() => colleague.sip.calls[1]?.state === 'talking', { what: 'the second consultation' });
    await hears(agent.sip, 1_300);
    await ask(agent, { do: 'consult.complete' });
    await hears(phone, 1_300);
    await hears(colleague.sip, 440);
    await until(() => agent.sip.calls[0]?.state === 'over');
    expect((await interaction())?.owner?.id).toBe(colleague.id);
  });

  test('VOX-4 the desk hangs up: both phones are told, the agent is free and nothing is left', async () => {
    const { call, agent } = await talking();
    await ask(agent, { do: 'hangup' });
    await until(() => call.state === 'over' && agent.sip.calls[0]?.state === 'over', { what: 'both ends' });
    await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left' });
    await until(async () => (await house.engine.views.agent(house.scene.scope, agent.id))?.interactions.length === 0);
  });

  test('RFC 3891 VOX-4 attended transfer by REFER with Replaces: two calls of one phone become one', async () => {
    const { phone, agent } = await talking();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const colleague = await house.agent({ tone: 1_300 });
    const first = agent.sip.calls[0] as PhoneCall;
    await first.reinvite(agent.sip.sdp({ direction: 'sendonly', version: 2 }));
    // The second call goes to a queue where only the colleague is free.
    const second = agent.sip.call('200', { from: `<sip:${agent.sip.user}@127.0.0.1>` });
    await until(() => second.state === 'talking' && colleague.sip.calls[0]?.state === 'talking', { what: 'the consultation' });
    await hears(agent.sip, 1_300);
    const { callId, local, remote } = second.dialogIds;
    const replaces = encodeURIComponent(`${callId};to-tag=${remote};from-tag=${local}`);
    expect(await first.refer(`<sip:200@127.0.0.1?Replaces=${replaces}>`)).toBe(202);
    await hears(phone, 1_300);
    await hears(colleague.sip, 440);
    await until(() => first.state === 'over' && second.state === 'over');
  });
});
