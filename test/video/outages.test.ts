/** What dies while people talk: a worker, a process, Redis. And conversations that go to somebody else. */
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { roomKey } from '../../queues/keys.ts';
import type { RoomView } from '../../src/protocol/video.ts';
import type { WebRtcPeer } from '../actors/webrtcPeer.ts';
import { key } from '../gateway/support/world.ts';
import { descendantsOf, mentioning } from '../support/processTree.ts';
import { until } from '../support/services.ts';
import { type Conversation, hears, VideoWorld } from './support/videoWorld.ts';

const LONG = { timeoutMs: 100_000 };

let video: VideoWorld | undefined;
afterEach(async () => {
  await video?.close();
  video = undefined;
}, 240_000);

async function talking(world: VideoWorld, talk: Conversation) {
  await talk.asAgent({ do: 'open', kind: 'video' });
  const agent = await world.join(talk.asAgent);
  const voice = await agent.produce('microphone');
  const visitor = await world.join(talk.asVisitor);
  await hears(visitor, voice);
  return { agent, visitor, voice, epoch: visitor.joined.room.epoch };
}

/** As the desk is told. */
function told({ desk }: Conversation, is: (room: RoomView) => boolean): Promise<RoomView> {
  return until(
    () => desk.frames.find(({ t, event }) => t === 'event' && event.type === 'room.changed' && is(event.room))?.event.room as RoomView,
    {
      ...LONG,
      what: 'room.changed',
    },
  );
}

/** Both join again, as clients do: until a process takes the room. */
async function backIn(agent: WebRtcPeer, visitor: WebRtcPeer): Promise<void> {
  const again = (peer: WebRtcPeer) => () =>
    peer.again().then(
      () => true,
      (error: Error) => {
        if (error.message !== 'unavailable') throw error;
        return false;
      },
    );
  await until(again(agent), { ...LONG, everyMs: 300, what: 'the agent is back' });
  const voice = await agent.produce('microphone');
  await until(again(visitor), { ...LONG, everyMs: 300, what: 'the visitor is back' });
  await hears(visitor, voice);
}

test('VID-1 the media workers are killed: everybody is told, joins again, and hears', async () => {
  video = await VideoWorld.start();
  const talk = await video.conversation();
  const { agent, visitor, epoch } = await talking(video, talk);
  const own = new Set(descendantsOf(process.pid));
  const workers = mentioning('mediasoup-worker').filter(({ pid }) => own.has(pid));
  expect(workers.length).toBeGreaterThan(0);
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  const renewed = await told(talk, (room) => room.epoch !== epoch);
  expect(renewed).toMatchObject({ state: 'open' });
  expect(renewed.peers.map(({ state, producers }) => [state, producers.length])).toEqual([
    ['away', 0],
    ['away', 0],
  ]);
  await backIn(agent, visitor);
  expect((await video.room(talk))?.peers.map(({ state }) => state)).toEqual(['joined', 'joined']);
}, 240_000);

test('VID-7 the process is killed: another goes on with the room, and need not wait for the claim to lapse', async () => {
  video = await VideoWorld.start({ nodes: 0 });
  const first = await video.addProcess('sfu-first');
  const talk = await video.conversation();
  const { agent, visitor, epoch } = await talking(video, talk);
  const before = await video.room(talk);
  const redis = new Redis(video.world.redis.url);
  // It stands for ever, so that nothing but its being taken away can free the room.
  expect(await redis.persist(roomKey('c:', talk.id))).toBe(1);
  redis.disconnect();
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  await video.addNode('sfu-second');
  await backIn(agent, visitor);
  const after = await video.room(talk);
  expect(after).toMatchObject({ state: 'open', startedAt: before?.startedAt, openedAt: before?.openedAt });
  expect(after?.epoch).not.toBe(epoch);
  expect(after?.version).toBeGreaterThan(before?.version ?? 0);
}, 240_000);

test('BEY-3 a process is stopped (SIGTERM): its rooms are another one’s at once', async () => {
  video = await VideoWorld.start({ nodes: 0 });
  const first = await video.addProcess('sfu-first');
  const talk = await video.conversation();
  const { agent, visitor, epoch } = await talking(video, talk);
  await video.addNode('sfu-second');
  await first.stop(100_000);
  await told(talk, (room) => room.epoch !== epoch);
  await backIn(agent, visitor);
  expect(await video.world.engine.rooms.holder(talk.id as never)).toBe('sfu-second');
}, 240_000);

test('VID-1 Redis is away: media go on, and what changed is told when it is back', async () => {
  video = await VideoWorld.start();
  const talk = await video.conversation();
  const { agent, visitor, voice, epoch } = await talking(video, talk);
  await video.world.redis.kill9();
  await hears(visitor, voice, 100);
  // Longer than its link is believed in: it is away while nobody can be told.
  await agent.close();
  const count = visitor.heard.get(voice)?.packets;
  await until(() => visitor.receive.isConnected && visitor.heard.get(voice)?.packets === count, LONG);
  await video.world.redis.restart();
  const world = video;
  const room = await until(async () => {
    const now = await world.room(talk).catch(() => undefined);
    return now?.peers.find(({ id }) => id === agent.id)?.state === 'away' && now;
  }, LONG);
  expect(room).toMatchObject({ state: 'open', epoch });
  expect(room.peers.find(({ id }) => id === visitor.id)?.state).toBe('joined');
}, 240_000);

test('VID-2 a transfer: who handed it on loses the media, the one who took it joins, the visitor stays', async () => {
  video = await VideoWorld.start();
  const talk = await video.conversation();
  const { visitor } = await talking(video, talk);
  const next = await video.world.person(talk.tenant, 'Next');
  const desk = await video.world.desk(next);
  await talk.desk.reply({ t: 'interaction.transfer', key: key(), interaction: talk.id, to: next.id });
  const world = video;
  await until(async () => (await world.room(talk))?.peers.length === 1, { ...LONG, what: 'the agent is out' });
  await expect(talk.asAgent({ do: 'join', peer: 'no-more-mine' })).rejects.toThrow('forbidden');
  const ask = async (body: object) => {
    const frame = await desk.ask({ t: 'video.command', key: key(), interaction: talk.id, body });
    if (frame.t === 'reply') return frame.body;
    throw new Error(frame.code);
  };
  const joined = await until(() => video?.join(ask).catch(() => undefined), { ...LONG, what: 'the next agent is in' });
  const voice = await joined.produce('microphone');
  await visitor.consume([voice]);
  await hears(visitor, voice);
  expect((await video.room(talk))?.state).toBe('open');
}, 240_000);
