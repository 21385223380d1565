/**
 * How the tests run. Three projects: `main` (all that `npm test` runs), `fuzz` and `chaos` (long, run by their own scripts).
 * Two files at a time, because a machine with two cores is the smallest we support. Tests never assert on times; the limits here only end what hangs.
 */
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
const globalSetup = ['test/support/globalSetup.ts'];
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
        test: { name: 'main', include: ['test/**/*.test.ts'], exclude: long, globalSetup, testTimeout: 20_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], globalSetup, testTimeout: 600_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], globalSetup, testTimeout: 600_000, hookTimeout: 60_000 },
      },
    ],
  },
});
