/**
 * Long storms with seeds of their own: `npm run test:chaos`. A seed that fails is printed; CHAOS_SEED plays it again, and it then becomes a named
 * test below with its story. CHAOS_STORMS says how many are played.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chatByPolicy, serveByPolicy } from '../actors/policies.ts';
import { type Center, startCenter } from '../support/center.ts';
import { until } from '../support/services.ts';
import { Scene } from '../support/stage.ts';
import { storm } from './storm.ts';

const STORM_MS = 400_000;
const OUTAGE_MS = Number(process.env.CHAOS_OUTAGE_SEC ?? 600) * 1_000;
const storms = Number(process.env.CHAOS_STORMS ?? 3);
const given = process.env.CHAOS_SEED;
const seeds = given === undefined ? Array.from({ length: storms }, () => Math.floor(Math.random() * 1_000_000)) : [Number(given)];

let center: Center;
beforeAll(async () => {
  center = await startCenter({ gateways: 2, workers: 2 });
});
afterAll(() => center.close());

describe('chaos', () => {
  it.each(seeds)(
    'RTE-12 BEY-3 storm with seed %i: 50 conversations, any one process killed or stopped at a time',
    { timeout: STORM_MS },
    async (seed) => {
      const report = await storm(center, { seed, conversations: 50, faults: 10, longestPauseMs: 15_000, calmMs: 4_000 });
      console.info(
        `seed ${seed}: ${report.conversations} conversations, ${report.acknowledged} messages, ${report.gaps} gaps noticed\n  ${report.faults.join('\n  ')}`,
      );
      expect(report.verdict).toEqual([]);
    },
  );

  it('DESIGN-1 ten minutes without PostgreSQL under load: chatting goes on and the history is complete afterwards', {
    timeout: OUTAGE_MS + 300_000,
  }, async () => {
    const scene = await Scene.open(center, { agents: 10, capacity: 5, queue: { mode: 'balanced', agentLostMs: 20_000 } });
    const over = new AbortController();
    const agents = await Promise.all(Array.from({ length: 10 }, () => scene.agent()));
    const desks = agents.map((agent) => serveByPolicy(agent, { takes: 'offers', missing: 0, thinkMs: 200, signal: over.signal }));
    let isBack = false;
    const visit = async (): Promise<void> => {
      while (!isBack) await chatByPolicy(scene.visitor(), { messages: 20, thinkMs: 500, cuts: 0.05, signal: scene.signal });
    };
    const visits = Array.from({ length: 30 }, visit);
    await until(() => scene.ledger.acknowledged.length > 100, { timeoutMs: 30_000, what: 'lively chat' });
    await center.kill('postgres');
    const diedAt = Date.now();
    let before = 0;
    await until(
      () => {
        const { length } = scene.ledger.acknowledged;
        if (length === before) throw new Error(`nothing was acknowledged ${Date.now() - diedAt} ms after PostgreSQL died`);
        before = length;
        return Date.now() - diedAt >= OUTAGE_MS;
      },
      { timeoutMs: OUTAGE_MS + 60_000, everyMs: 10_000, what: 'the outage' },
    );
    await center.restart('postgres');
    isBack = true;
    await Promise.all(visits);
    await until(() => scene.ledger.open.length === 0, { timeoutMs: 60_000, what: 'the end of all conversations' });
    over.abort();
    await Promise.all(desks);
    const verdict = await scene.judge();
    scene.end();
    expect(verdict).toEqual([]);
  });
});
