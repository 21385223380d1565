/** ACC-1 and tenancy: the account's profile and status, and that nothing of another account can be reached. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Center, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

describe('ACC-1 the profile', () => {
  test('ACC-1 an administrator reads and changes every field of it', async () => {
    const before = await center.call('GET /api/v1/account', { as: owner.token });
    expect(before.body).toMatchObject({ id: owner.accountId, legalName: 'Acme', status: 'active', version: 1 });
    expect(before.body.publicId).toMatch(/^[0-9a-f]{16}$/);
    const profile = {
      legalName: 'Acme S.p.A.',
      country: 'IT',
      city: 'Torino',
      address: 'Via Po 1',
      postcode: '10124',
      vatNumber: 'IT00000000001',
      email: 'info@acme.example',
      legalRepresentative: 'Ada Neri',
      origins: ['https://www.acme.example'],
    };
    const changed = await center.call('PATCH /api/v1/account', { as: owner.token, body: { ...profile, version: 1 } });
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { ...profile, version: 2 } });
    expect((await center.call('GET /api/v1/account', { as: owner.token })).body).toMatchObject(profile);
  });

  test('ACC-1 what is not well formed is refused with the field that is wrong', async () => {
    const refused = await center.call('PATCH /api/v1/account', {
      as: owner.token,
      body: { origins: ['javascript:alert(1)'], email: 'nobody', surprise: 1, version: 2 },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.errors.map((field: { path: string }) => field.path).sort()).toEqual(['body', 'email', 'origins.0']);
  });

  test('ACC-1 two editors do not overwrite each other: the second gets a conflict, and without a version nothing is taken', async () => {
    const { version } = (await center.call('GET /api/v1/account', { as: owner.token })).body;
    const both = await Promise.all(
      ['Roma', 'Milano'].map((city) =>
        center.call('PATCH /api/v1/account', { as: owner.token, body: { city }, headers: { 'if-match': `"${version}"` } }),
      ),
    );
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 409]);
    expect(await center.call('PATCH /api/v1/account', { as: owner.token, body: { city: 'Bari' } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'version' }] },
    });
  });

  test('ACC-1 an inactive account serves nobody; its administrators still sign in and switch it on', async () => {
    const tenant = await center.tenant('Pausing');
    const member = await center.person(tenant.token);
    const key = (await center.call('POST /api/v1/keys', { as: tenant.token, body: { name: 'k', type: 'rest' } })).body.key;
    const queueId = await center.queue(tenant.token);
    const group = (await center.call('POST /api/v1/groups', { as: tenant.token, body: { name: 'Shop', queueId } })).body;
    expect((await center.call(`GET /api/v1/public/groups/${group.publicId}`)).status).toBe(200);

    const off = await center.call('PATCH /api/v1/account', { as: tenant.token, body: { status: 'inactive', version: 1 } });
    expect(off.status).toBe(200);
    expect((await center.call('GET /api/v1/auth/me', { as: member.token })).status).toBe(401);
    expect((await center.signIn(member.email)).body).toMatchObject({ code: 'account_inactive' });
    expect((await center.call('GET /api/v1/users', { as: key })).body).toMatchObject({ code: 'account_inactive' });
    expect((await center.call(`GET /api/v1/public/groups/${group.publicId}`)).status).toBe(404);

    const again = await center.signIn(tenant.email);
    expect(again.body.stage).toBe('full');
    const on = await center.call('PATCH /api/v1/account', { as: again.body.token, body: { status: 'active', version: off.body.version } });
    expect(on.status).toBe(200);
    expect((await center.signIn(member.email)).status).toBe(200);
  });
});

describe('tenancy', () => {
  test('ACC-4 ids of another account are not found, whatever is done with them, and are in no list', async () => {
    const theirs = await center.tenant('Other');
    const person = await center.person(theirs.token);
    const queueId = await center.queue(theirs.token, 'Theirs');
    const group = (await center.call('POST /api/v1/groups', { as: theirs.token, body: { name: 'Theirs', queueId } })).body;
    const key = (await center.call('POST /api/v1/keys', { as: theirs.token, body: { name: 'theirs', type: 'rest' } })).body;
    const ownQueue = await center.queue(owner.token, 'Ours');

    const tried: [string, unknown?][] = [
      [`GET /api/v1/users/${person.id}`],
      [`PATCH /api/v1/users/${person.id}`, { name: 'Mine now', version: 1 }],
      [`POST /api/v1/users/${person.id}/invitation`],
      [`DELETE /api/v1/users/${person.id}/second-factor`],
      [`DELETE /api/v1/users/${person.id}`],
      [`GET /api/v1/queues/${queueId}`],
      [`PATCH /api/v1/queues/${queueId}`, { name: 'Mine now', version: 1 }],
      [`DELETE /api/v1/queues/${queueId}`],
      [`GET /api/v1/queues/${queueId}/members`],
      [`PUT /api/v1/queues/${queueId}/members/${owner.userId}`, { roles: ['supervisor'] }],
      [`PUT /api/v1/queues/${ownQueue}/members/${person.id}`, { roles: ['agent'] }],
      [`DELETE /api/v1/queues/${queueId}/members/${person.id}`],
      [`GET /api/v1/groups/${group.id}`],
      [`GET /api/v1/groups/${group.id}/snippet`],
      [`PATCH /api/v1/groups/${group.id}`, { name: 'Mine now', version: 1 }],
      [`DELETE /api/v1/groups/${group.id}`],
      ['POST /api/v1/groups', { name: 'Stolen', queueId }],
      [`DELETE /api/v1/keys/${key.id}`],
      ['POST /api/v1/users', { email: 'spy@example.com', name: 'Spy', queues: [{ id: queueId, role: 'agent' }] }],
    ];
    for (const [request, body] of tried)
      expect({ request, status: (await center.call(request, { as: owner.token, body })).status }).toEqual({ request, status: 404 });

    const foreign = [person.id, theirs.userId, queueId, group.id, key.id, theirs.accountId];
    for (const list of ['users', 'queues', 'groups', 'keys', 'audit', 'agents']) {
      const text = JSON.stringify((await center.call(`GET /api/v1/${list}`, { as: owner.token })).body);
      for (const id of foreign) expect(text).not.toContain(id);
    }
    expect((await center.call(`GET /api/v1/users/${person.id}`, { as: theirs.token })).body).toMatchObject({
      name: 'Some Body',
      version: 2,
    });
  });
});
