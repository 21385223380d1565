/** ACC-11: the audit log: who, what, when, from where; searched and exported; append-only. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toCsv } from '../../src/accounts/csv.ts';
import { Center, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

interface Entry {
  id: string;
  at: number;
  actor: { kind: string; id: string; name: string };
  action: string;
  target: { kind: string; id: string };
  ip: string;
  userAgent: string;
  detail: Record<string, unknown>;
}
const entries = async (query: Record<string, string> = {}): Promise<Entry[]> =>
  (await center.call('GET /api/v1/audit', { as: owner.token, query: { limit: '200', ...query } })).body.items;

describe('ACC-11 the audit log', () => {
  test('ACC-11 every change leaves who, what, when and from where, with the old and the new value', async () => {
    const before = Date.now();
    const queueId = await center.queue(owner.token, 'First');
    await center.call(`PATCH /api/v1/queues/${queueId}`, {
      as: owner.token,
      ip: '203.0.113.7',
      body: { name: 'Second', wrapUpMs: 9_000, version: 1 },
    });
    const [entry] = await entries({ what: 'queue.changed' });
    expect(entry).toMatchObject({
      actor: { kind: 'user', id: owner.userId, name: 'Acme Owner' },
      action: 'queue.changed',
      target: { kind: 'queue', id: queueId },
      ip: '203.0.113.7',
      userAgent: 'test agent',
      detail: { name: ['First', 'Second'], wrapUpMs: [0, 9_000] },
    });
    expect(entry?.at).toBeGreaterThanOrEqual(before - 1_000);
  });

  test('ACC-11 each kind of change and each sign-in is recorded, by the one who made it', async () => {
    const tenant = await center.tenant('Busy');
    const as = tenant.token;
    const person = await center.person(as);
    const queueId = await center.queue(as);
    await center.call(`PUT /api/v1/queues/${queueId}/members/${person.id}`, { as, body: { roles: ['agent'] } });
    await center.call(`DELETE /api/v1/queues/${queueId}/members/${person.id}`, { as });
    const group = (await center.call('POST /api/v1/groups', { as, body: { name: 'G', queueId } })).body;
    await center.call(`PATCH /api/v1/groups/${group.id}`, { as, body: { name: 'H', version: 1 } });
    await center.call(`DELETE /api/v1/groups/${group.id}`, { as });
    await center.call(`DELETE /api/v1/queues/${queueId}`, { as });
    const key = (await center.call('POST /api/v1/keys', { as, body: { name: 'k', type: 'rest' } })).body;
    await center.call(`DELETE /api/v1/keys/${key.id}`, { as });
    await center.call(`PATCH /api/v1/users/${person.id}`, { as, body: { name: 'N', version: 2 } });
    await center.signIn(person.email, 'wrong wrong wrong');
    await center.call('POST /api/v1/auth/sign-out', { as: person.token });
    await center.call(`DELETE /api/v1/users/${person.id}`, { as });
    await center.call('PATCH /api/v1/account', { as, body: { city: 'Roma', version: 1 } });
    const { items } = (await center.call('GET /api/v1/audit', { as, query: { limit: '200' } })).body as { items: Entry[] };
    expect(items.map((entry) => entry.action).reverse()).toEqual([
      'account.created',
      'invitation.accepted',
      'sign_in.passed',
      'user.invited',
      'invitation.accepted',
      'sign_in.passed',
      'queue.created',
      'queue.member_added',
      'queue.member_removed',
      'group.created',
      'group.changed',
      'group.deleted',
      'queue.deleted',
      'key.created',
      'key.revoked',
      'user.changed',
      'sign_in.refused',
      'sign_in.ended',
      'user.deleted',
      'account.changed',
    ]);
    expect(items.find((entry) => entry.action === 'sign_in.refused')?.actor.id).toBe(person.id);
    expect(JSON.stringify(items)).not.toContain('wrong wrong wrong');
    expect(JSON.stringify(items)).not.toContain(key.key);
  });

  test('ACC-11 searched by who, what, target and period, page by page, with nothing twice and nothing left out', async () => {
    for (let index = 0; index < 7; index++) await center.queue(owner.token, `Queue ${index}`);
    const all = await entries();
    const paged: Entry[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await center.call('GET /api/v1/audit', {
        as: owner.token,
        query: { limit: '3', ...(cursor !== undefined && { cursor }) },
      });
      paged.push(...body.items);
      cursor = body.nextCursor;
      if (cursor === undefined) break;
    }
    expect(paged).toEqual(all);
    const created = await entries({ what: 'queue.created' });
    expect(created.length).toBeGreaterThanOrEqual(7);
    expect(await entries({ who: 'acme own', what: 'queue.created' })).toEqual(created);
    expect(await entries({ who: owner.userId, what: 'queue.created' })).toEqual(created);
    expect(await entries({ who: '%' })).toEqual([]);
    expect(await entries({ target: created[2]?.target.id ?? '' })).toEqual([created[2]]);
    const [first, last] = [created.at(-1)?.at ?? 0, created[0]?.at ?? 0];
    expect(await entries({ what: 'queue.created', from: String(first), to: String(last + 1) })).toEqual(created);
    expect(await entries({ what: 'queue.created', to: String(first) })).toEqual([]);
    expect((await center.call('GET /api/v1/audit', { as: owner.token, query: { cursor: 'garbage' } })).status).toBe(422);
  });

  test('ACC-11 exported as a table, the export itself recorded; a cell cannot become a formula', async () => {
    await center.person(owner.token, { name: '=HYPERLINK("http://evil")' });
    const csv = await center.call('GET /api/v1/audit.csv', { as: owner.token, query: { what: 'invitation.accepted' } });
    expect(csv.headers['content-type']).toMatch(/^text\/csv/);
    const lines = String(csv.body).trimEnd().split('\r\n');
    expect(lines[0]).toBe('time,who,who_id,kind,what,target_kind,target_id,from_address,user_agent,detail');
    expect(lines).toHaveLength(1 + (await entries({ what: 'invitation.accepted' })).length);
    expect(lines[1]).toContain('"\'=HYPERLINK(""http://evil"")"');
    expect((await entries({ what: 'audit.exported' }))[0]?.detail).toMatchObject({ rows: lines.length - 1 });
    expect(toCsv([['a,b', 'c\n"d"', '-1', -1]])).toBe('"a,b","c\n""d""",\'-1,-1\r\n');
  });

  test('ACC-11 entries cannot be changed or removed, not even by hand', async () => {
    for (const sql of ["update audit_log set action = 'x'", 'delete from audit_log', 'truncate audit_log']) {
      await expect(center.database.pool.query(sql)).rejects.toThrow(/append-only/);
    }
  });

  test('ACC-11 a change and its entry stand or fall together', async () => {
    await center.database.pool.query("alter table audit_log add constraint refuse_group check (action <> 'group.created') not valid");
    const queueId = await center.queue(owner.token);
    expect((await center.call('POST /api/v1/groups', { as: owner.token, body: { name: 'Half', queueId } })).status).toBe(500);
    expect((await center.call('GET /api/v1/groups', { as: owner.token, query: { search: 'Half' } })).body.items).toEqual([]);
    await center.database.pool.query('alter table audit_log drop constraint refuse_group');
  });

  test('ACC-11 members do not read it', async () => {
    const person = await center.person(owner.token, { queues: [{ id: await center.queue(owner.token), role: 'supervisor' }] });
    for (const path of ['audit', 'audit.csv']) expect((await center.call(`GET /api/v1/${path}`, { as: person.token })).status).toBe(403);
  });
});
