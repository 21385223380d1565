/** VOX-4, RTE-5: a call that an agent's phone places is the agent's own: busy with it, at the desk, handed on, and over for everybody when it is over. */
import { afterEach, describe, expect, test } from 'vitest';
import { type InteractionId, newId, type UserId } from '../../src/base/ids.ts';
import { type CallCommandBody, callView } from '../../src/protocol/calls.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, type HouseOptions, MUSIC_HZ, openHouse } from './support/house.ts';

const LOCAL = '+39061234567';
const timeoutMs = 20_000;

let house: House;
/** Behind the trunk. */
let provider: SipPhone;
afterEach(() => house.close());

async function open(options: HouseOptions = {}): Promise<void> {
  house = await openHouse({ trunkSources: ['198.51.100.1'], ...options });
  provider = await house.phone({ media: { tone: 1_600 } });
  const port = Number(provider.address.split(':')[1]);
  const { id } = await house.scene.addTrunk({ port, sources: [], prefixes: ['+3906'] });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.id === id), { what: 'the trunk' });
}

async function agent(tone = 1_000, answers = true): Promise<HouseAgent> {
  const made = await house.agent({ tone, answers });
  made.sip.password = made.credentials.password;
  return made;
}

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz`, timeoutMs });
const isOver = (call: PhoneCall | undefined) => until(() => call?.state === 'over', { what: 'the end', timeoutMs });
const rung = (phone: SipPhone, count = 1) => until(() => phone.calls[count - 1], { what: 'ringing', timeoutMs });
const viewOf = async ({ id }: HouseAgent) => (await house.engine.views.agent(house.scene.scope, id))?.agent;
const heldBy = async ({ id }: HouseAgent) => (await house.engine.views.agent(house.scene.scope, id))?.interactions ?? [];
const isFree = (who: HouseAgent) => until(async () => (await viewOf(who))?.load === 0, { what: 'the agent free', timeoutMs });
/** The interaction of the call that the agent placed. */
const ownCall = (who: HouseAgent) =>
  until(async () => (await heldBy(who)).find(({ queue }) => queue === ''), { what: 'the own call', timeoutMs });
async function shown(interaction: string) {
  const noted = await house.engine.views.call(house.scene.scope, interaction as InteractionId);
  return noted === undefined ? undefined : callView.parse(JSON.parse(noted));
}
const isShown = (interaction: string, state: string) =>
  until(async () => (await shown(interaction))?.state === state, { what: `${state} at the desk`, timeoutMs });
async function command({ id }: HouseAgent, interaction: string, body: CallCommandBody): Promise<unknown> {
  const carrier = await house.engine.phones.carrier(interaction);
  const order = { id: newId('command'), call: carrier?.call ?? '', body: JSON.stringify({ by: id, command: body }) };
  return house.engine.phones.ask(carrier?.node ?? '', order);
}
const nothingIsLeft = () =>
  until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0 && house.media.legCount === 0, {
    what: 'nothing left',
    timeoutMs,
  });

/** Talks to somebody outside. */
async function outside(who: HouseAgent) {
  const count = provider.calls.length;
  const call = who.sip.call(LOCAL);
  const there = await rung(provider, count + 1);
  there.answer();
  await until(() => call.state === 'talking', { what: 'the answer', timeoutMs });
  const { id } = await ownCall(who);
  await until(async () => (await house.engine.views.interaction(house.scene.scope, id as InteractionId))?.startedAt, {
    what: 'the answer in routing',
  });
  return { call, there, id };
}

describe('at the desk and in routing', () => {
  test('RTE-5 RTE-4 VOX-4 RFC 3960: dialled, with the ring tone of the other side; a caller waits meanwhile; hold, mute, keys and hang-up at the desk', async () => {
    await open();
    const who = await agent();
    const call = who.sip.call(LOCAL);
    const there = await rung(provider);
    const { id, client, owner } = await ownCall(who);
    expect([client.name, owner?.id]).toEqual([LOCAL, who.id]);
    await isShown(id, 'dialling');
    expect(await viewOf(who)).toMatchObject({ status: 'busy', placedCalls: 1 });
    const caller = await house.phone({ media: { tone: 440 } });
    caller.call(house.scene.did);
    await hears(caller, MUSIC_HZ);
    expect(who.sip.calls).toEqual([call]);
    for (const early of [{ do: 'hold' }, { do: 'transfer', to: { kind: 'number', number: LOCAL } }] as const)
      await expect(command(who, id, early)).rejects.toMatchObject({ code: 'wrong_state' });

    there.announce();
    await until(() => call.progress.includes(183), { what: '183', timeoutMs });
    await hears(who.sip, 1_600);
    there.answer();
    await isShown(id, 'talking');
    // The calling phone has its answer a moment later than routing.
    await until(async () => (await shown(id))?.legs.every(({ state }) => state === 'talking'), { what: 'both on the phone', timeoutMs });
    expect(await shown(id)).toMatchObject({ direction: 'outbound', caller: LOCAL, dialled: LOCAL });
    expect((await shown(id))?.legs.map(({ role, name, state }) => [role, name, state])).toEqual([
      ['agent', expect.any(String), 'talking'],
      ['customer', LOCAL, 'talking'],
    ]);
    await command(who, id, { do: 'hold' });
    await hears(provider, MUSIC_HZ);
    await isShown(id, 'held');
    await command(who, id, { do: 'resume' });
    await hears(provider, 1_000);
    await command(who, id, { do: 'keys', keys: '5' });
    await until(() => provider.media.heard.some(({ payloadType }) => payloadType === provider.media.eventPayloadType), {
      what: 'the key',
      timeoutMs,
    });
    await command(who, id, { do: 'mute', isMuted: true });
    await until(async () => (await shown(id))?.legs.some(({ role, isMuted }) => role === 'agent' && isMuted), { what: 'muted', timeoutMs });
    await command(who, id, { do: 'hangup' });
    await isOver(there);
    await isOver(call);
    // The caller who waited is next.
    await hears(caller, 1_000);
  });

  test('VOX-4 given up at the desk while it rings: the phone is told, and nobody rings any more; so when the process stops', async () => {
    await open();
    const [who, colleague] = [await agent(), await agent(1_300, false)];
    const call = who.sip.call(colleague.credentials.username);
    const there = await rung(colleague.sip);
    there.ring();
    await until(async () => (await shown((await ownCall(who)).id))?.caller === (await viewOf(colleague))?.name, { what: 'the name' });
    await command(who, (await ownCall(who)).id, { do: 'hangup' });
    await isOver(call);
    await isOver(there);
    expect([call.status, there.status]).toEqual([480, 487]);
    await isFree(who);
    await nothingIsLeft();
    const second = who.sip.call(colleague.credentials.username);
    (await rung(colleague.sip, 2)).ring();
    await house.app.close();
    await isOver(second);
    expect(second.status).toBe(480);
  });

  test('RTE-6 INV-6 RFC 3261 9: a call that rings the agent goes to the next one when the agent dials', async () => {
    await open();
    const who = await agent(1_000, false);
    const caller = await house.phone({ media: { tone: 440 } });
    caller.call(house.scene.did);
    const ringing = await rung(who.sip);
    ringing.ring();
    const other = await agent(1_300);
    const call = who.sip.call(LOCAL);
    await isOver(ringing);
    expect(ringing.status).toBe(487);
    await hears(caller, 1_300);
    expect((await viewOf(other))?.load).toBe(1);
    await call.cancel();
    await isFree(who);
  });
});

describe('handed on', () => {
  test('VOX-4 INV-8 blind to a queue, by REFER and at the desk: who was called hears music there and the next agent, who may be anybody', async () => {
    await open();
    const who = await agent();
    const queue = await house.scene.addQueue();
    await house.scene.addNumber('200', queue);
    const first = await outside(who);
    expect(await first.call.refer('<sip:200@127.0.0.1>')).toBe(202);
    await isOver(first.call);
    await hears(provider, MUSIC_HZ);
    await until(async () => (await house.engine.views.interaction(house.scene.scope, first.id as InteractionId))?.queue === queue, {
      what: 'the queue',
    });
    await first.there.bye();
    await isFree(who);
    const second = await outside(who);
    await command(who, second.id, { do: 'transfer', to: { kind: 'queue', queueId: house.scene.queueId } });
    await isOver(second.call);
    // Nobody else is there: the same phone rings again.
    await hears(provider, 1_000);
    await second.there.bye();
    await nothingIsLeft();
    await isFree(who);
  });

  test('VOX-4 RTE-12 blind to a colleague: rings there; nobody answers: who was called is told so, twice over if need be, and nobody is busy with it', async () => {
    await open();
    const who = await agent();
    const first = await outside(who);
    const colleague = await agent(1_300);
    const to = { kind: 'agent', userId: colleague.id as UserId } as const;
    await command(who, first.id, { do: 'transfer', to });
    await hears(provider, 1_300);
    await isOver(first.call);
    await isFree(who);
    expect(await viewOf(colleague)).toMatchObject({ placedCalls: 1 });
    expect(header(colleague.sip.calls[0]?.invitation as never, 'From')).toContain(LOCAL);
    await first.there.bye();
    await isFree(colleague);

    const second = await outside(who);
    colleague.sip.onInvite = (call) => call.decline(486);
    await command(who, second.id, { do: 'transfer', to });
    // "The call could not be put through", and hung up.
    await isOver(second.there);
    await isFree(colleague);
    await isFree(who);
    await nothingIsLeft();
  });

  test('VOX-4 INV-7 a caller whom an agent hands to a colleague who does not answer comes back each time, not the first time only', async () => {
    await open();
    const who = await agent();
    const caller = await house.phone({ media: { tone: 440 } });
    const call = caller.call(house.scene.did);
    await hears(caller, 1_000);
    const colleague = await agent(1_300, false);
    colleague.sip.onInvite = (ring) => ring.decline(486);
    for (const time of [1, 2]) {
      const [{ id = '' } = {}] = await heldBy(who);
      await command(who, id, { do: 'transfer', to: { kind: 'agent', userId: colleague.id as UserId } });
      await rung(colleague.sip, time);
      // Its former owner is free, and the only one who answers.
      await until(
        async () => (await heldBy(who)).length === 1 && who.sip.calls.at(-1)?.state === 'talking' && who.sip.calls.length === time + 1,
        {
          what: 'back',
          timeoutMs,
        },
      );
    }
    expect((await viewOf(colleague))?.load).toBe(0);
    await call.bye();
    await nothingIsLeft();
  });
});

describe('the process that carries it is killed', () => {
  test('RTE-12 INV-9 talking: another goes on with it; dialling: the phone hears the end, and the agent is free', async () => {
    await open({ hasApplication: false });
    const first = await house.process('sip-a');
    const [talks, dials] = [await agent(), await agent(1_300)];
    const up = await outside(talks);
    const pending = dials.sip.call(LOCAL);
    await rung(provider, 2);
    await ownCall(dials);
    const second = await house.application('sip-b');
    await until(async () => (await house.savedBy('sip-a')).some(({ legs }) => legs.length === 2), { what: 'the call saved', timeoutMs });
    await first.kill9();
    await until(() => second.app.calls.size === 1, { what: 'the call taken over', timeoutMs });
    await isOver(pending);
    await isFree(dials);
    await hears(provider, 1_000);
    expect(await viewOf(talks)).toMatchObject({ status: 'busy', placedCalls: 1 });
    await command(talks, up.id, { do: 'hangup' });
    await isOver(up.there);
    await isOver(up.call);
    await isFree(talks);
  }, 120_000);
});
