/** VOX-4: commands for a phone call, from the desk's socket and by REST, to the process that carries it; and how the call stands, told back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { AppError } from '../../src/base/errors.ts';
import { type InteractionId, newId, type UserId } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';
import type { RawSocket } from '../gateway/support/rawSocket.ts';
import { key, type Person, type Tenant, World } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';

let world: World;
let tenant: Tenant;
let carrier: RunningEngine;
let anna: Person;
let marco: Person;
let sara: Person;
let desk: RawSocket;
let interaction: InteractionId;
const asked: { call: string; body: { by: string; command: { do: string } } }[] = [];
const call = newId('call');

const scope = () => until(() => world.engine.config.scopeOf(tenant.accountId as never));
const standing = (state: string, version: number) => ({
  id: call,
  interaction,
  direction: 'inbound',
  state,
  caller: '+420123456789',
  dialled: '100',
  legs: [{ id: 'leg-1', role: 'customer', name: '+420123456789', state: 'talking', isMuted: false }],
  startedAt: 1_000,
  version,
});

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
  const owner = tenant.owner.token;
  const queue = (await world.call('POST /api/v1/queues', { as: owner, body: { name: 'Calls', channel: 'voice', mode: 'longest_idle' } }))
    .body.id;
  [anna, sara] = [await world.person(tenant, 'Anna', 'agent', queue), await world.person(tenant, 'Sara', 'supervisor', queue)];
  desk = await world.desk(anna);
  carrier = await createEngine({ redisUrl: world.redis.url, nodeId: 'sip-1', log: createLogger('test', 'silent') });
  const at = await scope();
  const started = await carrier.router.startInteraction(at, {
    queueId: queue,
    groupId: '' as never,
    contactId: newId('contact'),
    key: newId('command'),
    name: 'Karel',
    email: '',
    language: 'en',
    page: '',
    userAgent: '',
    text: '',
    connectionId: newId('leg'),
  });
  if (!started.ok) throw new Error(started.code);
  interaction = started.interaction.id as InteractionId;
  const offer = await until(() => started.offers[0]);
  await carrier.router.acceptOffer(at, { interactionId: interaction, agentId: anna.id as UserId, token: offer.token });
  // Signs in only now, so that the call was Anna's.
  marco = await world.person(tenant, 'Marco', 'agent', queue);
  await world.desk(marco);
  carrier.phones.serve(async ({ call, body }) => {
    const carried = JSON.parse(body);
    asked.push({ call, body: carried });
    if (carried.command.do === 'resume') throw new AppError('wrong_state');
    return '{"ok":true}';
  });
  await carrier.phones.carry([{ call, interaction }]);
});
afterAll(async () => {
  await carrier.close('test over');
  await world.close();
});

const command = (body: unknown, socket = desk, once = key()) => socket.ask({ t: 'call.command', key: once, interaction, body });
const rest = (as: string, body: unknown) => world.call(`POST /api/v1/interactions/${interaction}/call`, { as, body });

describe('commands', () => {
  test('VOX-4 the owner’s command reaches the process that carries the call, with who asks; its refusal comes back', async () => {
    expect(await command({ do: 'hold' })).toMatchObject({ t: 'reply', body: {} });
    expect(asked.at(-1)).toEqual({ call, body: { by: anna.id, command: { do: 'hold' } } });
    const to = { kind: 'number', number: '+390255' };
    expect(await command({ do: 'transfer', to })).toMatchObject({ t: 'reply' });
    expect(asked.at(-1)?.body.command).toEqual({ do: 'transfer', to });
    expect(await command({ do: 'resume' })).toMatchObject({ t: 'error', code: 'wrong_state' });
  });

  test('VOX-4 one key is one command, however often it comes', async () => {
    const before = asked.length;
    const once = key();
    expect(await command({ do: 'keys', keys: '12#' }, desk, once)).toMatchObject({ t: 'reply' });
    expect(await command({ do: 'keys', keys: '12#' }, desk, once)).toMatchObject({ t: 'reply' });
    expect(asked).toHaveLength(before + 1);
  });

  test('VOX-4 what comes later than who asks waits for is not carried out: nothing happens to a call long after a button was pressed', async () => {
    const count = asked.length;
    const frame = { t: 'call.command', interaction, body: { do: 'hold' } };
    expect(await desk.ask({ ...frame, key: key(), before: Date.now() - 1 })).toMatchObject({ t: 'error', code: 'unavailable' });
    expect(asked).toHaveLength(count);
    expect(await desk.ask({ ...frame, key: key(), before: Date.now() + 60_000 })).toMatchObject({ t: 'reply' });
  });

  test('VOX-4 by REST as well: supervisors of the queue may, another agent may not, and nonsense is refused here', async () => {
    expect((await rest(sara.token, { command: { do: 'mute', isMuted: true } })).status).toBe(204);
    expect(asked.at(-1)?.body).toEqual({ by: sara.id, command: { do: 'mute', isMuted: true } });
    const before = asked.length;
    expect((await rest(marco.token, { command: { do: 'hangup' } })).status).toBe(403);
    for (const wrong of [
      { do: 'explode' },
      { do: 'keys', keys: 'x' },
      { do: 'transfer' },
      { do: 'transfer', to: { kind: 'number', number: 'anna' } },
    ]) {
      expect((await rest(anna.token, { command: wrong })).status, JSON.stringify(wrong)).toBe(422);
      expect((await command(wrong)).t).toBe('error');
    }
    expect(asked).toHaveLength(before);
  });
});

describe('how it stands', () => {
  test('VOX-4 who opens the conversation sees the call, who owns it hears of every change', async () => {
    const at = await scope();
    const note = (state: string, version: number) =>
      carrier.router.noteCall(at, { interactionId: interaction, version, call: JSON.stringify(standing(state, version)) });
    await note('talking', 1);
    const agentFeed = await desk.reply({ t: 'subscribe', feed: `agent:${anna.id}` });
    expect(agentFeed.snapshot.calls).toEqual([standing('talking', 1)]);
    const conversation = await desk.reply({ t: 'subscribe', feed: `conversation:${interaction}` });
    expect(conversation.snapshot.call).toEqual(standing('talking', 1));
    await note('held', 2);
    await until(() => desk.frames.some(({ event }) => event?.type === 'call.changed' && event.call.state === 'held'));
    expect((await world.call(`GET /api/v1/interactions/${interaction}/call`, { as: sara.token })).body).toEqual(standing('held', 2));
  });

  test('VOX-4 a call that nobody carries any more is gone', async () => {
    await carrier.close('crashed');
    const gone = async () => (await rest(anna.token, { command: { do: 'hold' } })).body.code === 'gone';
    await until(gone, { timeoutMs: 25_000, what: 'the answer that it is gone' });
  }, 30_000);
});
