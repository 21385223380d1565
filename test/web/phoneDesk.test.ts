/** A whole center with phones: a SIP phone calls the demo's number, an agent's SIP phone answers, and the desk steers the call. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { responseText, sipPeer } from '../actors/sipPeer.ts';
import { SipPhone } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

const [CALLER_HZ, ANNA_HZ, MARCO_HZ] = [440, 1_000, 1_500] as const;

let stage: WebStage;
let desk: DeskPage;
const phones: SipPhone[] = [];
beforeAll(async () => {
  stage = await WebStage.open({ hasPhones: true });
}, 180_000);
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));
afterAll(async () => {
  for (const phone of phones) phone.close();
  await stage.close();
});

/** The demo phone of one of its people, registered with the password that was printed. */
async function phoneOf(name: string, tone: number): Promise<SipPhone> {
  const { signIns } = await stage.center.demo();
  const { phone } = signIns.find(({ email }) => email.startsWith(`${name}@`)) ?? {};
  if (!phone) throw new Error(`the demo has no ${name}`);
  const sip = await SipPhone.open({
    user: phone.username,
    server: { host: '127.0.0.1', port: stage.center.sipPorts[0] ?? 0 },
    media: { tone },
  });
  phones.push(sip);
  await until(async () => (await sip.register(phone.password)) === 200, { timeoutMs: 30_000, what: `${name}'s registration` });
  return sip;
}

const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { timeoutMs: 10_000, what: `${hz} Hz` });
/** Of what comes while `other` sends half a second more; what was on its way before counts for nothing. */
async function hearsNot(phone: SipPhone, hz: number, other: SipPhone): Promise<void> {
  const sends = async (packets: number): Promise<void> => {
    const before = other.media.sent;
    await until(() => other.media.sent >= before + packets, { timeoutMs: 10_000, what: `${packets} packets` });
  };
  await sends(10);
  const heard = phone.media.heard.length;
  await sends(25);
  const count = Math.min(10, phone.media.heard.length - heard);
  if (count > 0) expect(hasTone(phone.media.sound(count), hz)).toBe(false);
}
const button = (name: string) => desk.page.locator('.call-panel').getByRole('button', { name });
const panel = (text: string) => desk.page.locator('.call-panel', { hasText: text }).waitFor();

test('VOX-4 a call comes, the phone answers, the desk holds, resumes, asks a colleague and hands over; wrap-up and history follow', async () => {
  const { items } = (await stage.asAdmin('GET', '/queues')) as { items: { id: string; name: string; version: number }[] };
  const line = items.find(({ name }) => name === 'Sales line');
  // Who answers has to say how it ended.
  await stage.asAdmin('PATCH', `/queues/${line?.id}`, { isOutcomeRequired: true, version: line?.version });
  desk = await stage.agent('anna');
  const notice = desk.page.getByText('None of your phones is registered');
  await notice.waitFor();
  const [caller, anna] = [await phoneOf('giulia', CALLER_HZ), await phoneOf('anna', ANNA_HZ)];
  await notice.waitFor({ state: 'detached' });
  const call = caller.call('100');
  const ringing = await until(() => anna.calls[0], { timeoutMs: 10_000, what: 'the ringing phone' });
  await desk.page.locator('.offer').getByText('Your phone is ringing').waitFor();
  ringing.answer();
  await panel('Talking');
  await hears(anna, CALLER_HZ);
  await hears(caller, ANNA_HZ);

  await button('Hold').click();
  await panel('On hold');
  // Music, not the agent.
  await until(() => caller.media.heard.length > 50 && !hasTone(caller.media.sound(10), ANNA_HZ), { timeoutMs: 10_000, what: 'no agent' });
  await button('Resume').click();
  await panel('Talking');
  await hears(caller, ANNA_HZ);

  await button('Mute').click();
  await panel('Muted');
  await hearsNot(caller, ANNA_HZ, anna);
  await button('Unmute').click();
  await hears(caller, ANNA_HZ);

  // Marco is there with his phone, and gets the call after he was asked.
  const marco = await phoneOf('marco', MARCO_HZ);
  const colleague = await stage.agent('marco');
  await button('Ask first').click();
  await desk.page.getByRole('dialog').getByText('Marco Verdi').click();
  await panel('Asking a colleague');
  const asked = await until(() => marco.calls[0], { timeoutMs: 10_000, what: 'Marco’s phone' });
  asked.answer();
  await hears(marco, ANNA_HZ);
  await button('Hand over').click();
  await hears(caller, MARCO_HZ);
  await hears(marco, CALLER_HZ);
  await colleague.page.locator('.call-panel, .call-card', { hasText: 'Talking' }).first().waitFor();

  desk = colleague;
  const other = desk.page.locator('.call-card-open');
  if (await other.isVisible()) await other.click();
  await panel('Talking');
  await call.bye();
  await panel('Call ended');
  const card = desk.page.locator('.client-card');
  expect(await card.textContent()).toContain('Number called100');
  expect(await card.textContent()).not.toContain('Device');
  await desk.page.getByRole('button', { name: 'Close', exact: true }).click();
  await desk.page.getByText('Sold').click();
  await desk.page.getByRole('button', { name: 'Close conversation' }).click();
  await desk.page.locator('.wrap-up').getByRole('button', { name: 'End now' }).click();

  await desk.page.locator('.rail-item', { hasText: 'Calls' }).click();
  const row = desk.page.locator('.call-row').first();
  await row.waitFor();
  expect(await row.textContent()).toContain('Answered');
  const [ended] = (await stage.asAdmin('GET', '/calls')).items as { interaction: string }[];
  expect(await stage.asAdmin('GET', `/interactions/${ended?.interaction}/call`)).toMatchObject({
    state: 'ended',
    endedAt: expect.any(Number),
  });
  await row.click();
  const details = desk.page.locator('.call-phones');
  await details.waitFor();
  for (const name of ['Anna Bianchi', 'Marco Verdi']) await details.getByText(name).first().waitFor();
  const segments = await desk.page.locator('.call-segments').textContent();
  for (const part of ['Waiting', 'Rang', 'Talked', 'On hold']) expect(segments).toContain(part);
}, 120_000);

test('VOX-4 a trunk’s page says what its provider answered, what to do about it, and since when it is registered', async () => {
  const provider = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: stage.center.sipPorts[0] ?? 0 });
  /** Answers each registration until it is closed. */
  let said: readonly [number, string] = [403, 'Wrong Password'];
  const answering = (async () => {
    for (let answered = 0; !provider.isClosed; ) {
      await until(() => provider.received.length > answered || provider.isClosed, { timeoutMs: 120_000, what: 'a REGISTER' });
      for (const message of provider.received.slice(answered)) {
        answered += 1;
        const [status, reason] = said;
        if (message.kind === 'request') provider.send(responseText(message, status, { reason }));
      }
    }
  })();
  const { page } = await stage.desk('giulia', { place: '#/admin/trunks' });
  const trunk = { name: 'Provider', type: 'provider', host: '127.0.0.1', port: provider.port, username: 'acme', password: 'not this one' };
  await stage.asAdmin('POST', '/trunks', trunk);
  const row = page.locator('.admin-row', { hasText: 'Provider' });
  await row.getByText('not registered (403)').waitFor({ timeout: 30_000 });
  await row.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  const state = dialog.locator('.trunk-state');
  await state.getByText('Last answer of the provider: 403 Wrong Password').waitFor();
  await state.getByText('Check user name and password').waitFor();
  said = [200, 'OK'];
  await dialog.getByRole('textbox', { name: 'Password' }).fill('this one');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row.getByText('registered', { exact: true }).waitFor({ timeout: 30_000 });
  await row.getByRole('button').click();
  await state.getByText('Since Today').waitFor();
  await state.getByText('Last answer of the provider: 200 OK').waitFor();
  provider.close();
  await answering;
}, 120_000);
