/** WID-4, VID-2, BEY-1 in one breath: a button of the page begins a video, both are in it, it ends, they go on writing, and the record tells it all. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { enter, hears, inRoom, pictures, SOON_MS, seesMoving, sounds } from './support/calls.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

const soon = { timeout: SOON_MS };
let stage: WebStage;
let anna: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open({ hasVideo: true });
  anna = await stage.agent('anna');
  const isReady = async (): Promise<boolean> =>
    ((await (await fetch(`${stage.origin}/ready`)).json()) as { checks: { video: { isOk: boolean } } }).checks.video.isOk;
  await until(isReady, { timeoutMs: SOON_MS, what: 'media workers' });
}, 300_000);
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.closeVisitors();
  expect(stage.browser.takeErrors()).toEqual([]);
});

interface Detail {
  readonly channel: string;
  readonly media: readonly string[];
  readonly segments: readonly { kind: string; began: string; ended?: string }[];
}

test('WID-4 VID-2 BEY-1 from a button of the page into a video, and back to writing, in one record', async () => {
  const visitor = await stage.visitor();
  await visitor.page.getByRole('button', { name: 'Show us your room' }).click();
  await visitor.composer.waitFor();
  await anna.showList('Without agent');
  const row = anna.page.locator('.conversation-row').filter({ hasText: 'Video' });
  await row.click();
  await anna.page.locator('.pane-header .button.primary').click();
  // The visitor asked for it: the page shows the policy, then the devices, as soon as somebody is there.
  const policy = visitor.page.locator('.ask-card');
  await policy.getByText('Nothing is recorded').waitFor(soon);
  await policy.getByRole('checkbox').check();
  await policy.locator('.button.primary').click();
  await enter(visitor.page);
  await anna.page.locator('.ask-card').getByRole('button', { name: 'Accept' }).click(soon);
  await enter(anna.page);
  for (const { page } of [visitor, anna]) {
    await inRoom(page, 1);
    await seesMoving(pictures(page));
    await hears(sounds(page));
  }
  await anna.page.locator('.call').getByRole('button', { name: 'Hang up' }).click();
  await visitor.page.getByRole('button', { name: 'Back to the chat' }).click(soon);
  for (const { page } of [visitor, anna]) {
    await page.locator('.notice', { hasText: 'Video call began' }).waitFor(soon);
    await page.locator('.notice', { hasText: 'Call ended after' }).waitFor(soon);
  }
  await visitor.write('Now you have seen it');
  await anna.bubble('Now you have seen it').waitFor();
  const { items } = (await stage.asAdmin('GET', '/interactions?medium=video')) as { items: { id: string }[] };
  expect(items).toHaveLength(1);
  const record = await until(
    async () => {
      const detail = (await stage.asAdmin('GET', `/interactions/${items[0]?.id}`)) as unknown as Detail;
      return detail.segments.some(({ kind, ended }) => kind === 'video' && ended !== undefined) && detail.media.length === 2 && detail;
    },
    { timeoutMs: 30_000, what: 'the record' },
  );
  expect(record).toMatchObject({ channel: 'video', media: ['video', 'chat'] });
  expect(record.segments.filter(({ kind }) => kind === 'video')).toMatchObject([{ began: 'video', ended: 'closed' }]);
}, 300_000);
