/** The way into a call, before any room: policy, devices, what is forbidden or missing. No process carries video here, and the pages say so. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { beginAtDesk, talking } from './support/calls.ts';
import { check, checkTargets, lookOf, SIZES } from './support/looks.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

const POLICY = 'We see and hear each other.\nNothing is recorded.';
const ABSENT = 'Video is not running on this server.';
let stage: WebStage;
let anna: DeskPage;
let number = 0;
beforeAll(async () => {
  stage = await WebStage.open();
  anna = await stage.agent('anna');
}, 180_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

describe.each(SIZES)('light and dark, %s', (size) => {
  const isPhone = size === 'phone';
  const context = lookOf(size);

  test('VID-3 WID-7 the policy is agreed to before the devices are looked at; nothing is wrong on any screen before a call', async () => {
    await stage.videoRules({ isOn: true, policy: POLICY, client: { camera: 'on', microphone: 'on', screen: 'off' } });
    const { page } = await talking(stage, anna, `Shall we talk? ${++number}`, { context });
    await page.locator('.chat-header').getByRole('button', { name: 'Video call' }).click();
    await page.locator('.ask-policy', { hasText: 'Nothing is recorded.' }).waitFor();
    // Why it cannot be had is said before anything is asked of anybody.
    await page.locator('.ask-card', { hasText: ABSENT }).waitFor();
    await check(page, 'policy');
    await page.locator('.ask-card').getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Please agree to the conditions first.').waitFor();
    await check(page, 'policy that is not agreed to');
    await page.locator('.ask-agree input').check();
    await page.locator('.ask-card').getByRole('button', { name: 'Continue' }).click();
    await page.locator('.call-check video').waitFor();
    await page.locator('.call-check', { hasText: ABSENT }).waitFor();
    await page.getByText('Your microphone hears you.').waitFor();
    await check(page, 'devices');
    if (isPhone) await checkTargets(page);
    await page.locator('.call-check').getByRole('button', { name: 'Switch camera off' }).click();
    await page.getByText('Camera is off').waitFor();
    await page.locator('.call-check').getByRole('button', { name: 'Call now' }).click();
    await page.locator('.left-card', { hasText: ABSENT }).waitFor({ timeout: 30_000 });
    await check(page, 'a call that could not begin');
    await page.locator('.left-card').getByRole('button', { name: 'Back to the chat' }).click();
    await page.locator('.left-card').waitFor({ state: 'detached' });
  }, 120_000);
});

test('VID-1 the desk looks at its devices too, by keyboard alone, and is told why video cannot be had', async () => {
  await stage.videoRules({ isOn: true, policy: '' });
  await talking(stage, anna, 'Invite me, please');
  await beginAtDesk(anna);
  await anna.page.locator('.call-check video').waitFor();
  await check(anna.page, 'devices at the desk');
  // The way on has the focus at once.
  await anna.page.keyboard.press('Enter');
  await anna.page.locator('.left-card', { hasText: ABSENT }).waitFor({ timeout: 30_000 });
  await check(anna.page, 'a call that could not begin, at the desk');
  await anna.page.locator('.left-card').getByRole('button', { name: 'Back to the chat' }).click();
}, 120_000);

test('VID-1 a second call of the same agent asks first whether the one before may be left', async () => {
  await stage.videoRules({ isOn: true, policy: '' });
  const { page } = anna;
  await talking(stage, anna, 'I am first');
  await beginAtDesk(anna);
  await page.locator('.call-check video').waitFor();
  await talking(stage, anna, 'And I am second');
  await beginAtDesk(anna);
  const question = page.getByRole('dialog', { name: 'Leave the other call?' });
  await question.waitFor();
  await check(page, 'the question before a second call', '.dialog');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await question.waitFor({ state: 'detached' });
  expect(await page.locator('.pane .call-check').count()).toBe(0);
  await beginAtDesk(anna);
  await question.getByRole('button', { name: 'Leave it and go on' }).click();
  await page.locator('.pane .call-check video').waitFor();
  await page.locator('.call-check').getByRole('button', { name: 'Back' }).click();
  await anna.showList('Mine');
  await anna.row('About: I am first').click();
  await page.locator('.pane-header').getByRole('button', { name: 'Video call' }).waitFor();
  expect(await page.locator('.call-check').count()).toBe(0);
}, 120_000);

test('VID-1 without a camera or a permission the page says what to do, and the way in stays open', async () => {
  await stage.videoRules({ isOn: true, policy: '' });
  const profile = await stage.browser.profile();
  await profile.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = (wanted) =>
      Promise.reject(new DOMException('', wanted?.video ? 'NotFoundError' : 'NotAllowedError'));
  });
  const { page } = await talking(stage, anna, 'I have no camera', { profile });
  await page.locator('.chat-header').getByRole('button', { name: 'Video call' }).click();
  await page.getByText('No camera was found.').waitFor();
  await page.getByText('The browser does not allow the microphone.').waitFor();
  await page.getByText('You can enter like this too').waitFor();
  expect(await page.locator('.call-check').getByRole('button', { name: 'Call now' }).isEnabled()).toBe(true);
  await page.locator('.call-check').getByRole('button', { name: 'Back' }).click();
  await page.locator('.call-check').waitFor({ state: 'detached' });
  // What a page that is not served over HTTPS has.
  await page.evaluate(() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined }));
  await page.locator('.chat-header').getByRole('button', { name: 'Video call' }).click();
  await page.getByText('The camera needs a secure (https) page.').waitFor();
  await page.getByText('The microphone needs a secure (https) page.').waitFor();
}, 60_000);

test('APP-10 GRP-5 what the group forbids is not offered, and without video there is no button', async () => {
  await stage.videoRules({ isOn: true, policy: '', client: { camera: 'forbidden', microphone: 'on', screen: 'forbidden' } });
  const first = await talking(stage, anna, 'Only my voice');
  await first.page.locator('.chat-header').getByRole('button', { name: 'Video call' }).click();
  await first.page.locator('.call-check').getByLabel('Microphone', { exact: true }).waitFor();
  expect(
    await first.page
      .locator('.call-check')
      .getByRole('button', { name: /camera/i })
      .count(),
  ).toBe(0);
  await stage.videoRules({ isOn: false });
  const second = await talking(stage, anna, 'Only in writing');
  expect(await second.page.getByRole('button', { name: 'Video call' }).count()).toBe(0);
  expect(await anna.page.locator('.pane-header').getByRole('button', { name: 'Video call' }).count()).toBe(0);
}, 60_000);
