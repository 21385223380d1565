/** The way of a conversation through both pages: written, answered, reloaded, a file, ended, rated, closed. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let desk: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  desk = await stage.agent('anna');
}, 120_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

test('CHT-6 a visitor writes, an agent takes the conversation by replying, and they talk both ways', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Is the blue one in stock?');
  await desk.takeByReply('Is the blue one in stock?', 'Yes, three of them.');
  await visitor.bubble('Yes, three of them.').waitFor();
  await expect.poll(() => visitor.page.locator('.chat-title h1').textContent()).toBe('Anna Bianchi');
  await visitor.write('Then I take two');
  await desk.bubble('Then I take two').waitFor();
  // CHT-18: what the other side has seen, and that it is typing.
  await visitor.page.locator('.receipt-read').waitFor();
  await desk.composer.pressSequentially('Lovely');
  await visitor.page.locator('.typing-dots').waitFor();
  await visitor.composer.pressSequentially('and a red');
  await desk.page.locator('.is-preview', { hasText: 'and' }).waitFor();
});

test('WID-6 a visitor who reloads is back in the running conversation; a text not yet sent is not lost', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('I will reload this page');
  await desk.takeByReply('I will reload this page', 'Please do.');
  await visitor.bubble('Please do.').waitFor();
  await visitor.page.reload();
  await visitor.bubble('I will reload this page').waitFor();
  await visitor.bubble('Please do.').waitFor();
  await visitor.write('Here I am again');
  await desk.bubble('Here I am again').waitFor();
  expect(await visitor.bubble('I will reload this page').count()).toBe(1);
});

test('RTE-12 an agent who reloads still owns the conversation and goes on', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Will you forget me?');
  await desk.takeByReply('Will you forget me?', 'Never.');
  await desk.page.reload();
  await desk.row('Never.').click();
  await desk.bubble('Will you forget me?').waitFor();
  await desk.write('See?');
  await visitor.bubble('See?').waitFor();
  await expect.poll(() => desk.page.locator('.status-words').textContent()).toBe('Available');
});

test('WID-6 a second tab of the same visitor stays in step', async () => {
  const first = await stage.visitor();
  const second = await stage.visitor({ profile: first.profile });
  await second.openPanel();
  await first.begin('Written in the first tab');
  await second.page.locator('.row', { hasText: 'Written in the first tab' }).click();
  await second.bubble('Written in the first tab').waitFor();
  await second.write('and this in the second');
  await first.bubble('and this in the second').waitFor();
  await desk.takeByReply('and this in the second', 'I see both.');
  for (const tab of [first, second]) await tab.bubble('I see both.').waitFor();
});

test('CHT-18 files go both ways; one that is too large or not what it says is refused with the reason', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('I have a picture for you');
  await desk.takeByReply('I have a picture for you', 'Send it.');
  const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await visitor.page.locator('.composer input[type=file]').setInputFiles([
    { name: 'lamp.png', mimeType: 'image/png', buffer: picture },
    { name: 'huge.png', mimeType: 'image/png', buffer: Buffer.alloc(5 * 1024 * 1024 + 1) },
    { name: 'liar.png', mimeType: 'image/png', buffer: Buffer.from('MZ this is a program') },
  ]);
  await visitor.page.getByText('huge.png is larger than 5 MB.').waitFor();
  await visitor.page.getByText('not what its name says').waitFor();
  await desk.page.locator('.pane .file-picture').waitFor();
  await desk.page
    .locator('.pane .composer input[type=file]')
    .setInputFiles([{ name: 'offer.txt', mimeType: 'text/plain', buffer: Buffer.from('Two lamps, 248 euro') }]);
  const arrived = visitor.page.locator('.file', { hasText: 'offer.txt' });
  await arrived.waitFor();
  const [download] = await Promise.all([visitor.page.waitForEvent('download'), arrived.click()]);
  expect(download.suggestedFilename()).toBe('offer.txt');
});

test('CHT-10 CHT-15 the agent ends, the visitor rates and keeps the transcript, the agent must choose an outcome to close', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Just a short question');
  await desk.takeByReply('Just a short question', 'And a short answer.');
  await desk.page.getByRole('button', { name: 'End', exact: true }).click();
  await desk.page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
  await visitor.page.getByText('Anna Bianchi ended the conversation').waitFor();
  await visitor.page.locator('.choice').nth(3).click();
  await visitor.page.getByRole('button', { name: 'Send rating' }).click();
  await visitor.page.getByText('Thank you for your time.').waitFor();
  await visitor.page.getByRole('button', { name: 'More actions' }).click();
  const [download] = await Promise.all([
    visitor.page.waitForEvent('download'),
    visitor.page.getByRole('menuitem', { name: 'Download transcript' }).click(),
  ]);
  expect(await textOf(download)).toContain('And a short answer.');
  await desk.page.locator('.pane-header').getByRole('button', { name: 'Close', exact: true }).click();
  const dialog = desk.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Close conversation' }).click();
  await dialog.getByText('Choose an outcome first.').waitFor();
  await dialog.getByText('Solved', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Close conversation' }).click();
  await dialog.waitFor({ state: 'detached' });
  await desk.showList('Mine');
  await until(async () => (await desk.row('And a short answer.').count()) === 0, { what: 'the closed conversation leaving the list' });
  await visitor.page.getByRole('button', { name: 'Start a new conversation' }).click();
  await visitor.composer.waitFor();
});

test('CHT-2 a note for colleagues never reaches the visitor', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Do you talk about me?');
  await desk.takeByReply('Do you talk about me?', 'Of course not.');
  await desk.page.getByRole('button', { name: 'Note for colleagues' }).click();
  await desk.write('A curious one');
  await desk.page.locator('.note .bubble', { hasText: 'A curious one' }).waitFor();
  await desk.page.getByRole('button', { name: 'Note for colleagues' }).click();
  await desk.write('Anything else?');
  await visitor.bubble('Anything else?').waitFor();
  expect(await visitor.bubble('A curious one').count()).toBe(0);
});

async function textOf(download: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<string> {
  let text = '';
  for await (const piece of await download.createReadStream()) text += String(piece);
  return text;
}
