/**
 * Walks every route of the table, every feed and every command, as nobody, as somebody of another account, and with too small a right. A door
 * that is added is walked by itself; one that is open to everybody has to be named here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ZodObject } from 'zod';
import type { Route } from '../../src/api/route.ts';
import { can, type Principal } from '../../src/auth/can.ts';
import { feedName } from '../../src/protocol/common.ts';
import { agentCommand, visitorCommand } from '../../src/protocol/frames.ts';
import { RawSocket } from './support/rawSocket.ts';
import { key, type Person, type Tenant, type Visitor, World } from './support/world.ts';

const OPEN_TO_EVERYBODY = [
  'GET /health',
  'GET /ready',
  'GET /metrics',
  'GET /api/openapi.json',
  'GET /api/docs',
  'GET /api/socket',
  'GET /api/asyncapi.json',
  'GET /api/v1/public/groups/:publicId',
  'POST /api/v1/auth/sign-in',
  'POST /api/v1/auth/second-factor',
  'POST /api/v1/auth/invitations/read',
  'POST /api/v1/auth/invitations/accept',
];

let world: World;
let tenant: Tenant;
let stranger: Tenant;
let anna: Person;
let sara: Person;
let visitor: Visitor;
let interaction: string;
/** Objects of `tenant`, by the route that names them. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await World.start();
  [tenant, stranger] = [await world.tenant('Ours'), await world.tenant('Theirs')];
  anna = await world.person(tenant, 'Anna');
  sara = await world.person(tenant, 'Sara', 'supervisor');
  visitor = await world.visitor(tenant);
  interaction = await world.chat(visitor);
  const file = await world.call('POST /api/v1/files', {
    body: 'content',
    headers: {
      authorization: `Visitor ${visitor.token}.${tenant.group.publicId}`,
      'content-type': 'text/plain',
      'x-interaction': interaction,
      'x-file-name': 'a.txt',
    },
  });
  const made = await world.call('POST /api/v1/keys', { as: tenant.owner.token, body: { name: 'Chatbot', type: 'chatbot' } });
  const sessions = await world.call('GET /api/v1/auth/sessions', { as: anna.token });
  const skill = await world.call('POST /api/v1/skills', { as: tenant.owner.token, body: { name: 'Latin' } });
  const create = async (path: string, body: unknown) => (await world.call(`POST /api/v1/${path}`, { as: tenant.owner.token, body })).body;
  const calls = await create('queues', { name: 'Calls', channel: 'voice', mode: 'longest_idle' });
  const number = await create('numbers', { number: '100', queueId: calls.id });
  const { phone } = await create('phones', { userId: anna.id, name: 'Desk phone' });
  const { trunk } = await create('trunks', { name: 'Line', type: 'registers' });
  const reasons = await world.call('GET /api/v1/pause-reasons', { as: anna.token });
  ids = {
    queues: tenant.queue,
    groups: tenant.group.id,
    users: anna.id,
    members: anna.id,
    agents: anna.id,
    skills: skill.body.id,
    'pause-reasons': reasons.body.items[0].id,
    'wrap-ups': interaction,
    keys: made.body.id,
    sessions: sessions.body.items[0].id,
    interactions: interaction,
    contacts: visitor.contact,
    files: file.body.id,
    numbers: number.id,
    phones: phone.id,
    trunks: trunk.id,
    groupsPublic: tenant.group.publicId,
  };
});
afterAll(() => world.close());

const routes = (): readonly Route[] => world.gateways[0]?.routes ?? [];
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** The address with real ids of `tenant` in it. */
function addressed({ path }: Route): string {
  const segments = path.split('/');
  return segments.map((segment, index) => (segment.startsWith(':') ? (ids[segments[index - 1] ?? ''] ?? 'missing') : segment)).join('/');
}

/** Bodies that pass validation, so that nothing but the right can refuse. */
const BODIES: Readonly<Record<string, unknown>> = {
  'PATCH /api/v1/queues/:id': { name: 'Stolen', version: 1 },
  'PATCH /api/v1/groups/:id': { name: 'Stolen', version: 1 },
  'PATCH /api/v1/users/:id': { name: 'Stolen', version: 1 },
  'PUT /api/v1/queues/:id/members/:userId': { roles: ['agent'] },
  'PATCH /api/v1/skills/:id': { name: 'Stolen', version: 1 },
  'PATCH /api/v1/pause-reasons/:id': { name: 'Stolen', version: 1 },
  'PUT /api/v1/users/:id/skills': { skills: [], version: 1 },
  'POST /api/v1/agents/:id/wrap-ups/:interactionId/extend': { bySec: 60 },
  'PATCH /api/v1/interactions/:id': { priority: 1_000 },
  'PATCH /api/v1/sounds/:id': { name: 'Stolen', version: 1 },
  'PATCH /api/v1/numbers/:id': { label: 'Stolen', version: 1 },
  'PATCH /api/v1/phones/:id': { name: 'Stolen', version: 1 },
  'POST /api/v1/phones/:id/password': { version: 1 },
  'PATCH /api/v1/trunks/:id': { name: 'Stolen', version: 1 },
  'POST /api/v1/trunks/:id/password': { version: 1 },
  'POST /api/v1/interactions/:id/call': { command: { do: 'hold' } },
  'POST /api/v1/interactions/:id/room': { command: { do: 'open', kind: 'video' } },
  'POST /api/v1/interactions/:id/accept': { token: 'x' },
  'POST /api/v1/interactions/:id/decline': { token: 'x' },
};

describe('API-1 every route', () => {
  test('ACC-4 nobody gets in where the table does not say public, and what is public is named here', async () => {
    expect(
      routes()
        .filter(({ action }) => action === 'public')
        .map(nameOf)
        .sort(),
    ).toEqual([...OPEN_TO_EVERYBODY].sort());
    for (const route of routes().filter(({ action }) => action !== 'public')) {
      for (const headers of [
        {},
        { authorization: 'Bearer nonsense' },
        { authorization: `Visitor vt_short.${tenant.group.publicId}` },
        { cookie: 'centralino=nonsense' },
      ]) {
        const answer = await world.call(`${route.method} ${addressed(route)}`, {
          headers: { 'content-type': 'application/json', ...headers },
        });
        expect({ door: nameOf(route), status: answer.status }).toEqual({ door: nameOf(route), status: 401 });
      }
    }
  });

  test('ACC-4 too small a right is refused with 403, whatever is sent', async () => {
    const chatbotKey = (await world.call('POST /api/v1/keys', { as: tenant.owner.token, body: { name: 'Bot', type: 'chatbot' } })).body
      .key as string;
    const account = { accountId: tenant.accountId as never };
    const person = { ...account, name: '', role: 'member', sessionId: '' } as const;
    const principals: { who: Principal; headers: Record<string, string> }[] = [
      {
        who: { kind: 'user', ...person, userId: anna.id as never, supervises: [], serves: [tenant.queue] },
        headers: { authorization: `Bearer ${anna.token}` },
      },
      {
        who: { kind: 'user', ...person, userId: sara.id as never, supervises: [tenant.queue], serves: [] },
        headers: { authorization: `Bearer ${sara.token}` },
      },
      { who: { kind: 'key', ...account, keyId: '', type: 'chatbot' }, headers: { authorization: `Bearer ${chatbotKey}` } },
      {
        who: { kind: 'visitor', ...account, contactId: visitor.contact as never, groupPublicId: tenant.group.publicId },
        headers: { authorization: `Visitor ${visitor.token}.${tenant.group.publicId}` },
      },
    ];
    let refused = 0;
    for (const { who, headers } of principals) {
      for (const route of routes()) {
        const scope =
          who.kind === 'visitor'
            ? ({ kind: 'own', ...account, ownerId: who.contactId } as const)
            : ({ kind: 'account', ...account } as const);
        if (can(who, route.action, scope)) continue;
        const answer = await world.call(`${route.method} ${addressed(route)}`, {
          headers: { 'content-type': 'application/json', ...headers },
        });
        expect({ door: nameOf(route), who: who.kind, status: answer.status }).toEqual({ door: nameOf(route), who: who.kind, status: 403 });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(60);
  });

  test('ACC-4 an administrator of another account does not find ours by their ids, and changes nothing', async () => {
    const { key: restKey } = (await world.call('POST /api/v1/keys', { as: stranger.owner.token, body: { name: 'Theirs', type: 'rest' } }))
      .body;
    const walked = routes().filter(({ path, action }) => path.includes('/:') && action !== 'public');
    for (const route of walked) {
      for (const as of [stranger.owner.token, restKey as string]) {
        const answer = await world.call(`${route.method} ${addressed(route)}`, {
          as,
          ...(route.body ? { body: BODIES[nameOf(route)] ?? {} } : {}),
        });
        expect([403, 404], `${nameOf(route)} answered ${answer.status} ${JSON.stringify(answer.body)}`).toContain(answer.status);
      }
    }
    expect(walked.length).toBeGreaterThan(15);
    const kept = [
      `queues/${tenant.queue}`,
      `groups/${tenant.group.id}`,
      `users/${anna.id}`,
      `skills/${ids['skills']}`,
      `phones/${ids['phones']}`,
      `trunks/${ids['trunks']}`,
    ];
    for (const path of [...kept, `pause-reasons/${ids['pause-reasons']}`].map((rest) => `/api/v1/${rest}`)) {
      const { status, body } = await world.call(`GET ${path}`, { as: tenant.owner.token });
      expect({ path, status, isTheirs: body.name === 'Stolen' }).toEqual({ path, status: 200, isTheirs: false });
    }
    expect((await world.call('GET /api/v1/auth/me', { as: anna.token })).status).toBe(200);
  });
});

describe('API-2 every feed and command', () => {
  const kinds = (): string[] =>
    (
      /^\^\(([^)]+)\)/.exec(
        String(
          feedName.def.checks
            ?.map((check) => (check as unknown as { _zod: { def: { pattern?: RegExp } } })._zod.def.pattern?.source ?? '')
            .join(''),
        ),
      )?.[1] ?? ''
    ).split('|');

  /** Every feed there is of `tenant`. */
  const feeds = (): string[] => {
    const by: Readonly<Record<string, string>> = {
      'conversation:int': interaction,
      'agent:usr': anna.id,
      'queue:que': tenant.queue,
      'figures:que': tenant.queue,
    };
    return kinds().map((kind) => {
      const id = by[kind];
      if (id === undefined) throw new Error(`a new kind of feed, ${kind}: say here whose it is`);
      return `${kind.split(':')[0]}:${id}`;
    });
  };

  test('ACC-4 no feed is followed without its right, and what does not belong to the account is not there', async () => {
    expect(kinds().length).toBeGreaterThanOrEqual(4);
    const elsewhere = await world.call('POST /api/v1/queues', { as: tenant.owner.token, body: { name: 'Elsewhere' } });
    const marco = await world.person(tenant, 'Marco', 'agent', elsewhere.body.id);
    const foreign = await world.person(stranger, 'Fremd');
    const sockets: [string, RawSocket][] = [
      ['an agent of another queue', await world.desk(marco)],
      ['an agent of another account', await world.desk(foreign)],
      ['another visitor', (await world.visitor(tenant)).socket],
      ['a visitor of another account', (await world.visitor(stranger, { token: visitor.token })).socket],
    ];
    for (const [who, socket] of sockets) {
      for (const feed of feeds()) {
        for (const cursor of [undefined, { epoch: 'x', off: 0 }]) {
          const frame = await socket.ask({ t: 'subscribe', feed, ...(cursor ? { cursor } : {}) });
          expect([`${who} ${feed}`, frame.t, ['forbidden', 'not_found'].includes(frame.code)]).toEqual([`${who} ${feed}`, 'error', true]);
        }
      }
      const seen = socket.frames.length;
      await visitor.socket.reply({ t: 'chat.send', interaction, mid: key(), text: `is ${who} listening?` });
      await socket.reply({ t: 'ping' });
      expect(socket.frames.slice(seen).filter(({ t }) => t !== 'reply')).toEqual([]);
      socket.close();
    }
    const nobody = await RawSocket.connect(world.port);
    expect((await nobody.ask({ t: 'subscribe', feed: feeds()[0] })).t).toBe('error');
    nobody.close();
  });

  test('ACC-4 no command reaches a conversation of another account, or of another visitor', async () => {
    const foreign = await world.desk(await world.person(stranger, 'Fremd'));
    const outsider = await world.visitor(tenant);
    const sample: Readonly<Record<string, unknown>> = {
      interaction,
      mid: 'mid-of-a-stranger',
      key: 'key-of-a-stranger',
      text: 'intruding',
      upTo: 1,
      before: 5,
      limit: 5,
      isTyping: true,
      token: 'x',
      to: anna.id,
      agent: anna.id,
      bySec: 60,
      value: 5,
    };
    const bodies: Readonly<Record<string, unknown>> = {
      'call.command': { do: 'hold' },
      'video.command': { do: 'join', peer: 'peer-of-a-stranger' },
    };
    const before = JSON.stringify(await view());
    for (const [socket, schemas] of [
      [foreign, agentCommand.options],
      [outsider.socket, visitorCommand.options],
    ] as const) {
      for (const schema of schemas as readonly ZodObject[]) {
        if (!('interaction' in schema.shape)) continue;
        // Ends the caller's own wrap-up; to have none is to have ended it.
        if (schema === agentCommand.options.find((option) => option.shape.t.value === 'wrapUp.end')) continue;
        const command = Object.fromEntries(Object.keys(schema.shape).flatMap((name) => (name in sample ? [[name, sample[name]]] : [])));
        const t = String((schema.shape['t'] as unknown as { value: string }).value);
        const frame = await socket.ask({ ...command, ...(bodies[t] !== undefined && { body: bodies[t] }), t });
        expect({ t, kind: frame.t, code: frame.code }).toEqual({
          t,
          kind: 'error',
          code: expect.stringMatching(/^(not_found|forbidden|gone|offer_gone|wrong_state)$/),
        });
      }
      socket.close();
    }
    expect(JSON.stringify(await view())).toBe(before);
  });
});

async function view(): Promise<unknown> {
  const scope = await world.engine.config.scopeOf(tenant.accountId as never);
  return scope && world.engine.views.conversation(scope, interaction as never);
}
