/** Rooms end to end: gateway socket, mailbox, room, mediasoup, real ICE and RTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { VideoWorld } from './support/videoWorld.ts';

let video: VideoWorld;
beforeAll(async () => {
  video = await VideoWorld.start();
}, 120_000);
afterAll(() => video?.close());

test('VID-1 VID-4 over UDP: a visitor and an agent hear and see each other', async () => {
  const talk = await video.conversation();
  const { room } = await talk.asAgent({ do: 'open', kind: 'video' });
  expect(room).toMatchObject({ state: 'invited', startedBy: { role: 'agent' }, peers: [] });
  const agent = await video.join(talk.asAgent);
  const voice = await agent.produce('microphone', { mark: 7 });
  const picture = await agent.produce('camera', { mark: 8 });
  const visitor = await video.join(talk.asVisitor);
  expect(visitor.joined.room.state).toBe('open');
  await until(() => (visitor.heard.get(voice)?.packets ?? 0) > 10 && (visitor.heard.get(picture)?.packets ?? 0) > 10, { what: 'media' });
  expect([visitor.heard.get(voice)?.mark, visitor.heard.get(picture)?.mark]).toEqual([7, 8]);
  const back = await visitor.produce('microphone', { mark: 9 });
  await agent.consume([back]);
  await until(() => (agent.heard.get(back)?.packets ?? 0) > 10, { what: 'media back' });
  expect(agent.heard.get(back)?.mark).toBe(9);
  expect(visitor.receive.protocol).toBe('udp');
});
