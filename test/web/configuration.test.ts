/** The configuration pages: what administrators set reaches the server, what it refuses stands where it belongs, and nobody overwrites anybody unseen. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let admin: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  admin = await stage.desk('giulia');
}, 120_000);
afterAll(() => stage?.close());
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));

const settingsOf = (id: string) => stage.asAdmin('GET', `/queues/${id}`);

async function open(page: Page, place: string): Promise<void> {
  await page.goto(`${stage.origin}/desk#/admin/${place}`);
  await page.reload();
  await page.locator('.admin-body .admin-page, .admin-body .editor').waitFor();
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Saved$/ })
    .waitFor();
}

test('RTE-1 queues begin without priority in a list that is searched, and their priority is stepped and typed there', async () => {
  const { page } = admin;
  const queue = await stage.queue('Priority desk');
  await open(page, 'queues');
  await page.getByLabel('Search queues').fill('priority d');
  const list = page.locator('.admin-list > li');
  await expect.poll(() => list.allInnerTexts()).toHaveLength(1);
  const priority = page.getByLabel('Priority of Priority desk', { exact: true });
  expect(await priority.inputValue()).toBe('0');
  await page.getByLabel('More: Priority of Priority desk').click();
  await page.getByLabel('More: Priority of Priority desk').click();
  await expect.poll(async () => (await settingsOf(queue.id)).priority).toBe(2);
  await priority.fill('17');
  await expect.poll(async () => (await settingsOf(queue.id)).priority).toBe(17);
});

test('ACC-2 who is invited gets a link that is shown once; a wrong address is refused where it stands, and a new link voids the first', async () => {
  const { page } = admin;
  await open(page, 'agents');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Dino Neri');
  await dialog.getByLabel('E-mail').fill('dino at demo');
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await expect.poll(() => dialog.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true');
  await dialog.getByLabel('E-mail').fill('dino@demo.example');
  await dialog.getByRole('button', { name: 'Invite' }).click();
  const first = await dialog.locator('code').textContent();
  await dialog.getByRole('button', { name: 'Done' }).click();

  await page.locator('.admin-row', { hasText: 'Dino Neri' }).click();
  await page.getByRole('button', { name: 'New invitation link' }).click();
  const second = await dialog.locator('code').textContent();
  const guest = await stage.browser.page(await stage.browser.profile());
  await guest.goto(first ?? '');
  await guest.getByText('used already or is too old').waitFor();
  await guest.goto(second ?? '');
  await guest.reload();
  await guest.getByLabel('New password').fill('a few words in a row');
  await guest.getByLabel('Repeat the password').fill('a few words in a row');
  await guest.getByRole('button', { name: 'Set password and sign in' }).click();
  await guest.locator('.link-banner', { hasText: 'You are in no queue yet' }).waitFor();
  await guest.context().close();
});

test('ACC-11 the audit log says who made what; it is searched by person, action and days, and taken along as a table', async () => {
  const { page } = admin;
  const today = () => new Date().toLocaleDateString('sv');
  const madeOn = today();
  const queue = await stage.queue('Audited desk');
  await open(page, 'audit');
  const line = page.locator('.admin-row', { hasText: 'Queue created: Audited desk' });
  await line.filter({ hasText: 'Giulia Rossi · Today' }).waitFor();
  await page.getByLabel('Search by person').fill('nobody of this name');
  await page.getByText('Nothing found.').waitFor();
  await page.getByLabel('Search by person').fill('giulia');
  await line.waitFor();
  await page.getByLabel('Action').selectOption('Queue deleted');
  await line.waitFor({ state: 'detached' });
  await page.getByLabel('Action').selectOption('Queue created');
  await line.waitFor();
  expect(await page.locator('.admin-row').filter({ hasNotText: 'Queue created' }).count()).toBe(0);
  await page.getByLabel('To day').fill('2001-01-01');
  await page.getByText('Nothing found.').waitFor();
  await page.getByLabel('To day').fill(today());
  await page.getByLabel('From day').fill(madeOn);
  await line.waitFor();
  const [table] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export as CSV' }).click()]);
  const rows = readFileSync(await table.path(), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  expect(rows.join()).toContain(queue.id);
  for (const row of rows) expect(row).toContain('queue.created');
});

test('RTE-2 RTE-6 RTE-8 a new queue is made and its rules are kept: strategy, offer, wrap-up, service level', async () => {
  const { page } = admin;
  await open(page, 'queues');
  await page.getByRole('button', { name: 'New queue' }).click();
  await page.getByLabel('Name').fill('Hotline');
  await page.getByRole('radio', { name: /^Phone/ }).check();
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Hotline' }).waitFor();
  await page.getByRole('radio', { name: /^Ring all/ }).check();
  await page.getByLabel('Agents rung at once', { exact: true }).fill('4');
  await page.getByLabel('Time to accept', { exact: true }).fill('25');
  await page.getByLabel('Unit: Wrap-up').selectOption('minute');
  await page.getByLabel('More: Wrap-up').click();
  await page.getByLabel('More: Wrap-up').click();
  await page.getByLabel('Agents may end it early').uncheck();
  await save(page);
  const id = page.url().split('/').at(-1) ?? '';
  expect(await settingsOf(id)).toMatchObject({
    channel: 'voice',
    mode: 'ring_all',
    ringMax: 4,
    offerTimeoutMs: 25_000,
    wrapUpMs: 120_000,
    canEndWrapUp: false,
  });
});

test('RTE-10 a recipe is built step by step; a circle of queues is refused at the step that closes it, in words', async () => {
  const { page } = admin;
  const first = await stage.queue('Circle one');
  const second = await stage.queue('Circle two', { recipe: [{ afterSec: 60, onlyIf: 'always', do: { op: 'queue', queueId: first.id } }] });
  await open(page, `queues/${first.id}`);
  const section = page.locator('#section-overflow');
  await section.getByRole('button', { name: 'Add a step' }).click();
  await section.getByLabel('Then').selectOption('message');
  await section.getByLabel('What they are told').fill('Somebody will be with you soon.');
  await section.getByRole('button', { name: 'Add a step' }).click();
  await section.getByLabel('Queue', { exact: true }).selectOption(second.id);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const refused = section.locator('.step-card').nth(1);
  await refused.getByText('Circle one → Circle two → Circle one').waitFor();
  expect(await refused.getByLabel('Queue', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  expect((await settingsOf(first.id)).recipe).toEqual([]);

  // A step that is entered late but runs early is put first.
  await refused.getByLabel('Then').selectOption('voicemail');
  await refused.getByLabel('Only if').selectOption('no_agents');
  await refused.getByLabel('After waiting', { exact: true }).fill('0');
  await save(page);
  expect((await settingsOf(first.id)).recipe).toEqual([
    { afterSec: 0, onlyIf: 'no_agents', do: { op: 'voicemail' } },
    { afterSec: 60, onlyIf: 'always', do: { op: 'message', text: 'Somebody will be with you soon.' } },
  ]);
});

test('RTE-10 a message in a queue of calls is given what callers hear; in a queue of chats there is nothing to hear', async () => {
  const { page } = admin;
  const message = [{ afterSec: 60, onlyIf: 'always', do: { op: 'message', text: 'All are busy.' } }];
  const chats = await stage.queue('Chats that read', { recipe: message });
  await open(page, `queues/${chats.id}`);
  const section = page.locator('#section-overflow');
  await section.getByLabel('What they are told').waitFor();
  expect(await section.getByLabel('What callers hear').count()).toBe(0);
  const calls = await stage.queue('Calls that listen', { channel: 'voice', mode: 'longest_idle', recipe: message });
  await open(page, `queues/${calls.id}`);
  await section.getByLabel('What callers hear').selectOption('busy');
  await section.getByLabel('What they are told').fill('All of us are busy.');
  await save(page);
  expect((await settingsOf(calls.id)).recipe).toEqual([
    { afterSec: 60, onlyIf: 'always', do: { op: 'message', text: 'All of us are busy.', sound: 'busy' } },
  ]);
  await section.getByLabel('What callers hear').selectOption('');
  await save(page);
  expect((await settingsOf(calls.id)).recipe).toMatchObject([{ do: { op: 'message', text: 'All of us are busy.' } }]);
  expect(JSON.stringify(await settingsOf(calls.id))).not.toContain('"sound"');
});

test('API-1 who saves second is told what the other changed; both changes stand after that', async () => {
  const { page } = admin;
  const queue = await stage.queue('Two editors');
  await open(page, `queues/${queue.id}`);
  await page.getByLabel('More: Priority').click();
  await stage.asAdmin('PATCH', `/queues/${queue.id}`, { serviceLevelSec: 45, version: queue.version });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'They changed: Answered in time means within.' }).waitFor();
  await page.getByRole('button', { name: 'Keep mine and save' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Saved$/ })
    .waitFor();
  expect(await settingsOf(queue.id)).toMatchObject({ priority: 1, serviceLevelSec: 45 });
});

test('ACC-10 leaving a form that is not saved asks first, by link and by the back button', async () => {
  const { page } = admin;
  const queue = await stage.queue('Half done');
  await open(page, 'queues');
  await page.locator('.row-link', { hasText: 'Half done' }).click();
  await page.getByLabel('More: Priority').click();
  await page.getByRole('link', { name: 'Skills' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stay' }).click();
  await page.goBack();
  await page.getByRole('dialog').waitFor();
  expect(await page.getByRole('spinbutton', { name: 'Priority' }).inputValue()).toBe('1');
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await page.getByLabel('Search queues').waitFor();
  expect((await settingsOf(queue.id)).priority).toBe(0);
});

test('RTE-3 RTE-5 skills are named once; an agent gets capacities, a rule, a skill with its level and a place in a linear queue', async () => {
  const { page } = admin;
  const queue = await stage.queue('One by one', { mode: 'linear' });
  await open(page, 'skills');
  const added = page.getByLabel('Name of a new skill');
  await added.fill('Portuguese');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name of Portuguese').waitFor();
  await added.fill('PORTUGUESE');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'There is a skill of this name already' }).waitFor();
  expect(await added.inputValue()).toBe('PORTUGUESE');

  await page.getByRole('link', { name: 'Agents' }).click();
  await page.getByLabel('Search by name or e-mail').fill('anna@');
  await page.locator('.row-link', { hasText: 'Anna Bianchi' }).click();
  await page.getByLabel('Calls', { exact: true }).fill('2');
  await page.getByLabel('A call may come while serving chats').check();
  await page.getByLabel('Skills: Add a skill…').selectOption({ label: 'Portuguese' });
  await page.getByLabel('Level of Portuguese', { exact: true }).fill('8');
  await page.getByLabel('Place in One by one').fill('3');
  await save(page);
  const { items } = (await stage.asAdmin('GET', '/users?search=anna')) as { items: Record<string, unknown>[] };
  expect(items[0]).toMatchObject({ voiceCapacity: 2, interrupts: ['voice>chat', 'video>chat', 'chat>video'] });
  const skills = (await stage.asAdmin('GET', '/skills?search=portuguese')) as { items: { id: string }[] };
  expect(items[0]?.skills).toContainEqual({ skill: skills.items[0]?.id, level: 8 });
  expect(items[0]?.queues).toContainEqual({ id: queue.id, role: 'agent', order: 3 });
});

test('RTE-7 two switches thrown at once both hold; a reason that somebody else renamed meanwhile is shown as it is now, and can be changed', async () => {
  const { page } = admin;
  await open(page, 'pauses');
  const [lunch, meeting] = [page.getByRole('checkbox', { name: /Lunch/ }), page.getByRole('checkbox', { name: /Meeting/ })];
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route('**/api/v1/pause-reasons/*', async (route) => {
    await held;
    await route.continue();
  });
  await lunch.click();
  await meeting.click();
  const answered = [0, 1].map(() => page.waitForResponse((answer) => answer.request().method() === 'PATCH'));
  letGo();
  await Promise.all(answered);
  await page.unroute('**/api/v1/pause-reasons/*');
  await until(async () => !(await lunch.isChecked()) && !(await meeting.isChecked()));
  for (const reason of [lunch, meeting]) {
    await reason.click();
    await until(() => reason.isChecked());
  }
  expect(await page.locator('.named-list').getByRole('alert').count()).toBe(0);

  const { items } = (await stage.asAdmin('GET', '/pause-reasons')) as { items: { id: string; name: string; version: number }[] };
  const training = items.find(({ name }) => name === 'Training');
  await stage.asAdmin('PATCH', `/pause-reasons/${training?.id}`, { name: 'Coaching', version: training?.version });
  await page.getByLabel('Name of Training').fill('School');
  await page.keyboard.press('Enter');
  await page.locator('.named-list').getByRole('alert').filter({ hasText: 'Somebody else changed it meanwhile.' }).waitFor();
  await page.getByLabel('Name of Coaching').fill('Training');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name of Training').waitFor();
}, 60_000);

test('RTE-7 pause reasons are added, renamed, refused when they exist in other letters, and deleted', async () => {
  const { page } = admin;
  await open(page, 'pauses');
  const added = page.getByLabel('A new reason');
  await added.fill('Čaj & Kaffee 2.0');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name of Čaj & Kaffee 2.0').waitFor();
  await added.fill('čAJ & kaffee 2.0');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'Upper and lower case make no difference.' }).waitFor();
  await page.getByLabel('Name of Čaj & Kaffee 2.0').fill('Break');
  await page.keyboard.press('Enter');
  await page.locator('.named-list').getByRole('alert').filter({ hasText: 'There is such a reason already.' }).waitFor();
  await page.getByLabel('Name of Čaj & Kaffee 2.0').fill('Tea');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name of Tea').waitFor();
  await page.getByRole('button', { name: 'Remove Tea' }).click();
  await page.getByLabel('Name of Tea').waitFor({ state: 'detached' });
});

test('ACC-4 who may not configure is shown no door to it, nor what is behind its address', async () => {
  const desk = await stage.desk('marco', { place: '#/admin/queues' });
  await desk.page.locator('.list-pane').waitFor();
  expect(await desk.page.getByRole('link', { name: 'Configure' }).count()).toBe(0);
  expect(await desk.page.locator('.admin').count()).toBe(0);
  await desk.profile.close();
});
