/** VOX-6: the gate for calls to the outside, on a house of real phones: whose rules count, every cap, and what the agent is told. */
import { afterEach, expect, test } from 'vitest';
import { voiceDefaults } from '../../queues/config.ts';
import type { TrunkDoc } from '../../queues/phones.ts';
import { newId } from '../../src/base/ids.ts';
import type { CallCommandBody } from '../../src/protocol/calls.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, type HouseOptions, openHouse } from './support/house.ts';

const LOCAL = '+39061234567';
const MOBILE = '+393331234567';
const PREMIUM = '+39899123456';

let house: House;
afterEach(() => house.close());

/** An agent who talks to a caller, and a provider behind a trunk whose prefixes are longer than those of the scene's own. */
async function talking({ trunk = {}, ...options }: HouseOptions & { trunk?: Partial<TrunkDoc> } = {}) {
  house = await openHouse(options);
  const provider = await house.phone({ media: { tone: 1_600 } });
  const port = Number(provider.address.split(':')[1]);
  const { id } = await house.scene.addTrunk({ port, prefixes: ['+39', '+393', '+398', '+3906', '+44', '+1'], ...trunk });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  return { provider, agent, phone, call };
}

/** As the gateway asks for somebody at a desk. */
async function ask(by: HouseAgent, command: CallCommandBody): Promise<string> {
  const [call] = house.app.calls.all();
  if (!call) throw new Error('no call');
  return house.engine.phones.ask('sip-1', { id: newId('command'), call: call.id, body: JSON.stringify({ by: by.id, command }) });
}
const consult = (by: HouseAgent, number: string) => ask(by, { do: 'consult', to: { kind: 'number', number } });
/** Calls a number and gives up while it rings there. */
async function tryNumber(by: HouseAgent, provider: SipPhone, number: string): Promise<void> {
  const count = provider.calls.length;
  await consult(by, number);
  const rung = (await until(() => provider.calls[count], { what: 'the provider' })) as PhoneCall;
  rung.ring();
  await ask(by, { do: 'consult.cancel' });
  await until(() => rung.state === 'over', { what: 'the CANCEL' });
}
const dialled = (provider: SipPhone) => provider.calls.map(({ invitation }) => /sip:([^@]+)@/.exec(invitation?.start ?? '')?.[1]);

test('VOX-6 premium numbers and countries that are not listed are refused with the reason; ordinary numbers pass', async () => {
  const { provider, agent } = await talking();
  await expect(consult(agent, PREMIUM)).rejects.toMatchObject({ code: 'forbidden', detail: expect.stringContaining('kind of number') });
  await expect(consult(agent, '+442079460123')).rejects.toMatchObject({ code: 'forbidden', detail: expect.stringContaining('country') });
  await expect(consult(agent, '+12125550123')).rejects.toMatchObject({ code: 'forbidden', detail: expect.stringContaining('country') });
  await expect(consult(agent, '+39112')).rejects.toMatchObject({ code: 'bad_request' });
  await expect(ask(agent, { do: 'transfer', to: { kind: 'number', number: PREMIUM } })).rejects.toMatchObject({ code: 'forbidden' });
  await tryNumber(agent, provider, LOCAL);
  await tryNumber(agent, provider, '3331234567');
  expect(dialled(provider)).toEqual([LOCAL, MOBILE]);
});

test("VOX-6 the queue's kinds of numbers go before the agent's, and these before the account's", async () => {
  const { provider, agent } = await talking();
  await house.scene.changeAgent(agent, { outboundTypes: ['mobile'] });
  await expect(consult(agent, LOCAL)).rejects.toMatchObject({ code: 'forbidden' });
  await tryNumber(agent, provider, MOBILE);
  await house.scene.changeQueue(house.scene.queueId, { voice: { ...voiceDefaults, outboundTypes: ['premium'] } });
  await expect(consult(agent, MOBILE)).rejects.toMatchObject({ code: 'forbidden' });
  await tryNumber(agent, provider, PREMIUM);
  await house.scene.changeOutbound({ countries: [] });
  await expect(consult(agent, PREMIUM)).rejects.toMatchObject({ code: 'forbidden', detail: expect.stringContaining('country') });
  expect(dialled(provider)).toEqual([MOBILE, PREMIUM]);
});

test("VOX-6 RTE-10 a queue's way out dials what the queue may, and nothing else", async () => {
  const exit = { canExit: true, exitTo: { op: 'number' as const, number: PREMIUM } };
  const { provider, agent } = await talking({ voice: exit });
  const leave = async (): Promise<PhoneCall> => {
    const phone = await house.phone({ media: { tone: 500 } });
    const call = phone.call(house.scene.did);
    await until(() => call.state === 'talking');
    expect(await call.send('INFO', ['Content-Type: application/dtmf'], '*')).toBe(200);
    return call;
  };
  const refused = await leave();
  await until(() => refused.state === 'over', { what: 'the end, with a word of it', timeoutMs: 40_000 });
  expect(provider.calls).toEqual([]);
  await house.scene.changeQueue(house.scene.queueId, { voice: { ...voiceDefaults, ...exit, outboundTypes: ['premium'] } });
  await leave();
  await until(() => provider.calls[0], { what: 'the provider' });
  expect(dialled(provider)).toEqual([PREMIUM]);
  expect(agent.sip.calls[0]?.state).toBe('talking');
});

test('VOX-6 an agent begins no more calls a minute than the account lets; 0 lets none', async () => {
  const { provider, agent } = await talking();
  await house.scene.changeOutbound({ perAgentPerMinute: 2 });
  await tryNumber(agent, provider, LOCAL);
  await tryNumber(agent, provider, LOCAL);
  await expect(consult(agent, LOCAL)).rejects.toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('You have begun') });
  await house.scene.changeOutbound({ perAgentPerMinute: 0 });
  await expect(consult(agent, LOCAL)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(provider.calls).toHaveLength(2);
});

test('VOX-6 a trunk carries no more calls at once than it may; a refused one takes no place, one that ended gives it back', async () => {
  const { provider, agent } = await talking({ trunk: { maxCalls: 1 } });
  const other = await house.agent({ tone: 1_200 });
  const second = await house.phone({ media: { tone: 600 } });
  second.call(house.scene.did);
  await until(() => hasTone(second.media.sound(10), 1_200), { what: 'the other agent' });
  const [mine, theirs] = [...house.app.calls.all()];
  const byOther = (number: string) =>
    house.engine.phones.ask('sip-1', {
      id: newId('command'),
      call: (theirs ?? mine)?.id ?? '',
      body: JSON.stringify({ by: other.id, command: { do: 'consult', to: { kind: 'number', number } } }),
    });
  await consult(agent, LOCAL);
  const rung = (await until(() => provider.calls[0])) as PhoneCall;
  rung.answer();
  for (let attempt = 0; attempt < 3; attempt++)
    await expect(byOther(MOBILE)).rejects.toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('trunk') });
  await rung.bye();
  await until(
    async () =>
      byOther(MOBILE).then(
        () => true,
        () => false,
      ),
    { what: 'the place that was given back' },
  );
  await until(() => provider.calls[1], { what: 'the other call' });
  expect(dialled(provider)).toEqual([LOCAL, MOBILE]);
});

test('VOX-6 a trunk begins no more calls a minute than it may', async () => {
  const { provider, agent } = await talking({ trunk: { maxCallsPerMinute: 2 } });
  await tryNumber(agent, provider, LOCAL);
  await tryNumber(agent, provider, LOCAL);
  await expect(consult(agent, LOCAL)).rejects.toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('trunk') });
  expect(provider.calls).toHaveLength(2);
});

test('VOX-6 a trunk whose minutes of the day are used up: the call is cut with the cause, and no other begins', async () => {
  const { provider, agent, call } = await talking({ trunk: { maxMinutesPerDay: 3 }, minuteMs: 300 });
  await consult(agent, LOCAL);
  const talk = (await until(() => provider.calls[0])) as PhoneCall;
  talk.answer();
  await until(() => hasTone(agent.sip.media.sound(10), 1_600), { what: 'the talk' });
  await until(() => talk.state === 'over', { what: 'the cut' });
  expect(talk.byeHeaders && header(talk.byeHeaders, 'Reason')).toContain('Spend cap');
  // The caller and the agent go on.
  await until(() => hasTone(agent.sip.media.sound(10), 440), { what: 'the caller' });
  expect(call.state).toBe('talking');
  await expect(consult(agent, LOCAL)).rejects.toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('minutes') });
});
