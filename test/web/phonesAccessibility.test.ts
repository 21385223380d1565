/** ACC-10: axe finds nothing on any screen of phones: their configuration, a call at the desk, the history of calls; in light and dark, on a phone and a desktop. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import { wavOf } from '../support/wav.ts';
import { check, checkTargets, lookOf, SIZES } from './support/looks.ts';
import { PhoneCalls } from './support/phoneCalls.ts';
import { WebStage } from './support/stage.ts';

/** On a machine that is busy a process may lose its lease for a moment, and the desk connects anew. */
const PATIENCE_MS = 45_000;

let stage: WebStage;
let phones: PhoneCalls;
let anna: UserId;
let queue: QueueId;
let number = 0;
beforeAll(async () => {
  stage = await WebStage.open();
  phones = await PhoneCalls.start(stage.center);
  const { signIns } = await stage.center.demo();
  anna = await phones.register(signIns.find(({ email }) => email.startsWith('anna@'))?.phone.username ?? '');
  queue = await phones.queueNamed('Sales line');
  // Looking takes its time: neither offer nor wrap-up may run out meanwhile.
  const { version } = await stage.asAdmin('GET', `/queues/${queue}`);
  await stage.asAdmin('PATCH', `/queues/${queue}`, { offerTimeoutMs: 120_000, wrapUpMs: 300_000, version });
  await stage.asAdmin('POST', '/trunks', { name: 'Branch office', type: 'registers', prefixes: ['+39', '+420'] });
  await stage.asAdmin('POST', '/trunks', { name: 'Old line', type: 'address', sources: ['203.0.113.0/24'], isActive: false });
}, 120_000);
afterEach(async () => {
  expect(stage.browser.takeErrors()).toEqual([]);
  await phones.free(anna);
});
afterAll(async () => {
  await phones?.close();
  await stage?.close();
});

describe.each(SIZES)(
  'light and dark, %s',
  (size) => {
    const isPhone = size === 'phone';
    const context = lookOf(size);

    test('ACC-10 nothing is wrong where numbers, phones, trunks, calls out and a queue’s voice are configured', async () => {
      const { page, profile } = await stage.desk('giulia', { context, place: '#/admin/numbers' });
      page.setDefaultTimeout(PATIENCE_MS);
      const seen = async (screen: string): Promise<void> => {
        await check(page, screen);
        if (isPhone) await checkTargets(page);
      };
      const look = async (place: string, ready: string): Promise<void> => {
        await page.evaluate((hash) => (location.hash = hash), place);
        await page.locator(ready).first().waitFor();
        await seen(place);
      };
      const dialog = page.getByRole('dialog');
      const inDialog = async (screen: string, within: () => Promise<void>): Promise<void> => {
        await dialog.waitFor();
        await within();
        await seen(screen);
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
      };
      await look('#/admin/numbers', '.admin-row');
      await page.getByRole('button', { name: 'New number' }).click();
      await inDialog('a number that cannot be', async () => {
        await dialog.getByLabel('Number or extension').fill('anna');
        await dialog.getByRole('button', { name: 'Add' }).click();
        await dialog.locator('.field-error').waitFor();
      });
      await look('#/admin/phones', '.admin-row');
      await page.locator('.admin-row', { hasText: 'Anna Bianchi' }).getByRole('button').click();
      await inDialog('a phone', () => dialog.getByLabel('Name of the phone').waitFor());
      await page.getByRole('button', { name: 'New phone' }).click();
      await dialog.getByLabel('Person').selectOption({ label: 'Marco Verdi' });
      await dialog.getByLabel('Name of the phone').fill(`Desk ${++number}`);
      await dialog.getByRole('button', { name: 'Create' }).click();
      await dialog.getByText('shown only now').waitFor();
      await seen('a phone’s password');
      await dialog.getByRole('button', { name: 'I have noted it' }).click();
      await look('#/admin/trunks', '.admin-row');
      await page.locator('.admin-row', { hasText: 'Branch office' }).getByRole('button').click();
      await inDialog('a trunk that has not registered', () => dialog.locator('.trunk-state').waitFor());
      await page.getByRole('button', { name: 'New trunk' }).click();
      await inDialog('a trunk whose fields are missing', async () => {
        await dialog.getByLabel('Name', { exact: true }).fill('Provider');
        await dialog.getByText('We sign in with the provider').click();
        await dialog.getByRole('button', { name: 'Create' }).click();
        await dialog.locator('.field-error').first().waitFor();
      });
      await look(`#/admin/queues/${queue}`, '.sound-field');
      const sound = page.locator('.sound-field').first();
      await sound.locator('input[type=file]').setInputFiles([{ name: 'Waltz.wav', mimeType: 'audio/wav', buffer: wavOf(440, 1.2) }]);
      await sound.locator('audio').waitFor();
      await page.getByLabel('This queue has its own kinds of numbers to call').click();
      await seen('a queue’s voice that is not saved');
      await page.getByRole('button', { name: 'Undo' }).click();
      await look(`#/admin/agents/${anna}`, '.agent-phones .admin-row');
      await profile.close();
    });

    test('ACC-10 nothing is wrong on a phone call at the desk, its wrap-up and the history of calls', async () => {
      const { page, profile } = await stage.agent('anna', { context });
      page.setDefaultTimeout(PATIENCE_MS);
      const seen = async (screen: string): Promise<void> => {
        await check(page, screen);
        if (isPhone) await checkTargets(page);
      };
      const call = await phones.incoming(queue);
      await page.locator('.offer').getByText('Your phone is ringing').waitFor();
      await seen('a call that rings');
      await phones.answer(call, anna, 'Anna Bianchi');
      const panel = page.locator('.call-panel');
      await panel.getByText('Talking').waitFor();
      await expect
        .poll(
          () => {
            phones.tellQuality(call, { lossPct: 9, jitterMs: 70, rttMs: 900 });
            return panel.getByText('Poor line').count();
          },
          { timeout: PATIENCE_MS },
        )
        .toBe(1);
      await seen('a call that is hard to hear');
      await panel.getByRole('button', { name: 'Keypad' }).click();
      await seen('the keypad');
      await panel.getByRole('button', { name: 'Hold' }).click();
      await panel.getByText('On hold').waitFor();
      await seen('a call on hold');
      await panel.getByRole('button', { name: 'Resume' }).click();
      await panel.getByText('Talking').waitFor();
      await panel.getByRole('button', { name: 'Ask first' }).click();
      await page.getByRole('dialog').waitFor();
      await seen('whom to ask');
      await page.getByLabel('Colleague, queue or number').fill('+39025550');
      await page.getByRole('button', { name: 'Call +39025550' }).click();
      await panel.getByText('Asking a colleague').waitFor();
      await seen('a consultation');
      await page.reload();
      await page.locator('.call-card').waitFor();
      await seen('one’s own call beside the list');
      await phones.hangUpAndClose(call.interaction, anna);
      await page.locator('.wrap-up').getByRole('button', { name: 'Outcome and note' }).click();
      await page.getByRole('dialog').getByText('Sold').waitFor();
      await seen('the outcome of a call');
      await page.keyboard.press('Escape');
      await seen('the wrap-up of a call');
      await page.locator('.wrap-up').getByRole('button', { name: 'End now' }).click();
      await page.locator('.wrap-up').waitFor({ state: 'detached' });
      await page.evaluate(() => (location.hash = '#/calls'));
      await page.locator('.call-row').first().waitFor();
      await seen('the history of calls');
      await page.locator('.call-row').first().click();
      await page.locator('.call-phones').waitFor();
      await seen('one call of the history');
      await profile.close();
    });
  },
  180_000,
);
