/** Rooms end to end: gateway socket, mailbox, room, mediasoup, real ICE, DTLS and RTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebRtcPeer } from '../actors/webrtcPeer.ts';
import { key } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';
import { type Conversation, hears, VideoWorld } from './support/videoWorld.ts';

const LONG = { timeoutMs: 100_000 };

let video: VideoWorld;
/** Goes on beside the other tests: a minute is its time. */
let dead: ReturnType<typeof joiningInVain>;
beforeAll(async () => {
  video = await VideoWorld.start();
  dead = joiningInVain();
}, 240_000);
afterAll(() => video?.close());

/** Agent and visitor in the room, each with a microphone. */
async function talking(talk: Conversation, { way = 'udp' as 'udp' | 'tcp' } = {}) {
  await talk.asAgent({ do: 'open', kind: 'video' });
  const agent = await video.join(talk.asAgent, { way });
  const agentVoice = await agent.produce('microphone', { mark: 1 });
  const visitor = await video.join(talk.asVisitor, { way });
  const visitorVoice = await visitor.produce('microphone', { mark: 2 });
  await agent.consume([visitorVoice]);
  await Promise.all([hears(visitor, agentVoice), hears(agent, visitorVoice)]);
  return { agent, visitor, agentVoice, visitorVoice };
}

/** A colleague whose media never come joins again and again, by turns as the same peer and as another one, beside two who are there; until that is refused. */
async function joiningInVain() {
  const talk = await video.conversation();
  await talking(talk);
  const { agent, ask } = await video.colleague(talk);
  const fingerprint = { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') };
  const join = async (peer: string) => {
    const { send } = (await ask({ do: 'join', peer })) as { send: { id: string } };
    await ask({ do: 'connect', peer, transport: send.id, dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
  };
  let joins = 0;
  const joinAgain = async () => {
    await join(`dead-peer-${Math.floor(joins / 2)}`);
    joins++;
  };
  const refusal = async (): Promise<string> =>
    joinAgain().then(
      () => '',
      (error: Error) => error.message,
    );
  const refused = until(refusal, { timeoutMs: 200_000, everyMs: 2_000, what: 'a refusal' }).then((why) => ({ why, joins }));
  refused.catch(() => undefined); // The test that waits for it tells.
  return { talk, agent, refused };
}

/** As the desk was told last. */
function linkOf({ desk }: Conversation, { id }: WebRtcPeer) {
  const last = desk.frames.findLast(({ t, signal }) => t === 'signal' && signal.type === 'video.quality');
  return last?.signal.links.find(({ peer }: { peer: string }) => peer === id);
}

const mediumOf = async ({ id, tenant }: Conversation) => {
  const scope = await video.world.engine.config.scopeOf(tenant.accountId as never);
  return scope && (await video.world.engine.views.interaction(scope, id as never))?.medium;
};

describe('media', () => {
  test('VID-1 VID-4 over UDP: a visitor and an agent hear and see each other', async () => {
    const talk = await video.conversation();
    const { room } = await talk.asAgent({ do: 'open', kind: 'video' });
    expect(room).toMatchObject({ state: 'invited', startedBy: { role: 'agent' }, peers: [] });
    const agent = await video.join(talk.asAgent);
    const voice = await agent.produce('microphone', { mark: 7 });
    const picture = await agent.produce('camera', { mark: 8 });
    const visitor = await video.join(talk.asVisitor);
    expect(visitor.joined.room.state).toBe('open');
    await Promise.all([hears(visitor, voice), hears(visitor, picture)]);
    expect([visitor.heard.get(voice)?.mark, visitor.heard.get(picture)?.mark]).toEqual([7, 8]);
    const screen = await visitor.produce('screen', { mark: 9 });
    await agent.consume([screen]);
    await hears(agent, screen);
    expect(agent.heard.get(screen)?.mark).toBe(9);
    expect(visitor.receive.protocol).toBe('udp');
    const shown = await until(async () => {
      const now = await video.room(talk);
      return now?.peers.flatMap(({ producers }) => producers).length === 3 && now;
    });
    expect(shown.peers.map(({ role, state }) => [role, state])).toEqual([
      ['agent', 'joined'],
      ['customer', 'joined'],
    ]);
  }, 240_000);

  test('VID-4 over TCP alone: media pass where UDP does not', async () => {
    const { agent, visitor } = await talking(await video.conversation(), { way: 'tcp' });
    expect([agent.send.protocol, visitor.receive.protocol]).toEqual(['tcp', 'tcp']);
  }, 240_000);

  test('VID-1 mute, unmute, and another device without another negotiation', async () => {
    const talk = await video.conversation();
    const { agent, visitor, agentVoice } = await talking(talk);
    await talk.asAgent({ do: 'pause', peer: agent.id, producer: agentVoice, isPaused: true });
    const isPaused = async () => (await video.room(talk))?.peers[0]?.producers[0]?.isPaused;
    await until(isPaused, { what: 'everybody is told' });
    const silentFrom = visitor.heard.get(agentVoice)?.packets ?? 0;
    await talk.asAgent({ do: 'pause', peer: agent.id, producer: agentVoice, isPaused: false });
    await hears(visitor, agentVoice);
    expect(visitor.heard.get(agentVoice)?.packets).toBeGreaterThan(silentFrom);
    // A new producer of the source takes the place of the old one.
    const other = await agent.produce('microphone', { mark: 5 });
    await visitor.consume([other]);
    await hears(visitor, other);
    const sent = await until(async () => {
      const producers = (await video.room(talk))?.peers[0]?.producers;
      return producers?.[0]?.id === other && producers;
    });
    expect(sent).toHaveLength(1);
    await talk.asAgent({ do: 'stop', peer: agent.id, producer: other });
    await until(async () => (await video.room(talk))?.peers[0]?.producers.length === 0, { what: 'it is gone' });
  }, 240_000);

  test('VID-1 simulcast: how large a picture is shown decides the layer', async () => {
    const talk = await video.conversation();
    await talk.asAgent({ do: 'open', kind: 'video' });
    const agent = await video.join(talk.asAgent);
    const camera = await agent.produce('camera', { layers: 3 });
    const visitor = await video.join(talk.asVisitor);
    const heard = await until(() => visitor.heard.get(camera));
    const { id } = heard.consumer;
    await visitor.watch(id, { isPaused: false, width: 200, height: 120 });
    await until(() => heard.length === 200, { ...LONG, what: 'the small layer' });
    await visitor.watch(id, { isPaused: false, width: 1_280, height: 720 });
    await until(() => heard.length === 1_100, { ...LONG, what: 'the large layer' });
    await visitor.watch(id, { isPaused: true });
    const at = heard.packets;
    await visitor.watch(id, { isPaused: false, height: 400, width: 640 });
    await until(() => heard.length === 800 && heard.packets > at, { ...LONG, what: 'the middle layer' });
  }, 240_000);

  test('VID-1 H264, in the form that all have in hardware, is negotiated and passed on as VP8 is', async () => {
    const talk = await video.conversation();
    const { agent, visitor } = await talking(talk);
    const camera = await agent.produce('camera', { codec: 'H264', mark: 4 });
    const [consumer] = await visitor.consume([camera]);
    await hears(visitor, camera);
    expect(visitor.heard.get(camera)?.mark).toBe(4);
    expect(consumer?.rtpParameters).toMatchObject({ codecs: [{ mimeType: 'video/H264', parameters: { 'packetization-mode': 1 } }] });
  }, 240_000);

  test('VID-1 the one who speaks is told to all, and silence too', async () => {
    const talk = await video.conversation();
    const { agent, visitor } = await talking(talk);
    visitor.audioLevel = 127;
    const said = (peer: string | null) => () =>
      talk.visitor.socket.frames.some(({ t, signal }) => t === 'signal' && signal.type === 'video.speaker' && signal.peer === peer);
    await until(said(agent.id), { ...LONG, what: 'the agent speaks' });
    agent.audioLevel = 127;
    await until(said(null), { ...LONG, what: 'nobody speaks' });
  }, 240_000);

  test('VID-8 quality is told to the desk alone; a thin link loses its pictures, never its sound, and gets them back', async () => {
    const talk = await video.conversation();
    const { agent, visitor, agentVoice } = await talking(talk);
    const camera = await agent.produce('camera');
    await visitor.consume([camera]);
    await hears(visitor, camera);
    const link = () => linkOf(talk, visitor);
    await until(() => link()?.level === 'good' && link().receiveKbps > 10 && link().rttMs !== undefined, { ...LONG, what: 'a good link' });
    visitor.lossToReport = 0.4;
    await until(() => link()?.level === 'bad', { ...LONG, what: 'a bad link' });
    expect(link().lossPct).toBeGreaterThan(30);
    const pictures = visitor.heard.get(camera);
    await hears(visitor, agentVoice, 50);
    const still = pictures?.packets;
    await hears(visitor, agentVoice, 50);
    expect(pictures?.packets).toBe(still);
    visitor.lossToReport = 0;
    await until(() => link()?.level === 'good', { ...LONG, what: 'a good link again' });
    await hears(visitor, camera);
    expect(talk.visitor.socket.frames.some(({ t, signal }) => t === 'signal' && signal.type === 'video.quality')).toBe(false);
  }, 240_000);
});

describe('the conversation', () => {
  test('VID-2 a chat becomes a video when the other side enters, and a chat again when it ends', async () => {
    const talk = await video.conversation();
    await talk.asVisitor({ do: 'open', kind: 'audio' });
    await video.join(talk.asVisitor);
    expect([await mediumOf(talk), (await video.room(talk))?.state]).toEqual(['chat', 'invited']);
    await video.join(talk.asAgent);
    await until(async () => (await mediumOf(talk)) === 'video', { what: 'a video' });
    expect(await video.room(talk)).toMatchObject({ state: 'open', kind: 'audio', startedBy: { role: 'customer' } });
    await talk.asAgent({ do: 'close' });
    await until(async () => (await mediumOf(talk)) === 'chat', { what: 'a chat' });
    const ended = await video.room(talk);
    expect(ended).toMatchObject({ state: 'ended', endedBecause: 'closed', peers: [] });
    // And once more in the same conversation, with a version that goes on.
    const { room } = await talk.asAgent({ do: 'open', kind: 'video' });
    expect(room.version).toBeGreaterThan(ended?.version ?? 0);
    await talk.asVisitor({ do: 'decline' });
    await until(async () => (await video.room(talk))?.endedBecause === 'declined', { what: 'declined' });
    await expect(talk.asAgent({ do: 'join', peer: 'after-the-end' })).rejects.toThrow('gone');
  }, 240_000);

  test('VID-2 asked before an agent has taken it, or where the group has none: refused', async () => {
    const tenant = await video.tenant();
    const visitor = await video.world.visitor(tenant);
    const id = await video.world.chat(visitor);
    const ask = (body: object) => visitor.socket.ask({ t: 'video.command', key: key(), interaction: id, body });
    expect(await ask({ do: 'open', kind: 'video' })).toMatchObject({ t: 'error', code: 'wrong_state' });
    await video.rule(tenant, { isOn: false });
    const talk = await video.conversation(tenant);
    await expect(talk.asVisitor({ do: 'open', kind: 'video' })).rejects.toThrow('forbidden');
  }, 240_000);

  test('VID-2 the conversation is closed: media end at once', async () => {
    const talk = await video.conversation();
    const { agent, visitor } = await talking(talk);
    await talk.desk.reply({ t: 'interaction.close', key: key(), interaction: talk.id });
    await until(async () => (await video.room(talk))?.endedBecause === 'conversation_over', { what: 'the end' });
    await until(() => agent.send.iceState !== 'completed' && visitor.send.iceState !== 'completed', {
      timeoutMs: 60_000,
      what: 'nobody answers',
    });
    await expect(talk.asVisitor({ do: 'join', peer: 'after-the-end' })).rejects.toThrow('gone');
  }, 240_000);

  test('CHT-19 VID-1 a visitor and three agents; a fourth is refused; who no more takes part loses its media', async () => {
    const talk = await video.conversation();
    const { agent, visitor, agentVoice, visitorVoice } = await talking(talk);
    const colleagues = [await video.colleague(talk), await video.colleague(talk)] as const;
    const peers = [await video.join(colleagues[0].ask), await video.join(colleagues[1].ask)] as const;
    for (const peer of peers) await Promise.all([hears(peer, agentVoice), hears(peer, visitorVoice)]);
    const voice = await peers[0].produce('microphone', { mark: 33 });
    await Promise.all([agent, visitor, peers[1]].map((peer) => peer.consume([voice])));
    await Promise.all([agent, visitor, peers[1]].map((peer) => hears(peer, voice)));
    await colleagues[0].desk.reply({ t: 'participant.leave', key: key(), interaction: talk.id });
    await until(async () => (await video.room(talk))?.peers.length === 3, { what: 'it is out' });
    await expect(colleagues[0].ask({ do: 'join', peer: peers[0].id })).rejects.toThrow('forbidden');
    const at = visitor.heard.get(voice)?.packets;
    await hears(visitor, agentVoice);
    expect(visitor.heard.get(voice)?.packets).toBe(at);
    // Three agents are in again, then a fourth comes.
    const third = await video.colleague(talk);
    await video.join(third.ask);
    await expect(video.colleague(talk)).rejects.toThrow('at_capacity');
    expect((await video.room(talk))?.peers).toHaveLength(4);
  }, 240_000);

  test('APP-10 what a side must not send is refused by the server, also when it asks all the same', async () => {
    const tenant = await video.tenant({ client: { screen: 'forbidden' }, agent: { camera: 'forbidden' } });
    const talk = await video.conversation(tenant);
    const { agent, visitor } = await talking(talk);
    expect(visitor.joined.elements).toEqual({ camera: 'on', microphone: 'on', screen: 'forbidden' });
    await expect(visitor.produce('screen')).rejects.toThrow('forbidden');
    await expect(visitor.produce('screenAudio')).rejects.toThrow('forbidden');
    await expect(agent.produce('camera')).rejects.toThrow('forbidden');
    const camera = await visitor.produce('camera');
    await agent.consume([camera]);
    await hears(agent, camera);
  }, 240_000);
});

describe('rights that end while one is in', () => {
  test('ACC-3 VID-1 an agent whose session is ended loses the media at once; the room waits for who takes over', async () => {
    const talk = await video.conversation();
    const { agent, visitor, agentVoice } = await talking(talk);
    expect((await video.world.call('POST /api/v1/auth/sign-out', { as: talk.agent.token, body: {} })).status).toBe(204);
    const left = await until(
      async () => {
        const now = await video.room(talk);
        return now?.peers.length === 1 && now;
      },
      { ...LONG, what: 'the agent is out' },
    );
    expect(left).toMatchObject({ state: 'open', peers: [{ id: visitor.id, state: 'joined' }] });
    await until(() => agent.send.iceState !== 'completed', { ...LONG, what: 'nobody answers the agent' });
    expect(visitor.heard.get(agentVoice)?.packets).toBeGreaterThan(0);
  }, 240_000);

  test('APP-10 what the group forbids in the middle of a call is sent no more, nor can it be again', async () => {
    const tenant = await video.tenant();
    const talk = await video.conversation(tenant);
    const { agent, visitor } = await talking(talk);
    const camera = await visitor.produce('camera');
    await agent.consume([camera]);
    await hears(agent, camera);
    const { epoch } = visitor.joined.room;
    await video.rule(tenant, { client: { camera: 'forbidden' } });
    await until(async () => (await video.room(talk))?.epoch !== epoch, { ...LONG, what: 'all that was sent has ended' });
    await expect(visitor.produce('camera')).rejects.toThrow('gone');
    await visitor.again();
    expect(visitor.joined.elements.camera).toBe('forbidden');
    await expect(visitor.produce('camera')).rejects.toThrow('forbidden');
    // And video as a whole.
    await video.rule(tenant, { isOn: false });
    await until(async () => (await video.room(talk))?.state === 'ended', { ...LONG, what: 'the end' });
    await expect(talk.asVisitor({ do: 'join', peer: visitor.id })).rejects.toThrow('gone');
  }, 240_000);

  test('ACC-1 VID-1 an account that is made inactive has no rooms any more', async () => {
    const talk = await video.conversation();
    const { visitor } = await talking(talk);
    const as = talk.tenant.owner.token;
    const { version } = (await video.world.call('GET /api/v1/account', { as })).body;
    await video.world.call('PATCH /api/v1/account', { as, body: { status: 'inactive', version } });
    await until(async () => (await video.room(talk))?.state === 'ended', { ...LONG, what: 'the end' });
    await until(() => visitor.send.iceState !== 'completed', { ...LONG, what: 'nobody answers' });
  }, 240_000);
});

describe('coming back', () => {
  test('VID-7 a reloaded page takes the place of the one before, the same page too', async () => {
    const talk = await video.conversation();
    const { agent, visitor } = await talking(talk);
    const reloaded = await video.join(talk.asVisitor);
    const peers = await until(async () => {
      const now = (await video.room(talk))?.peers;
      return now?.some(({ id }) => id === reloaded.id) && now;
    });
    expect(peers.map(({ id }) => id).sort()).toEqual([agent.id, reloaded.id].sort());
    await expect(talk.asVisitor({ do: 'leave', peer: visitor.id })).rejects.toThrow('not_found');
    await reloaded.again();
    const voice = await reloaded.produce('microphone');
    await agent.consume([voice]);
    await hears(agent, voice);
    expect((await video.room(talk))?.peers).toHaveLength(2);
  }, 240_000);

  test('VID-7 ICE restarts, and media go on', async () => {
    const { agent, visitor, visitorVoice } = await talking(await video.conversation());
    await visitor.restartIce();
    await hears(agent, visitorVoice, 20);
  }, 240_000);

  test('VID-7 a peer that vanishes is away, its place is kept, and it comes back to it', async () => {
    const talk = await video.conversation();
    const { agent, visitor } = await talking(talk);
    await visitor.close();
    const state = async () => (await video.room(talk))?.peers.find(({ id }) => id === visitor.id)?.state;
    await until(async () => (await state()) === 'away', { ...LONG, what: 'away' });
    expect((await video.room(talk))?.state).toBe('open');
    await visitor.again();
    await until(async () => (await state()) === 'joined', { what: 'back' });
    const voice = await visitor.produce('microphone');
    await agent.consume([voice]);
    await hears(agent, voice);
  }, 240_000);

  test('VID-7 who joins again and again, with media that never come, loses the place when its time is over, and is refused for a while', async () => {
    const { talk, agent, refused } = await dead;
    const { why, joins } = await refused;
    expect(why).toContain('rate_limited');
    expect(joins).toBeGreaterThan(3);
    const room = await video.room(talk);
    expect(room?.state).toBe('open');
    expect(room?.peers.map(({ role, state }) => [role, state])).toEqual([
      ['agent', 'joined'],
      ['customer', 'joined'],
    ]);
    expect(room?.peers.some(({ userId }) => userId === agent.id)).toBe(false);
  }, 240_000);

  test('VID-7 when one side has left, the room ends', async () => {
    const talk = await video.conversation();
    const { visitor } = await talking(talk);
    await visitor.leave();
    await until(async () => (await video.room(talk))?.endedBecause === 'left', { what: 'the end' });
  }, 240_000);
});
