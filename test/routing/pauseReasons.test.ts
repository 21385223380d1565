/** RTE-7: pause reasons by API, and what a pause must say, by socket and by REST. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawSocket } from '../gateway/support/rawSocket.ts';
import { type Answer, key, type Person, type Tenant, World } from '../gateway/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

const DEFAULTS = ['Break', 'Lunch', 'Meeting', 'Training', 'Other work'];

interface Reason {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}

function as({ owner }: Tenant) {
  const call = (request: string, body?: unknown): Promise<Answer> =>
    world.call(request, { as: owner.token, ...(body !== undefined && { body }) });
  return {
    call,
    list: async (): Promise<Reason[]> => (await call('GET /api/v1/pause-reasons')).body.items,
    change: async (name: string, change: object): Promise<Answer> => {
      const reason = (await call('GET /api/v1/pause-reasons')).body.items.find((each: Reason) => each.name === name);
      return call(`PATCH /api/v1/pause-reasons/${reason.id}`, { ...change, version: reason.version });
    },
  };
}

describe('RTE-7 the list', () => {
  test('RTE-7 an account begins with reasons that are on; they are added, renamed, moved, switched off and deleted', async () => {
    const tenant = await world.tenant('List');
    const { call, list, change } = as(tenant);
    const names = async () => (await list()).map(({ name }) => name);
    expect(await names()).toEqual(DEFAULTS);
    const added = await call('POST /api/v1/pause-reasons', { name: 'Café nº 3, 10.30 «prelievo» (a+b)' });
    expect(added.status).toBe(201);
    expect((await names()).at(-1)).toBe('Café nº 3, 10.30 «prelievo» (a+b)');
    expect((await change('Lunch', { name: 'Pranzo', position: 0 })).body).toMatchObject({ name: 'Pranzo', position: 0, isEnabled: true });
    expect((await change('Meeting', { isEnabled: false })).body.isEnabled).toBe(false);
    expect((await call(`DELETE /api/v1/pause-reasons/${added.body.id}`)).status).toBe(204);
    expect((await call(`GET /api/v1/pause-reasons/${added.body.id}`)).status).toBe(404);
    const scope = await world.engine.config.scopeOf(tenant.accountId as never);
    const doc = scope && (await world.engine.config.account(scope));
    expect(doc?.pauseReasons.map(({ name }) => name).sort()).toEqual(['Break', 'Other work', 'Pranzo', 'Training']);
    const socket = await world.desk(await world.person(tenant, 'Anna'), { isSigningIn: false });
    const hello = socket.frames.find((frame) => frame.t === 'reply' && frame.body.account)?.body;
    expect(hello.account.pauseReasons).toEqual(doc?.pauseReasons);
    socket.close();
  });

  test('RTE-7 no two have one name regardless of case; names have at most 255 Latin letters, digits and signs', async () => {
    const { call, change } = as(await world.tenant('Names'));
    const add = (name: string) => call('POST /api/v1/pause-reasons', { name });
    expect((await add('Élan')).status).toBe(201);
    for (const name of ['élan', 'ÉLAN', 'E\u0301lan', ' lunch ', 'LUNCH'])
      expect({ name, code: (await add(name)).body.code }).toEqual({ name, code: 'conflict' });
    expect((await change('Break', { name: 'lunch' })).body.code).toBe('conflict');
    expect((await change('Break', { name: 'BREAK' })).status).toBe(200);
    expect((await add('x'.repeat(255))).status).toBe(201);
    for (const name of ['', '   ', 'y'.repeat(256), 'перерыв', 'line\nbreak', 'a\u0000b'])
      expect({ name, status: (await add(name)).status }).toEqual({ name, status: 422 });
    // RTE-6: the system's own reasons are not in the list; a pause with the second would end by itself when a device comes back.
    for (const name of ['No Answer', 'no_answer', 'connection_lost', 'Connection lost'])
      expect({ name, code: (await add(name)).body.code }).toEqual({ name, code: 'conflict' });
    expect((await change('Meeting', { name: 'connection_lost' })).body.code).toBe('conflict');
  });

  test('RTE-7 two editors do not overwrite each other, and agents read but do not change', async () => {
    const tenant = await world.tenant('Editors');
    const { call, list } = as(tenant);
    const [first] = await list();
    const edit = (name: string) => call(`PATCH /api/v1/pause-reasons/${first?.id}`, { name, version: first?.version });
    expect((await Promise.all([edit('One'), edit('Two')])).map(({ status }) => status).sort()).toEqual([200, 409]);
    const anna = await world.person(tenant, 'Anna');
    expect((await world.call('GET /api/v1/pause-reasons', { as: anna.token })).status).toBe(200);
    expect((await world.call('POST /api/v1/pause-reasons', { as: anna.token, body: { name: 'Mine' } })).status).toBe(403);
  });
});

describe('RTE-7 pausing', () => {
  let tenant: Tenant;
  let anna: Person;
  let desk: RawSocket;
  beforeAll(async () => {
    tenant = await world.tenant('Pausing');
    anna = await world.person(tenant, 'Anna');
    desk = await world.desk(anna);
  });

  /** How either edge answers: the reason that stands, or the path of what is wrong. */
  const bySocket = async (reason: string | undefined) => {
    const frame = await desk.ask({ t: 'agent.pause', key: key(), ...(reason !== undefined && { reason }) });
    return frame.t === 'reply' ? (frame.body.agent.pauseReason as string) : (frame.code as string);
  };
  const byRest = async (reason: string | undefined) => {
    const { status, body } = await world.call(`POST /api/v1/agents/${anna.id}/pause`, {
      as: anna.token,
      body: reason === undefined ? {} : { reason },
    });
    return status === 200 ? (body.agent.pauseReason as string) : (body.code as string);
  };

  test('RTE-7 with reasons on a pause takes one of them, by id or name, whichever way it comes', async () => {
    const { list, change } = as(tenant);
    await change('Training', { isEnabled: false });
    const meeting = (await list()).find(({ name }) => name === 'Meeting');
    for (const pause of [bySocket, byRest]) {
      for (const wrong of [undefined, '', 'tea', 'Training', 'no_answer', 'prs_00000000000000000000000000'])
        expect(await pause(wrong)).toBe('invalid');
      expect(await pause('lunch')).toBe('Lunch');
      expect(await pause(meeting?.id)).toBe('Meeting');
    }
    expect((await desk.reply({ t: 'agent.resume', key: key() })).agent.status).toBe('available');
  });

  test('RTE-7 with all of them off a pause takes none', async () => {
    const { change } = as(tenant);
    for (const name of DEFAULTS) await change(name, { isEnabled: false });
    for (const pause of [bySocket, byRest]) {
      expect(await pause('Lunch')).toBe('invalid');
      expect(await pause(undefined)).toBe('');
    }
    await change('Break', { isEnabled: true });
    expect(await bySocket(undefined)).toBe('invalid');
  });
});
