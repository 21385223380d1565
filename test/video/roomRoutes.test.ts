/** Rooms by REST, over a real SFU: what a program may do, and what it is told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roomView } from '../../src/protocol/video.ts';
import { key, type Tenant } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';
import { type Conversation, VideoWorld } from './support/videoWorld.ts';

let video: VideoWorld;
let tenant: Tenant;
let restKey: string;
beforeAll(async () => {
  video = await VideoWorld.start();
  tenant = await video.world.tenant();
  const { world } = video;
  const as = tenant.owner.token;
  const group = (await world.call(`GET /api/v1/groups/${tenant.group.id}`, { as })).body;
  await world.call(`PATCH /api/v1/groups/${group.id}`, { as, body: { video: { isOn: true }, version: group.version } });
  restKey = (await world.call('POST /api/v1/keys', { as, body: { name: 'Shop', type: 'rest' } })).body.key;
}, 120_000);
afterAll(() => video?.close());

const path = ({ id }: Conversation): string => `/api/v1/interactions/${id}/room`;
const act = (talk: Conversation, as: string, command: object, more: { key?: string } = {}) =>
  video.world.call(`POST ${path(talk)}`, { as, body: { command, ...more } });
const read = (talk: Conversation, as: string) => video.world.call(`GET ${path(talk)}`, { as });

describe('API-1 rooms by REST', () => {
  test('VID-2 a program invites the visitor in the agent’s name, the visitor’s page is told, and it takes the invitation back', async () => {
    const talk = await video.conversation(tenant);
    expect((await read(talk, restKey)).status).toBe(404);
    const opened = await act(talk, restKey, { do: 'open', kind: 'audio' });
    expect(opened).toMatchObject({
      status: 200,
      body: { room: { state: 'invited', kind: 'audio', startedBy: { role: 'agent', name: /Agent/ } } },
    });
    await talk.visitor.socket.seen(({ event }) => event?.type === 'room.changed' && event.room.state === 'invited', 'the invitation');
    expect(roomView.parse((await read(talk, restKey)).body)).toMatchObject({ state: 'invited', interaction: talk.id });
    expect(await act(talk, restKey, { do: 'decline' })).toMatchObject({ status: 200, body: {} });
    await until(async () => (await read(talk, restKey)).body.state === 'ended', { what: 'the end' });
    expect((await read(talk, restKey)).body.endedBecause).toBe('declined');
  });

  test('API-1 the same key again opens no second room', async () => {
    const talk = await video.conversation(tenant);
    const once = key();
    const first = await act(talk, talk.agent.token, { do: 'open', kind: 'video' }, { key: once });
    await act(talk, talk.agent.token, { do: 'close' });
    expect(await act(talk, talk.agent.token, { do: 'open', kind: 'video' }, { key: once })).toMatchObject({
      status: 200,
      body: first.body,
    });
    await until(async () => (await read(talk, restKey)).body.state === 'ended', { what: 'the end' });
  });

  test('ACC-4 by who serves it or supervises its queue: a colleague is refused, a stranger does not find it', async () => {
    const talk = await video.conversation(tenant);
    const colleague = await video.world.person(tenant, 'Colleague');
    const supervisor = await video.world.person(tenant, 'Supervisor', 'supervisor');
    const other = await video.world.tenant('Other');
    const command = { do: 'open', kind: 'video' };
    expect((await act(talk, colleague.token, command)).body).toMatchObject({ code: 'forbidden' });
    expect((await read(talk, colleague.token)).status).toBe(404);
    expect((await act(talk, other.owner.token, command)).status).toBe(404);
    expect((await read(talk, other.owner.token)).status).toBe(404);
    expect((await act(talk, supervisor.token, command)).status).toBe(200);
    expect((await read(talk, supervisor.token)).body.state).toBe('invited');
  });

  test('API-1 what cannot be is said: nothing open, over, not a command for programs', async () => {
    const talk = await video.conversation(tenant);
    expect((await act(talk, restKey, { do: 'close' })).body).toMatchObject({ code: 'gone' });
    expect((await act(talk, restKey, { do: 'join', peer: 'peer-of-a-program' })).status).toBe(422);
    await talk.visitor.socket.reply({ t: 'chat.end', interaction: talk.id });
    expect((await act(talk, restKey, { do: 'open', kind: 'video' })).body).toMatchObject({ code: 'gone' });
  });
});

test('API-4 any gateway shows what the process of video carries', async () => {
  const talk = await video.conversation(tenant);
  expect((await act(talk, restKey, { do: 'open', kind: 'video' })).status).toBe(200);
  const figures = async (): Promise<string> => (await video.world.call('GET /metrics')).body;
  const level = (text: string, name: string, more = ''): number =>
    Number(new RegExp(`^${name}\\{${more}node="sfu-1"\\} ([\\d.]+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const agent = await video.join(talk.asAgent);
  await agent.produce('microphone');
  await video.join(talk.asVisitor);
  const text = await until(
    async () => {
      const now = await figures();
      return level(now, 'centralino_video_consumers') === 1 && now;
    },
    { timeoutMs: 30_000, what: 'the room in the figures' },
  );
  const shown = ['rooms', 'peers', 'transports', 'producers'].map((name) => level(text, `centralino_video_${name}`));
  expect(shown.slice(1)).toEqual([2, 4, 1]);
  expect(shown[0]).toBeGreaterThanOrEqual(1);
  expect(level(text, 'centralino_video_joins_total')).toBe(2);
  expect(level(text, 'centralino_video_workers_lost_total')).toBe(0);
  const workers = level(text, 'centralino_video_workers');
  expect(workers).toBeGreaterThanOrEqual(1);
  for (let worker = 0; worker < workers; worker++)
    expect(level(text, 'centralino_video_worker_cpu_seconds_total', `worker="${worker}",`)).toBeGreaterThan(0);
});
