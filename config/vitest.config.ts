/**
 * How the tests run. `npm test` runs two projects: `main`, and `unrepaired`, which plays the flows again with REPAIRS=0: nothing polls in
 * disguise, so they must give the same result. Left out there are those that kill processes and with them their timers. `fuzz` and `chaos` are long and run by their own scripts.
 * Two files at a time, because a machine with two cores is the smallest we support; `npm test` says how many for each kind. Tests never assert on times; the limits here only end what hangs.
 */
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
const globalSetup = ['test/support/globalSetup.ts'];
/** Many times what a quiet machine takes. */
const limits = { testTimeout: 60_000, hookTimeout: 180_000 };
const long = ['test/fuzz/**', 'test/chaos/**'];

export default defineConfig({
  root,
  test: {
    maxWorkers: 2,
    pool: 'forks',
    slowTestThreshold: 5_000,
    projects: [
      {
        extends: true,
        test: { name: 'main', include: ['test/**/*.test.ts'], exclude: long, globalSetup, ...limits },
      },
      {
        extends: true,
        test: {
          name: 'unrepaired',
          include: ['test/flows/**/*.test.ts'],
          exclude: ['test/flows/{outages,storm}.test.ts'],
          env: { REPAIRS: '0' },
          ...limits,
        },
      },
      {
        extends: true,
        test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], globalSetup, ...limits, testTimeout: 600_000 },
      },
      {
        extends: true,
        test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], globalSetup, ...limits, testTimeout: 600_000 },
      },
    ],
  },
});
