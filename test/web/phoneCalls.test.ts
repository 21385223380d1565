/** VOX-4, RTE-4: phone calls at the desk: the card of an incoming call, the controls of one's own, wrap-up and outcome, the history. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import type { CallView } from '../../src/protocol/calls.ts';
import { PhoneCalls } from './support/phoneCalls.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let phones: PhoneCalls;
let anna: UserId;
let queue: QueueId;
let desk: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  phones = await PhoneCalls.start(stage.center);
  const { signIns } = await stage.center.demo();
  anna = await phones.register(signIns.find(({ email }) => email.startsWith('anna@'))?.phone.username ?? '');
  queue = await phones.queueNamed('Sales line');
  const { version } = await stage.asAdmin('GET', `/queues/${queue}`);
  await stage.asAdmin('PATCH', `/queues/${queue}`, { wrapUpMs: 300_000, version });
  desk = await stage.agent('anna');
}, 120_000);
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));
afterAll(async () => {
  await phones.close();
  await stage.close();
});

const button = (name: string) => desk.page.locator('.call-panel').getByRole('button', { name });
const panel = (text: string) => desk.page.locator('.call-panel', { hasText: text }).waitFor();
async function talking(): Promise<CallView> {
  const call = await phones.incoming(queue);
  const answered = await phones.answer(call, anna, 'Anna Bianchi');
  await panel('Talking');
  return answered;
}
/** Ends it, closes it with an outcome and ends the wrap-up. */
async function finish(call: CallView): Promise<void> {
  await phones.hangUpCaller(call.interaction);
  await panel('Call ended');
  await desk.page.getByRole('button', { name: 'Close', exact: true }).click();
  await desk.page.getByText('Interested').click();
  await desk.page.getByLabel('Note (optional)').fill('calls again on Monday');
  await desk.page.getByRole('button', { name: 'Close conversation' }).click();
  await desk.page.locator('.wrap-up').waitFor();
  await desk.page.getByRole('button', { name: 'One more minute' }).click();
  await desk.page.getByRole('button', { name: 'End now' }).click();
  await desk.page.locator('.wrap-up').waitFor({ state: 'detached' });
}

describe('calls at the desk', () => {
  test('VOX-4 an incoming call shows who calls, from which number, for which queue, and that the phone rings; it may be declined', async () => {
    const card = desk.page.locator('.offer');
    const call = await phones.incoming(queue, 'Karel Novák', () => card.getByText('Your phone is ringing').waitFor());
    await card.getByText('+420123456789').waitFor();
    const text = await card.textContent();
    for (const part of ['Incoming call', 'Karel Novák', '+420123456789', 'Sales line', 'waiting']) expect(text).toContain(part);
    expect(await card.getByRole('button', { name: 'Accept' }).count()).toBe(0);
    const token = async () => (await phones.engine.views.agent(phones.scope, anna))?.offers[0]?.token;
    const before = await token();
    await card.getByRole('button', { name: 'Decline' }).click();
    // Nobody else is there, so it comes back as another offer.
    await expect.poll(token).not.toBe(before);
    await phones.abandon(call.interaction);
    await card.waitFor({ state: 'detached' });
  });

  test('VOX-4 answered on the phone, the call opens; hold, mute and keys reach it, and the panel says how it stands', async () => {
    const call = await talking();
    await button('Hold').click();
    await panel('On hold');
    await button('Resume').click();
    await panel('Talking');
    await button('Mute').click();
    await panel('Muted');
    await button('Unmute').click();
    await button('Mute').waitFor();
    await button('Keypad').click();
    for (const key of ['4', '2', '#']) await desk.page.locator('.keypad-key', { hasText: key }).click();
    await expect.poll(() => phones.asked.filter((command) => command.do === 'keys').map(({ keys }) => keys)).toEqual(['4', '2', '#']);
    expect(await desk.page.locator('.keypad-sent').textContent()).toBe('42#');
    await finish(call);
  });

  test('VOX-4 how well the call is heard is shown in words, with whose phone and its figures where it is not clear', async () => {
    const call = await talking();
    const meter = desk.page.locator('.call-quality');
    const says = async (figures: { lossPct: number; jitterMs: number; rttMs: number }, words: string) => {
      // A signal may be lost, as one is that comes before the desk follows the conversation: the next one says it again.
      await expect
        .poll(
          async () => {
            phones.tellQuality(call, figures);
            return (await meter.count()) > 0 && meter.textContent();
          },
          { timeout: 10_000 },
        )
        .toBe(words);
    };
    await says({ lossPct: 0, jitterMs: 3, rttMs: 40 }, 'Clear line');
    expect(await meter.getAttribute('title')).toBe('Worst heard: +420123456789 · 0 % lost · 3 ms jitter · 40 ms round trip');
    await says(
      { lossPct: 2.25, jitterMs: 12, rttMs: 90 },
      'Line not quite clearWorst heard: +420123456789 · 2.3\u00a0% lost · 12\u00a0ms jitter · 90\u00a0ms round trip',
    );
    await says(
      { lossPct: 0, jitterMs: 75, rttMs: 90 },
      'Poor lineWorst heard: +420123456789 · 0\u00a0% lost · 75\u00a0ms jitter · 90\u00a0ms round trip',
    );
    await finish(call);
    await meter.waitFor({ state: 'detached' });
  });

  test('VOX-4 ask first, then all together; the one who was asked can be let go, and the caller comes back', async () => {
    const call = await talking();
    await button('Ask first').click();
    await desk.page.getByLabel('Colleague, queue or number').fill('+39 (02) 555');
    await desk.page.getByRole('button', { name: 'Call +3902555' }).click();
    await panel('Asking a colleague');
    await expect.poll(() => phones.asked.at(-1)).toEqual({ do: 'consult', to: { kind: 'number', number: '+3902555' } });
    // Before anybody answered there is nobody to hand over to.
    expect(await button('Hand over').isDisabled()).toBe(true);
    await phones.answerConsult(call.interaction);
    await expect.poll(() => button('Hand over').isDisabled()).toBe(false);
    await button('All together').click();
    await panel('Conference');
    await button('Hang up +3902555').click();
    await expect.poll(() => phones.asked.at(-1)).toMatchObject({ do: 'hangup', leg: expect.stringMatching(/^leg_/) });
    await finish(call);
  });

  test('VOX-4 a call goes to a colleague, a queue or a number; what is refused is said and the call goes on', async () => {
    const call = await talking();
    await button('Transfer').click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByText('Sales line').waitFor();
    await dialog.getByText('Sales line').click();
    await expect.poll(() => phones.asked.at(-1)).toEqual({ do: 'transfer', to: { kind: 'queue', queueId: queue } });
    // This actor transfers nothing, as a call that changed meanwhile would not.
    await desk.page.locator('.toast').waitFor();
    await desk.page.keyboard.press('Escape');
    await panel('Talking');
    await finish(call);
  });

  test('APP-7 after a call that asks for no outcome the wrap-up says whose it is, and takes outcome and note', async () => {
    const call = await talking();
    await phones.hangUpAndClose(call.interaction, anna);
    const card = desk.page.locator('.wrap-up');
    await card.getByText('Karel Novák').waitFor();
    await card.getByRole('button', { name: 'Outcome and note' }).click();
    const dialog = desk.page.getByRole('dialog', { name: 'How it ended' });
    await dialog.getByText('Sold').click();
    await dialog.getByLabel('Note (optional)').fill('pays by Friday');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await card.getByText('Karel Novák · Sold').waitFor();
    await card.getByRole('button', { name: 'End now' }).click();
    await card.waitFor({ state: 'detached' });
    const noteOf = async () => (await stage.asAdmin('GET', `/calls/${call.interaction}`)).note;
    await expect.poll(noteOf, { timeout: 10_000 }).toBe('pays by Friday');
    expect(await stage.asAdmin('GET', `/calls/${call.interaction}`)).toMatchObject({ outcome: { kind: 'OK' } });
  });

  test('VOX-4 one’s own call stays in sight and in hand while something else is shown, and after a reload', async () => {
    const call = await talking();
    await desk.page.reload();
    const card = desk.page.locator('.call-card');
    await card.getByText('Karel Novák').waitFor();
    await card.getByRole('button', { name: 'Hold' }).click();
    await card.getByText('On hold').waitFor();
    await card.locator('.call-card-open').click();
    await panel('On hold');
    await card.waitFor({ state: 'detached' });
    await finish(call);
  });

  test('HIS-1 the history shows own calls with direction, result, times, and each phone with its figures', async () => {
    await desk.page.locator('.rail-item', { hasText: 'Calls' }).click();
    const rows = desk.page.locator('.call-row');
    await rows.first().waitFor();
    await expect.poll(() => rows.count()).toBe(6);
    const text = await rows.first().textContent();
    for (const part of ['Incoming', 'Karel Novák', '+420123456789', 'Sales line', 'Anna Bianchi', 'Answered']) expect(text).toContain(part);
    await desk.page.getByLabel('Number').fill('999');
    await desk.page.getByText('No calls found.').waitFor();
    await desk.page.getByLabel('Number').fill('420 123');
    await rows.first().click();
    await desk.page.locator('.call-note', { hasText: 'calls again on Monday' }).waitFor();
    expect(await desk.page.locator('.call-segments').textContent()).toContain('On hold');
    const caller = await desk.page.locator('.call-phones tr', { hasText: 'Caller' }).textContent();
    for (const part of ['+420123456789', 'hung up', '1 %', '3.2 ms', '24 ms']) expect(caller).toContain(part);
  });
});
