/** VID-2, BEY-1: what the record of a conversation says of video in it. The rooms' words come as the SFU says them; a room of its own is in test/video. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewInteraction } from '../../queues/engine.ts';
import type { Principal } from '../../src/auth/can.ts';
import { type ContactId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { LocalFileStore } from '../../src/files/index.ts';
import type { HistoryDetail, HistoryItem } from '../../src/history/historyViews.ts';
import { historyRoutes } from '../../src/history/index.ts';
import { type RoomView, roomView } from '../../src/protocol/video.ts';
import { admin, callRoute, visitor } from './calling.ts';
import { type Projected, startProjected } from './projected.ts';

let stage: Projected;
let queue: QueueId;
let anna: UserId;
beforeAll(async () => {
  stage = await startProjected();
  queue = await stage.world.addQueue({ mode: 'manual' });
  anna = await stage.world.addAgent({
    queues: [queue],
    name: 'Anna',
    capacity: 50,
    videoCapacity: 50,
    interrupts: ['video>chat', 'chat>video'],
  });
  await stage.rows(`insert into account (id, public_id, partition, legal_name) values ($1, 'public', 7, 'Test')`, [
    stage.world.scope.accountId,
  ]);
});
afterAll(() => stage.close());

const call = (request: string, query: Record<string, string> = {}, who: Principal = admin(stage.world.scope.accountId)) =>
  callRoute(historyRoutes({ db: stage.database.kysely, engine: stage.world.engine, files: new LocalFileStore('/nowhere') }), who, request, {
    query,
  });
const detail = async (id: string): Promise<HistoryDetail> => (await call(`GET /api/v1/interactions/${id}`)).body as HistoryDetail;
const videosOf = async (id: string) => (await detail(id)).segments.filter(({ kind }) => kind === 'video');

interface Talk {
  readonly id: InteractionId;
  readonly contactId: ContactId;
  version: number;
}

async function begin(more: Partial<NewInteraction> = {}): Promise<Talk> {
  const { world } = stage;
  const chat = { ...world.newChat(queue), name: 'Eva Nascosta', language: 'it', ...more };
  const started = await world.engine.router.startInteraction(world.scope, chat);
  if (!started.ok) throw new Error(started.code);
  const id = started.interaction.id as InteractionId;
  const claimed = await world.engine.router.claimInteraction(world.scope, { interactionId: id, agentId: anna, key: newId('command') });
  if (!claimed.ok) throw new Error(claimed.code);
  return { id, contactId: chat.contactId, version: 0 };
}

/** As the node that carries the room says it. */
async function tell(talk: Talk, room: Partial<RoomView> & Pick<RoomView, 'state' | 'startedAt'>): Promise<void> {
  talk.version++;
  const peer = { id: 'page-of-eva', role: 'customer', name: 'Eva Nascosta', state: 'joined', producers: [] } as const;
  const startedBy = { role: 'customer', name: 'Eva Nascosta' } as const;
  const view = roomView.parse({
    interaction: talk.id,
    kind: 'video',
    startedBy,
    peers: [peer],
    epoch: 'e1',
    version: talk.version,
    ...room,
  });
  const noted = await stage.world.engine.router.noteRoom(stage.world.scope, {
    interactionId: talk.id,
    version: talk.version,
    room: JSON.stringify(view),
  });
  if (!noted.ok) throw new Error(noted.code);
}

async function closed({ id, contactId }: Talk): Promise<void> {
  const { router } = stage.world.engine;
  const { scope } = stage.world;
  await router.endInteraction(scope, { interactionId: id, by: 'client', memberId: contactId, isSupervisor: false });
  const done = await router.closeInteraction(scope, {
    interactionId: id,
    agentId: anna,
    outcome: '',
    note: '',
    key: newId('command'),
    isSupervisor: false,
  });
  if (!done.ok) throw new Error(done.code);
}

const T = Date.UTC(2026, 4, 4, 10);

describe('video in the record', () => {
  test('VID-2 a chat that became video and came back: when it began and ended, who served, and how it was over', async () => {
    const talk = await begin();
    await tell(talk, { state: 'invited', startedAt: T });
    await tell(talk, { state: 'open', startedAt: T, openedAt: T + 5_000 });
    await stage.world.engine.router.changeMedium(stage.world.scope, { interactionId: talk.id, medium: 'video' });
    await stage.caughtUp();
    expect(await videosOf(talk.id)).toEqual([
      { kind: 'video', queue, agent: { id: anna, name: '' }, startedAt: T + 5_000, began: 'video' },
    ]);
    // Everything that is muted or shown is told, and changes nothing here.
    for (let more = 0; more < 5; more++) await tell(talk, { state: 'open', startedAt: T, openedAt: T + 5_000, epoch: `e${more}` });
    await tell(talk, { state: 'ended', startedAt: T, openedAt: T + 5_000, endedAt: T + 65_000, endedBecause: 'closed' });
    await stage.world.engine.router.changeMedium(stage.world.scope, { interactionId: talk.id, medium: 'chat' });
    await stage.caughtUp();
    expect(await videosOf(talk.id)).toEqual([
      { kind: 'video', queue, agent: { id: anna, name: '' }, startedAt: T + 5_000, endedAt: T + 65_000, began: 'video', ended: 'closed' },
    ]);
    expect(await detail(talk.id)).toMatchObject({ channel: 'chat', media: ['chat', 'video'], state: 'served' });
  });

  test('BEY-1 what began as video, went on as chat and was a video again has one record with both', async () => {
    const talk = await begin({ medium: 'video', text: '' });
    await tell(talk, { state: 'open', startedAt: T, openedAt: T + 1_000, kind: 'audio' });
    await tell(talk, { state: 'ended', startedAt: T, openedAt: T + 1_000, endedAt: T + 2_000, endedBecause: 'left' });
    await stage.world.engine.router.changeMedium(stage.world.scope, { interactionId: talk.id, medium: 'chat' });
    await tell(talk, { state: 'open', startedAt: T + 3_000, openedAt: T + 4_000 });
    await closed(talk);
    await stage.caughtUp();
    expect(await detail(talk.id)).toMatchObject({ channel: 'video', media: ['video', 'chat'], state: 'closed' });
    expect((await videosOf(talk.id)).map(({ began, ended, startedAt }) => ({ began, ended, startedAt }))).toEqual([
      { began: 'audio', ended: 'left', startedAt: T + 1_000 },
      { began: 'video', ended: 'conversation_over', startedAt: T + 4_000 },
    ]);
    // The node's own last word comes after the conversation's.
    await tell(talk, { state: 'ended', startedAt: T + 3_000, openedAt: T + 4_000, endedAt: T + 5_000, endedBecause: 'conversation_over' });
    await stage.caughtUp();
    expect(await videosOf(talk.id)).toHaveLength(2);
  });

  test('VID-2 an invitation that was declined is no video; one whose node died without a word ends with the next', async () => {
    const talk = await begin();
    await tell(talk, { state: 'invited', startedAt: T });
    await tell(talk, { state: 'ended', startedAt: T, endedAt: T + 1_000, endedBecause: 'declined' });
    await stage.caughtUp();
    expect(await videosOf(talk.id)).toEqual([]);
    expect((await detail(talk.id)).media).toEqual(['chat']);
    await tell(talk, { state: 'open', startedAt: T + 2_000, openedAt: T + 3_000 });
    await tell(talk, { state: 'open', startedAt: T + 9_000, openedAt: T + 9_500 });
    await stage.caughtUp();
    expect((await videosOf(talk.id)).map(({ startedAt, endedAt, ended }) => ({ startedAt, endedAt, ended }))).toEqual([
      { startedAt: T + 3_000, endedAt: T + 9_000, ended: 'failed' },
      { startedAt: T + 9_500, endedAt: undefined, ended: undefined },
    ]);
  });

  test('HIS-1 the list finds what had video at some time', async () => {
    const chat = await begin();
    const video = await begin({ medium: 'video', text: '' });
    const became = await begin();
    await tell(became, { state: 'open', startedAt: T, openedAt: T });
    await stage.caughtUp();
    const { items } = (await call('GET /api/v1/interactions', { medium: 'video', limit: '200' })).body as { items: HistoryItem[] };
    const ids = items.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([video.id, became.id]));
    expect(ids).not.toContain(chat.id);
  });

  test('BEY-3 a conversation that the release before wrote has the medium it began as', async () => {
    const talk = await begin();
    await stage.caughtUp();
    await stage.rows(`update interaction set media = '{}' where id = $1`, [talk.id]);
    expect((await detail(talk.id)).media).toEqual(['chat']);
    await tell(talk, { state: 'open', startedAt: T, openedAt: T });
    await stage.caughtUp();
    expect((await detail(talk.id)).media).toEqual(['chat', 'video']);
  });

  test('VID-2 the transcript says when video began and ended, in the language of the conversation, also once it has left Redis', async () => {
    const talk = await begin();
    const now = Date.now();
    await tell(talk, { state: 'open', startedAt: now, openedAt: now + 1_000 });
    const read = async (language?: string): Promise<string[]> =>
      String(
        (
          await call(
            `GET /api/v1/interactions/${talk.id}/transcript.txt`,
            language ? { language } : {},
            visitor(stage.world.scope.accountId, talk.contactId),
          )
        ).bytes,
      ).split('\n');
    expect((await read())[4]).toMatch(/\] Videochiamata iniziata$/);
    await tell(talk, { state: 'ended', startedAt: now, openedAt: now + 1_000, endedAt: now + 91_000, endedBecause: 'left' });
    await stage.caughtUp();
    const whole = await read('en');
    expect(whole.slice(3).map((line) => line.replace(/^\[[^\]]*\] /, ''))).toEqual([
      'Eva Nascosta: Hello, is anybody there?',
      'Video call began',
      'Call ended (2 min)',
      '',
    ]);
    const { runner, prefix } = stage.world.engine.core;
    for (const key of [`i:${talk.id}`, `f:conversation:${talk.id}`])
      await runner.redis.del(`${prefix}{p${stage.world.scope.partition}}:${key}`);
    expect(await read('en')).toEqual(whole);
  });

  test('rule: facts of video name nobody, and stay when the person is erased', async () => {
    const talk = await begin();
    await tell(talk, { state: 'invited', startedAt: T });
    await tell(talk, { state: 'open', startedAt: T, openedAt: T + 1 });
    await tell(talk, { state: 'ended', startedAt: T, openedAt: T + 1, endedAt: T + 2, endedBecause: 'closed' });
    await closed(talk);
    await stage.caughtUp();
    const facts = await stage.rows<{ body: { room: object } }>(
      `select body from event where interaction_id = $1 and type = 'room.changed' order by entry_ms, entry_seq`,
      [talk.id],
    );
    expect(facts.map(({ body }) => body.room)).toMatchObject([
      { state: 'invited', kind: 'video', startedBy: { role: 'customer' } },
      { state: 'ended', endedBecause: 'closed' },
    ]);
    expect(JSON.stringify(facts)).not.toContain('Nascosta');
    expect(JSON.stringify(facts)).not.toContain('page-of-eva');
    expect((await call(`DELETE /api/v1/contacts/${talk.contactId}`)).status).toBe(204);
    expect(await videosOf(talk.id)).toHaveLength(1);
    expect((await detail(talk.id)).client.name).toBe('');
  });
});
