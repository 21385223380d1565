/** VOX-4, VOX-6: calls that phones of agents place themselves: outward through the gate, to a colleague, to a queue; what is refused, and how they are handed on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TrunkDoc } from '../../queues/phones.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header, statusOf } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, MUSIC_HZ, openHouse } from './support/house.ts';

const LOCAL = '+39061234567';
const OTHER = '+39067654321';
const PREMIUM = '+39899123456';

let house: House;
/** Behind the trunk; whoever is called outside is it. */
let provider: SipPhone;
beforeEach(async () => {
  house = await openHouse({ trunkSources: ['198.51.100.1'] });
  provider = await trunkTo({ prefixes: ['+3906', '+398'] }, 1_600);
});
afterEach(() => house.close());

async function trunkTo(settings: Partial<TrunkDoc>, tone: number): Promise<SipPhone> {
  const phone = await house.phone({ media: { tone } });
  const { id } = await house.scene.addTrunk({ port: Number(phone.address.split(':')[1]), sources: [], ...settings });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
  return phone;
}

/** Its phone knows its password. */
async function agent(tone = 1_000, answers = true): Promise<HouseAgent> {
  const made = await house.agent({ tone, answers });
  made.sip.password = made.credentials.password;
  return made;
}

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz` });
/** Of what comes from now on. */
async function hearsNow(phone: SipPhone, hz: number): Promise<void> {
  const before = phone.media.heard.length;
  await until(() => phone.media.heard.length >= before + 15 && hasTone(phone.media.sound(10), hz), { what: `${hz} Hz now` });
}
const rung = (phone: SipPhone, count = 1) => until(() => phone.calls[count - 1], { what: 'ringing' });
const isOver = (call: PhoneCall) => until(() => call.state === 'over', { what: 'the end' });
const nothingIsLeft = () =>
  until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0 && house.media.legCount === 0, { what: 'nothing left' });
const agentNow = async ({ id }: HouseAgent) => house.engine.views.agent(house.scene.scope, id);

/** The agent talks to `number` outside. */
async function outside(who: HouseAgent, number = LOCAL): Promise<{ call: PhoneCall; there: PhoneCall }> {
  const count = provider.calls.length;
  const call = who.sip.call(number);
  const there = await rung(provider, count + 1);
  there.answer();
  await until(() => call.state === 'talking', { what: 'the answer' });
  return { call, there };
}

/** A caller whom the agent serves. */
async function served(who: HouseAgent): Promise<{ caller: SipPhone; call: PhoneCall; leg: PhoneCall }> {
  const caller = await house.phone({ media: { tone: 440 } });
  const call = caller.call(house.scene.did);
  await hears(caller, who.sip.media.tone);
  return { caller, call, leg: who.sip.calls.at(-1) as PhoneCall };
}

describe('outward', () => {
  test('VOX-4 VOX-6 RFC 3261 22.3 asked for its password (407), then through the trunk: it rings, both hear each other, hold, and either hangs up', async () => {
    const who = await agent();
    const call = who.sip.call(LOCAL);
    const there = await rung(provider);
    expect(there.invitation?.start).toMatch(/^INVITE sip:\+39061234567@/);
    expect(header(there.invitation as never, 'From')).toContain(house.scene.trunk.callerId);
    await until(() => call.progress.includes(180), { what: '180' });
    expect(statusOf(who.sip.received.find(({ start }) => start.startsWith('SIP/2.0 4')) as never)).toBe(407);
    there.answer();
    await hears(who.sip, 1_600);
    await hears(provider, 1_000);
    expect(await call.reinvite(who.sip.sdp({ direction: 'sendonly', version: 2 }))).toBe(200);
    await until(() => !hasTone(provider.media.sound(10), 1_000), { what: 'silence or music at who is held' });
    expect(await call.reinvite(who.sip.sdp({ version: 3 }))).toBe(200);
    await hearsNow(provider, 1_000);
    await call.bye();
    await isOver(there);
    await nothingIsLeft();
    const second = await outside(who);
    await second.there.bye();
    await isOver(second.call);
    await nothingIsLeft();
    expect((await agentNow(who))?.agent.status).toBe('available');
  });

  test('VOX-4 RFC 3261 9 given up while it rings there: CANCEL goes on; what the other side says against it is told', async () => {
    const who = await agent();
    const call = who.sip.call(LOCAL);
    const there = await rung(provider);
    there.ring();
    await until(() => call.progress.includes(180), { what: '180' });
    await call.cancel();
    await until(() => there.status === 487, { what: 'the CANCEL there' });
    await isOver(call);
    for (const status of [486, 404, 603]) {
      const count = provider.calls.length;
      const refused = who.sip.call(LOCAL);
      (await rung(provider, count + 1)).decline(status);
      await isOver(refused);
      expect(refused.status).toBe(status);
    }
    await nothingIsLeft();
  });

  test('VOX-6 the list, the kinds of numbers and the caps hold for it: refused with the reason, and nothing reaches the trunk', async () => {
    const who = await agent();
    const refusedBy = async (number: string, status: number, why: RegExp): Promise<void> => {
      const call = who.sip.call(number);
      await isOver(call);
      expect(call.status).toBe(status);
      const said = who.sip.received.findLast(({ start }) => start.startsWith(`SIP/2.0 ${status}`));
      expect(said && header(said, 'Warning')).toMatch(why);
    };
    await refusedBy(PREMIUM, 403, /kind of number/);
    await refusedBy('+442079460123', 403, /country/);
    await refusedBy('+390612', 404, /no number/);
    await house.scene.changeOutbound({ perAgentPerMinute: 0 });
    await refusedBy(LOCAL, 480, /You have begun/);
    expect(provider.calls).toEqual([]);
    await nothingIsLeft();
  });

  test('VOX-6 SEC nobody without the password of the phone it says it is: not by a wrong one, not by another phone’s, not by a trunk’s address', async () => {
    const [who, colleague] = [await agent(), await agent(1_300)];
    const refused = async (phone: SipPhone, from: string | undefined, status: number): Promise<void> => {
      const call = phone.call(LOCAL, from === undefined ? {} : { from });
      await isOver(call);
      expect(call.status).toBe(status);
    };
    await refused(await house.phone({ user: who.credentials.username }), undefined, 407);
    await refused(await house.phone({ user: who.credentials.username, password: 'wrong' }), undefined, 403);
    await refused(await house.phone({ user: 'nobody', password: 'wrong' }), undefined, 403);
    await refused(colleague.sip, `<sip:${who.credentials.username}@127.0.0.1>`, 403);
    expect(provider.received).toEqual([]);
    // An address of a trunk reaches queues, and never the outside; phones that stand there too are asked as anywhere.
    await trunkTo({ sources: ['127.0.0.1'], prefixes: [] }, 0);
    await until(
      async () => {
        const probe = (await house.phone()).call(LOCAL);
        await isOver(probe);
        return probe.status === 404;
      },
      { what: 'the trunk is known' },
    );
    await refused(await house.phone({ user: who.credentials.username }), undefined, 407);
    expect(provider.received).toEqual([]);
    await nothingIsLeft();
  });
});

describe('inside', () => {
  test('VOX-4 to a colleague by the name of the phone: it rings, both hear each other; busy is told, and one’s own phone is busy', async () => {
    const [who, colleague] = [await agent(), await agent(1_300, false)];
    const call = who.sip.call(colleague.credentials.username);
    const there = await rung(colleague.sip);
    expect(header(there.invitation as never, 'From')).toContain(who.credentials.username);
    there.answer();
    await hears(who.sip, 1_300);
    await hears(colleague.sip, 1_000);
    await there.bye();
    await isOver(call);
    colleague.sip.onInvite = (again) => again.decline(486);
    for (const name of [colleague.credentials.username, who.credentials.username]) {
      const busy = who.sip.call(name);
      await isOver(busy);
      expect(busy.status).toBe(486);
    }
    await nothingIsLeft();
  });

  test('VOX-4 to a colleague by the short number of the phone, and a caller handed on by it', async () => {
    const [who, colleague] = [await agent(), await agent(1_300)];
    const short = colleague.phone.extension ?? '';
    const call = who.sip.call(short);
    await hears(who.sip, 1_300);
    await call.bye();
    await isOver(colleague.sip.calls[0] as PhoneCall);
    const first = await outside(who);
    expect(await first.call.refer(`<sip:${short}@127.0.0.1>`)).toBe(202);
    await hears(provider, 1_300);
    await isOver(first.call);
    expect((await agentNow(colleague))?.interactions).toHaveLength(1);
    await first.there.bye();
    await nothingIsLeft();
  });

  test('VOX-1 to a queue by its extension: it waits there with music as any caller, and no password is asked', async () => {
    const who = await agent();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const call = who.sip.call('200');
    await until(() => call.state === 'talking', { what: 'the answer' });
    expect(who.sip.received.some(({ start }) => start.includes('407'))).toBe(false);
    await call.bye();
    await nothingIsLeft();
  });
});

describe('handing on', () => {
  const join = (first: PhoneCall, second: PhoneCall): Promise<number> => {
    const { callId, local, remote } = second.dialogIds;
    const replaces = encodeURIComponent(`${callId};to-tag=${remote};from-tag=${local}`);
    return first.refer(`<sip:someone@127.0.0.1?Replaces=${replaces}>`);
  };

  test('VOX-4 RFC 3891 attended: the agent calls a colleague beside the caller, and joins them: the colleague owns the caller', async () => {
    const who = await agent();
    const { caller, call, leg } = await served(who);
    const colleague = await agent(1_300);
    await leg.reinvite(who.sip.sdp({ direction: 'sendonly', version: 2 }));
    await hears(caller, MUSIC_HZ);
    const second = who.sip.call(colleague.credentials.username);
    await hears(who.sip, 1_300);
    expect(await join(leg, second)).toBe(202);
    await hears(caller, 1_300);
    await hearsNow(colleague.sip, 440);
    await isOver(leg);
    await isOver(second);
    expect((await agentNow(colleague))?.interactions).toHaveLength(1);
    await until(async () => (await agentNow(who))?.interactions.length === 0, { what: 'the agent free' });
    await call.bye();
    await nothingIsLeft();
  });

  test('VOX-4 RFC 3891 attended to the outside: the caller goes on with the number that the agent called, and the agent is free', async () => {
    const who = await agent();
    const { caller, call, leg } = await served(who);
    await leg.reinvite(who.sip.sdp({ direction: 'sendonly', version: 2 }));
    const second = await outside(who);
    await hears(who.sip, 1_600);
    expect(await join(leg, second.call)).toBe(202);
    await hears(caller, 1_600);
    await hearsNow(provider, 440);
    await isOver(leg);
    await isOver(second.call);
    await until(async () => (await agentNow(who))?.interactions.length === 0, { what: 'the agent free' });
    await second.there.bye();
    await isOver(call);
    await nothingIsLeft();
  });

  test('VOX-4 VOX-6 of a call it placed: blind to another number if that may be called, and two that it called with each other', async () => {
    const who = await agent();
    const first = await outside(who);
    expect(await first.call.refer(`<sip:${PREMIUM}@127.0.0.1>`)).toBe(202);
    await until(() => first.call.notified.some((body) => body.startsWith('SIP/2.0 403')), { what: 'the refusal' });
    expect(first.call.state).toBe('talking');
    const other = await trunkTo({ prefixes: ['+3906765'] }, 600);
    expect(await first.call.refer(`<sip:${OTHER}@127.0.0.1>`)).toBe(202);
    (await rung(other)).answer();
    await isOver(first.call);
    await hearsNow(provider, 600);
    await hearsNow(other, 1_600);
    await first.there.bye();
    await isOver(other.calls[0] as PhoneCall);
    await nothingIsLeft();

    const one = await outside(who);
    const two = who.sip.call(OTHER);
    (await rung(other, 2)).answer();
    await until(() => two.state === 'talking', { what: 'the second call' });
    expect(await join(one.call, two)).toBe(202);
    await hearsNow(provider, 600);
    await hearsNow(other, 1_600);
    await isOver(one.call);
    await isOver(two);
    await other.calls[1]?.bye();
    await isOver(one.there);
    await nothingIsLeft();
  });
});
