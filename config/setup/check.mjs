/**
 * The checks that need no running service: types, lint and format, unused code, import rules. All of them run even when one
 * fails, two at a time where there are two processors; `runChecks` gives the counts to `test.mjs`, `npm run check` prints them.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
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

/** @returns {Promise<{ passed: number, failed: number }>} */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  const waiting = CHECKS.filter(({ when }) => !when || existsSync(join(root, when)));
  const runNext = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) counts[(await isPassed(check)) ? 'passed' : 'failed']++;
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runNext));
  return counts;
}

/** @param {{ title: string, command: string[] }} check @returns {Promise<boolean>} */
function isPassed({ title, command }) {
  const started = Date.now();
  const [program, ...args] = /** @type {[string, ...string[]]} */ (command);
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ isGood) => {
      console.log(`${isGood ? '✓' : '✗'} ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (!isGood) console.log(output.trim());
      resolve(isGood);
    };
    // `close` follows.
    child.once('error', (error) => (output = error.message));
    child.once('close', (code) => end(code === 0));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed } = await runChecks();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
