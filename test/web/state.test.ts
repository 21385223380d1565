/** What agents do about their own state at the desk: pauses and their reasons, single queues, queues of others, wrap-up, devices. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
beforeAll(async () => {
  stage = await WebStage.open();
}, 120_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

type Reason = { id: string; name: string; isEnabled: boolean; version: number };

async function enableReasons(isEnabled: boolean): Promise<void> {
  const { items } = (await stage.asAdmin('GET', '/pause-reasons')) as { items: Reason[] };
  for (const { id, version } of items) await stage.asAdmin('PATCH', `/pause-reasons/${id}`, { isEnabled, version });
}

const status = (desk: DeskPage) => desk.page.locator('.status-words');

async function openQueues(desk: DeskPage) {
  await desk.page.locator('.status-button').click();
  await desk.page.getByRole('menuitem', { name: 'Queues and devices…' }).click();
  return desk.page.getByRole('dialog');
}

test('RTE-7 with reasons on, one menu signs in, pauses with a reason and signs out; a reason added meanwhile is there', async () => {
  const desk = await stage.agent('anna');
  await stage.asAdmin('POST', '/pause-reasons', { name: 'Dentist' });
  await desk.page.locator('.status-button').click();
  await desk.page.getByRole('menuitem', { name: 'Dentist' }).click();
  await status(desk).filter({ hasText: 'Paused · Dentist' }).waitFor();
  await desk.page.locator('.status-button').click();
  await desk.page.getByRole('menuitem', { name: 'Resume' }).click();
  await status(desk).filter({ hasText: 'Available' }).waitFor();
  await desk.page.locator('.status-button').click();
  await desk.page.getByRole('menuitem', { name: 'Sign out of all queues' }).click();
  await status(desk).filter({ hasText: 'Signed out' }).waitFor();
  await desk.profile.close();
});

test('RTE-7 with all reasons off, plain buttons sign in and pause all queues, and signing out stands under three dots', async () => {
  await enableReasons(false);
  try {
    const desk = await stage.desk('marco');
    await desk.page.locator('.status-buttons').getByRole('button', { name: 'Sign in', exact: true }).click();
    await status(desk).filter({ hasText: 'Available' }).waitFor();
    await desk.page.getByRole('button', { name: 'Pause all queues' }).click();
    await status(desk)
      .filter({ hasText: /^Paused$/ })
      .waitFor();
    await desk.page.getByRole('button', { name: 'Resume' }).click();
    await status(desk).filter({ hasText: 'Available' }).waitFor();
    await desk.page.locator('.status-buttons').getByRole('button', { name: 'More' }).click();
    await desk.page.getByRole('menuitem', { name: 'Sign out of all queues' }).click();
    await status(desk).filter({ hasText: 'Signed out' }).waitFor();
    await desk.profile.close();
  } finally {
    await enableReasons(true);
  }
});

test('RTE-4 an agent pauses in one queue alone, leaves another, and sees which devices are live', async () => {
  const desk = await stage.agent('anna');
  const second = await stage.agent('anna', {
    context: { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1' },
  });
  const dialog = await openQueues(desk);
  await dialog.getByRole('button', { name: 'Pause in Sales', exact: true }).click();
  await dialog.getByRole('button', { name: 'Lunch' }).click();
  await dialog.getByText('paused · Lunch').waitFor();
  await dialog.getByRole('button', { name: 'Sign out of Support' }).click();
  await dialog.getByRole('button', { name: 'Sign in to Support' }).waitFor();
  await expect.poll(() => dialog.locator('.devices .dot-on').count()).toBe(2);
  await second.profile.close();
  await expect.poll(() => dialog.locator('.devices .dot-on').count()).toBe(1);
  await dialog.getByRole('button', { name: 'Resume in Sales', exact: true }).click();
  await dialog.getByRole('button', { name: 'Pause in Sales', exact: true }).waitFor();
  await desk.profile.close();
});

test('ACC-5 where the account lets users, an agent helps out in a queue of others until signing out of it', async () => {
  const { id } = (await stage.asAdmin('POST', '/queues', { name: 'Far away' })) as { id: string };
  const before = await stage.asAdmin('GET', '/account');
  const strict = await stage.agent('marco');
  const plain = await openQueues(strict);
  await plain.getByText('Your devices').waitFor();
  expect(await plain.getByText('Other queues').count()).toBe(0);
  await strict.profile.close();

  await stage.asAdmin('PATCH', '/account', { canSignInAnywhere: true, version: before.version });
  const desk = await stage.agent('marco');
  const dialog = await openQueues(desk);
  await dialog.getByRole('button', { name: 'Sign in to Far away' }).click();
  await dialog.locator('.my-queue', { hasText: 'Far away' }).getByText('temporary').waitFor();
  await desk.page.keyboard.press('Escape');
  await stage.caller(id, 'Rosa Lontana');
  await desk.showList('Without agent');
  await desk.row('Rosa Lontana').waitFor();
  const again = await openQueues(desk);
  await again.getByRole('button', { name: 'Sign out of Far away' }).click();
  await again.getByRole('button', { name: 'Sign in to Far away' }).waitFor();
  await desk.profile.close();
});

test('RTE-8 the clock of a wrap-up offers to end or extend it only where the queue allows', async () => {
  const settings = { mode: 'balanced', isAutoAccepted: true, wrapUpMs: 600_000 };
  const both = await stage.queue('Free wrap-up', settings);
  const none = await stage.queue('Strict wrap-up', { ...settings, canEndWrapUp: false, canExtendWrapUp: false });
  const desk = await stage.agent('anna');
  const dialog = await openQueues(desk);
  for (const name of ['Free wrap-up', 'Strict wrap-up']) {
    const signIn = dialog.getByRole('button', { name: `Sign in to ${name}` });
    await dialog.locator('.my-queue', { hasText: name }).waitFor();
    if (await signIn.count()) await signIn.click();
    await dialog.getByRole('button', { name: `Pause in ${name}` }).waitFor();
  }
  await desk.page.keyboard.press('Escape');
  const closeOne = async (queueId: string, name: string): Promise<void> => {
    await stage.caller(queueId, name);
    await desk.showList('Mine');
    await desk.row(name).first().click();
    await desk.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
    await desk.page.getByRole('menuitem', { name: 'Close conversation' }).click();
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Close conversation' }).click();
  };
  await closeOne(none.id, 'Stella Streng');
  const card = desk.page.locator('.wrap-up');
  await card.getByRole('timer').waitFor();
  expect(await card.getByRole('button').allInnerTexts()).toEqual(['Outcome and note']);
  await closeOne(both.id, 'Frida Frei');
  await card.getByRole('button', { name: 'One more minute' }).click();
  await expect.poll(() => card.getByRole('timer').allInnerTexts()).toContainEqual(expect.stringMatching(/^10:[1-5]\d$|^11:00$/));
  await card.getByRole('button', { name: 'End now' }).click();
  await expect.poll(() => card.count()).toBe(1);
  await desk.profile.close();
});

test('RTE-5 an offer says by which medium it comes', async () => {
  const queue = await stage.queue('By phone', { channel: 'voice', mode: 'longest_idle' });
  // Somebody with a SIP phone would be offered calls while that one is registered only.
  const { items } = (await stage.asAdmin('GET', '/phones')) as { items: { id: string; userName: string }[] };
  for (const { id, userName } of items) if (userName.startsWith('Marco')) await stage.asAdmin('DELETE', `/phones/${id}`);
  const desk = await stage.desk('marco');
  await desk.goToWork();
  const dialog = await openQueues(desk);
  await dialog.locator('.my-queue', { hasText: 'By phone' }).waitFor();
  const signIn = dialog.getByRole('button', { name: 'Sign in to By phone' });
  if (await signIn.count()) await signIn.click();
  await dialog.getByRole('button', { name: 'Pause in By phone' }).waitFor();
  await desk.page.keyboard.press('Escape');
  await stage.caller(queue.id, 'Otto Anruf');
  const offer = desk.page.getByRole('article', { name: 'Incoming call' });
  await offer.getByText('Otto Anruf has a question').waitFor();
  await offer.getByRole('button', { name: 'Decline' }).click();
  await desk.profile.close();
});
