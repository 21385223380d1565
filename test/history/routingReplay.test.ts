/** BEY-2: the explanation made from a replay is that of the recorded run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toLogEntry } from '../../queues/logEntry.ts';
import { openScratch, replayRecording, startRecording } from '../../queues/replay/index.ts';
import { newId } from '../../src/base/ids.ts';
import { createDatabase } from '../../src/db/database.ts';
import { Projector } from '../../src/history/projector.ts';
import { createProjectorMetrics } from '../../src/history/projectorMetrics.ts';
import { routingRoutes } from '../../src/history/routingRoutes.ts';
import { testLog } from '../support/engines.ts';
import { createTestDatabase, startTestRedis, type TestDatabase, type TestRedis } from '../support/services.ts';
import { admin, callRoute } from './calling.ts';
import { foundAccount, startConfigured } from './configured.ts';

let center: Awaited<ReturnType<typeof startConfigured>>;
let scratch: TestRedis;
let fresh: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), 'centralino-recordings-'));

beforeAll(async () => {
  [center, scratch, fresh] = await Promise.all([startConfigured(), startTestRedis(), createTestDatabase()]);
});
afterAll(async () => {
  await Promise.all([center.stage.close(), scratch.stop(), fresh.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

test('BEY-2 the explanation made from the replay of a recording equals that of the run', async () => {
  const { stage, addQueue, hire, serve, start, offerOf, explain, french } = center;
  const { engine, scope } = stage.world;
  const recorded = join(folder, 'run');
  const recording = await startRecording({ core: engine.core, partition: scope.partition, name: 'run', folder: recorded, log: testLog });
  await recording.started;
  const overflow = await addQueue('Overflow', { required: [{ skill: french, level: 7 }], offerTimeoutMs: 600_000 });
  const drawn = await addQueue('Drawn', {
    mode: 'random',
    offerTimeoutMs: 600_000,
    recipe: [{ afterSec: 0, onlyIf: 'no_agents', do: { op: 'queue', queueId: overflow } }],
  });
  const waiting = await start(drawn);
  const agents = [await hire('Ada', [drawn, overflow], { skills: { [french]: 7 } }), await hire('Bo', [drawn]), await hire('Cy', [drawn])];
  const interactions = [waiting];
  for (const agentId of agents) await serve(agentId);
  for (let count = 0; count < 17; count++) interactions.push(await start(drawn));
  for (const agentId of agents) {
    await engine.router.declineOffer(scope, await offerOf(agentId));
    await engine.router.acceptOffer(scope, await offerOf(agentId));
    await engine.router.pause(scope, { agentId, reason: 'prs_1', key: newId('command') });
    await engine.router.resume(scope, { agentId, key: newId('command') });
  }
  recording.stop();
  await recording.ended;

  const databases = await openScratch(scratch.url, testLog);
  const { base } = await replayRecording({ folder: recorded, redis: databases.replay });
  const entries = await databases.replay.xrange(`${base}:log`, '-', '+');
  databases.close();

  const database = createDatabase(fresh.url, testLog);
  try {
    await foundAccount({ rows: async (sql, values) => (await database.pool.query(sql, values)).rows }, scope.accountId, scope.partition);
    await database.pool.query('delete from skill');
    for (const row of await stage.rows<Record<string, unknown>>('select kind, id, version, account_id, doc, at from config_past')) {
      const values = [row['kind'], row['id'], row['version'], row['account_id'], row['doc'] && JSON.stringify(row['doc']), row['at']];
      await database.pool.query('insert into config_past (kind, id, version, account_id, doc, at) values ($1, $2, $3, $4, $5, $6)', values);
    }
    const projector = new Projector({ database, log: testLog, metrics: createProjectorMetrics(new Registry()) });
    await projector.apply(
      scope.partition,
      entries.map((entry) => toLogEntry(scope.partition, entry)),
    );
    let compared = 0;
    for (const id of interactions) {
      for (const agent of [undefined, ...agents]) {
        const given = agent === undefined ? {} : { query: { agent } };
        const routes = routingRoutes({ db: database.kysely });
        const replayed = await callRoute(routes, admin(scope.accountId), `GET /api/v1/interactions/${id}/routing`, given);
        const live = await explain(id, agent);
        expect(replayed.body).toEqual(live);
        compared += live.decisions.length;
      }
    }
    expect(compared).toBeGreaterThan(interactions.length * 6);
  } finally {
    await database.close();
  }
}, 60_000);
