/** Each kill point twenty times by seed: `npm run test:chaos`. CHAOS_SEED plays one again. */
import { expect, it } from 'vitest';
import { killStorm } from './killStorm.ts';

const HITS = 20;
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));

it(`RTE-12 INV-1…9 every kill point ${HITS} times with SIGKILL and with SIGSTOP, Redis killed 20 times: seed ${seed}`, {
  timeout: 3_600_000,
}, async () => {
  const report = await killStorm({ seed, hits: HITS, redisKills: 20 });
  console.info(
    `seed ${seed}: ${report.started} started, ${report.accepted} accepted\n  ${[...report.hits].map(([point, count]) => `${point}: ${count}`).join('\n  ')}`,
  );
  expect(report.verdict, `seed ${seed}`).toEqual([]);
  for (const [point, count] of report.hits) expect(count, point).toBeGreaterThanOrEqual(HITS);
});
