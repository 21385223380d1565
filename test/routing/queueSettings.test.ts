/** RTE-1, RTE-2, RTE-10, RTE-11: what a queue may be set to, and what of it is refused because it makes no sense together. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queueModes } from '../../queues/config.ts';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import { type Answer, Center, type Tenant } from '../access/support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

const call = (request: string, body?: unknown): Promise<Answer> =>
  center.call(request, { as: owner.token, ...(body !== undefined && { body }) });
const scope = async () => {
  const found = await center.engine.config.scopeOf(owner.accountId);
  if (!found) throw new Error('no scope');
  return found;
};
const docOf = async (id: string) => center.engine.config.queue(await scope(), id as QueueId);
const handOn = (queueId: string, afterSec = 60) => ({ afterSec, do: { op: 'queue', queueId } });

async function setRecipe(id: string, recipe: readonly unknown[]): Promise<Answer> {
  const { version } = (await call(`GET /api/v1/queues/${id}`)).body;
  return call(`PATCH /api/v1/queues/${id}`, { recipe, version });
}

describe('RTE-2 settings', () => {
  test('RTE-2 every strategy can be chosen for a queue, and one that does not exist is refused', async () => {
    const id = await center.queue(owner.token, 'Strategies');
    let version = 1;
    for (const mode of queueModes) {
      const { status, body } = await call(`PATCH /api/v1/queues/${id}`, { mode, version });
      expect({ mode, status, now: body.mode, copy: (await docOf(id))?.mode }).toEqual({ mode, status: 200, now: mode, copy: mode });
      version = body.version;
    }
    const { status, body } = await call(`PATCH /api/v1/queues/${id}`, { mode: 'fastest_talker', version });
    expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path: 'mode' });
    expect(body.errors[0].message).toContain('longest_idle');
  });

  test('RTE-1, RTE-9, RTE-11 priority, service level, sticky times, channel and ring width reach the scripts', async () => {
    const settings = {
      priority: 7,
      weightSec: 30,
      channel: 'voice',
      mode: 'ring_all',
      ringMax: 3,
      stickyWaitMs: 15_000,
      stickyMemoryMs: 30 * 86_400_000,
      serviceLevelSec: 45,
    };
    const { status, body } = await call('POST /api/v1/queues', { name: 'All of it', ...settings });
    expect(status).toBe(201);
    expect(body).toMatchObject(settings);
    expect(await docOf(body.id)).toMatchObject(settings);
    for (const wrong of [{ ringMax: 0 }, { serviceLevelSec: 0 }, { stickyMemoryMs: 31 * 86_400_000 }, { channel: 'fax' }])
      expect({ wrong, status: (await call(`PATCH /api/v1/queues/${body.id}`, { ...wrong, version: 1 })).status }).toEqual({
        wrong,
        status: 422,
      });
  });

  test('GRP-5 a queue for calls takes no group, and a queue keeps its channel', async () => {
    const calls = (await call('POST /api/v1/queues', { name: 'Calls', channel: 'voice' })).body.id;
    const chats = await center.queue(owner.token, 'Chats');
    const refused = await call('POST /api/v1/groups', { name: 'Website', queueId: calls });
    expect({ status: refused.status, path: refused.body.errors[0].path }).toEqual({ status: 422, path: 'queueId' });
    expect((await call('POST /api/v1/groups', { name: 'Website', queueId: chats })).status).toBe(201);
    expect((await call(`PATCH /api/v1/queues/${chats}`, { channel: 'voice', version: 1 })).body.errors).toEqual([
      { path: 'channel', message: expect.stringContaining('keeps its channel') },
    ]);
  });

  test('RTE-2 members of a linear queue have a place in its order', async () => {
    const id = await center.queue(owner.token, 'Linear');
    const [anna, marco] = [await center.person(owner.token, { name: 'Anna' }), await center.person(owner.token, { name: 'Marco' })];
    const put = (userId: string, body: object) => call(`PUT /api/v1/queues/${id}/members/${userId}`, body);
    expect((await put(anna.id, { roles: ['agent'], order: 2 })).body).toMatchObject({ order: 2 });
    expect((await put(marco.id, { roles: ['agent', 'supervisor'], order: 1 })).body).toMatchObject({ order: 1 });
    expect((await put(marco.id, { roles: ['agent'] })).body).toMatchObject({ roles: ['agent'], order: 1 });
    expect((await put(anna.id, { roles: ['agent'], order: -1 })).status).toBe(422);
    expect((await call(`GET /api/v1/queues/${id}/members`)).body.items).toEqual([
      { userId: anna.id, name: 'Anna', roles: ['agent'], order: 2 },
      { userId: marco.id, name: 'Marco', roles: ['agent'], order: 1 },
    ]);
    expect((await center.engine.config.agent(await scope(), marco.id as UserId))?.order).toEqual({ [id]: 1 });
    expect((await put(marco.id, { roles: ['agent'], order: null })).body.order).toBeNull();
    expect((await center.engine.config.agent(await scope(), marco.id as UserId))?.order).toEqual({});
  });

  test('RTE-1 nobody serves more than 50 queues', async () => {
    const queues: string[] = [];
    for (let index = 0; index < 51; index++) queues.push(await center.queue(owner.token, `Many ${index}`));
    const roles = queues.slice(0, 50).map((id) => ({ id, role: 'agent' }));
    const person = await center.person(owner.token, { queues: roles });
    const put = (role: string) => call(`PUT /api/v1/queues/${queues[50]}/members/${person.id}`, { roles: [role] });
    expect((await put('agent')).body).toMatchObject({ code: 'wrong_state', detail: expect.stringContaining('50') });
    expect((await put('supervisor')).status).toBe(200);
  });
});

describe('RTE-10 recipes', () => {
  test('RTE-10 every kind of step can be set, and stands in the queue’s document in its order', async () => {
    const [id, other] = [await center.queue(owner.token, 'With steps'), await center.queue(owner.token, 'Second line')];
    const recipe = [
      { afterSec: 0, onlyIf: 'no_agents', do: { op: 'callback' } },
      { afterSec: 20, onlyIf: 'always', do: { op: 'message', text: 'Un momento, per favore.' } },
      { afterSec: 40, onlyIf: 'always', do: { op: 'priority', by: 5 } },
      { afterSec: 60, onlyIf: 'always', do: { op: 'queue', queueId: other } },
      { afterSec: 90, onlyIf: 'always', do: { op: 'number', number: '+390612345678' } },
      { afterSec: 90, onlyIf: 'always', do: { op: 'voicemail' } },
      { afterSec: 120, onlyIf: 'always', do: { op: 'close' } },
    ];
    const { status, body } = await setRecipe(id, recipe);
    expect({ status, recipe: body.recipe }).toEqual({ status: 200, recipe });
    expect((await docOf(id))?.recipe).toEqual(recipe);
  });

  test('RTE-10 steps that are not in order, unknown steps and unknown queues are refused by name', async () => {
    const id = await center.queue(owner.token, 'Wrong steps');
    const stranger = await center.tenant('Strangers');
    const theirs = await center.queue(stranger.token, 'Theirs');
    for (const [recipe, path] of [
      [[handOn(theirs)], 'recipe.0.do.queueId'],
      [[handOn('que_00000000000000000000000000')], 'recipe.0.do.queueId'],
      [
        [
          { afterSec: 60, do: { op: 'close' } },
          { afterSec: 30, do: { op: 'priority', by: 1 } },
        ],
        'recipe.1.afterSec',
      ],
      [[{ afterSec: 60, do: { op: 'explode' } }], 'recipe.0.do.op'],
      [[{ afterSec: -1, do: { op: 'close' } }], 'recipe.0.afterSec'],
      [[{ afterSec: 1, do: { op: 'priority', by: 0 } }], 'recipe.0.do.by'],
      [Array.from({ length: 11 }, (_, afterSec) => ({ afterSec, do: { op: 'priority', by: 1 } })), 'recipe'],
    ] as const) {
      const { status, body } = await setRecipe(id, recipe);
      expect({ path, status, paths: body.errors?.map((error: { path: string }) => error.path) }).toEqual({
        path,
        status: 422,
        paths: [path],
      });
    }
    expect((await docOf(id))?.recipe).toEqual([]);
  });

  test('RTE-10 a circle of overflows is refused and told by the names of its queues, however long it is', async () => {
    const [support, sales, back] = [
      await center.queue(owner.token, 'Support'),
      await center.queue(owner.token, 'Sales'),
      await center.queue(owner.token, 'Back office'),
    ];
    const messageOf = ({ body }: Answer): string => body.errors?.[0]?.message;
    expect(messageOf(await setRecipe(support, [handOn(support)]))).toBe('circular overflow: Support → Support');
    expect((await setRecipe(support, [handOn(sales)])).status).toBe(200);
    expect(messageOf(await setRecipe(sales, [handOn(support)]))).toBe('circular overflow: Sales → Support → Sales');
    expect((await setRecipe(sales, [handOn(back, 30), { afterSec: 60, do: { op: 'close' } }])).status).toBe(200);
    expect(messageOf(await setRecipe(back, [{ ...handOn(support), onlyIf: 'no_agents' }]))).toBe(
      'circular overflow: Back office → Support → Sales → Back office',
    );
    // Two ways that meet are no circle.
    expect((await setRecipe(support, [handOn(sales, 30), handOn(back, 60)])).status).toBe(200);
  });

  test('RTE-10 two changes at once do not close a circle together', async () => {
    const [one, other] = [await center.queue(owner.token, 'One'), await center.queue(owner.token, 'Other')];
    const answers = await Promise.all([setRecipe(one, [handOn(other)]), setRecipe(other, [handOn(one)])]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  test('RTE-10 a queue that a recipe hands on to is not deleted, and it says which', async () => {
    const [first, second] = [await center.queue(owner.token, 'First line'), await center.queue(owner.token, 'Last line')];
    await setRecipe(first, [handOn(second)]);
    expect((await call(`DELETE /api/v1/queues/${second}`)).body).toMatchObject({
      code: 'wrong_state',
      detail: expect.stringContaining('First line'),
    });
    await setRecipe(first, []);
    expect((await call(`DELETE /api/v1/queues/${second}`)).status).toBe(204);
    expect((await setRecipe(first, [handOn(second)])).status).toBe(422);
  });
});
