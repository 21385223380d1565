/** VOX-6: nobody dials out who was not let: strangers by no request, phones of agents by no shape of URI, and nobody by somebody else's call. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { statusOf } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, openHouse } from './support/house.ts';

const LOCAL = '+39061234567';
const PREMIUM = '+39899123456';

let house: House;
/** Behind a trunk that takes calls to all of Italy; what reaches it was dialled out. */
let provider: SipPhone;
beforeEach(async () => {
  house = await openHouse();
  provider = await house.phone({ media: { tone: 1_600 } });
  const port = Number(provider.address.split(':')[1]);
  const { id } = await house.scene.addTrunk({ port, prefixes: ['+390', '+393', '+398'], sources: [] });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
});
afterEach(() => house.close());

async function talking(): Promise<{ phone: SipPhone; call: PhoneCall; agent: HouseAgent; leg: PhoneCall }> {
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  return { phone, call, agent, leg: agent.sip.calls[0] as PhoneCall };
}

/** Every way to write the number that the gate would let pass, if only somebody known asked. */
const shapes = (number: string): string[] => {
  const digits = number.slice(1);
  return [
    `sip:${number}@127.0.0.1`,
    `sip:%2B${digits}@127.0.0.1`,
    `sip:%2b%33${digits.slice(1)}@127.0.0.1`,
    `sip:00${digits}@127.0.0.1`,
    `sip:${number.slice(0, 3)}-${number.slice(3, 6)}.${number.slice(6)}@127.0.0.1`,
    `sip:${number};phone-context=+39@127.0.0.1;user=phone`,
    `sip:${digits.slice(2)};phone-context=+39@127.0.0.1`,
    `sip:${number}@127.0.0.1?Subject=now&X-Trunk=other`,
    `sips:${number}@127.0.0.1`,
    `tel:${number}`,
    `tel:${digits.slice(2)};phone-context=+39`,
    `SIP:${number}@127.0.0.1;transport=udp`,
  ];
};

const requestOf = (phone: SipPhone, method: string, uri: string, extra: string[] = [], body = '') =>
  phone.request(
    method,
    uri,
    [
      `From: <sip:${phone.user}@127.0.0.1>;tag=${method}1`,
      `To: <sip:somebody@127.0.0.1>`,
      `Call-ID: ${method}-${Math.random()}`,
      `CSeq: 1 ${method}`,
      `Contact: ${phone.contact}`,
      ...extra,
    ],
    body,
  );

describe('strangers', () => {
  test('VOX-6 an INVITE for an outside number is refused, however it is written, with and without the name of a phone of ours', async () => {
    const agent = await house.agent();
    const stranger = await house.phone();
    const posing = await house.phone({ user: agent.credentials.username });
    for (const uri of shapes(LOCAL))
      for (const phone of [stranger, posing]) {
        const status = statusOf(await requestOf(phone, 'INVITE', uri, [], phone.sdp()));
        // 407: whoever it says it is, it may prove it.
        expect([400, 403, 404, 407, 416], `${uri}: ${status}`).toContain(status);
      }
    const routed = [
      'Route: <sip:127.0.0.1;lr>',
      `P-Asserted-Identity: <sip:${house.scene.did}@127.0.0.1>`,
      `Diversion: <sip:${LOCAL}@127.0.0.1>`,
    ];
    expect(statusOf(await requestOf(stranger, 'INVITE', `sip:${LOCAL}@127.0.0.1`, routed, stranger.sdp()))).toBeGreaterThanOrEqual(400);
    expect(provider.received).toEqual([]);
    expect(house.app.calls.size).toBe(0);
  });

  test('VOX-6 RFC 3515 a REFER outside a dialog, and one of a caller inside, send nobody anywhere', async () => {
    const { call, leg } = await talking();
    const stranger = await house.phone();
    for (const uri of shapes(LOCAL)) {
      expect(statusOf(await requestOf(stranger, 'REFER', `sip:${house.scene.did}@127.0.0.1`, [`Refer-To: <${uri}>`]))).toBe(403);
      expect(await call.refer(`<${uri}>`)).toBe(403);
    }
    expect(provider.received).toEqual([]);
    expect([call.state, leg.state]).toEqual(['talking', 'talking']);
  });

  test('VOX-6 RFC 3261 8.1.3.4 a phone that answers 302 moves nobody to the outside', async () => {
    const agent = await house.agent({ answers: false });
    agent.sip.onInvite = (rung) =>
      rung.decline(302, [`Contact: <sip:${LOCAL}@127.0.0.1:${provider.address.split(':')[1]}>, <tel:${LOCAL}>`]);
    const phone = await house.phone({ media: { tone: 440 } });
    const call = phone.call(house.scene.did);
    // What the redirection led to is settled when the offer is declined and made again, or routing says who missed it.
    const isSettled = async (): Promise<boolean> => {
      const view = await house.engine.views.agent(house.scene.scope, agent.id);
      return agent.sip.calls.length > 1 || view?.offers.length === 0;
    };
    await until(() => agent.sip.calls[0]?.state === 'over', { what: 'the redirection' });
    await until(isSettled, { what: 'the end of the offer' });
    expect(call.state).toBe('talking');
    expect(provider.received).toEqual([]);
  });

  test('VOX-6 RFC 3891 an INVITE with Replaces of a call takes nothing over: it waits as any other', async () => {
    const { phone, call, agent, leg } = await talking();
    const stranger = await house.phone();
    for (const { callId, local, remote } of [call.dialogIds, leg.dialogIds]) {
      const taking = stranger.call(house.scene.did, { headers: [`Replaces: ${callId};to-tag=${remote};from-tag=${local}`] });
      await until(() => taking.state === 'talking', { what: 'the music' });
      await taking.bye();
    }
    expect([call.state, leg.state]).toEqual(['talking', 'talking']);
    const heard = phone.media.heard.length;
    await until(() => phone.media.heard.length > heard + 15 && hasTone(phone.media.sound(10), 1_000), { what: 'the agent, still' });
    expect(agent.sip.calls).toHaveLength(1);
  });
});

describe('phones of agents', () => {
  test('VOX-6 REFER to a number that is not allowed is refused, however it is written', async () => {
    const { leg } = await talking();
    for (const uri of shapes(PREMIUM)) {
      const count = leg.notified.length;
      const status = await leg.refer(`<${uri}>`);
      if (status === 202)
        await until(() => leg.notified.slice(count).some((body) => body.startsWith('SIP/2.0 403')), { what: `the refusal of ${uri}` });
      else expect([400, 403], uri).toContain(status);
      expect(leg.state).toBe('talking');
    }
    expect(provider.received).toEqual([]);
  });

  test('VOX-6 what a Refer-To carries beside the number goes nowhere', async () => {
    const { leg, call } = await talking();
    expect(await leg.refer(`<sip:${LOCAL}@198.51.100.7:5999;maddr=198.51.100.7?X-Evil=1&Route=%3Csip:198.51.100.7%3Blr%3E>`)).toBe(202);
    const rung = (await until(() => provider.calls[0], { what: 'the trunk, and no other host' })) as PhoneCall;
    expect(rung.invitation?.start).toMatch(/^INVITE sip:\+39061234567@127\.0\.0\.1:/);
    expect(rung.invitation?.headers.some(([name, value]) => /x-evil/i.test(name) || value.includes('198.51.100.7'))).toBe(false);
    // RFC 3261 9.1: a CANCEL waits for a sign of the other side.
    rung.ring();
    await call.bye();
    await until(() => rung.state === 'over');
  });

  test('VOX-6 RFC 3891 REFER with Replaces of a call that is not theirs, or of none, changes nothing', async () => {
    const { leg, call, agent } = await talking();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const colleague = await house.agent({ tone: 1_300 });
    // Somebody else's consultation, of whose dialog everything is known.
    const third = await house.phone({ media: { tone: 600 } });
    const theirs = third.call('200', { from: `<sip:${colleague.credentials.username}@127.0.0.1>` });
    await until(() => theirs.state === 'talking' && colleague.sip.calls[0]?.state === 'talking', { what: 'the other call' });
    const known = theirs.dialogIds;
    const refusedWith = async (replaces: string, status: number): Promise<void> => {
      const count = leg.notified.length;
      expect(await leg.refer(`<sip:200@127.0.0.1?Replaces=${replaces}>`)).toBe(202);
      await until(() => leg.notified.slice(count).some((body) => body.startsWith(`SIP/2.0 ${status}`)), { what: `${status}` });
    };
    await refusedWith(encodeURIComponent(`${known.callId};to-tag=${known.remote};from-tag=${known.local}`), 403);
    await refusedWith(encodeURIComponent(`${known.callId};to-tag=x;from-tag=y`), 503);
    await refusedWith(encodeURIComponent(`none;to-tag=${known.remote};from-tag=${known.local}`), 503);
    expect(await leg.refer('<sip:200@127.0.0.1?Replaces=%E0%A4%A>')).toBe(400);
    expect([leg.state, call.state, theirs.state, colleague.sip.calls[0]?.state]).toEqual(['talking', 'talking', 'talking', 'talking']);
    expect(agent.sip.calls).toHaveLength(1);
    expect(provider.received).toEqual([]);
  });
});
