/**
 * The checks that need no running service: types, lint and format, unused code, import rules. All of them run even when one
 * fails; `runChecks` gives the counts to `test.mjs`, `npm run check` prints them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name);
const folders = ['config', 'queues', 'sip', 'sfu', 'src', 'loadtest', 'test'].filter((folder) => existsSync(join(root, folder)));

const CHECKS = [
  { title: 'types', command: [bin('tsc'), '-p', '.'] },
  { title: 'types of the web clients', command: [bin('tsc'), '-p', 'src/web'], when: 'src/web/tsconfig.json' },
  { title: 'types of the browser tests', command: [bin('tsc'), '-p', 'test/web'], when: 'test/web/tsconfig.json' },
  { title: 'lint and format', command: [bin('biome'), 'ci', '--config-path=config/lint.json', '--colors=off', '.'] },
  { title: 'unused code', command: [bin('knip'), '--config', 'config/knip.json', '--no-progress', '--no-config-hints'] },
  { title: 'import rules', command: [bin('depcruise'), '--config', 'config/dependencyRules.mjs', ...folders] },
];

/** @returns {{ passed: number, failed: number }} */
export function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const { title, command, when } of CHECKS) {
    if (when && !existsSync(join(root, when))) continue;
    const started = Date.now();
    const [program, ...args] = /** @type {[string, ...string[]]} */ (command);
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    const isGood = status === 0;
    console.log(`${isGood ? '✓' : '✗'} ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (!isGood) console.log(`${stdout}${stderr}`.trim());
    counts[isGood ? 'passed' : 'failed']++;
  }
  return counts;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed } = runChecks();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
