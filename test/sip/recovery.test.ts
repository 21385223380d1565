/** DESIGN §6 "Call recovery", RTE-12: a process that carries calls dies; two processes and two edges. */
import { afterEach, describe, expect, test } from 'vitest';
import { type InteractionId, newId } from '../../src/base/ids.ts';
import type { CallCommandBody } from '../../src/protocol/calls.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

/** The machine is shared, and twenty calls are many beside everything else. */
const timeoutMs = 20_000;

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz`, timeoutMs });

interface Pair {
  readonly phone: SipPhone;
  readonly call: PhoneCall;
  /** As the caller shows itself. */
  readonly from: string;
  readonly agent: HouseAgent;
}

async function talking(count: number): Promise<Pair[]> {
  const agents: HouseAgent[] = [];
  for (let index = 0; index < count; index++) agents.push(await house.agent({ tone: 1_000 }));
  const callers = await Promise.all(agents.map(() => house.phone({ media: { tone: 440 } })));
  const calls = callers.map((phone) => {
    const from = `<sip:+39020${phone.address.slice(-5)}@127.0.0.1>`;
    return { phone, from, call: phone.call(house.scene.did, { from }) };
  });
  await until(() => callers.every((phone) => hasTone(phone.media.sound(10), 1_000)), { what: 'the agents', timeoutMs });
  // Which agent got which caller does not matter here.
  return calls.map((each, index) => ({ ...each, agent: agents[index] as HouseAgent }));
}

/** Packets that came since. */
async function goesOn({ phone, agent }: Pair): Promise<void> {
  const [one, two] = [phone.media.heard.length, agent.sip.media.heard.length];
  await until(() => phone.media.heard.length > one + 10 && agent.sip.media.heard.length > two + 10, { what: 'the talk', timeoutMs });
}

describe('the process that carries the calls is killed', () => {
  test('RTE-12 with 20 calls up: talk goes on, another process goes on with them, and each ends as any call does', async () => {
    house = await openHouse({ hasApplication: false });
    const first = await house.process('sip-a');
    const pairs = await talking(20);
    // Who is listened to; the others are on the phone in silence.
    const loud = pairs.slice(0, 3);
    for (const { phone, agent } of pairs.slice(3)) {
      phone.media.hush();
      agent.sip.media.hush();
    }
    const waiting = await house.phone();
    const waitingCall = waiting.call(house.scene.did);
    await until(() => waitingCall.state === 'talking', { timeoutMs });
    await hears(waiting, MUSIC_HZ);
    const second = await house.application('sip-b');
    const areSaved = async () => (await house.savedBy('sip-a')).flatMap(({ legs }) => legs).length === 41;
    await until(areSaved, { what: 'all calls saved', timeoutMs });
    await first.kill9();
    await Promise.all(loud.map(goesOn));
    await until(() => second.app.calls.size === 21, { what: 'all calls taken over', timeoutMs });
    await Promise.all(loud.map(goesOn));
    await hears(waiting, MUSIC_HZ);
    for (const { phone } of loud) expect(hasTone(phone.media.sound(10), 1_000)).toBe(true);

    // Half by the caller, half by the agent: the agents are free again, the one who waited gets one.
    for (const [index, { call, agent }] of pairs.entries()) await (index % 2 === 0 ? call.bye() : agent.sip.calls[0]?.bye());
    await until(() => pairs.every(({ call, agent }) => call.state === 'over' && agent.sip.calls[0]?.state === 'over'), {
      what: 'both ends',
      timeoutMs,
    });
    await hears(waiting, 1_000);
    await waitingCall.bye();
    await until(() => second.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left', timeoutMs });
    // Routing is told beside.
    const isFree = async ({ agent }: Pair) => (await house.engine.views.agent(house.scene.scope, agent.id))?.interactions.length === 0;
    await until(async () => (await Promise.all(pairs.map(isFree))).every(Boolean), { what: 'every agent free', timeoutMs });
  }, 120_000);

  test('RTE-12 nobody goes on with them: ended within 10 s, and who calls again keeps the place and the agent', async () => {
    house = await openHouse({ hasApplication: false, queue: { reconnectMs: 60_000 } });
    const first = await house.process('sip-a');
    const [pair] = (await talking(1)) as [Pair];
    const { views } = house.engine;
    const { scope } = house.scene;
    const [held] = (await views.agent(scope, pair.agent.id))?.interactions ?? [];
    const shown = async () => JSON.parse((held && (await views.call(scope, held.id as InteractionId))) ?? '{}').state as string | undefined;
    await until(async () => (await shown()) === 'talking', { what: 'the call at the desk' });
    await until(async () => (await house.savedBy('sip-a')).some(({ legs }) => legs.length === 2), { what: 'the call saved', timeoutMs });
    await first.kill9();
    await until(() => pair.call.state === 'over' && pair.agent.sip.calls[0]?.state === 'over', { what: 'the end', timeoutMs });
    const second = await house.application('sip-b');
    await until(async () => (await shown()) === 'ended', { what: 'its end at the desk', timeoutMs });
    const again = pair.phone.call(house.scene.did, { from: pair.from });
    await until(() => again.state === 'talking', { timeoutMs });
    await until(() => pair.agent.sip.calls.length === 2, { what: 'the same agent', timeoutMs });
    await hears(pair.phone, 1_000);
    await until(async () => (await shown()) === 'talking', { what: 'the new call at the desk' });
    expect(second.app.calls.size).toBe(1);
  }, 120_000);
});

describe('calls to the outside whose process is killed', () => {
  const OUTSIDE = '+39061234567';
  /** The caller's agent asks a number behind a trunk, and it rings there. */
  async function ringing(trunk: { maxCalls?: number; maxMinutesPerDay?: number }) {
    house = await openHouse({ hasApplication: false, minuteMs: 500 });
    const first = await house.process('sip-a');
    const provider = await house.phone({ media: { tone: 1_600 } });
    const { id } = await house.scene.addTrunk({ port: Number(provider.address.split(':')[1]), prefixes: ['+3906'], ...trunk });
    await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
    const [pair] = (await talking(1)) as [Pair];
    const { agent } = pair;
    await until(() => consult(agent).then(() => true), { what: 'the consultation', timeoutMs });
    const rung = await until(() => provider.calls[0], { what: 'ringing', timeoutMs });
    provider.onInvite = (call) => call.answer();
    return { first, provider, pair, id, rung };
  }
  /** And answered, and so saved. */
  async function consulting(trunk: { maxCalls?: number; maxMinutesPerDay?: number }) {
    const { id, rung, ...all } = await ringing(trunk);
    rung.answer();
    await hears(all.pair.agent.sip, 1_600);
    const isSaved = async () => (await house.savedBy('sip-a')).some(({ legs }) => legs.some(({ dialog }) => dialog?.trunk === id));
    await until(isSaved, { what: 'its place at the trunk saved', timeoutMs });
    return all;
  }
  const carrierOf = async ({ id }: HouseAgent) => {
    const [interaction] = (await house.engine.views.agent(house.scene.scope, id))?.interactions ?? [];
    return house.engine.phones.carrier(interaction?.id ?? '');
  };
  async function ask(agent: HouseAgent, command: CallCommandBody): Promise<string> {
    const carrier = await carrierOf(agent);
    const body = JSON.stringify({ by: agent.id, command });
    return house.engine.phones.ask(carrier?.node ?? '', { id: newId('command'), call: carrier?.call ?? '', body });
  }
  const consult = (agent: HouseAgent) => ask(agent, { do: 'consult', to: { kind: 'number', number: OUTSIDE } });
  /** An agent may begin so many calls a minute; what is refused counts. */
  const TRY_MS = 500;
  /** The trunk lets it: a place there is free. */
  const passes = (agent: HouseAgent) =>
    consult(agent).then(
      () => true,
      () => false,
    );
  const dialled = (provider: SipPhone) => provider.calls.map(({ state }) => state);

  test('VOX-6 RTE-12 taken over, its minutes are counted on: past the cap of the day it is hung up with the cause', async () => {
    const { first, provider, pair } = await consulting({ maxMinutesPerDay: 4 });
    await house.application('sip-b');
    await first.kill9();
    // The first process counts by real minutes: what is used up here was counted by the second.
    await until(() => dialled(provider)[0] === 'over', { what: 'the cut', timeoutMs });
    const [cut] = provider.calls;
    expect(cut?.byeHeaders && header(cut.byeHeaders, 'Reason')).toContain('Spend cap');
    await hears(pair.agent.sip, 440);
    expect(pair.call.state).toBe('talking');
    await expect(consult(pair.agent)).rejects.toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('minutes') });
  }, 120_000);

  test('VOX-6 RTE-12 taken over, it keeps its place at the trunk until it is over', async () => {
    const { first, provider, pair } = await consulting({ maxCalls: 1, maxMinutesPerDay: 0 });
    await house.application('sip-b');
    await first.kill9();
    await until(async () => (await carrierOf(pair.agent))?.node === 'sip-b', { what: 'the call taken over', timeoutMs });
    await ask(pair.agent, { do: 'consult.cancel' });
    await until(() => dialled(provider)[0] === 'over', { what: 'the end of the consultation', timeoutMs });
    await hears(pair.agent.sip, 440);
    await until(() => passes(pair.agent), { what: 'the place that was given back', timeoutMs, everyMs: TRY_MS });
    await until(() => dialled(provider)[1] === 'talking', { what: 'the second consultation', timeoutMs });
  }, 120_000);

  test('VOX-6 RTE-12 killed at the moment of the answer, before anything of it is saved: its place at the trunk is free again', async () => {
    const { first, provider, pair, rung } = await ringing({ maxCalls: 1, maxMinutesPerDay: 0 });
    rung.answer();
    await first.kill9();
    await until(() => dialled(provider)[0] === 'over' && pair.call.state === 'over', { what: 'the end of all of it', timeoutMs });
    await house.application('sip-b');
    const [next] = (await talking(1)) as [Pair];
    await until(async () => (await carrierOf(next.agent))?.node === 'sip-b', { what: 'the next call', timeoutMs });
    await until(() => passes(next.agent), { what: 'the place that was given back', timeoutMs, everyMs: TRY_MS });
    await until(() => dialled(provider)[1] === 'talking', { what: 'the next consultation', timeoutMs });
  }, 120_000);
});

describe('two processes, two edges', () => {
  test('VOX-4 a call at one edge, its agent at the other', async () => {
    house = await openHouse();
    const other = await house.anotherEdge();
    await until(() => house.app.links.up.length === 2);
    const agent = await house.agent({ tone: 1_000, edge: other });
    const phone = await house.phone({ media: { tone: 440 } });
    const call = phone.call(house.scene.did);
    await hears(phone, 1_000);
    await hears(agent.sip, 440);
    await agent.sip.calls[0]?.bye();
    await until(() => call.state === 'over');
  });

  test('RTE-12 two nodes offering one agent: only one of two callers gets it', async () => {
    house = await openHouse();
    await house.application('sip-b');
    const agent = await house.agent({ tone: 1_000 });
    const phones = await Promise.all([house.phone(), house.phone(), house.phone(), house.phone()]);
    const calls = phones.map((phone) => phone.call(house.scene.did));
    await until(() => calls.every(({ state }) => state === 'talking'));
    await until(() => phones.some((phone) => hasTone(phone.media.sound(10), 1_000)), { what: 'the agent' });
    expect(agent.sip.calls.filter(({ state }) => state === 'talking')).toHaveLength(1);
    // One after the other.
    for (let served = 1; served < 4; served++) {
      await agent.sip.calls.find(({ state }) => state === 'talking')?.bye();
      await until(() => agent.sip.calls.length === served + 1 && agent.sip.calls[served]?.state === 'talking', { what: 'the next' });
    }
    expect(agent.sip.calls).toHaveLength(4);
  });
});
