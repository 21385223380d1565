/** A room that outgrew its worker: its people on two of them, and what is sent piped between. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { choosePlace } from '../../sfu/placement.ts';
import type { SfuWorker, SfuWorkers } from '../../sfu/workers.ts';
import type { WebRtcPeer } from '../actors/webrtcPeer.ts';
import { until } from '../support/services.ts';
import { type Conversation, hears, VideoWorld } from './support/videoWorld.ts';

const LONG = { timeoutMs: 100_000 };

let video: VideoWorld;
let workers: SfuWorkers;
beforeAll(async () => {
  video = await VideoWorld.start({ nodes: 0 });
  // One room is all that each takes.
  workers = await video.addNode('sfu-spread', { count: 2, consumersMax: 1 });
}, 240_000);
afterAll(() => video?.close());

/** Both workers, the one that is taken next first. */
async function both(): Promise<readonly [SfuWorker, SfuWorker]> {
  await until(() => workers.carried.workers === 2, { ...LONG, what: 'both workers' });
  const next = await until(() => workers.take());
  next.load.rooms++;
  const other = await until(() => workers.take());
  next.load.rooms--;
  return [next, other];
}

const routersOf = async ({ worker }: SfuWorker): Promise<number> => (await worker.dump()).routerIds.length;

/** As the desk was told last. */
function speakerTold({ desk }: Conversation): string | null | undefined {
  return desk.frames.findLast(({ t, signal }) => t === 'signal' && signal.type === 'video.speaker')?.signal.peer;
}

/** From now on it alone makes a sound; or nobody. */
function speaks(speaker: WebRtcPeer | undefined, peers: readonly WebRtcPeer[]): void {
  for (const peer of peers) peer.audioLevel = peer === speaker ? 20 : 127;
}

test('VID-1 CHT-19 a room over two workers is one room, goes back to one when the other is empty, and leaves nothing on either', async () => {
  const talk = await video.conversation();
  const [home, other] = await both();
  await talk.asAgent({ do: 'open', kind: 'video' });
  const agent = await video.join(talk.asAgent);
  const { ask } = await video.colleague(talk);
  const colleague = await video.join(ask);
  const visitor = await video.join(talk.asVisitor);
  expect([home.load, other.load].map(({ rooms, peers }) => [rooms, peers])).toEqual([
    [1, 2],
    [1, 1],
  ]);
  const people = [agent, colleague, visitor];

  // Sound and pictures, across and at home.
  const agentVoice = await agent.produce('microphone', { mark: 1 });
  const agentCamera = await agent.produce('camera', { layers: 3, mark: 2 });
  const colleagueVoice = await colleague.produce('microphone', { mark: 3 });
  const colleagueCamera = await colleague.produce('camera', { mark: 4 });
  const visitorVoice = await visitor.produce('microphone', { mark: 5 });
  await agent.consume([colleagueVoice, colleagueCamera, visitorVoice]);
  await colleague.consume([agentVoice, agentCamera, visitorVoice]);
  await visitor.consume([agentVoice, agentCamera, colleagueVoice, colleagueCamera]);
  for (const [peer, producer, mark] of [
    [colleague, agentVoice, 1],
    [colleague, agentCamera, 2],
    [colleague, visitorVoice, 5],
    [agent, colleagueVoice, 3],
    [agent, visitorVoice, 5],
    [visitor, agentCamera, 2],
    [visitor, colleagueCamera, 4],
  ] as const) {
    await hears(peer, producer);
    expect(peer.heard.get(producer)?.mark).toBe(mark);
  }
  // Once for each producer and worker, however many receive it there.
  expect([home.load.pipes, other.load.pipes]).toEqual([3, 2]);

  // How large it is shown decides the layer of a piped picture too.
  const picture = await until(() => colleague.heard.get(agentCamera));
  for (const [height, length] of [
    [120, 200],
    [720, 1_100],
  ] as const) {
    await colleague.watch(picture.consumer.id, { isPaused: false, width: 640, height });
    await until(() => picture.length === length, { ...LONG, what: `the layer for ${height} lines` });
  }

  for (const speaker of [colleague, agent, undefined]) {
    speaks(speaker, people);
    await until(() => speakerTold(talk) === (speaker?.id ?? null), { ...LONG, what: `${speaker?.id ?? 'nobody'} speaks` });
  }

  await talk.asAgent({ do: 'pause', peer: agent.id, producer: agentVoice, isPaused: true });
  await hears(colleague, visitorVoice, 50);
  const still = colleague.heard.get(agentVoice)?.packets;
  await hears(colleague, visitorVoice, 50);
  expect(colleague.heard.get(agentVoice)?.packets).toBe(still);
  await talk.asAgent({ do: 'pause', peer: agent.id, producer: agentVoice, isPaused: false });
  await hears(colleague, agentVoice);
  await talk.asAgent({ do: 'stop', peer: agent.id, producer: agentVoice });
  await until(() => home.load.pipes === 2, { ...LONG, what: 'the end of its pipe' });

  // The colleague alone was on the other worker.
  await colleague.leave();
  await until(async () => (await routersOf(other)) === 0, { ...LONG, what: 'the end of the branch' });
  expect(other.load).toEqual({ rooms: 0, peers: 0, producers: 0, consumers: 0, pipes: 0 });
  expect([home.load, workers.carried]).toEqual([
    { rooms: 1, peers: 2, producers: 2, consumers: 2, pipes: 0 },
    { rooms: 1, peers: 2, producers: 2, consumers: 2, pipes: 0, workers: 2 },
  ]);
  await hears(agent, visitorVoice);

  // And comes back to it; that worker dies: the room is built anew for all.
  await colleague.again();
  await hears(colleague, visitorVoice);
  expect(other.load.peers).toBe(1);
  const { epoch } = colleague.joined.room;
  process.kill(other.worker.pid, 'SIGKILL');
  const renewed = await until(
    async () => {
      const room = await video.room(talk);
      return room?.epoch !== epoch && room;
    },
    { ...LONG, what: 'a new epoch' },
  );
  expect(renewed).toMatchObject({ state: 'open', peers: [{ state: 'away' }, { state: 'away' }, { state: 'away' }] });
  await until(async () => (await routersOf(home)) === 0, { ...LONG, what: 'nothing of the old room' });
  const after = await both();
  for (const peer of people) await peer.again();
  expect(after.map(({ load }) => load.peers).sort()).toEqual([1, 2]);
  const voice = await agent.produce('microphone', { mark: 6 });
  for (const peer of [colleague, visitor]) {
    await peer.consume([voice]);
    await hears(peer, voice);
  }

  await talk.asAgent({ do: 'close' });
  await until(async () => (await Promise.all(after.map(routersOf))).every((count) => count === 0), { ...LONG, what: 'nothing left' });
  expect(workers.carried).toEqual({ rooms: 0, peers: 0, producers: 0, consumers: 0, pipes: 0, workers: 2 });
  for (const { webRtcServer } of after) expect((await webRtcServer.dump()).webRtcTransportIds).toEqual([]);
}, 240_000);

test('VID-1 where a room’s next peer is put: home while it has place, then where the room is, then the least loaded; nobody is refused', () => {
  const worker = (consumers: number, pipes = 0) => ({ load: { rooms: 1, peers: 0, producers: 0, consumers, pipes } });
  const [idle, busy, busier, full, fuller] = [worker(0), worker(50), worker(60), worker(99), worker(60, 60)];
  const all = [fuller, busier, busy, full, idle];
  const place = (carrying: ReturnType<typeof worker>[], serving = all) => choosePlace(carrying, serving, 100);
  expect(place([])).toBe(idle);
  expect(place([busier])).toBe(busier);
  expect(place([full])).toBe(idle);
  expect(place([full, busier])).toBe(busier);
  expect(place([fuller, full], [fuller, full])).toBe(full);
  expect(place([], [fuller, full])).toBe(full);
  expect(place([], [])).toBeUndefined();
});
