/** What a group says about video, from the API to the widget's page, the desk and the scripts' copy; and conversations that begin as video. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GroupDoc, groupDoc, videoDefaults } from '../../queues/config.ts';
import type { AccountId, GroupId } from '../../src/base/ids.ts';
import type { Frame } from '../gateway/support/rawSocket.ts';
import { key, type Person, type Tenant, World } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
});
afterAll(() => world.close());

const path = (): string => `/api/v1/groups/${tenant.group.id}`;
const read = async (): Promise<Frame> => (await world.call(`GET ${path()}`, { as: tenant.owner.token })).body;
const change = async (video: object) =>
  world.call(`PATCH ${path()}`, { as: tenant.owner.token, body: { video, version: (await read())['version'] } });
const shown = async (language = '') => (await world.call(`GET /api/v1/public/groups/${tenant.group.publicId}?language=${language}`)).body;
/** A page is told what was true a second ago. */
const switchVideo = async (isOn: boolean): Promise<void> => {
  await change({ isOn });
  await until(async () => (await shown()).video.isOn === isOn, { what: 'the page knows' });
};
const copy = async (): Promise<GroupDoc | undefined> => {
  const scope = await until(() => world.engine.config.scopeOf(tenant.accountId as AccountId));
  return world.engine.config.group(scope, tenant.group.id as GroupId);
};

describe('rules of video', () => {
  test('GRP-5 a group has no video until somebody switches it on', async () => {
    expect((await read())['video']).toEqual(videoDefaults);
    expect((await shown()).video.isOn).toBe(false);
  });

  test('APP-10 each element of each side is changed by itself; page and copy show it', async () => {
    const answer = await change({ isOn: true, client: { camera: 'forbidden' }, agent: { screen: 'forbidden' } });
    expect(answer).toMatchObject({ status: 200 });
    const wanted = {
      ...videoDefaults,
      isOn: true,
      client: { ...videoDefaults.client, camera: 'forbidden' },
      agent: { ...videoDefaults.agent, screen: 'forbidden' },
    };
    expect(answer.body.video).toEqual(wanted);
    expect((await copy())?.video).toEqual(wanted);
    expect(
      (await world.call(`PATCH ${path()}`, { as: tenant.owner.token, body: { name: 'Shop', version: answer.body.version } })).body,
    ).toMatchObject({
      name: 'Shop',
      video: wanted,
    });
    await change({ client: { camera: 'off' } });
    expect((await copy())?.video).toEqual({ ...wanted, client: { ...wanted.client, camera: 'off' } });
    await until(async () => (await shown()).video.client.camera === 'off', { what: 'the page shows the change' });
  });

  test('GRP-4 whether the visitor may leave the box for the whole screen is said by the group', async () => {
    expect((await shown()).video.canFullScreen).toBe(true);
    await change({ canFullScreen: false });
    await until(async () => (await shown()).video.canFullScreen === false, { what: 'the page shows the change' });
  });

  test('VID-3 the policy is shown in the page’s language; a group without one has none in any', async () => {
    const { version } = await read();
    const texts = { en: { title: 'Hi' }, it: { title: 'Ciao', videoPolicy: 'La sua immagine non viene registrata.' } };
    await world.call(`PATCH ${path()}`, {
      as: tenant.owner.token,
      body: { texts, video: { policy: 'Your picture is not recorded.' }, version },
    });
    await until(async () => (await shown('en')).video.policy === 'Your picture is not recorded.', { what: 'the policy' });
    const italian = await shown('it');
    expect(italian.video.policy).toBe('La sua immagine non viene registrata.');
    expect(italian.texts).toEqual({ title: 'Ciao' });
    await change({ policy: '' });
    await until(async () => (await shown('it')).video.policy === '', { what: 'no policy' });
  });

  test('APP-10 what is no rule is refused with its place', async () => {
    const tried: [object, string][] = [
      [{ agent: { camera: 'maybe' } }, 'video.agent.camera'],
      [{ client: { sound: 'on' } }, 'video.client'],
      [{ policy: 'x'.repeat(5_001) }, 'video.policy'],
      [{ isOn: 'yes' }, 'video.isOn'],
      [{ unknown: 1 }, 'video'],
    ];
    for (const [video, wrong] of tried) expect(await change(video)).toMatchObject({ status: 422, body: { errors: [{ path: wrong }] } });
  });

  test('ACC-11 a change of the rules is in the audit log, before and after', async () => {
    const before = (await read())['video'];
    const after = (await change({ isOn: !before.isOn })).body.video;
    const { items } = (await world.call('GET /api/v1/audit', { as: tenant.owner.token })).body;
    expect(items[0]).toMatchObject({ action: 'group.changed', detail: { video: [before, after] } });
  });

  test('GRP-5 the desk sees the rules of the conversation’s group, the visitor’s socket does not', async () => {
    await switchVideo(true);
    const desk = await world.desk(anna);
    const visitor = await world.visitor(tenant);
    const feed = `conversation:${await world.chat(visitor)}`;
    expect((await desk.reply({ t: 'subscribe', feed }))['snapshot'].video).toEqual((await copy())?.video);
    expect((await visitor.socket.reply({ t: 'subscribe', feed }))['snapshot'].video).toBeUndefined();
    desk.close();
    visitor.socket.close();
  });

  test('BEY-3 a copy written by the release before is read, with video off', () => {
    const { video: _, ...before } = { ...(groupDoc.parse(OLD) as GroupDoc) };
    expect(groupDoc.parse(JSON.parse(JSON.stringify(before))).video).toEqual(videoDefaults);
  });
});

const OLD = {
  kind: 'group',
  id: 'grp_1',
  accountId: 'acc_1',
  publicId: 'demo',
  queueId: 'que_1',
  isActive: true,
  name: 'Demo',
  primaryLanguage: 'en',
  texts: {},
  appearance: {},
};

describe('a conversation that begins as video', () => {
  const start = (fields: object) => ({ t: 'chat.start', key: key(), name: 'Eva', medium: 'video', ...fields });

  test('WID-4 it is routed as a video, without a first message, where the group offers video', async () => {
    await switchVideo(true);
    const desk = await world.desk(anna);
    const visitor = await world.visitor(tenant);
    const { interaction } = await visitor.socket.reply(start({}));
    expect(interaction).toMatchObject({ medium: 'video', state: 'waiting' });
    const feed = `conversation:${interaction.id}`;
    expect((await visitor.socket.reply({ t: 'subscribe', feed }))['snapshot']).toMatchObject({ messages: [] });
    const claimed = await desk.reply({ t: 'interaction.claim', key: key(), interaction: interaction.id });
    expect(claimed['interaction']).toMatchObject({ medium: 'video', state: 'served' });
    await desk.reply({ t: 'interaction.close', key: key(), interaction: interaction.id });
    desk.close();
    visitor.socket.close();
  });

  test('WID-4 the same key again gives the same conversation; a first message may go with it', async () => {
    const visitor = await world.visitor(tenant);
    const frame = start({ text: 'I would like to show you something' });
    const first = await visitor.socket.reply(frame);
    const again = await visitor.socket.reply(frame);
    expect(again['interaction'].id).toBe(first['interaction'].id);
    expect(first['interaction']).toMatchObject({ medium: 'video', lastMessage: { text: 'I would like to show you something' } });
    visitor.socket.close();
  });

  test('WID-4 where the group has no video it is refused; a chat without words is no chat', async () => {
    await switchVideo(false);
    const visitor = await world.visitor(tenant);
    expect(await visitor.socket.ask(start({}))).toMatchObject({ t: 'error', code: 'forbidden' });
    expect(await visitor.socket.ask({ t: 'chat.start', key: key() })).toMatchObject({ t: 'error', code: 'invalid' });
    visitor.socket.close();
  });

  test('RTE-5 an agent without room for videos is not offered one, and is as soon as there is room', async () => {
    await switchVideo(true);
    const queue = (await world.call('POST /api/v1/queues', { as: tenant.owner.token, body: { name: 'Balanced', mode: 'balanced' } })).body
      .id;
    const group = (
      await world.call('POST /api/v1/groups', { as: tenant.owner.token, body: { name: 'V', queueId: queue, video: { isOn: true } } })
    ).body;
    const marco = await world.person(tenant, 'Marco', 'agent', queue);
    const setCapacity = async (videoCapacity: number) => {
      const { version } = (await world.call(`GET /api/v1/users/${marco.id}`, { as: tenant.owner.token })).body;
      await world.call(`PATCH /api/v1/users/${marco.id}`, { as: tenant.owner.token, body: { videoCapacity, version } });
    };
    await setCapacity(0);
    const desk = await world.desk(marco);
    await desk.reply({ t: 'subscribe', feed: `agent:${marco.id}` });
    const elsewhere = { ...tenant, group };
    const visitor = await world.visitor(elsewhere);
    const { interaction } = await visitor.socket.reply(start({}));
    const chatter = await world.visitor(elsewhere);
    const chat = await world.chat(chatter);
    const offered = (id: string) => (frame: Frame) => frame['event']?.type === 'offer.made' && frame['event'].offer.interaction.id === id;
    await desk.seen(offered(chat), 'the chat, which came later, is offered');
    expect(desk.frames.some(offered(interaction.id))).toBe(false);
    const { snapshot } = await visitor.socket.reply({ t: 'subscribe', feed: `conversation:${interaction.id}` });
    expect(snapshot.interaction.state).toBe('waiting');
    await chatter.socket.reply({ t: 'chat.end', interaction: chat });
    await setCapacity(1);
    await desk.seen(offered(interaction.id), 'the video is offered');
    for (const { socket } of [visitor, chatter]) socket.close();
    desk.close();
  });
});
