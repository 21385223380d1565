/** ACC-4: roles of the account and of queues, who appoints whom, and that a change reaches open sessions at once. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { signIn } from '../../src/auth/signIn.ts';
import { AppError, CLOSE } from '../../src/base/errors.ts';
import type { UserId } from '../../src/base/ids.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/common.ts';
import { changeConfig } from '../../src/routing/changeConfig.ts';
import { reconcileConfig } from '../../src/routing/reconcileConfig.ts';
import { until } from '../support/services.ts';
import { Center, PASSWORD, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

async function change(by: string, id: string, fields: Record<string, unknown>): Promise<number> {
  const { version } = (await center.call(`GET /api/v1/users/${id}`, { as: owner.token })).body;
  return (await center.call(`PATCH /api/v1/users/${id}`, { as: by, body: { ...fields, version } })).status;
}
/** What may come while Redis returns. */
function refused(error: unknown): undefined {
  if (error instanceof AppError && (error.code === 'fenced' || error.code === 'unavailable')) return undefined;
  throw error;
}
const me = async (token: string) => (await center.call('GET /api/v1/auth/me', { as: token })).body;

describe('ACC-4 appointing', () => {
  test('ACC-4 the super-admin appoints the first administrator, and administrators appoint others', async () => {
    const [first, second] = [await center.person(owner.token), await center.person(owner.token)];
    expect(await change(second.token, first.id, { role: 'admin' })).toBe(403);
    expect(await change(owner.token, first.id, { role: 'admin' })).toBe(200);
    expect((await me(first.token)).user.role).toBe('admin');
    expect(await change(first.token, second.id, { role: 'admin' })).toBe(200);
    expect((await center.call('GET /api/v1/users', { as: second.token })).status).toBe(200);
  });

  test('ACC-4 nobody rises by the own hand, and an administrator neither makes, changes, removes nor locks out a super-admin', async () => {
    const admin = await center.person(owner.token, { role: 'admin' });
    const member = await center.person(owner.token);
    expect(await change(admin.token, admin.id, { role: 'super_admin' })).toBe(403);
    expect(await change(admin.token, member.id, { role: 'super_admin' })).toBe(403);
    expect(await change(member.token, member.id, { role: 'admin' })).toBe(403);
    expect(
      (await center.call('POST /api/v1/users', { as: admin.token, body: { email: 'x@acme.example', name: 'X', role: 'super_admin' } }))
        .status,
    ).toBe(403);
    expect(await change(admin.token, owner.userId, { role: 'member' })).toBe(403);
    expect(await change(admin.token, owner.userId, { status: 'inactive' })).toBe(403);
    expect((await center.call(`DELETE /api/v1/users/${owner.userId}`, { as: admin.token })).status).toBe(403);
    expect((await center.call(`POST /api/v1/users/${owner.userId}/invitation`, { as: admin.token })).status).toBe(403);
    expect((await center.call(`DELETE /api/v1/users/${owner.userId}/second-factor`, { as: admin.token })).status).toBe(403);
  });

  test('ACC-4 a link that an administrator holds for a member does not open the super-admin that the member becomes', async () => {
    const admin = await center.person(owner.token, { role: 'admin' });
    const member = await center.person(owner.token);
    const link = await center.call(`POST /api/v1/users/${member.id}/invitation`, { as: admin.token });
    expect(link.status).toBe(201);
    expect(await change(owner.token, member.id, { role: 'super_admin' })).toBe(200);
    const token = String(link.body.url).split('/').at(-1);
    const taken = await center.call('POST /api/v1/auth/invitations/accept', { body: { token, password: 'chosen by the administrator' } });
    expect(taken.status).toBe(410);
  });

  test('ACC-4 the last super-admin stays, even when two leave at the same moment', async () => {
    const tenant = await center.tenant('Duo');
    const second = await center.person(tenant.token, { role: 'super_admin' });
    const versions = await Promise.all(
      [tenant.userId, second.id].map(async (id) => (await center.call(`GET /api/v1/users/${id}`, { as: tenant.token })).body.version),
    );
    const answers = await Promise.all([
      center.call(`PATCH /api/v1/users/${second.id}`, { as: tenant.token, body: { role: 'member', version: versions[1] } }),
      center.call(`PATCH /api/v1/users/${tenant.userId}`, { as: second.token, body: { role: 'member', version: versions[0] } }),
    ]);
    const { rows } = await center.database.pool.query(
      "select count(*)::int as left from app_user where account_id = $1 and role = 'super_admin' and status = 'active'",
      [tenant.accountId],
    );
    expect(rows[0].left).toBe(1);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    const last = answers[0].status === 200 ? { id: tenant.userId, token: tenant.token } : second;
    const { version } = (await center.call(`GET /api/v1/users/${last.id}`, { as: last.token })).body;
    expect((await center.call(`PATCH /api/v1/users/${last.id}`, { as: last.token, body: { role: 'admin', version } })).body.code).toBe(
      'wrong_state',
    );
    expect((await center.call(`DELETE /api/v1/users/${last.id}`, { as: last.token })).body.code).toBe('wrong_state');
  });
});

describe('ACC-4 queues', () => {
  test('ACC-4 agent and supervisor are per queue; the open session has the new right at once, and loses it at once', async () => {
    const [one, two] = [await center.queue(owner.token, 'One'), await center.queue(owner.token, 'Two')];
    const person = await center.person(owner.token);
    expect((await center.call('GET /api/v1/queues', { as: person.token })).status).toBe(403);
    const member = `/api/v1/queues/${one}/members/${person.id}`;
    expect((await center.call(`PUT ${member}`, { as: owner.token, body: { roles: ['supervisor', 'agent'] } })).body).toMatchObject({
      roles: ['agent', 'supervisor'],
    });
    expect(await me(person.token)).toMatchObject({ supervises: [one], serves: [one] });
    expect((await center.call('GET /api/v1/queues', { as: person.token })).body.items.map((queue: { id: string }) => queue.id)).toEqual([
      one,
    ]);
    expect((await center.call(`GET /api/v1/queues/${two}`, { as: person.token })).status).toBe(404);
    expect((await center.call(`PATCH /api/v1/queues/${one}`, { as: person.token, body: { name: 'Mine', version: 1 } })).status).toBe(403);
    expect((await center.call(`PUT ${member}`, { as: owner.token, body: { roles: ['agent'] } })).status).toBe(200);
    expect(await me(person.token)).toMatchObject({ supervises: [], serves: [one] });
    expect((await center.call(`DELETE ${member}`, { as: owner.token })).status).toBe(204);
    expect(await me(person.token)).toMatchObject({ supervises: [], serves: [] });
    expect((await center.call('GET /api/v1/queues', { as: person.token })).status).toBe(403);
  });

  test('ACC-4 a supervisor sees the people and groups of the own queues only', async () => {
    const [mine, other] = [await center.queue(owner.token, 'Mine'), await center.queue(owner.token, 'Other')];
    const supervisor = await center.person(owner.token, { queues: [{ id: mine, role: 'supervisor' }] });
    const near = await center.person(owner.token, { queues: [{ id: mine, role: 'agent' }] });
    const far = await center.person(owner.token, { queues: [{ id: other, role: 'agent' }] });
    const groups = await Promise.all(
      [mine, other].map((queueId) => center.call('POST /api/v1/groups', { as: owner.token, body: { name: 'G', queueId } })),
    );
    const list = (await center.call('GET /api/v1/users', { as: supervisor.token })).body.items.map((user: { id: string }) => user.id);
    expect(list.sort()).toEqual([supervisor.id, near.id].sort());
    expect((await center.call(`GET /api/v1/users/${far.id}`, { as: supervisor.token })).status).toBe(404);
    const seen = (await center.call('GET /api/v1/groups', { as: supervisor.token })).body.items;
    expect(seen.map((group: { id: string }) => group.id)).toEqual([groups[0]?.body.id]);
    expect((await center.call(`GET /api/v1/groups/${groups[1]?.body.id}`, { as: supervisor.token })).status).toBe(404);
    expect((await center.call('POST /api/v1/users', { as: supervisor.token, body: { email: 'y@acme.example', name: 'Y' } })).status).toBe(
      403,
    );
  });

  test('ACC-4 agents with their live state: an administrator sees all, an agent those of shared queues', async () => {
    const [here, there] = [await center.queue(owner.token, 'Here'), await center.queue(owner.token, 'There')];
    const anna = await center.person(owner.token, { name: 'Anna', queues: [{ id: here, role: 'agent' }] });
    const marco = await center.person(owner.token, { name: 'Marco', queues: [{ id: there, role: 'agent' }] });
    const idsSeenBy = async (token: string) =>
      (await center.call('GET /api/v1/agents', { as: token })).body.items.map((agent: { id: string }) => agent.id);
    expect(await idsSeenBy(owner.token)).toEqual(expect.arrayContaining([anna.id, marco.id]));
    expect(await idsSeenBy(anna.token)).toEqual([anna.id]);

    // Paged as every list (API-1): each once, in order, also of those who are seen in part.
    const paged = async (token: string) => {
      const ids: string[] = [];
      for (let cursor: string | undefined, isMore = true; isMore; isMore = cursor !== undefined) {
        const { body } = await center.call('GET /api/v1/agents', {
          as: token,
          query: { limit: '1', ...(cursor !== undefined && { cursor }) },
        });
        expect(body.items.length).toBeLessThanOrEqual(1);
        ids.push(...body.items.map((agent: { id: string }) => agent.id));
        cursor = body.nextCursor;
      }
      return ids;
    };
    expect(await paged(owner.token)).toEqual((await idsSeenBy(owner.token)).toSorted());
    const marta = await center.person(owner.token, { name: 'Marta', queues: [{ id: here, role: 'agent' }] });
    expect(await paged(marta.token)).toEqual([anna.id, marta.id].toSorted());
    expect((await center.call('GET /api/v1/agents', { as: owner.token, query: { cursor: 'none' } })).status).toBe(422);
  });
});

describe('ACC-4 losing rights', () => {
  test('ACC-4 who is switched off or removed is signed out at once; nobody does it to themselves', async () => {
    const [off, gone] = [await center.person(owner.token), await center.person(owner.token)];
    expect(await change(owner.token, off.id, { status: 'inactive' })).toBe(200);
    expect((await center.call(`DELETE /api/v1/users/${gone.id}`, { as: owner.token })).status).toBe(204);
    for (const person of [off, gone]) {
      expect((await center.call('GET /api/v1/auth/me', { as: person.token })).status).toBe(401);
      expect((await center.signIn(person.email)).status).toBe(401);
    }
    expect((await center.call(`GET /api/v1/users/${gone.id}`, { as: owner.token })).status).toBe(404);
    const admin = await center.person(owner.token, { role: 'admin' });
    expect(await change(admin.token, admin.id, { status: 'inactive' })).toBe(409);
    expect((await center.call('POST /api/v1/users', { as: owner.token, body: { email: gone.email, name: 'Back again' } })).status).toBe(
      201,
    );
  });

  test('ACC-4 an open socket of somebody who is switched off is closed, and told not to come back', async () => {
    const person = await center.person(owner.token, { queues: [{ id: await center.queue(owner.token), role: 'agent' }] });
    const socket = new WebSocket(`${center.url.replace('http', 'ws')}/ws`);
    const frames: { t: string; id: number }[] = [];
    let closedWith = 0;
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    socket.on('close', (code) => {
      closedWith = code;
    });
    await once(socket, 'open');
    const device = { id: 'desk', name: 'Desk' };
    socket.send(JSON.stringify({ t: 'hello', id: 1, v: PROTOCOL_VERSION, as: 'agent', token: person.token, device }));
    await until(() => frames.some((frame) => frame.t === 'reply' && frame.id === 1), { what: 'the answer to hello' });
    expect(await change(owner.token, person.id, { status: 'inactive' })).toBe(200);
    await until(() => closedWith !== 0, { what: 'the socket being closed' });
    expect(closedWith).toBe(CLOSE.unauthenticated);
  });

  test('ACC-4 who is switched off in the very moment of signing in is not let in', async () => {
    const person = await center.person(owner.token);
    const { sessions } = center.engine;
    // The change ends the sessions it sees; this one comes just after, with the rights of before.
    const create: typeof sessions.create = async (...session) => {
      expect(await change(owner.token, person.id, { status: 'inactive' })).toBe(200);
      return sessions.create(...session);
    };
    const deps = { ...center.deps, engine: { ...center.engine, sessions: { ...sessions, create } } };
    const origin = { ip: '192.0.2.9', userAgent: 'late' };
    await expect(signIn(deps, { email: person.email, password: PASSWORD }, origin)).rejects.toMatchObject({ code: 'wrong_credentials' });
    const scope = await until(() => center.engine.config.scopeOf(owner.accountId));
    expect(await sessions.list(scope, person.id as UserId)).toEqual([]);
  });

  test('ACC-4 a right that was taken while Redis was away is gone once Redis is back, though nobody asked again', async () => {
    const own = await Center.start();
    try {
      const tenant = await own.tenant('Outage');
      const admin = await own.person(tenant.token, { role: 'admin' });
      await own.redis.kill9();
      // The change commits, though nobody can be told.
      await changeConfig(own.deps, tenant.accountId, async (trx, changes) => {
        await trx.updateTable('app_user').set({ role: 'member' }).where('id', '=', admin.id).execute();
        changes.touch('agent', admin.id);
        changes.rights(admin.id, { reason: 'user.changed' });
      });
      await own.redis.restart();
      const role = async () => (await own.call('GET /api/v1/auth/me', { as: admin.token })).body.user?.role;
      expect(await until(role, { timeoutMs: 15_000 })).toBe('admin');
      // The worker's loop: while the engine takes up a new lease it is refused, and tries again.
      const repaired = await until(() => reconcileConfig(own.deps.db, own.engine, own.deps.log).catch(refused), { timeoutMs: 15_000 });
      expect(repaired.rights).toBe(1);
      expect(await role()).toBe('member');
      expect(await reconcileConfig(own.deps.db, own.engine, own.deps.log)).toEqual({ copies: 0, rights: 0 });
    } finally {
      await own.close();
    }
  });
});
