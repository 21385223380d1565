/** Video between the pages of a visitor and agents, with Chromium's fake camera and microphone: what each decodes and hears, over a real SFU. */
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { descendantsOf } from '../support/processTree.ts';
import { until } from '../support/services.ts';
import { startTurnServer, type TurnServer } from '../support/turnServer.ts';
import {
  callVisitor,
  candidatesInUse,
  enter,
  hears,
  hearsNothing,
  inRoom,
  invite,
  look,
  onlyRelayed,
  pictures,
  SOON_MS,
  seesMoving,
  sounds,
  tabThrough,
  talking,
} from './support/calls.ts';
import { check, checkTargets, lookOf } from './support/looks.ts';
import { NarrowLink } from './support/narrowLink.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

const soon = { timeout: SOON_MS };
let stage: WebStage;
let anna: DeskPage;
let marco: DeskPage;
let turn: TurnServer;
beforeAll(async () => {
  turn = await startTurnServer();
  stage = await WebStage.open({ hasVideo: true, env: { TURN_URLS: turn.url('turn'), TURN_SECRET: turn.secret } });
  await stage.videoRules({ isOn: true, policy: '' });
  [anna, marco] = [await stage.agent('anna'), await stage.agent('marco')];
}, 300_000);
afterAll(async () => {
  await stage?.close();
  await turn?.stop();
});
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

test('VID-2 an agent invites, the visitor accepts: each sees the other move and hears the tone, in the conversation they had', async () => {
  const visitor = await talking(stage, anna, 'May I show you something?');
  await callVisitor(anna, visitor);
  for (const { page } of [visitor, anna]) {
    await inRoom(page, 1);
    await seesMoving(pictures(page));
    await hears(sounds(page));
  }
  await anna.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
  await visitor.page.getByText('The call has ended').waitFor(soon);
  await visitor.page.getByRole('button', { name: 'Back to the chat' }).click();
  await visitor.write('And back in writing');
  await anna.bubble('And back in writing').waitFor();
}, 300_000);

test('VID-1 CHT-19 a visitor and two agents: each decodes the moving pictures of both others and hears both; one agent leaves, the rest go on', async () => {
  const visitor = await talking(stage, anna, 'May a third one join?');
  await callVisitor(anna, visitor);
  await invite(anna, 'Marco Verdi');
  await marco.showList('Mine');
  await marco.row('About: May a third one join?').click();
  await marco.page.locator('.running-card').getByRole('button', { name: 'Join' }).click();
  await enter(marco.page);
  for (const { page } of [visitor, anna, marco]) {
    await inRoom(page, 2);
    for (const which of [0, 1]) {
      await seesMoving(pictures(page).nth(which));
      await hears(sounds(page).nth(which));
    }
  }
  await marco.page.locator('.call').getByRole('button', { name: 'Leave or end' }).click();
  await marco.page.getByRole('menuitem', { name: 'Leave the call' }).click();
  await inRoom(visitor.page, 1);
  await seesMoving(pictures(visitor.page));
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
  await anna.page.getByText('The call has ended').waitFor(soon);
}, 300_000);

test('VID-1 muted is not heard, a camera that is off is not seen and not in use; both come back; another device goes on without a break', async () => {
  const visitor = await talking(stage, anna, 'Can you hear me?');
  await callVisitor(anna, visitor);
  await hears(sounds(anna.page));
  await visitor.page.locator('.call').getByRole('button', { name: 'Mute microphone', exact: true }).click();
  await anna.page.locator('.stage-people .tile', { hasText: 'muted' }).waitFor(soon);
  await hearsNothing(sounds(anna.page));
  await visitor.page.getByRole('button', { name: 'Unmute microphone' }).click();
  await hears(sounds(anna.page));

  const own = visitor.page.locator('.call video[data-peer="own"]');
  const track = await own.evaluateHandle((element: HTMLVideoElement) => (element.srcObject as MediaStream).getVideoTracks()[0]);
  await visitor.page.getByRole('button', { name: 'Switch camera off' }).click();
  await anna.page.locator('.stage-people .tile', { hasText: 'without camera' }).waitFor(soon);
  expect(await track.evaluate((ended) => ended?.readyState)).toBe('ended');
  expect(await pictures(anna.page).count()).toBe(0);
  await visitor.page.getByRole('button', { name: 'Switch camera on' }).click();
  await seesMoving(pictures(anna.page));

  const heard = await sounds(anna.page).elementHandle();
  await visitor.page.locator('.call').getByRole('button', { name: 'Camera and microphone' }).click();
  const choice = visitor.page.locator('.device-panel').getByLabel('Microphone');
  await choice.selectOption({ index: 1 });
  await hears(sounds(anna.page));
  expect(await heard?.evaluate((element) => element.isConnected)).toBe(true);
  await visitor.page.keyboard.press('Escape');
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-1 either side shares its screen: the other sees it large and moving beside the faces, and it ends', async () => {
  const visitor = await talking(stage, anna, 'Where do I have to click?');
  await callVisitor(anna, visitor);
  for (const [from, to] of [
    [anna, visitor],
    [visitor, anna],
  ] as const) {
    await from.page.locator('.call').getByRole('button', { name: 'Share screen' }).click();
    await pictures(to.page, 'screen').waitFor(soon);
    await seesMoving(pictures(to.page, 'screen'));
    await seesMoving(pictures(to.page, 'camera'));
    await from.page.locator('.call').getByRole('button', { name: 'Stop sharing' }).click();
    await pictures(to.page, 'screen').waitFor({ state: 'detached', ...soon });
  }
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-1 simulcast: a picture that is shown large is sent larger than the same in the corner', async () => {
  const visitor = await talking(stage, anna, 'How large am I?');
  await callVisitor(anna, visitor);
  const picture = pictures(anna.page);
  await seesMoving(picture);
  await until(async () => (await look(picture)).width >= 600, { timeoutMs: SOON_MS, what: 'a large picture' });
  await anna.showList('Without agent');
  await anna.page.evaluate(() => (location.hash = '#/profile'));
  await anna.page.locator('.desk-call.is-corner').waitFor(soon);
  await until(async () => ((await look(picture)).width || 9_999) < 600, { timeoutMs: SOON_MS, what: 'a small picture' });
  await seesMoving(picture);
  await anna.page.getByRole('button', { name: 'Back to the call' }).click();
  await anna.page.locator('.pane .call').waitFor();
  await until(async () => (await look(picture)).width >= 600, { timeoutMs: SOON_MS, what: 'a large picture again' });
  await anna.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-8 a link that becomes narrow: first a smaller picture, then sound alone, and all of it again when it is wide', async () => {
  const profile = await stage.browser.profile();
  const link = await NarrowLink.of(profile);
  onTestFinished(() => link.close());
  const visitor = await talking(stage, anna, 'I am on a train', { profile });
  await callVisitor(anna, visitor);
  const { page } = visitor;
  await page.getByRole('button', { name: 'Full screen' }).click();
  const picture = pictures(page);
  const comesAt = (what: string, isSo: (width: number) => boolean) =>
    until(async () => isSo((await look(picture)).width), { timeoutMs: SOON_MS, everyMs: 250, what });
  await comesAt('the whole picture', (width) => width === 1_280);
  link.kbps = 300;
  await comesAt('a smaller picture', (width) => width > 0 && width < 1_280);
  await seesMoving(picture);
  link.kbps = 80;
  await anna.page.locator('.stage-people .quality.is-bad').waitFor(soon);
  await hears(sounds(page));
  link.kbps = Number.POSITIVE_INFINITY;
  await comesAt('the whole picture again', (width) => width === 1_280);
  await seesMoving(picture);
  await anna.page.locator('.stage-people .quality.is-good').waitFor(soon);
  await page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-7 a reload comes back into the same room as the same person, sending what was sent; so does the desk', async () => {
  const visitor = await talking(stage, anna, 'I press reload now');
  await callVisitor(anna, visitor);
  await seesMoving(pictures(anna.page));
  await visitor.page.locator('.call').getByRole('button', { name: 'Mute microphone', exact: true }).click();
  await anna.page.locator('.stage-people .tile', { hasText: 'muted' }).waitFor(soon);
  await visitor.page.reload();
  await inRoom(visitor.page, 1);
  await seesMoving(pictures(visitor.page));
  await inRoom(anna.page, 1);
  await seesMoving(pictures(anna.page));
  await anna.page.locator('.stage-people .tile', { hasText: 'muted' }).waitFor(soon);
  await anna.page.reload();
  await inRoom(anna.page, 1);
  await seesMoving(pictures(anna.page));
  await inRoom(visitor.page, 1);
  await seesMoving(pictures(visitor.page));
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
  await anna.page.getByText('The call has ended').waitFor(soon);
}, 300_000);

test('VID-7 the network is cut: without the socket the picture goes on; without media they come back into the same call', async () => {
  const visitor = await talking(stage, anna, 'I enter a tunnel');
  await callVisitor(anna, visitor);
  await seesMoving(pictures(visitor.page));
  await visitor.profile.setOffline(true);
  await visitor.page.locator('.link-banner').waitFor({ state: 'attached', ...soon });
  await seesMoving(pictures(visitor.page));
  await visitor.profile.setOffline(false);
  await visitor.page.locator('.link-banner').waitFor({ state: 'detached', ...soon });
  await seesMoving(pictures(anna.page));
  // Media and answers stop for both, until they see it: of oneself in words, of the other by the face in place of a picture that stands still.
  await stage.center.pauseWhile('sfu-1', () =>
    Promise.all(
      [visitor.page, anna.page].flatMap((page) => [
        page.locator('.call-status', { hasText: 'Connection lost' }).waitFor(soon),
        page.locator('.stage-people .tile', { hasText: 'picture paused' }).locator('.tile-face').waitFor(soon),
      ]),
    ),
  );
  for (const { page } of [visitor, anna]) {
    await inRoom(page, 1);
    await seesMoving(pictures(page));
    await hears(sounds(page));
  }
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-7 the media worker is killed: the room is built anew and both are in it again, without a hand', async () => {
  const visitor = await talking(stage, anna, 'Nothing can go wrong');
  await callVisitor(anna, visitor);
  await seesMoving(pictures(visitor.page));
  const before = await pictures(visitor.page).elementHandle();
  for (const pid of descendantsOf(stage.center.pidOf('sfu-1'))) process.kill(pid, 'SIGKILL');
  await until(async () => !(await before?.evaluate((element) => element.isConnected)), {
    timeoutMs: SOON_MS,
    what: 'the old picture to go',
  });
  for (const { page } of [visitor, anna]) {
    await inRoom(page, 1);
    await seesMoving(pictures(page));
    await hears(sounds(page));
  }
  await visitor.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);

test('VID-2 VID-4 the visitor asks, is declined, asks again and is let in, all media through the TURN server; both sides by keyboard, without a fault; VID-8 the desk sees the links', async () => {
  const profile = await stage.browser.profile();
  await onlyRelayed(profile);
  const visitor = await talking(stage, anna, 'May I see somebody?', { profile });
  await visitor.page.locator('.chat-header').getByRole('button', { name: 'Video call' }).click();
  await enter(visitor.page);
  await anna.page.locator('.ask-card').getByRole('button', { name: 'Decline' }).click();
  const end = visitor.page.locator('.left-card', { hasText: 'The call was declined' });
  await end.waitFor();
  await check(visitor.page, 'a call that was declined');
  await end.getByRole('button', { name: 'Call again' }).click();
  await enter(visitor.page);
  await anna.page.locator('.ask-card').getByRole('button', { name: 'Accept' }).click();
  await enter(anna.page);
  for (const { page } of [visitor, anna]) {
    await inRoom(page, 1);
    await seesMoving(pictures(page));
  }
  expect(new Set(await candidatesInUse(visitor.page))).toEqual(new Set(['relay']));
  await until(async () => /kbit\/s · .* lost/.test((await anna.page.locator('.stage-people .quality').getAttribute('title')) ?? ''), {
    timeoutMs: SOON_MS,
    what: 'the figures of the visitor’s link',
  });
  expect(await visitor.page.locator('.quality').count()).toBe(0);
  const inCall = ['Mute microphone', 'Switch camera off', 'Share screen', 'Camera and microphone', 'Full screen', 'Hang up'];
  for (const [page, names] of [
    [visitor.page, ['Back to the chat', ...inCall]],
    [anna.page, inCall],
  ] as const) {
    await check(page, 'a call');
    const reached = await tabThrough(page);
    expect(reached.map(({ name }) => name)).toEqual(names);
    expect(reached.filter(({ isMarked, size }) => !isMarked || size < 24)).toEqual([]);
  }
  const { page } = visitor;
  await page.getByRole('button', { name: 'Full screen' }).click();
  await page.locator('.call.is-full').waitFor();
  await page.getByRole('button', { name: 'Leave full screen' }).click();
  await page.locator('.call:not(.is-full)').waitFor();
  await page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
  await anna.page.getByText('The call has ended').waitFor(soon);
}, 300_000);

test('VID-1 sound alone on a phone: no camera is used until it is wanted; another window takes the call over', async () => {
  const visitor = await talking(stage, anna, 'Only talk, please', { context: lookOf('phone') });
  const { page } = visitor;
  await callVisitor(anna, visitor, 'audio');
  for (const each of [page, anna.page]) {
    await inRoom(each, 1);
    await hears(sounds(each));
    expect(await each.locator('.call video').count()).toBe(0);
  }
  await page.locator('.call[aria-label="Audio call"]').waitFor();
  await check(page, 'a call by sound');
  await checkTargets(page);
  await page.getByRole('button', { name: 'Switch camera on' }).click();
  await seesMoving(pictures(anna.page));
  const second = await stage.visitor({ profile: visitor.profile });
  await second.page.locator('.running-card').getByRole('button', { name: 'Join' }).click();
  await enter(second.page);
  await page.getByText('You went on in another window').waitFor(soon);
  await inRoom(anna.page, 1);
  await hears(sounds(anna.page));
  await second.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
}, 300_000);
