/** What the pages do when somebody else was faster, the network goes, or the server is killed: nothing typed is lost, nothing shown twice. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DeskPage, type VisitorPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let anna: DeskPage;
let marco: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  [anna, marco] = [await stage.agent('anna'), await stage.agent('marco')];
}, 120_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

test('CHT-6 two agents reply at once: exactly one owns the conversation, the other is told who and keeps the text', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Who will be first?');
  for (const desk of [anna, marco]) {
    await desk.openWaiting('Who will be first?');
    await desk.composer.fill(`It is me, ${desk === anna ? 'Anna' : 'Marco'}`);
  }
  // By the keyboard, which waits for nothing: whoever is first takes the other's composer away.
  for (const desk of [anna, marco]) await desk.composer.focus();
  await Promise.all([anna.page.keyboard.press('Enter'), marco.page.keyboard.press('Enter')]);
  await visitor.bubble('It is me').waitFor();
  const [winner, loser] = (await visitor.bubble('It is me, Anna').count()) > 0 ? [anna, marco] : [marco, anna];
  const names = winner === anna ? { winner: 'Anna', loser: 'Marco' } : { winner: 'Marco', loser: 'Anna' };
  // Refused by the server, or told by the feed just before Enter: either way it stands who has it, and the text is kept.
  await loser.page.locator('.pane-foot', { hasText: names.winner }).waitFor();
  await loser.page.locator('.kept-text', { hasText: `It is me, ${names.loser}` }).waitFor();
  await winner.write('What can I do for you?');
  await visitor.bubble('What can I do for you?').waitFor();
  expect(await visitor.bubble('It is me').count()).toBe(1);
});

test('API-2 offline and back: what was typed meanwhile goes out once and in order, what was missed comes once', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('I am about to enter a tunnel');
  await anna.takeByReply('I am about to enter a tunnel', 'See you on the other side.');
  await visitor.bubble('See you on the other side.').waitFor();
  await visitor.profile.setOffline(true);
  await visitor.page.locator('.link-banner').waitFor();
  for (const text of ['First in the dark', 'Second in the dark']) await visitor.write(text);
  await anna.write('Written while you were away');
  await anna.page.locator('.away-strip').waitFor();
  await visitor.profile.setOffline(false);
  await visitor.bubble('Written while you were away').waitFor();
  await anna.bubble('Second in the dark').waitFor();
  await anna.page.locator('.away-strip').waitFor({ state: 'detached' });
  expect(await textsWith(anna, 'in the dark')).toEqual(['First in the dark', 'Second in the dark']);
  expect(await visitor.bubble('in the dark').count()).toBe(2);
  expect(await visitor.bubble('Written while you were away').count()).toBe(1);
});

test('WID-6 a text typed offline survives a reload of the tab', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('My connection is bad');
  await visitor.profile.setOffline(true);
  await visitor.page.locator('.link-banner').waitFor();
  await visitor.write('Typed without a network');
  await visitor.bubble('Typed without a network').waitFor();
  await visitor.profile.setOffline(false);
  await visitor.page.reload();
  await visitor.page.locator('.receipt').waitFor();
  await anna.openWaiting('Typed without a network');
  expect(await anna.bubble('Typed without a network').count()).toBe(1);
});

test('BEY-3 the gateway is killed in the middle of a conversation: both pages come back by themselves and lose nothing', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('Please do not fall over');
  await anna.takeByReply('Please do not fall over', 'We will not.');
  await stage.center.kill('gateway-1');
  await visitor.page.locator('.link-banner').waitFor();
  await visitor.write('Are you still there?');
  await anna.write('I was writing this when it happened');
  await stage.center.restart('gateway-1');
  await anna.bubble('Are you still there?').waitFor({ timeout: 30_000 });
  await visitor.bubble('I was writing this when it happened').waitFor({ timeout: 30_000 });
  expect(await visitor.bubble('I was writing this').count()).toBe(1);
  expect(await anna.bubble('Are you still there?').count()).toBe(1);
  await expect.poll(() => marco.page.locator('.link-banner').count(), { timeout: 30_000 }).toBe(0);
}, 90_000);

test('RTE-12 a transfer hands the conversation over with its history; an invited colleague writes along', async () => {
  const visitor = await stage.visitor();
  await visitor.begin('May I speak to Marco?');
  await anna.takeByReply('May I speak to Marco?', 'I put you through.');
  await handOver(anna, 'Transfer', 'Marco Verdi');
  await marco.showList('Mine');
  await marco.row('I put you through.').click();
  await marco.bubble('May I speak to Marco?').waitFor();
  await marco.write('Marco here');
  await visitor.bubble('Marco here').waitFor();
  await handOver(marco, 'Invite a colleague', 'Anna Bianchi');
  await anna.showList('Mine');
  await anna.row('Marco here').click();
  await anna.write('And Anna again');
  await visitor.bubble('And Anna again').waitFor();
  await expect.poll(() => visitor.page.locator('.chat-title h1').textContent()).toBe('Marco Verdi');
});

test('ACC-2 a sign-in session that is revoked elsewhere ends the desk at once, and says so', async () => {
  const second = await stage.agent('marco');
  await marco.page.locator('.rail-profile').click();
  await marco.page.getByRole('button', { name: 'Sign out there' }).first().click();
  await second.page.getByText('You were signed out.').waitFor();
  await marco.page.getByRole('button', { name: 'Back to the desk' }).click();
  await marco.page.locator('.status-button').waitFor();
});

async function textsWith(page: DeskPage | VisitorPage, text: string): Promise<string[]> {
  return page.bubble(text).allTextContents();
}

async function handOver(desk: DeskPage, action: string, colleague: string): Promise<void> {
  await desk.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
  await desk.page.getByRole('menuitem', { name: action }).click();
  await desk.page.getByRole('dialog').locator('.agent', { hasText: colleague }).click();
  await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
}
