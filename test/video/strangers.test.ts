/** What no decent peer sends: forged ids, absurd parameters, other people's rooms, storms. Nothing of it may crash a worker or leave anything behind. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadEnv } from '../../config/env.ts';
import { MediaRoom } from '../../sfu/mediaRoom.ts';
import { SfuWorkers } from '../../sfu/workers.ts';
import { createLogger } from '../../src/base/log.ts';
import { RTP_CAPABILITIES, rtpParametersOf } from '../actors/webrtcPeer.ts';
import { key } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';
import { asker, type Conversation, VideoWorld } from './support/videoWorld.ts';

const LONG = { timeoutMs: 100_000 };

let video: VideoWorld;
let talk: Conversation;
beforeAll(async () => {
  video = await VideoWorld.start();
  talk = await video.conversation();
  await talk.asAgent({ do: 'open', kind: 'video' });
}, 240_000);
afterAll(() => video?.close());

describe('other people', () => {
  test('VID-1 two accounts cannot reach each other: not the room, not what is in it', async () => {
    const agent = await video.join(talk.asAgent);
    const voice = await agent.produce('microphone');
    const other = await video.conversation();
    await other.asAgent({ do: 'open', kind: 'video' });
    const stranger = await video.join(other.asVisitor);
    const atTalk = asker(other.visitor.socket, talk.id);
    const deskAtTalk = asker(other.desk, talk.id);
    for (const ask of [atTalk, deskAtTalk]) {
      await expect(ask({ do: 'join', peer: 'from-outside' })).rejects.toThrow('not_found');
      await expect(ask({ do: 'open', kind: 'video' })).rejects.toThrow('not_found');
      await expect(ask({ do: 'close' })).rejects.toThrow('not_found');
    }
    // Ids of the other room, in the own one.
    const inOwn = (body: object) => other.asVisitor({ peer: stranger.id, ...body });
    const { dtlsParameters } = agent.send;
    await expect(inOwn({ do: 'connect', transport: agent.send.id, dtlsParameters })).rejects.toThrow('not_found');
    await expect(inOwn({ do: 'restartIce', transport: agent.send.id })).rejects.toThrow('not_found');
    await expect(inOwn({ do: 'pause', producer: voice, isPaused: true })).rejects.toThrow('not_found');
    await expect(inOwn({ do: 'stop', producer: voice })).rejects.toThrow('not_found');
    const forged = { do: 'produce', transport: agent.send.id, source: 'microphone', rtpParameters: rtpParametersOf('microphone') };
    await expect(inOwn(forged)).rejects.toThrow('not_found');
    // Somebody else's producer is not there to be consumed, and is no error: producers go at any time.
    expect(await inOwn({ do: 'consume', producers: [voice], rtpCapabilities: RTP_CAPABILITIES })).toEqual({ consumers: [] });
    expect((await video.room(talk))?.peers).toHaveLength(1);
  }, 240_000);

  test('VID-1 within a room nobody acts as somebody else; an agent who takes no part is refused', async () => {
    const agent = await video.join(talk.asAgent);
    const visitor = await video.join(talk.asVisitor);
    const voice = await agent.produce('microphone');
    const { dtlsParameters } = visitor.send;
    await expect(talk.asVisitor({ do: 'join', peer: agent.id })).rejects.toThrow('forbidden');
    await expect(talk.asVisitor({ do: 'pause', peer: agent.id, producer: voice, isPaused: true })).rejects.toThrow('not_found');
    await expect(talk.asVisitor({ do: 'stop', peer: visitor.id, producer: voice })).rejects.toThrow('not_found');
    const own = { do: 'connect', peer: visitor.id, transport: agent.receive.id, dtlsParameters };
    await expect(talk.asVisitor(own)).rejects.toThrow('not_found');
    const bystander = await video.world.desk(await video.world.person(talk.tenant, 'Bystander'));
    await expect(asker(bystander, talk.id)({ do: 'join', peer: 'bystander-1' })).rejects.toThrow('forbidden');
    const someone = await video.world.visitor(talk.tenant);
    await expect(asker(someone.socket, talk.id)({ do: 'join', peer: 'another-visitor' })).rejects.toThrow('not_found');
  }, 240_000);
});

describe('bad parameters', () => {
  test('VID-1 absurd RTP parameters, capabilities and fingerprints are refused, and the worker lives on', async () => {
    const agent = await video.join(talk.asAgent);
    const base = rtpParametersOf('camera');
    const [codec] = base.codecs;
    const [encoding] = base.encodings;
    const many = <Item>(count: number, of: (index: number) => Item): Item[] => Array.from({ length: count }, (_, index) => of(index));
    const absurd: Record<string, object> = {
      'no codec': { ...base, codecs: [] },
      'a payload type of 200': { ...base, codecs: [{ ...codec, payloadType: 200 }] },
      'one payload type twice': { ...base, codecs: [codec, codec] },
      'a codec of audio for a picture': { ...rtpParametersOf('microphone') },
      'a codec that is none': { ...base, codecs: [{ ...codec, mimeType: 'video/NOPE' }] },
      'a codec without a clock': { ...base, codecs: [{ ...codec, clockRate: -1 }] },
      'an SSRC beyond 32 bits': { ...base, encodings: [{ ssrc: 2 ** 40 }] },
      'an SSRC of text': { ...base, encodings: [{ ssrc: 'x' }] },
      'the SSRC zero': { ...base, encodings: [{ ssrc: 0 }] },
      'one SSRC twice': { ...base, encodings: [encoding, encoding] },
      'sixty-four encodings': { ...base, encodings: many(64, (index) => ({ ssrc: index + 1 })) },
      'no encodings': { ...base, encodings: [] },
      'an encoding without a name': { ...base, encodings: [{}] },
      'two header extensions of one id': {
        ...base,
        headerExtensions: many(2, () => ({ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1 })),
      },
      'a header extension of id 0': { ...base, headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 0 }] },
      'a header extension of id 4,000': { ...base, headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4_000 }] },
      'a MID of a thousand letters': { ...base, mid: 'm'.repeat(1_000) },
      'a mode of ninety-nine layers': { ...base, encodings: [{ ...encoding, scalabilityMode: 'L99T99' }] },
      'parameters that are a tree': { ...base, codecs: [{ ...codec, parameters: { a: { b: { c: 1 } } } }] },
      'a CNAME of a megabyte quarter': { ...base, rtcp: { cname: 'c'.repeat(20_000) } },
      'RTX of nothing': { ...base, codecs: [codec, { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 5 } }] },
    };
    for (const [what, rtpParameters] of Object.entries(absurd)) {
      const refused = talk.asAgent({ do: 'produce', peer: agent.id, transport: agent.send.id, source: 'camera', rtpParameters });
      await expect(refused, what).rejects.toThrow(/invalid/);
    }
    const onReceive = { do: 'produce', peer: agent.id, transport: agent.receive.id, source: 'camera', rtpParameters: base };
    await expect(talk.asAgent(onReceive)).rejects.toThrow('invalid');
    const capabilities = [
      { codecs: [{ kind: 'smell', mimeType: 'smell/x', preferredPayloadType: 1, clockRate: 1 }] },
      { codecs: [{ ...RTP_CAPABILITIES.codecs[0], preferredPayloadType: 999 }] },
      { codecs: [], headerExtensions: [{ kind: 'video', uri: '', preferredId: 0 }] },
    ];
    for (const rtpCapabilities of capabilities) {
      await expect(talk.asAgent({ do: 'consume', peer: agent.id, producers: ['x'], rtpCapabilities })).rejects.toThrow('invalid');
      await expect(talk.asAgent({ do: 'join', peer: 'not-let-in', rtpCapabilities })).rejects.toThrow('invalid');
    }
    const fingerprints = [
      { algorithm: 'sha-256', value: 'AB:CD' },
      { algorithm: 'sha-256', value: 'Z'.repeat(95) },
      { algorithm: 'md5', value: Array(16).fill('AB').join(':') },
    ];
    for (const fingerprint of fingerprints) {
      const connect = { do: 'connect', peer: agent.id, transport: agent.send.id, dtlsParameters: { fingerprints: [fingerprint] } };
      await expect(talk.asAgent(connect)).rejects.toThrow('invalid');
    }
    // After all of that, the same transport carries a picture to a peer that sees it.
    const camera = await agent.produce('camera');
    const visitor = await video.join(talk.asVisitor);
    await until(() => (visitor.heard.get(camera)?.packets ?? 0) > 5, { ...LONG, what: 'the picture' });
    expect((await video.room(talk))?.peers).toHaveLength(2);
  }, 240_000);

  test('VID-1 repeated signalling: the same command has one effect, a transport is connected once', async () => {
    const agent = await video.join(talk.asAgent);
    const voice = await agent.produce('microphone');
    const { dtlsParameters } = agent.send;
    await expect(talk.asAgent({ do: 'connect', peer: agent.id, transport: agent.send.id, dtlsParameters })).rejects.toThrow('wrong_state');
    const again = { t: 'video.command', key: key(), interaction: talk.id };
    const produce = {
      do: 'produce',
      peer: agent.id,
      transport: agent.send.id,
      source: 'camera',
      rtpParameters: rtpParametersOf('camera', { mid: '7' }),
    };
    const first = await talk.desk.reply({ ...again, body: produce });
    expect(await talk.desk.reply({ ...again, body: produce })).toEqual(first);
    const visitor = await video.join(talk.asVisitor);
    const one = await visitor.consume([voice]);
    const two = await visitor.consume([voice]);
    expect(two.map(({ id }) => id)).toEqual(one.map(({ id }) => id));
  }, 240_000);
});

describe('storms', () => {
  test('VID-1 1,000 joins at once are answered or told to wait, and the room is as one join left it', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `storm-peer-${index}`);
    const answers: string[] = [];
    const { socket } = talk.visitor;
    // More than 128 that wait on one socket would close it as a flood; they are answered in their order.
    for (let from = 0; from < ids.length; from += 100) {
      const asked = ids.slice(from, from + 100).map((peer) => {
        const body = { do: 'join', peer, rtpCapabilities: RTP_CAPABILITIES };
        return socket.send({ t: 'video.command', key: key(), interaction: talk.id, body });
      });
      await until(() => socket.answer(asked.at(-1) ?? 0), { ...LONG, everyMs: 100, what: 'the answers' });
      const frames = new Map(socket.frames.map((frame) => [frame.id, frame]));
      for (const id of asked) answers.push(frames.get(id).t === 'reply' ? 'ok' : frames.get(id).code);
    }
    // How many are told to wait depends on how fast they come; nothing else is said.
    expect(answers.filter((answer) => answer !== 'ok' && answer !== 'rate_limited')).toEqual([]);
    expect(answers).toContain('ok');
    const last = ids[answers.lastIndexOf('ok')];
    const mine = await until(async () => {
      const customers = (await video.room(talk))?.peers.filter(({ role }) => role === 'customer');
      return customers?.length === 1 && customers;
    });
    expect(mine[0]?.id).toBe(last);
  }, 240_000);

  test('VID-1 1,000 joins, producers and consumers leave no transport, producer, consumer or memory behind', async () => {
    const script = join(import.meta.dirname, '../../config/setup/buildWorker.mjs');
    const binary = execFileSync(process.execPath, [script, '--find'], { encoding: 'utf8' }).trim();
    const env = loadEnv({ RTC_PORT: '0', PUBLIC_HOST: '127.0.0.1', MEDIASOUP_WORKER_BIN: binary });
    const workers = SfuWorkers.create({ env, log: createLogger('test', 'silent') }, { count: 1 });
    const slot = await until(() => workers.take(), LONG);
    const room = await MediaRoom.create(workers);
    const listener = await room.add('the-listener');
    listener.receiveAs(RTP_CAPABILITIES);
    const joinOnce = async (): Promise<void> => {
      const peer = await room.add('the-speaker');
      const sent = await peer.produce(peer.send.id, {
        source: 'camera',
        kind: 'video',
        rtpParameters: rtpParametersOf('camera'),
        isPaused: false,
      });
      await listener.consume(peer, sent);
    };
    const usedKb = async () => (await slot.worker.getResourceUsage()).ru_maxrss;
    for (let count = 0; count < 200; count++) await joinOnce();
    const before = await usedKb();
    for (let count = 0; count < 1_000; count++) await joinOnce();
    const after = await usedKb();
    const [routerId] = (await slot.worker.dump()).routerIds;
    expect((await slot.worker.dump()).routerIds).toHaveLength(1);
    expect([room.peers.size, listener.received.size, slot.load]).toEqual([
      2,
      1,
      { rooms: 1, peers: 2, producers: 1, consumers: 1, pipes: 0 },
    ]);
    const [dump] = await room.dump();
    expect([dump?.id, dump?.transportIds.length, dump?.mapProducerIdConsumerIds.length, dump?.mapConsumerIdProducerId.length]).toEqual([
      routerId,
      4,
      1,
      1,
    ]);
    // A join that stayed would be some 60 kB; what the allocator keeps is far below that.
    expect(after - before).toBeLessThan(20_000);
    room.close();
    expect([slot.load, (await slot.worker.dump()).routerIds.length]).toEqual([
      { rooms: 0, peers: 0, producers: 0, consumers: 0, pipes: 0 },
      0,
    ]);
    await workers.close();
  }, 240_000);
});
