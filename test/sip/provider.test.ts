/** VOX-1, VOX-4: providers that we sign in to, as they are outside: they call the Contact we registered, write numbers in their own way, and know us by our user name alone. */
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { calledTexts, formsOf } from '../../sip/app/called.ts';
import { newId } from '../../src/base/ids.ts';
import type { CallCommandBody } from '../../src/protocol/calls.ts';
import { isKnownTo } from '../actors/sipChallenger.ts';
import type { PhoneCall } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse } from './support/house.ts';
import { openRelay, type Relay } from './support/relay.ts';

const CALLER = '+4930123456';

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

test('VOX-4 a provider calls our Contact, with the number in To: it reaches the queue, as who it asserts; a call out is from our user name', async () => {
  house = await openHouse({ trunkSources: [] });
  const { scene, engine, app } = house;
  const provider = await house.phone({ media: { tone: 440 } });
  const port = Number(provider.address.split(':')[1]);
  const account = { username: '4411e0', password: 'of the provider', callerId: scene.did };
  const trunk = await scene.addTrunk({ type: 'provider', sources: [], port, prefixes: ['+3906'], ...account });
  await until(async () => (await engine.phones.trunks()).some(({ doc }) => doc.id === trunk.id), { what: 'the trunk' });
  const agent = await house.agent({ tone: 1_000, answers: false });

  // Without plus, as most of them do.
  const call = provider.call(trunk.id, {
    from: '<sip:anonymous@anonymous.invalid>',
    to: `<sip:${scene.did.slice(1)}@provider.example>`,
    headers: [`P-Asserted-Identity: <sip:${CALLER}@provider.example;user=phone>`],
  });
  await until(() => hasTone(provider.media.sound(10), MUSIC_HZ), { what: 'the music' });
  const [live] = app.calls.all();
  expect(live?.caller).toBe(CALLER);
  const rung = await until(() => agent.sip.calls[0], { what: 'the ringing phone' });
  rung.answer();
  await until(() => hasTone(provider.media.sound(10), 1_000), { what: 'the agent' });

  const body = JSON.stringify({ by: agent.id, command: { do: 'consult', to: { kind: 'number', number: '+39061234567' } } });
  await engine.phones.ask('sip-1', { id: newId('command'), call: live?.id ?? '', body });
  const out = (await until(() => provider.calls[1], { what: 'the call out' })) as PhoneCall;
  const invitation = out.invitation as NonNullable<PhoneCall['invitation']>;
  expect(header(invitation, 'From')).toMatch(/^<sip:4411e0@127\.0\.0\.1>;tag=/);
  expect(header(invitation, 'P-Preferred-Identity')).toBe(`<sip:${scene.did}@127.0.0.1>`);
  await call.bye();
  // Who does not know the name of the trunk is a stranger, whatever To says.
  const stranger = await house.phone();
  const refused = stranger.call(newId('trunk'), { to: `<sip:${scene.did}@provider.example>` });
  await until(() => refused.state === 'over', { what: 'the refusal' });
  expect(refused.status).toBe(407);
});

test('VOX-4 RFC 3261 8.1.2, 22 a call out goes by the proxy, and whatever of it is challenged is answered, of two proxies and of who stands behind them', async () => {
  house = await openHouse({ trunkSources: [] });
  const { scene, engine, app } = house;
  const provider = await house.phone({ media: { tone: 1_600 } });
  const account = { username: 'digest-name', password: 'of the provider' };
  const place = { host: 'provider.invalid', outboundProxy: provider.address, prefixes: ['+3906'] };
  await scene.addTrunk({
    type: 'provider',
    sources: [],
    ...place,
    username: '4411e0',
    authUsername: account.username,
    password: account.password,
  });
  const asking = [
    [407, ''],
    [407, ' of the second'],
    [401, ''],
  ] as const;
  provider.lets = (request) => asking.every(([status, place]) => isKnownTo(provider, request, status, account, place));
  provider.onInvite = (rung) => rung.answer();
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  const [live] = app.calls.all();
  const ask = (command: CallCommandBody) =>
    engine.phones.ask('sip-1', { id: newId('command'), call: live?.id ?? '', body: JSON.stringify({ by: agent.id, command }) });

  await until(
    async () =>
      ask({ do: 'transfer', to: { kind: 'number', number: '+39061234567' } }).then(
        () => true,
        () => false,
      ),
    {
      what: 'a trunk that takes it',
    },
  );
  await until(() => hasTone(phone.media.sound(10), 1_600), { what: 'the other side' });
  const [out] = provider.calls;
  expect(out?.invitation?.start).toBe('INVITE sip:+39061234567@provider.invalid SIP/2.0');
  await call.bye();
  await until(() => out?.state === 'over', { what: 'the BYE that is known' });
});

test('RTE-12 VOX-4 RFC 3261 22.2 the link breaks while the provider challenges our BYE: it is said again, with what was asked for', async () => {
  let relay: Relay | undefined;
  const wireAt = async (port: number): Promise<number> => {
    relay = await openRelay(port);
    return relay.port;
  };
  onTestFinished(() => relay?.close());
  house = await openHouse({ trunkSources: [], wireAt });
  const { scene, engine, app } = house;
  const provider = await house.phone({ media: { tone: 1_600 } });
  const account = { username: 'digest-name', password: 'of the provider' };
  const port = Number(provider.address.split(':')[1]);
  await scene.addTrunk({ type: 'provider', sources: [], host: '127.0.0.1', port, prefixes: ['+3906'], ...account });
  await until(async () => (await engine.phones.trunks()).some(({ doc }) => doc.prefixes.includes('+3906')), { what: 'the trunk' });
  let isCut = false;
  provider.lets = (request) => {
    if (!request.start.startsWith('BYE')) return true;
    if (!isCut) relay?.cut();
    isCut = true;
    return isKnownTo(provider, request, 401, account);
  };
  provider.onInvite = (rung) => rung.answer();
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  const [live] = app.calls.all();
  const body = JSON.stringify({ by: agent.id, command: { do: 'transfer', to: { kind: 'number', number: '+39061234567' } } });
  await engine.phones.ask('sip-1', { id: newId('command'), call: live?.id ?? '', body });
  await until(() => hasTone(phone.media.sound(10), 1_600), { what: 'the other side' });
  await call.bye();
  await until(() => provider.calls[0]?.state === 'over', { what: 'the BYE that is known', timeoutMs: 8_000 });
});

describe('the number that was called', () => {
  const asked = (uri: string, headers: Record<string, string>) => ({ uri, get: (name: string) => headers[name] }) as never;
  const trunk = { type: 'provider', callerId: '+390266661' } as const;

  test.each([
    ['the request, when it is a number', 'sip:+390266662@here', { To: '<sip:+390266669@there>' }, ['+390266662']],
    [
      'P-Called-Party-ID (RFC 7315 4.2), To, and what the trunk shows',
      'sip:trk_1@here',
      { To: '<sip:0266669@p>', 'P-Called-Party-ID': '<tel:+390266668>' },
      ['+390266668', '0266669', '+390266661'],
    ],
    ['what the trunk shows, where To names our account', 'sip:trk_1@here', { To: '"Us" <sip:4411e0@p>' }, ['+390266661']],
  ])('VOX-1 stands in %s', (_where, uri, headers, texts) => {
    expect(calledTexts(asked(uri, headers), trunk)).toEqual(texts);
  });

  test('VOX-1 of a stranger, and of a trunk that is known by its address, only the request is read', () => {
    expect(calledTexts(asked('sip:trk_1@here', { To: '<sip:100@there>' }))).toEqual([]);
    expect(calledTexts(asked('sip:anna@here', { To: '<sip:100@there>' }), { ...trunk, type: 'address' })).toEqual([]);
  });

  test.each([
    ['390266661', 'IT', '+390266661'],
    ['0266661000', 'IT', '+390266661000'],
    ['00390266661', 'IT', '+390266661'],
    ['03012345678', 'DE', '+493012345678'],
    ['4930123456', '', '+4930123456'],
  ])('VOX-1 from a trunk %s (at home in %s) is %s, after what was written', (text, home, number) => {
    expect(formsOf(text, home)[0]).toBe(text);
    expect(formsOf(text, home)).toContain(number);
  });

  test('VOX-1 who is on no trunk means what it dials: 00 alone is read as +', () => {
    expect(formsOf('00390266661')).toEqual(['00390266661', '+390266661']);
    expect(formsOf('390266661')).toEqual(['390266661']);
  });
});
