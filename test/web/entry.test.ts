/** ACC-2 as a person meets it: an invitation link, a password of one's own, an authenticator app, the code at the next sign-in. */
import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebStage } from './support/stage.ts';

const PASSWORD = 'seven blue lamps in lucca';

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

test('ACC-2 with an authenticator app the next sign-in asks for its code, and a wrong one is refused', async () => {
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
  stage.browser.takeErrors();
});
