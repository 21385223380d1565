/** Video between the pages of a visitor and agents, with Chromium's fake camera and microphone: what each decodes and hears, over a real SFU. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { callVisitor, hears, inRoom, pictures, SOON_MS, seesMoving, sounds, talking } from './support/calls.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let anna: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open({ hasVideo: true });
  await stage.videoRules({ isOn: true });
  anna = await stage.agent('anna');
}, 180_000);
afterAll(() => stage?.close());
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
  await anna.page.getByRole('button', { name: 'Hang up' }).click();
  await visitor.page.getByText('The call has ended').waitFor({ timeout: SOON_MS });
  await visitor.page.getByRole('button', { name: 'Back to the chat' }).click();
  await visitor.write('And back in writing');
  await anna.bubble('And back in writing').waitFor();
}, 120_000);
