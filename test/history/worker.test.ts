/** The worker role as `roles.ts` starts it, on services that come and go: nothing that a client was told is sent is missing from history. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadEnv } from '../../config/env.ts';
import type { Role, RoleContext } from '../../src/base/context.ts';
import { newId, type QueueId } from '../../src/base/ids.ts';
import { createDatabase, type Database } from '../../src/db/database.ts';
import { LocalFileStore } from '../../src/files/index.ts';
import { dropOldMonths } from '../../src/history/retention.ts';
import { collectMetrics } from '../../src/metrics/relay.ts';
import { startWorker } from '../../src/worker/role.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { startTestPostgres, type TestServer, until } from '../support/services.ts';

let postgres: TestServer;
let world: TestEngines;
let dataDir: string;
let database: Database;
let queue: QueueId;
const running: Role[] = [];

beforeAll(async () => {
  postgres = await startTestPostgres({ isDurable: true });
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  world = await startTestEngines();
  queue = await world.addQueue({ mode: 'manual' });
  dataDir = mkdtempSync(join(tmpdir(), 'centralino-worker-'));
  const admin = createDatabase(postgres.url, testLog);
  const name = `worker_${newId('command').slice(4)}`;
  await admin.pool.query(`create database ${name}`);
  await admin.close();
  database = createDatabase(Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href, testLog);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((role) => role.close('test over')));
  await database.close();
  await world.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function work(nodeId: string, settings: Record<string, string> = {}): Promise<Role> {
  const env = loadEnv({ REDIS_URL: world.redis.url, DATABASE_URL: String(database.pool.options.connectionString), DEMO: '0', ...settings });
  const context: RoleContext = { env, log: testLog, dataDir, nodeId, secretKey: 'k'.repeat(40) };
  const role = await startWorker(context);
  running.push(role);
  return role;
}

/** Clients who write without pause; the ledger has what each was told is sent. */
function write(clients: number): { ledger: Map<string, string[]>; stop(): Promise<void> } {
  const ledger = new Map<string, string[]>();
  let isOn = true;
  const talking = Array.from({ length: clients }, async () => {
    const { id, contactId } = await world.startChat(queue);
    const told = ['Hello, is anybody there?'];
    ledger.set(id, told);
    for (let count = 0; isOn; count++) {
      const text = `message ${count}`;
      const from = { role: 'customer', id: contactId, name: 'Eva' } as const;
      const sent = await world.engine.router.sendMessage(world.scope, {
        interactionId: id,
        mid: newId('command'),
        from,
        visibility: 'everyone',
        text,
        isClaim: false,
      });
      if (sent.ok) told.push(text);
    }
  });
  return {
    ledger,
    async stop() {
      isOn = false;
      await Promise.all(talking);
    },
  };
}

async function history(): Promise<Map<string, string[]>> {
  const { rows } = await database.pool.query<{ id: string; texts: string[] }>(
    'select interaction_id as id, array_agg(text order by off) as texts from message group by 1',
  );
  return new Map(rows.map(({ id, texts }) => [id, texts]));
}

const total = (ledger: ReadonlyMap<string, readonly string[]>): number =>
  [...ledger.values()].reduce((sum, texts) => sum + texts.length, 0);

async function untilWritten(ledger: ReadonlyMap<string, readonly string[]>): Promise<void> {
  await until(async () => (await history().then(total, () => 0)) >= total(ledger), { timeoutMs: 30_000, what: 'history to be complete' });
  expect(await history()).toEqual(ledger);
}

describe('worker', () => {
  test('rule: PostgreSQL killed while everybody writes: they go on, and afterwards history has all of it, once, in order', async () => {
    await work('worker-a');
    const writing = write(8);
    await until(async () => total(await history()) > 100, { what: 'the first messages in history' });
    await postgres.kill9();
    const before = total(writing.ledger);
    await until(() => total(writing.ledger) > before + 500, { timeoutMs: 15_000, what: '500 messages without PostgreSQL' });
    await postgres.restart();
    await until(async () => total(await history().catch(() => new Map<string, string[]>())) > before + 500, {
      timeoutMs: 20_000,
      what: 'history to catch up',
    });
    await writing.stop();
    await untilWritten(writing.ledger);
    const { rows } = await database.pool.query('select count(*) as rejected from rejected_entry');
    expect(rows).toEqual([{ rejected: 0 }]);
  });

  test('rule: a worker leaves, another takes its partitions over and goes on where it stopped', async () => {
    const first = await work('worker-a');
    const writing = write(4);
    await until(async () => total(await history()) > 100, { what: 'the first messages in history' });
    await Promise.all([first.close('replaced'), work('worker-b')]);
    running.splice(running.indexOf(first), 1);
    await writing.stop();
    await untilWritten(writing.ledger);
  });

  test('rule: started while PostgreSQL is away it routes at once; when it comes, database and demo account are made and history catches up', async () => {
    await postgres.kill9();
    await work('worker-a', { DEMO: '1' });
    const automatic = await world.addQueue({ mode: 'balanced', offerTimeoutMs: 1_000 });
    const agentId = await world.addAgent({ queues: [automatic] });
    const { id } = await world.startChat(automatic);
    await until(async () => (await world.engine.views.agent(world.scope, agentId))?.offers.length === 1, { what: 'the offer' });
    const [offer] = (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
    await until(async () => (await world.engine.views.agent(world.scope, agentId))?.offers[0]?.token !== offer?.token, {
      what: 'the sweep of the missed offer',
    });
    await postgres.restart();
    await until(() => existsSync(join(dataDir, 'demo.json')), { timeoutMs: 15_000, what: 'the demo account' });
    await until(
      async () => {
        const { rows } = await database.pool.query(
          `select 1 from segment where interaction_id = $1 and kind = 'offered' and ended = 'expired'`,
          [id],
        );
        return rows.length > 0;
      },
      { timeoutMs: 15_000, what: 'the missed offer in history' },
    );
  });

  test('rule: the months to come are made beforehand; those past their time leave with files and contacts', async () => {
    await work('worker-a');
    const months = async (): Promise<string[]> =>
      (
        await database.pool.query<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'message'::regclass order by 1`,
        )
      ).rows.map(({ name }) => name);
    const name = (ahead: number): string => {
      const now = new Date();
      return `message_${new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 7).replace('-', '_')}`;
    };
    await until(async () => (await months()).length === 3, { what: 'three months' });
    expect(await months()).toEqual([name(0), name(1), name(2)]);

    const files = new LocalFileStore(join(dataDir, 'files'));
    const id = newId('file');
    await files.put({ id } as never, Buffer.from('old'));
    await database.pool.query(
      `insert into file (id, month, account_id, interaction_id, type, size, uploader_id, created_at) values ($1, '2024-03-01', 'a', 'i', 'text/plain', 3, 'c', now())`,
      [id],
    );
    await database.pool.query(
      `insert into contact (account_id, id, name, email, first_seen_at, last_seen_at) values ('a', 'c', 'Eva', '', '2024-03-01', '2024-03-02')`,
    );
    await database.pool.query(`select ensure_history_month('2024-03-05'), ensure_history_month('2024-04-05')`);
    await dropOldMonths({ database, files, log: testLog }, 0, Date.UTC(2024, 4, 20));
    expect(await months()).toContain('message_2024_03');
    await dropOldMonths({ database, files, log: testLog }, 1, Date.UTC(2024, 4, 20));
    expect(await months()).toEqual(['message_2024_04', name(0), name(1), name(2)]);
    expect(await files.find(id)).toBeUndefined();
    expect((await database.pool.query('select 1 from file union all select 1 from contact')).rows).toEqual([]);
  });

  test('API-4 its figures are shown by every gateway, told apart by node', async () => {
    const collected = collectMetrics(world.engine, 'reader');
    await work('worker-a');
    await world.startChat(queue);
    const own = new Registry();
    own.setDefaultLabels({ node: 'gateway-a' });
    const shown = (): Promise<string> => collected.text(own);
    await until(async () => /centralino_projector_entries_total\{node="worker-a"\} [1-9]/.test(await shown()), {
      timeoutMs: 15_000,
      what: 'the figures of the worker',
    });
    const text = await shown();
    expect(text).toContain('centralino_repairs_total{node="worker-a"} 0');
    expect(text).toMatch(/^process_start_time_seconds\{node="worker-a"\} \d/m);
    expect(text.match(/^# TYPE process_cpu_seconds_total/gm)).toHaveLength(1);
    await collected.close();
  });

  test('rule: a database of a newer release is refused at the start, and nothing stays open', async () => {
    await work('worker-a');
    await running.pop()?.close('done');
    await database.pool.query(`insert into migration (number, name, checksum) values (99, '0099_future.sql', 'x')`);
    await expect(work('worker-b')).rejects.toThrow(/newer than this release/);
    const others = async (): Promise<number> =>
      (await database.pool.query('select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')).rows
        .length;
    await until(async () => (await others()) === 0, { what: 'no connection but ours' });
  });
});
