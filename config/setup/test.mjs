/**
 * `npm test`: the checks, the video worker's binary, then all tests; the last line is always `N passed, N failed`, a check
 * counting as a test. `--only fuzz|chaos` runs one of the long suites alone. Further arguments go to vitest (file names, -t …).
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { obtainWorker } from './buildWorker.mjs';
import { runChecks } from './check.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const args = process.argv.slice(2);
const project = args[0] === '--only' ? String(args.splice(0, 2)[1]) : 'main';

const abort = new AbortController();
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) process.on(signal, () => abort.abort());
if (process.connected) process.on('disconnect', () => abort.abort());

let passed = 0;
let failed = 0;
const add = (/** @type {{ passed: number, failed: number }} */ counts) => {
  passed += counts.passed;
  failed += counts.failed;
};

if (project === 'main' && args.length === 0) {
  add(runChecks());
  // Tests of video need it. Without one (no network, no right to install) they fail and say so.
  await obtainWorker((line) => console.log(line), abort.signal).catch((error) => console.error(`no video worker: ${error.message}`));
}
if (!abort.signal.aborted) add(await runVitest());
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 && !abort.signal.aborted ? 0 : 1);

/** @returns {Promise<{ passed: number, failed: number }>} */
async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-tests-'));
  const report = join(folder, 'report.json');
  const flags = [
    'run',
    '--config',
    'config/vitest.config.ts',
    ...(project === 'main' ? ['main', 'unrepaired'] : [project]).flatMap((name) => ['--project', name]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...flags, ...args], { cwd: root, stdio: 'inherit' });
  abort.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const code = await new Promise((done) => child.once('close', done));
  const counts = existsSync(report) ? count(JSON.parse(readFileSync(report, 'utf8'))) : { passed: 0, failed: 0 };
  rmSync(folder, { recursive: true, force: true });
  // A file that cannot be loaded, or an error outside any test, is one failure.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** @param {{ numPassedTests: number, numFailedTests: number }} report */
function count({ numPassedTests, numFailedTests }) {
  return { passed: numPassedTests, failed: numFailedTests };
}
