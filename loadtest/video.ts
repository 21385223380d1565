/**
 * `npm run bench -- video`: what a join costs and how long it takes to the first packet, what a room weighs and that a thousand of them stand, and how many consumers a
 * core of ours carries beside bare mediasoup with the same peers. Peers are werift's, with real ICE, DTLS and SRTP, in this process, whose cost is not counted.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { newId } from '../src/base/ids.ts';
import { type Ask, RTP_CAPABILITIES, rtpParametersOf, WebRtcPeer } from '../test/actors/webrtcPeer.ts';
import { readUsage, totalOf, usageSince } from './processes.ts';
import { type BenchOptions, histogram, publishReport, quantile } from './report.ts';
import { BareMediasoup, type Conversation, VideoScene } from './videoScene.ts';

const JOINS_PER_SEC = 20;
const FIRST_MEDIA_WITHIN_MS = 15_000;
const AT_ONCE = 8;
const PEERS_A_ROOM = 4;
const SETTLE_MS = 3_000;
/** Making what is measured, on a machine that is shared: what was made by then is what is measured. */
const JOINS_WITHIN_MS = 100_000;
const ROOMS_WITHIN_MS = 180_000;
const FULL_ROOMS_WITHIN_MS = 60_000;

interface Sizes {
  readonly joins: number;
  readonly rooms: number;
  readonly fullRooms: number;
  readonly measureMs: number;
}

const FULL: Sizes = { joins: 300, rooms: 1_000, fullRooms: 16, measureMs: 10_000 };
const QUICK: Sizes = { joins: 60, rooms: 100, fullRooms: 6, measureMs: 4_000 };

/** What werift says when a handshake came to no end in time: on a machine that is too busy for it. */
const GIVEN_UP = /retransmitCount/;
let handshakesGivenUp = 0;

function giveUp(error: Error): undefined {
  if (!GIVEN_UP.test(error.message)) throw error;
  handshakesGivenUp++;
  return undefined;
}

let peers = 0;
const newPeer = (): string => `bench-peer-${++peers}`;

export async function benchVideo(options: BenchOptions): Promise<void> {
  const sizes = options.isQuick ? QUICK : FULL;
  process.on('unhandledRejection', (error: Error) => giveUp(error));
  const scene = await VideoScene.start(sizes.joins + sizes.rooms + sizes.fullRooms);
  let joins: Awaited<ReturnType<typeof measureJoins>>;
  let rooms: Awaited<ReturnType<typeof measureRooms>>;
  let ours: Carried;
  try {
    say('joins');
    joins = await measureJoins(scene, sizes);
    say('consumers');
    ours = await carryOurs(scene, sizes);
    say('rooms');
    rooms = await measureRooms(scene, sizes);
  } finally {
    await scene.close();
  }
  say('bare mediasoup');
  const bare = await carryBare(sizes);
  const figures = {
    cpuMsPerJoin: joins.cpuMsPerJoin,
    joinP50Ms: quantile(joins.toMediaMs, 0.5),
    joinP99Ms: quantile(joins.toMediaMs, 0.99),
    bytesPerRoom: rooms.bytesPerRoom,
    rooms: rooms.open,
    consumersPerCore: ours.perCore,
  };
  publishReport(
    {
      bench: 'video',
      figures,
      baseline: { mediasoupConsumersPerCore: bare.perCore },
      ratios: { oursOverMediasoup: ours.perCore / bare.perCore },
    },
    {
      title: 'Video rooms: one gateway, one process of video with a media worker a core',
      columns: ['part', 'figure', 'value', 'of'],
      rows: [
        ['joins', 'server CPU, ms a join', joins.cpuMsPerJoin, `${joins.toMediaMs.length} of ${sizes.joins} at ${JOINS_PER_SEC}/s`],
        ['', 'request → answer p50, ms', quantile(joins.toAnswerMs, 0.5), ''],
        ['', 'request → answer p99, ms', quantile(joins.toAnswerMs, 0.99), ''],
        ['', 'request → first packet p50, ms', figures.joinP50Ms, ''],
        ['', 'request → first packet p99, ms', figures.joinP99Ms, ''],
        ['', 'peers’ own event loop late p99, ms', joins.lateP99Ms, ''],
        ['', 'handshakes that peers gave up', handshakesGivenUp, ''],
        ['rooms', 'open at once', rooms.open, `of ${sizes.rooms}`],
        ['', 'bytes a room', rooms.bytesPerRoom, 'video process and media workers'],
        ['', 'cores while they stand', rooms.cores, 'video process and media workers'],
        ['consumers', 'ours, a core', ours.perCore, `${ours.consumers} run on ${ours.cores.toFixed(3)} cores`],
        ['', 'bare mediasoup, a core', bare.perCore, `${bare.consumers} run on ${bare.cores.toFixed(3)} cores`],
      ],
      notes: [
        'a join: a visitor on a real socket enters the room where an agent speaks; request, answer, ICE, DTLS, first RTP packet at the visitor',
        'server CPU: every process of the center, Redis and PostgreSQL included; peers excluded',
        'a room that is weighed: two peers, each with two transports, microphone and camera, receiving the other’s; not connected, so without keys and packets',
        `a consumer that is counted: 50 packets of audio a second to a peer with SRTP, in rooms of ${PEERS_A_ROOM}; consumers run ÷ cores used while they ran`,
        'the peers are one Node process on the same machine: their handshakes and its load are in the times',
      ],
    },
    { toMediaMs: histogram(joins.toMediaMs), toAnswerMs: histogram(joins.toAnswerMs), joins, rooms, ours, bare },
    options.folder,
  );
}

/** Every join is of a room where somebody is in already and speaks from that moment on. */
async function measureJoins(scene: VideoScene, { joins }: Sizes) {
  const open = await gathered(joins, JOINS_WITHIN_MS, async () => {
    const talk = await scene.withSocket();
    const agent = await WebRtcPeer.join(talk.asAgent, { id: newPeer() });
    return { talk, agent, voice: await agent.produce('microphone', { isSilent: true }) };
  });
  await wait(SETTLE_MS);
  const toMediaMs: number[] = [];
  const toAnswerMs: number[] = [];
  const late: number[] = [];
  const visitors: WebRtcPeer[] = [];
  const before = readUsage(scene.processes);
  const beganAt = performance.now();
  const underWay = open.map(async ({ talk, agent, voice }, index) => {
    const due = beganAt + (index * 1_000) / JOINS_PER_SEC;
    await wait(due - performance.now());
    late.push(performance.now() - due);
    const askedAt = performance.now();
    agent.speak(voice);
    const answered: Ask = async (command) => {
      const answer = await talk.asVisitor(command);
      if (command.do === 'join') toAnswerMs.push(performance.now() - askedAt);
      return answer;
    };
    let heardAt: number | undefined;
    const onFirstPacket = (): void => void (heardAt ??= performance.now());
    const visitor = await WebRtcPeer.join(answered, { id: newPeer(), onFirstPacket }).catch(giveUp);
    if (visitor) visitors.push(visitor);
    while (visitor && heardAt === undefined && performance.now() - askedAt < FIRST_MEDIA_WITHIN_MS) await wait(5);
    agent.speak(voice, false);
    if (heardAt !== undefined) toMediaMs.push(heardAt - askedAt);
  });
  await Promise.all(underWay);
  const used = usageSince(before, readUsage(scene.processes));
  await Promise.all(open.map(({ talk }) => talk.asAgent({ do: 'close' })));
  await Promise.all([...visitors, ...open.map(({ agent }) => agent)].map((peer) => peer.close()));
  return {
    toMediaMs,
    toAnswerMs,
    lateP99Ms: quantile(late, 0.99),
    cpuMsPerJoin: totalOf(used).cpuUs / 1_000 / open.length,
    cpuMsByProcess: Object.fromEntries([...used].map(([name, { cpuUs }]) => [name, cpuUs / 1_000 / open.length])),
  };
}

async function measureRooms(scene: VideoScene, { rooms, measureMs }: Sizes) {
  const video = new Map([['sfu-1', scene.center.pidOf('sfu-1')]]);
  await wait(SETTLE_MS);
  const before = readUsage(video);
  const enter = async (ask: Ask): Promise<{ id: string; producers: string[] }> => {
    const id = newPeer();
    const { send } = await ask({ do: 'join', peer: id, rtpCapabilities: RTP_CAPABILITIES });
    const producers: string[] = [];
    for (const [index, source] of (['microphone', 'camera'] as const).entries()) {
      const rtpParameters = rtpParametersOf(source, { mid: String(index) });
      producers.push((await ask({ do: 'produce', peer: id, transport: send.id, source, rtpParameters })).producer);
    }
    return { id, producers };
  };
  const talks: Conversation[] = await gathered(rooms, ROOMS_WITHIN_MS, async () => {
    const talk = await scene.byLetters();
    const agent = await enter(talk.asAgent);
    const visitor = await enter(talk.asVisitor);
    await talk.asAgent({ do: 'consume', peer: agent.id, producers: visitor.producers, rtpCapabilities: RTP_CAPABILITIES });
    return talk;
  });
  await wait(SETTLE_MS);
  const standing = readUsage(video);
  const weighed = totalOf(usageSince(before, standing));
  await wait(measureMs);
  const cores = totalOf(usageSince(standing, readUsage(video))).cpuUs / 1_000 / measureMs;
  const open = await scene.openRooms(talks);
  return { open, bytesPerRoom: weighed.bytes / talks.length, cores };
}

interface Carried {
  readonly consumers: number;
  readonly cores: number;
  readonly perCore: number;
}

async function carryOurs(scene: VideoScene, sizes: Sizes): Promise<Carried> {
  const video = new Map([['sfu-1', scene.center.pidOf('sfu-1')]]);
  return carry(sizes, video, async () => {
    const talk = await scene.byLetters();
    const others = await scene.colleagues(talk, PEERS_A_ROOM - 2);
    return [talk.asVisitor, talk.asAgent, ...others];
  });
}

async function carryBare(sizes: Sizes): Promise<Carried> {
  const bare = await BareMediasoup.start();
  try {
    return await carry(sizes, bare.processes, async () => {
      const name = newId('interaction');
      return Array.from({ length: PEERS_A_ROOM }, () => bare.asker(name));
    });
  } finally {
    bare.close();
  }
}

/** Rooms where everybody speaks and hears all others. */
async function carry(
  { fullRooms, measureMs }: Sizes,
  processes: ReadonlyMap<string, number>,
  openRoom: () => Promise<Ask[]>,
): Promise<Carried> {
  const all = await gathered(fullRooms, FULL_ROOMS_WITHIN_MS, async () => {
    const inRoom: { peer: WebRtcPeer; voice: string }[] = [];
    for (const ask of await openRoom()) {
      const peer = await WebRtcPeer.join(ask, { id: newPeer() });
      inRoom.push({ peer, voice: await peer.produce('microphone') });
    }
    for (const { peer, voice } of inRoom) await peer.consume(inRoom.map((other) => other.voice).filter((other) => other !== voice));
    return inRoom.map(({ peer }) => peer);
  });
  const everybody = all.flat();
  await wait(SETTLE_MS);
  const packets = (): number =>
    everybody.reduce((sum, { heard }) => sum + [...heard.values()].reduce((of, each) => of + each.packets, 0), 0);
  const [before, heardBefore] = [readUsage(processes), packets()];
  await wait(measureMs);
  const cores = totalOf(usageSince(before, readUsage(processes))).cpuUs / 1_000 / measureMs;
  // What was heard, in consumers of 50 packets a second: those that the peers had no time to feed do not count.
  const consumers = Math.round((packets() - heardBefore) / (measureMs / 1_000) / 50);
  await Promise.all(everybody.map((peer) => peer.close()));
  return { consumers, cores, perCore: consumers / cores };
}

/** So many of them, a few at a time; fewer when the machine has no time for more. */
async function gathered<Value>(count: number, withinMs: number, make: () => Promise<Value>): Promise<Value[]> {
  const made: Value[] = [];
  const deadline = performance.now() + withinMs;
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < count && performance.now() < deadline) {
      const one = await make().catch(giveUp);
      if (one !== undefined) made.push(one);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return made;
}

function say(part: string): void {
  process.stderr.write(`${part} …\n`);
}
