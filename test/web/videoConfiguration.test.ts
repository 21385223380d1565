/** What an administrator says about a group's video in the browser reaches the page with the widget. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let giulia: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  giulia = await stage.desk('giulia', { place: '#/admin/video' });
}, 120_000);
afterAll(() => stage?.close());
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));

const row = (text: string) => giulia.page.locator('.admin-row', { hasText: text });
const shown = async (): Promise<Record<string, unknown>> =>
  ((await (await fetch(`${stage.origin}/api/v1/public/groups/demo-sales`)).json()) as { video: Record<string, unknown> }).video;

test('GRP-5 APP-10 VID-3 GRP-4 an administrator offers video in a group, with its policy and what each side may send', async () => {
  const { page } = giulia;
  await row('Demo shop').getByText('Offers video').waitFor();
  await row('Demo sales').getByText('No video').waitFor();
  await page.getByLabel('Search groups by name').fill('sales');
  await row('Demo shop').waitFor({ state: 'detached' });
  await row('Demo sales').getByRole('link').click();
  await page.getByLabel('Offer video').check();
  await page.getByLabel('Policy').fill('We see each other.\nNobody records it.');
  await page.getByLabel('Visitors may fill the screen with it').uncheck();
  const visitor = page.getByRole('group', { name: 'Visitor' });
  await visitor.getByLabel('Camera').selectOption({ label: 'Off, can be switched on' });
  await visitor.getByLabel('Screen sharing').selectOption({ label: 'Not allowed' });
  await page.getByRole('group', { name: 'Agents' }).getByLabel('Camera').selectOption({ label: 'Not allowed' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Saved$/ })
    .waitFor();
  await expect.poll(shown, { timeout: 10_000 }).toEqual({
    isOn: true,
    policy: 'We see each other.\nNobody records it.',
    canFullScreen: false,
    client: { camera: 'off', microphone: 'on', screen: 'forbidden' },
    agent: { camera: 'forbidden', microphone: 'on', screen: 'off' },
  });
  await page.reload();
  await expect.poll(() => page.getByLabel('Policy').inputValue()).toBe('We see each other.\nNobody records it.');
  await page.getByRole('link', { name: 'Video' }).last().click();
  await row('Demo sales').getByText('with policy').waitFor();
});

test('GRP-5 what somebody else changed meanwhile is shown, not written over', async () => {
  const { page } = giulia;
  await page.getByLabel('Search groups by name').fill('shop');
  await row('Demo shop').getByRole('link').click();
  await page.getByLabel('Offer video').uncheck();
  const { items } = (await stage.asAdmin('GET', '/groups?search=shop')) as { items: { id: string; version: number }[] };
  const [group] = items;
  await stage.asAdmin('PATCH', `/groups/${group?.id}`, { video: { policy: 'Mine.' }, version: group?.version });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('.conflict').getByText('They changed: Policy.').waitFor();
  expect(((await stage.asAdmin('GET', `/groups/${group?.id}`)) as { video: { isOn: boolean } }).video.isOn).toBe(true);
  await page.getByRole('button', { name: 'Keep mine and save' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Saved$/ })
    .waitFor();
  const { video } = (await stage.asAdmin('GET', `/groups/${group?.id}`)) as { video: { isOn: boolean; policy: string } };
  expect(video).toMatchObject({ isOn: false, policy: 'Mine.' });
});
