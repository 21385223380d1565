/** WID-7, ACC-10: axe finds nothing on any screen, in light and dark, on a phone and a desktop; and all works by keyboard. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { check, checkTargets, lookOf, SIZES } from './support/looks.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let number = 0;
beforeAll(async () => {
  stage = await WebStage.open();
}, 120_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

describe.each(SIZES)(
  'light and dark, %s',
  (size) => {
    const isPhone = size === 'phone';
    const context = lookOf(size);
    /** On a phone the lists stand on a screen of their own. */
    const back = async (desk: DeskPage): Promise<void> => {
      if (isPhone) await desk.page.getByRole('button', { name: 'Back to the list' }).click();
    };

    test('WID-7 nothing is wrong on any screen of the widget', async () => {
      const visitor = await stage.visitor({ context });
      const desk = await stage.agent('anna');
      await check(visitor.page, 'closed');
      await visitor.openPanel();
      await check(visitor.page, 'home');
      if (isPhone) await checkTargets(visitor.page);
      const question = `Is this readable? ${++number}`;
      await visitor.page.locator('.start-card').click();
      await check(visitor.page, 'new conversation');
      await visitor.write(question);
      await desk.takeByReply(question, 'Look at https://example.org/colours please');
      await visitor.bubble('Look at').waitFor();
      await visitor.page.getByRole('button', { name: 'Insert an emoji' }).click();
      await check(visitor.page, 'conversation with emoji');
      await visitor.page.keyboard.press('Escape');
      if (isPhone) await checkTargets(visitor.page);
      await visitor.page
        .locator('.composer input[type=file]')
        .setInputFiles([{ name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) }]);
      await visitor.page.getByRole('button', { name: 'More actions' }).click();
      await check(visitor.page, 'menu and a failed file');
      await visitor.page.getByRole('menuitem', { name: 'End conversation' }).click();
      await check(visitor.page, 'question before the end');
      await visitor.page.getByRole('alertdialog').getByRole('button', { name: 'End conversation' }).click();
      await visitor.page.locator('.choice').nth(4).click();
      await check(visitor.page, 'rating');
      await visitor.page.getByRole('button', { name: 'Back to overview' }).click();
      await visitor.page.locator('.row').waitFor();
      await check(visitor.page, 'home with conversations');
      await desk.profile.close();
    });

    test('ACC-10 nothing is wrong on any screen of the desk', async () => {
      const profile = await stage.browser.profile(context);
      const entry = await stage.browser.page(profile);
      for (const path of ['/', '/desk', '/invite#ci_unknown_unknown_unknown']) {
        await entry.goto(`${stage.origin}${path}`);
        await entry.locator('h1').waitFor();
        await check(entry, path);
      }
      await profile.close();
      const desk = await stage.agent('anna', { context });
      const visitor = await stage.visitor();
      const question = `Can you see me? ${++number}`;
      await visitor.begin(question);
      await desk.page.locator('.status-button').click();
      // What an open menu covers cannot be pressed until it closes, so the menu alone is looked at.
      await check(desk.page, 'status menu', '.status-menu');
      await desk.page.keyboard.press('Escape');
      await desk.showList('Without agent');
      await desk.row(question).waitFor();
      await check(desk.page, 'list');
      if (isPhone) await checkTargets(desk.page);
      await desk.row(question).click();
      await desk.bubble(question).waitFor();
      await check(desk.page, 'untaken conversation');
      await desk.write('Clearly');
      await desk.page.locator('.receipt').waitFor();
      await desk.page.getByRole('button', { name: 'Note for colleagues' }).click();
      await desk.write('Only between us');
      await desk.page.locator('.note').waitFor();
      await check(desk.page, 'conversation with a note');
      if (isPhone) await checkTargets(desk.page);
      for (const item of ['Transfer', 'Invite a colleague', 'Close conversation']) {
        await desk.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
        await desk.page.getByRole('menuitem', { name: item }).click();
        await desk.page.getByRole('dialog').waitFor();
        await check(desk.page, item);
        await desk.page.keyboard.press('Escape');
        await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      if (isPhone) {
        await desk.page.getByRole('button', { name: 'About the client' }).click();
        await check(desk.page, 'client card');
        await desk.page.locator('.client-card').getByRole('button', { name: 'Dismiss' }).click();
      }
      await back(desk);
      await desk.page.getByRole('button', { name: 'Profile and settings' }).click();
      await desk.page.locator('.sessions li').first().waitFor();
      await check(desk.page, 'profile');
      await desk.profile.close();
    });

    test('ACC-10 nothing is wrong on any screen of configuration, overview and explanation', async () => {
      const queue = await stage.queue(`Seen well ${++number}`, {
        wrapUpMs: 30_000,
        stickyWaitMs: 60_000,
        autoCloseMs: 3_600_000,
        outcomes: [{ id: 'done', name: 'Done', kind: 'OK' }],
        recipe: [
          { afterSec: 0, onlyIf: 'no_agents', do: { op: 'message', text: 'Nobody is here.' } },
          { afterSec: 60, onlyIf: 'always', do: { op: 'priority', by: 2 } },
        ],
      });
      const interaction = await stage.caller(queue.id, 'Ada Augen');
      const { page, profile } = await stage.desk('giulia', { context, place: '#/overview' });
      const look = async (place: string, ready: string): Promise<void> => {
        await page.evaluate((hash) => (location.hash = hash), place);
        await page.locator(ready).first().waitFor();
        await check(page, place);
        if (isPhone) await checkTargets(page);
      };
      await look('#/overview', '.queue-card .figure');
      await look(`#/overview/${queue.id}`, '.recent-row');
      await look(`#/routing/${interaction}`, '.routing-line');
      await look('#/admin/queues', '.admin-row');
      await look(`#/admin/queues/${queue.id}`, '.step-card');
      await page.getByRole('radio', { name: /^Ring all/ }).check();
      await check(page, 'a form that is not saved');
      await page.getByRole('button', { name: 'Undo' }).click();
      await look('#/admin/agents', '.admin-row');
      await page.locator('.row-link').first().click();
      await page.locator('.editor-person').waitFor();
      await check(page, 'an agent');
      if (isPhone) await checkTargets(page);
      await look('#/admin/video', '.admin-row');
      await page.locator('.row-link').first().click();
      await page.getByLabel('Policy').waitFor();
      await check(page, 'rules of video');
      if (isPhone) await checkTargets(page);
      await look('#/admin/skills', '.new-line');
      await page.getByLabel('Name of a new skill').fill(`Seeing ${number}`);
      await page.keyboard.press('Enter');
      await page.getByLabel(`Name of Seeing ${number}`).waitFor();
      await check(page, 'skills');
      await look('#/admin/pauses', '.named-line');
      await page.getByLabel('A new reason').fill('LUNCH');
      await page.keyboard.press('Enter');
      await page.locator('.field-error').waitFor();
      await check(page, 'a pause reason that exists');
      await look('#/admin/audit', '.admin-row');
      await look('#/admin/account', '.switch');
      await profile.close();
      const desk = await stage.agent('marco', { context });
      await desk.page.locator('.status-button').click();
      await desk.page.getByRole('menuitem', { name: 'Queues and devices…' }).click();
      await desk.page.locator('.my-queue').first().waitFor();
      await check(desk.page, 'own queues and devices');
      if (isPhone) await checkTargets(desk.page);
      await desk.profile.close();
    });
  },
  90_000,
);

test('WID-7 the widget by keyboard alone: open, write, end, close; the focus goes in and comes back', async () => {
  const visitor = await stage.visitor();
  const { keyboard } = visitor.page;
  await visitor.launcher.focus();
  await keyboard.press('Enter');
  await visitor.page.locator('.start-card').waitFor();
  await tabTo(visitor.page, 'Start a conversation');
  await keyboard.press('Enter');
  await keyboard.type('Written without a mouse');
  await keyboard.press('Enter');
  await visitor.page.locator('.receipt').waitFor();
  await tabTo(visitor.page, 'More actions');
  await keyboard.press('Enter');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await tabTo(visitor.page, 'End conversation');
  await keyboard.press('Enter');
  await visitor.page.locator('.chat-title', { hasText: 'Conversation ended' }).waitFor();
  await keyboard.press('Escape');
  await visitor.page.locator('.panel').waitFor({ state: 'detached' });
  expect(await focusedName(visitor.page)).toContain('Open chat');
});

test('GRP-2 the desk speaks the language it is told to, at once, and after a reload', async () => {
  const desk = await stage.agent('marco');
  await desk.page.locator('.rail-profile').click();
  await desk.page.locator('.language select').selectOption('it');
  await desk.page.getByText('Accesso in due passaggi').waitFor();
  await desk.page.reload();
  await desk.page.locator('.rail-item', { hasText: 'Senza operatore' }).waitFor();
  expect(await desk.page.evaluate(() => document.documentElement.lang)).toBe('it');
  await desk.profile.close();
});

/** Moves on with Tab until the control of that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if ((await focusedName(page)).includes(name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach "${name}"`);
}

function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused?.getAttribute('aria-label') ?? focused?.textContent ?? '';
  });
}
