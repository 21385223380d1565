/** What supervisors see: the queues live, and why an agent got an interaction and another did not. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebStage } from './support/stage.ts';

let stage: WebStage;
beforeAll(async () => {
  stage = await WebStage.open();
}, 120_000);
afterAll(() => stage?.close());
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));

test('SUP-4 RTE-9 BEY-4 the overview follows a queue live: who waits, who serves, agents by state, what was answered', async () => {
  const queue = await stage.queue('Live desk');
  const { page } = await stage.desk('giulia', { place: '#/overview' });
  const card = page.getByRole('article', { name: 'Live desk' });
  const figure = (name: string) => card.locator('.figure', { has: page.getByText(name, { exact: true }) }).locator('dd');
  await figure('Waiting').filter({ hasText: /^0$/ }).waitFor();
  await stage.caller(queue.id, 'Wanda Wartet');
  await figure('Waiting').filter({ hasText: /^1$/ }).waitFor();
  await figure('Longest wait')
    .filter({ hasText: /^\d:\d\d$/ })
    .waitFor();
  await card.getByText('Nobody signed in').waitFor();

  const anna = await stage.agent('anna');
  await card.getByText('1 available').waitFor();
  await anna.takeByReply('Wanda Wartet has a question', 'Here I am');
  await figure('Waiting').filter({ hasText: /^0$/ }).waitFor();
  await figure('In service').filter({ hasText: /^1$/ }).waitFor();
  await figure('Answered').filter({ hasText: /^1/ }).waitFor();
  await figure('Average wait')
    .filter({ hasText: /^\d:\d\d/ })
    .waitFor();
  await anna.page.locator('.status-button').click();
  await anna.page.getByRole('menuitem', { name: 'Lunch' }).click();
  await card.getByText('1 paused').waitFor();
  await anna.page.locator('.status-button').click();
  await anna.page.getByRole('menuitem', { name: 'Resume' }).click();
  await card.getByText('0 paused').waitFor();
  await anna.page.locator('.status-button').click();
  await anna.page.getByRole('menuitem', { name: 'Sign out of all queues' }).click();
  await card.getByText('0 available').waitFor();
  await anna.profile.close();
  await page.context().close();
}, 60_000);

test('SUP-4 what cannot be loaded is said and can be asked for again: the queues, and the latest conversations, which are not none then', async () => {
  const queue = await stage.queue('Hard to read');
  const { page } = await stage.desk('giulia');
  await page.route('**/api/v1/queues?*', (route) => route.abort());
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('alert').filter({ hasText: 'could not be reached' }).waitFor();
  await page.unroute('**/api/v1/queues?*');
  await page.route('**/api/v1/interactions?*', (route) => route.abort());
  await page.getByRole('button', { name: 'Load again' }).click();
  await page.getByRole('link', { name: 'Hard to read' }).click();
  const recent = page.locator('.recent');
  await recent.getByRole('alert').filter({ hasText: 'could not be reached' }).waitFor();
  expect(await recent.getByText('None yet').count()).toBe(0);
  await page.unroute('**/api/v1/interactions?*');
  await stage.caller(queue.id, 'Rita Ruft');
  await recent.locator('.recent-row', { hasText: 'Rita Ruft' }).waitFor();
  expect(await recent.getByRole('alert').count()).toBe(0);
  await page.context().close();
}, 60_000);

test('BEY-2 an agent reads why they were chosen; a supervisor reads why this agent, and asks why not another one', async () => {
  const queue = await stage.queue('Why desk', { mode: 'longest_idle' });
  const marco = await stage.agent('marco');
  const anna = await stage.agent('anna');
  await anna.page.locator('.status-button').click();
  await anna.page.getByRole('menuitem', { name: 'Meeting' }).click();
  await anna.page.locator('.status-words', { hasText: 'Paused' }).waitFor();
  await stage.caller(queue.id, 'Walter Warum');
  await marco.page.getByRole('article', { name: 'New conversation for you' }).getByRole('button', { name: 'Accept' }).click();
  await marco.bubble('Walter Warum has a question').waitFor();

  await marco.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
  await marco.page.getByRole('menuitem', { name: 'Why me?' }).click();
  await marco.page.locator('.routing-line').getByText('Marco Verdi was chosen.').first().waitFor();

  const { page } = await stage.desk('giulia', { place: `#/overview/${queue.id}` });
  await page.locator('.recent-row', { hasText: 'Walter Warum' }).click();
  const lines = page.locator('.routing-line');
  await lines.filter({ hasText: 'Offered to Marco Verdi' }).getByText('Nobody else could take it.').waitFor();
  await lines.filter({ hasText: 'Marco Verdi accepted' }).waitFor();
  await page.getByLabel('Why not …').selectOption({ label: 'Anna Bianchi' });
  await lines.filter({ hasText: 'Offered to Marco Verdi' }).getByText('Anna Bianchi was paused: Meeting.').waitFor();
  await page.getByLabel('Why not …').selectOption({ label: 'Marco Verdi' });
  await lines.filter({ hasText: 'Offered to Marco Verdi' }).getByText('Marco Verdi was chosen.').waitFor();
  await page.context().close();
}, 60_000);
