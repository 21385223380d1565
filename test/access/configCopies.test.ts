/** Configuration and its copies in Redis: published at the commit, made up for after any loss, never set back by an older version. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../queues/index.ts';
import type { GroupId, QueueId, UserId } from '../../src/base/ids.ts';
import { publish, readConfigEntries } from '../../src/routing/configEntries.ts';
import { reconcileConfig } from '../../src/routing/reconcileConfig.ts';
import { until } from '../support/services.ts';
import { Center, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

const scope = async () => until(() => center.engine.config.scopeOf(owner.accountId));
const reconcile = () => reconcileConfig(center.deps.db, center.engine, center.deps.log);
/** Lets the next run compare: the mark of the last one is gone. */
const forgetMark = async () => center.engine.shelf.remove(await scope(), 'config:mark');

describe('copies of configuration', () => {
  test('RTE-2 a queue, its agents and its groups stand in Redis as soon as the change is answered', async () => {
    const { body: queue } = await center.call('POST /api/v1/queues', {
      as: owner.token,
      body: {
        name: 'Sales',
        mode: 'balanced',
        isAutoAccepted: true,
        outcomes: [{ id: 'sold', name: 'Sold', kind: 'OK' }],
        isOutcomeRequired: true,
      },
    });
    const person = await center.person(owner.token, { queues: [{ id: queue.id, role: 'agent' }] });
    const { body: group } = await center.call('POST /api/v1/groups', {
      as: owner.token,
      body: { name: 'Shop', queueId: queue.id, texts: { en: { title: 'Hi' } } },
    });
    const { config } = center.engine;
    expect(await config.queue(await scope(), queue.id as QueueId)).toMatchObject({
      name: 'Sales',
      mode: 'balanced',
      isAutoAccepted: true,
      offerTimeoutMs: 20_000,
      isOutcomeRequired: true,
    });
    expect(await config.agent(await scope(), person.id as UserId)).toMatchObject({ isActive: true, capacity: 5, queues: [queue.id] });
    expect((await config.groupByPublicId(group.publicId))?.group).toMatchObject({
      id: group.id as GroupId,
      queueId: queue.id,
      texts: { en: { title: 'Hi' } },
    });

    await center.call(`PATCH /api/v1/users/${person.id}`, { as: owner.token, body: { capacity: 2, version: 2 } });
    expect(await config.agent(await scope(), person.id as UserId)).toMatchObject({ capacity: 2 });
    await center.call(`DELETE /api/v1/queues/${queue.id}/members/${person.id}`, { as: owner.token });
    expect(await config.agent(await scope(), person.id as UserId)).toBeUndefined();
    expect((await center.call(`DELETE /api/v1/queues/${queue.id}`, { as: owner.token })).body).toMatchObject({
      code: 'wrong_state',
      detail: expect.stringContaining('Shop'),
    });
    await center.call(`DELETE /api/v1/groups/${group.id}`, { as: owner.token });
    expect((await center.call(`DELETE /api/v1/queues/${queue.id}`, { as: owner.token })).status).toBe(204);
    expect(await config.queue(await scope(), queue.id as QueueId)).toBeUndefined();
  });

  test('GRP-2 a visitor’s page gets the texts in its language, else those of the primary one', async () => {
    const queueId = await center.queue(owner.token);
    const texts = { en: { title: 'Hello', thanks: 'Thanks' }, it: { title: 'Ciao' } };
    const { body: group } = await center.call('POST /api/v1/groups', {
      as: owner.token,
      body: { name: 'Shop', queueId, primaryLanguage: 'en', texts },
    });
    const shown = async (language: string) =>
      (await center.call(`GET /api/v1/public/groups/${group.publicId}`, { query: { language } })).body.texts;
    expect(await shown('it-CH')).toEqual({ title: 'Ciao', thanks: 'Thanks' });
    expect(await shown('de')).toEqual({ title: 'Hello', thanks: 'Thanks' });
    expect((await center.call(`GET /api/v1/groups/${group.id}/snippet`, { as: owner.token })).body.html).toBe(
      `<script async src="${center.url}/widget.js" data-group="${group.publicId}"></script>`,
    );
    expect((await center.call('GET /api/v1/public/groups/unknown')).status).toBe(404);
  });

  test('a healthy center has nothing to repair', async () => {
    await forgetMark();
    expect(await reconcile()).toEqual({ copies: 0, rights: 0 });
  });

  test('a Redis that lost everything gets every copy back, and places its account again', async () => {
    const queueId = await center.queue(owner.token, 'Kept');
    await center.engine.core.runner.redis.flushall();
    expect(await center.engine.config.queue(await scope(), queueId as QueueId)).toBeUndefined();
    await until(async () => (await reconcile().catch(() => undefined))?.copies === 0, {
      timeoutMs: 15_000,
      what: 'a run with nothing left to do',
    });
    expect(await center.engine.config.queue(await scope(), queueId as QueueId)).toMatchObject({ name: 'Kept' });
    // A process that knew nothing before finds the account, too.
    const other = await createEngine({ redisUrl: center.redis.url, nodeId: 'other', log: center.deps.log });
    expect(await other.config.scopeOf(owner.accountId)).toEqual(await scope());
    await other.close('seen');
    const versions = await center.engine.config.versions(await scope());
    for (const entry of await readConfigEntries(center.deps.db, owner.accountId)) {
      if (entry.doc) expect(versions.get(`${entry.kind}:${entry.id}`)).toBe(entry.version);
    }
    owner = { ...owner, token: (await center.signIn(owner.email)).body.token };
  });

  test('a publication that was lost is made up for, and an old one that comes late changes nothing', async () => {
    const queueId = await center.queue(owner.token, 'Old name');
    const old = (await readConfigEntries(center.deps.db, owner.accountId)).filter((entry) => entry.id === queueId);
    // Committed, then the process died: written past the publication.
    await center.database.pool.query(
      `update config_entry set version = nextval('config_version'), doc = jsonb_set(doc, '{name}', '"New name"') where id = $1`,
      [queueId],
    );
    expect(await reconcile()).toMatchObject({ copies: 1 });
    expect((await center.engine.config.queue(await scope(), queueId as QueueId))?.name).toBe('New name');
    await publish(center.engine, old);
    expect((await center.engine.config.queue(await scope(), queueId as QueueId))?.name).toBe('New name');
    expect(await reconcile()).toMatchObject({ copies: 0 });
  });

  test('a PostgreSQL set back by a restored backup still wins: newer copies in Redis are overtaken', async () => {
    const queueId = await center.queue(owner.token, 'Restored');
    const lostId = await center.queue(owner.token, 'Made after the backup');
    await center.database.pool.query('delete from config_entry where id = $1', [lostId]);
    await center.database.pool.query('update config_entry set version = 1 where id = $1', [queueId]);
    await center.database.pool.query("select setval('config_version', 1)");
    await forgetMark();
    expect((await reconcile()).copies).toBeGreaterThanOrEqual(2);
    expect(await center.engine.config.queue(await scope(), lostId as QueueId)).toBeUndefined();
    await center.call(`PATCH /api/v1/queues/${queueId}`, { as: owner.token, body: { name: 'Changed again', version: 1 } });
    expect((await center.engine.config.queue(await scope(), queueId as QueueId))?.name).toBe('Changed again');
  });

  test('changes of one account at the same time leave the copy equal to the rows', async () => {
    const queues = await Promise.all(Array.from({ length: 5 }, (_, index) => center.queue(owner.token, `Busy ${index}`)));
    const person = await center.person(owner.token);
    const answers = await Promise.all(
      queues.map((id) => center.call(`PUT /api/v1/queues/${id}/members/${person.id}`, { as: owner.token, body: { roles: ['agent'] } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    const agent = await center.engine.config.agent(await scope(), person.id as UserId);
    expect([...(agent?.queues ?? [])].sort()).toEqual([...queues].sort());
    expect((await center.call('GET /api/v1/auth/me', { as: person.token })).body.serves.sort()).toEqual([...queues].sort());
    await forgetMark();
    expect(await reconcile()).toEqual({ copies: 0, rights: 0 });
  });

  test('settings that contradict each other are refused with the field', async () => {
    const outcomes = [{ id: 'a', name: 'A', kind: 'OK' }];
    const tried: [Record<string, unknown>, string][] = [
      [{ outcomes: [...outcomes, ...outcomes] }, 'outcomes'],
      [{ isOutcomeRequired: true }, 'outcomes'],
      [{ outcomes, autoCloseOutcome: 'b' }, 'autoCloseOutcome'],
      [{ outcomes, isOutcomeRequired: true, autoCloseMs: 1_000 }, 'autoCloseOutcome'],
      [{ offerTimeoutMs: 1 }, 'offerTimeoutMs'],
      [{ wrapUpMs: 1e12 }, 'wrapUpMs'],
    ];
    for (const [fields, path] of tried) {
      const refused = await center.call('POST /api/v1/queues', { as: owner.token, body: { name: 'X', ...fields } });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path }] } });
    }
  });
});
