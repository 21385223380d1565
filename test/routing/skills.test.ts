/** RTE-3, RTE-5: skills of the account, of people and of queues, and what an agent may hold: through the API into the documents that scripts read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import { type Answer, Center, type Tenant } from '../access/support/center.ts';

const UNKNOWN_SKILL = 'skl_00000000000000000000000000';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

const call = (request: string, body?: unknown): Promise<Answer> =>
  center.call(request, { as: owner.token, ...(body !== undefined && { body }) });
async function skill(name: string): Promise<string> {
  const { status, body } = await call('POST /api/v1/skills', { name });
  expect({ name, status }).toEqual({ name, status: 201 });
  return body.id;
}
const agentDoc = async (id: string) => {
  const scope = await center.engine.config.scopeOf(owner.accountId);
  return scope && center.engine.config.agent(scope, id as UserId);
};
const queueDoc = async (id: string) => {
  const scope = await center.engine.config.scopeOf(owner.accountId);
  return scope && center.engine.config.queue(scope, id as QueueId);
};
const version = async (path: string): Promise<number> => (await call(`GET ${path}`)).body.version;

describe('RTE-3 the registry', () => {
  test('RTE-3 a skill is made, renamed, found, and no two have one name, whatever the case', async () => {
    const id = await skill('Français');
    for (const name of ['Français', 'FRANÇAIS', 'franc\u0327ais'])
      expect((await call('POST /api/v1/skills', { name })).body).toMatchObject({
        code: 'conflict',
        detail: expect.stringContaining('name'),
      });
    const other = await skill('English');
    expect((await call(`PATCH /api/v1/skills/${other}`, { name: 'FRANÇAIS', version: 1 })).body.code).toBe('conflict');
    const changed = await call(`PATCH /api/v1/skills/${id}`, { name: 'French', description: 'spoken', version: 1 });
    expect(changed.body).toMatchObject({ name: 'French', description: 'spoken', version: 2, agents: 0 });
    expect((await call(`PATCH /api/v1/skills/${id}`, { name: 'Late', version: 1 })).body.code).toBe('conflict');
    const found = await center.call('GET /api/v1/skills', { as: owner.token, query: { search: 'fren' } });
    expect(found.body.items.map((item: { name: string }) => item.name)).toEqual(['French']);
    expect((await call('POST /api/v1/skills', { name: ' ' })).status).toBe(422);
  });

  test('RTE-3 another account has names of its own, and does not find ours', async () => {
    const id = await skill('Shared name');
    const stranger = await center.tenant('Other');
    expect((await center.call('POST /api/v1/skills', { as: stranger.token, body: { name: 'Shared name' } })).status).toBe(201);
    for (const request of [`GET /api/v1/skills/${id}`, `DELETE /api/v1/skills/${id}`])
      expect((await center.call(request, { as: stranger.token })).status).toBe(404);
  });

  test('API-1 the same Idempotency-Key makes one skill', async () => {
    const make = () =>
      center.call('POST /api/v1/skills', { as: owner.token, body: { name: 'Once' }, headers: { 'idempotency-key': 'skill-once' } });
    const [first, second] = [await make(), await make()];
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id]);
  });
});

describe('RTE-3 what agents can', () => {
  test('RTE-3 the skills of a person stand in the agent’s document; one that is deleted is taken away', async () => {
    const [tax, law] = [await skill('Tax'), await skill('Law')];
    const person = await center.person(owner.token, { queues: [{ id: await center.queue(owner.token), role: 'agent' }] });
    const path = `/api/v1/users/${person.id}`;
    const skills = [
      { skill: tax, level: 7 },
      { skill: law, level: 1 },
    ];
    const put = await call(`PUT ${path}/skills`, { skills, version: await version(path) });
    expect(put.status).toBe(200);
    expect(put.body.skills).toEqual(expect.arrayContaining(skills));
    expect((await agentDoc(person.id))?.skills).toEqual({ [tax]: 7, [law]: 1 });
    expect((await call(`GET /api/v1/skills/${tax}`)).body.agents).toBe(1);
    const holders = await center.call('GET /api/v1/users', { as: owner.token, query: { skill: tax } });
    expect(holders.body.items.map(({ id }: { id: string }) => id)).toEqual([person.id]);
    expect((await call(`PUT ${path}/skills`, { skills: [], version: put.body.version - 1 })).body.code).toBe('conflict');
    expect((await call(`DELETE /api/v1/skills/${tax}`)).status).toBe(204);
    expect((await agentDoc(person.id))?.skills).toEqual({ [law]: 1 });
    expect((await call(`GET ${path}`)).body).toMatchObject({ skills: [{ skill: law, level: 1 }], version: put.body.version + 1 });
  });

  test('RTE-3 skills that are not there, named twice or of no possible level are refused by name', async () => {
    const known = await skill('Known');
    const person = await center.person(owner.token);
    const path = `/api/v1/users/${person.id}`;
    const seen = await version(path);
    for (const [skills, wrong] of [
      [[{ skill: UNKNOWN_SKILL, level: 1 }], 'skills.0.skill'],
      [[{ skill: known, level: 0 }], 'skills.0.level'],
      [[{ skill: known, level: 11 }], 'skills.0.level'],
      [
        [
          { skill: known, level: 1 },
          { skill: known, level: 2 },
        ],
        'skills',
      ],
    ] as const) {
      const { status, body } = await call(`PUT ${path}/skills`, { skills, version: seen });
      expect({ status, paths: body.errors.map((error: { path: string }) => error.path) }).toEqual({ status: 422, paths: [wrong] });
    }
  });

  test('RTE-5 capacities by medium and what may interrupt what stand in the document; 0 is allowed, more than 100 is not', async () => {
    const person = await center.person(owner.token, { queues: [{ id: await center.queue(owner.token), role: 'agent' }] });
    const path = `/api/v1/users/${person.id}`;
    expect(await agentDoc(person.id)).toMatchObject({ capacity: 5, voiceCapacity: 1, videoCapacity: 1, interrupts: [] });
    const media = { capacity: 0, voiceCapacity: 2, videoCapacity: 0, interrupts: ['voice>chat'] };
    const changed = await call(`PATCH ${path}`, { ...media, version: await version(path) });
    expect(changed.body).toMatchObject(media);
    expect(await agentDoc(person.id)).toMatchObject(media);
    for (const wrong of [
      { voiceCapacity: -1 },
      { videoCapacity: 101 },
      { interrupts: ['chat>chat'] },
      { interrupts: ['voice>chat', 'voice>chat'] },
    ])
      expect((await call(`PATCH ${path}`, { ...wrong, version: changed.body.version })).status).toBe(422);
  });
});

describe('RTE-3 what queues ask for', () => {
  test('RTE-3 a queue asks for skills and lowers them over time; a skill it asks for is not deleted, and it says where it is used', async () => {
    const id = await skill('Asked for');
    const { body: queue } = await call('POST /api/v1/queues', {
      name: 'Experts',
      required: [{ skill: id, level: 5 }],
      relaxation: [
        { afterSec: 30, lowerBy: 2 },
        { afterSec: 60, lowerBy: 5 },
      ],
    });
    expect(await queueDoc(queue.id)).toMatchObject({
      required: [{ skill: id, level: 5 }],
      relaxation: [{ afterSec: 30 }, { afterSec: 60 }],
    });
    expect((await call(`DELETE /api/v1/skills/${id}`)).body).toMatchObject({
      code: 'wrong_state',
      detail: expect.stringContaining('Experts'),
    });
    await call(`PATCH /api/v1/queues/${queue.id}`, { required: [], preferred: [{ skill: id, level: 1 }], version: 1 });
    expect((await call(`DELETE /api/v1/skills/${id}`)).status).toBe(409);
    await call(`PATCH /api/v1/queues/${queue.id}`, { preferred: [], version: 2 });
    expect((await call(`DELETE /api/v1/skills/${id}`)).status).toBe(204);
  });

  test('RTE-3 an unknown skill and a relaxation that does not ascend are refused by name', async () => {
    for (const [settings, path] of [
      [{ required: [{ skill: UNKNOWN_SKILL, level: 5 }] }, 'required.0.skill'],
      [{ preferred: [{ skill: 'nonsense', level: 5 }] }, 'preferred.0.skill'],
      [
        {
          relaxation: [
            { afterSec: 60, lowerBy: 1 },
            { afterSec: 60, lowerBy: 2 },
          ],
        },
        'relaxation.1.afterSec',
      ],
      [
        {
          relaxation: [
            { afterSec: 60, lowerBy: 2 },
            { afterSec: 90, lowerBy: 1 },
          ],
        },
        'relaxation.1.lowerBy',
      ],
      [{ relaxation: [{ afterSec: 0, lowerBy: 2 }] }, 'relaxation.0.afterSec'],
    ] as const) {
      const { status, body } = await call('POST /api/v1/queues', { name: 'Wrong', ...settings });
      expect({ status, paths: body.errors.map((error: { path: string }) => error.path) }).toEqual({ status: 422, paths: [path] });
    }
  });
});
