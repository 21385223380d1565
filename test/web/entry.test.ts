/** ACC-2 as a person meets it: an invitation link, a password of one's own, an authenticator app, the code at the next sign-in. */
import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebStage } from './support/stage.ts';

const PASSWORD = 'seven blue lamps in lucca';
const NEXT_PASSWORD = 'eight green lamps in pisa';

let stage: WebStage;
beforeAll(async () => {
  stage = await WebStage.open();
}, 120_000);
afterAll(() => stage?.close());

/** Invites a person who serves the first queue. @returns the link to give them */
async function invite(email: string): Promise<string> {
  const { items } = (await stage.asAdmin('GET', '/queues')) as { items: { id: string }[] };
  const made = await stage.asAdmin('POST', '/users', { email, name: 'Nora Verdi', queues: [{ id: items[0]?.id, role: 'agent' }] });
  const { url } = made.invitation as { url: string };
  return url.replace(/^https?:\/\/[^/]+/, stage.origin);
}

async function enter(page: Page, email: string, password: string): Promise<void> {
  await page.goto(`${stage.origin}/desk`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

test('ACC-2 an invitation link lets a person choose a password once; the desk opens; the link is then void', async () => {
  const url = await invite('nora@demo.example');
  const page = await stage.browser.page(await stage.browser.profile());
  await page.goto(url);
  await page.getByRole('heading', { name: 'Welcome, Nora' }).waitFor();
  await page.getByLabel('New password').fill('short');
  await page.getByLabel('Repeat the password').fill('short');
  await page.getByRole('button', { name: 'Set password and sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'at least 10 characters' }).waitFor();
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByLabel('Repeat the password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set password and sign in' }).click();
  await page.locator('.status-button').waitFor();
  const other = await stage.browser.page(await stage.browser.profile());
  await other.goto(url);
  await other.getByRole('alert').filter({ hasText: 'used already' }).waitFor();
  stage.browser.takeErrors();
});

test('ACC-2 with an authenticator app the next sign-in asks for its code; the password is changed, and who lost both is let in anew', async () => {
  const email = 'olga@demo.example';
  const page = await stage.browser.page(await stage.browser.profile());
  await page.goto(await invite(email));
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByLabel('Repeat the password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('.status-button').waitFor();

  await page.getByRole('button', { name: 'Profile and settings' }).first().click();
  await page.getByRole('button', { name: 'Switch on' }).click();
  await page.getByLabel('Confirm with your password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  const secret = (await page.locator('.secret').innerText()).replaceAll(' ', '');
  const app = new TOTP({ secret });
  await page.locator('.totp input').fill(app.generate());
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.codes li').count()).toBeGreaterThan(4);
  const recovery = (await page.locator('.codes li').first().innerText()).trim();

  const next = await stage.browser.page(await stage.browser.profile());
  await enter(next, email, PASSWORD);
  const code = next.locator('input[autocomplete="one-time-code"]');
  await code.fill('000000');
  await next.keyboard.press('Enter');
  await next.getByRole('alert').waitFor();
  await code.fill(recovery);
  await next.keyboard.press('Enter');
  await next.locator('.status-button').waitFor();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.reload();
  await page.getByText('Recovery codes left: 9.').waitFor();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByLabel('Present password').fill('not the present one');
  await page.getByLabel('New password').fill(NEXT_PASSWORD);
  await page.getByLabel('Repeat the password').fill(NEXT_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'The password is not right.' }).waitFor();
  await page.getByLabel('Present password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Your password is changed.').waitFor();
  // The other sign-in has ended with it.
  await next.getByLabel('Password').waitFor();

  // The telephone with the app is lost, and the password forgotten: an administrator helps.
  const { page: office } = await stage.desk('giulia', { place: '#/admin/agents' });
  await office.locator('.admin-row', { hasText: email }).click();
  await office.getByRole('button', { name: 'Switch two-step sign-in off' }).click();
  const dialog = office.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Switch two-step sign-in off' }).click();
  await dialog.waitFor({ state: 'detached' });
  await office.getByRole('button', { name: 'Link for a new password' }).click();
  await next.goto((await dialog.locator('code').textContent()) ?? '');
  await next.reload();
  await next.getByLabel('New password').fill(PASSWORD);
  await next.getByLabel('Repeat the password').fill(PASSWORD);
  await next.keyboard.press('Enter');
  await next.locator('.status-button').waitFor();
  stage.browser.takeErrors();
});
