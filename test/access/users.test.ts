/** ACC-2, API-1: the account's people: lists by cursor, search, changes that do not overwrite each other, and who is refused before anything is looked at. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Center, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

type User = { id: string; name: string; email: string };
async function invite(name: string, email: string): Promise<string> {
  const { status, body } = await center.call('POST /api/v1/users', { as: owner.token, body: { name, email } });
  expect(status).toBe(201);
  return body.user.id;
}
const list = async (query: Record<string, string>): Promise<{ items: User[]; nextCursor?: string }> =>
  (await center.call('GET /api/v1/users', { as: owner.token, query })).body;

describe('API-1 lists', () => {
  test('API-1 pages by name hold everybody once, also when somebody comes in between and names are equal', async () => {
    for (const index of [3, 1, 2, 5, 4]) await invite('Twin', `twin${index}@acme.example`);
    await invite('alba', 'alba@acme.example');
    const seen: User[] = [];
    let query: Record<string, string> = { limit: '2' };
    for (let page = 0; ; page++) {
      const { items, nextCursor } = await list(query);
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items);
      if (page === 0) await invite('Aaron', 'aaron@acme.example');
      if (nextCursor === undefined) break;
      query = { limit: '2', cursor: nextCursor };
    }
    expect(seen.map((user) => user.name)).toEqual(['Acme Owner', 'alba', 'Twin', 'Twin', 'Twin', 'Twin', 'Twin']);
    expect(new Set(seen.map((user) => user.id)).size).toBe(seen.length);
    expect((await list({ limit: '2' })).items[0]?.name).toBe('Aaron');
  });

  test('API-1 search finds parts of name and e-mail and takes % and _ literally', async () => {
    await invite('Percy 100%', 'percy@acme.example');
    const names = async (search: string) => (await list({ search })).items.map((user) => user.name);
    expect(await names('100%')).toEqual(['Percy 100%']);
    expect(await names('PERCY@')).toEqual(['Percy 100%']);
    expect(await names('_ercy')).toEqual([]);
    expect((await list({ role: 'super_admin' })).items.map((user) => user.email)).toEqual([owner.email]);
    expect((await list({ status: 'active' })).items.map((user) => user.email)).toEqual([owner.email]);
  });

  test('API-1 limits and cursors that are not ours are refused', async () => {
    for (const query of [
      { limit: '0' },
      { limit: '201' },
      { limit: 'x' },
      { cursor: 'x' },
      { cursor: Buffer.from('[1,2]').toString('base64url') },
    ] as Record<string, string>[]) {
      expect((await center.call('GET /api/v1/users', { as: owner.token, query })).status).toBe(422);
    }
  });
});

describe('ACC-2 people', () => {
  test('ACC-2 two administrators who edit one person do not overwrite each other', async () => {
    const id = await invite('Edited', 'edited@acme.example');
    const edit = (name: string) =>
      center.call(`PATCH /api/v1/users/${id}`, { as: owner.token, body: { name }, headers: { 'if-match': '"1"' } });
    const answers = await Promise.all([edit('First'), edit('Second')]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    const { body, headers } = await center.call(`GET /api/v1/users/${id}`, { as: owner.token });
    expect(body.name).toBe(answers.find((answer) => answer.status === 200)?.body.name);
    expect(headers.etag).toBe('"2"');
  });

  test('ACC-2 a person whose invitation is open is not switched on by an administrator', async () => {
    const id = await invite('Open', 'open@acme.example');
    expect((await center.call(`PATCH /api/v1/users/${id}`, { as: owner.token, body: { status: 'active', version: 1 } })).body.code).toBe(
      'wrong_state',
    );
  });

  test('ACC-2 an invitation that fails half way leaves nothing behind', async () => {
    const body = {
      name: 'Half',
      email: 'half@acme.example',
      queues: [
        { id: await center.queue(owner.token), role: 'agent' },
        { id: 'que_00000000000000000000000000', role: 'agent' },
      ],
    };
    expect((await center.call('POST /api/v1/users', { as: owner.token, body })).status).toBe(404);
    expect((await list({ search: 'half@' })).items).toEqual([]);
  });
});

describe('ACC-4 every route', () => {
  test('ACC-4 is closed to nobody, and to a member without any queue unless it is about themselves', async () => {
    const member = await center.person(owner.token);
    for (const { method, path, action } of center.routes) {
      if (action === 'public') continue;
      expect({ path, status: (await center.call(`${method} ${path}`)).status }).toEqual({ path, status: 401 });
      if (action === 'session.own') continue;
      expect({ path, status: (await center.call(`${method} ${path}`, { as: member.token })).status }).toEqual({ path, status: 403 });
    }
  });

  test('ACC-4 what is open to everybody is what must be', () => {
    const open = center.routes.filter((route) => route.action === 'public').map((route) => `${route.method} ${route.path}`);
    expect(open.sort()).toEqual([
      'GET /api/v1/public/groups/:publicId',
      'POST /api/v1/auth/invitations/accept',
      'POST /api/v1/auth/invitations/read',
      'POST /api/v1/auth/second-factor',
      'POST /api/v1/auth/sign-in',
    ]);
  });
});
