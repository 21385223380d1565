/**
 * `npm test`: the checks, the video worker's binary, then all tests; the last line is always `N passed, N failed`, a check
 * counting as a test. `--only fuzz|chaos` runs one of the long suites alone. Further arguments go to vitest (file names, -t …).
 * `--incomplete` is what `run.mjs` adds when a system package could not be installed: one failure.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { obtainWorker } from './buildWorker.mjs';
import { runChecks } from './check.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Whatever hangs ends with this. */
const LIMIT_MS = 60 * 60_000;
/**
 * Browsers compute and most other tests wait: one file of the former at a time beside two of the latter, each in a vitest of its own. More would make media late on two processors.
 * When the browsers are done, folders without media come in their place, so that both end at about the same time.
 */
const BROWSERS = ['web'];
const AFTER_BROWSERS = ['access', 'gateway', 'history', 'routing'];
const others = readdirSync(join(root, 'test')).filter((folder) => !BROWSERS.includes(folder) && !AFTER_BROWSERS.includes(folder));
/** Side by side; the parts of one come after each other. */
const LANES = [
  [
    ['--project', 'main', '--maxWorkers', '1', ...inFolders(BROWSERS)],
    ['--project', 'main', '--maxWorkers', '1', ...inFolders(AFTER_BROWSERS)],
  ],
  [['--project', 'main', '--project', 'unrepaired', '--maxWorkers', '2', ...inFolders(others)]],
];

const args = process.argv.slice(2);
const isIncomplete = args[0] === '--incomplete' && args.shift() !== undefined;
const project = args[0] === '--only' ? String(args.splice(0, 2)[1]) : 'main';
const isWhole = project === 'main' && args.length === 0;

const abort = new AbortController();
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) process.on(signal, () => abort.abort());
if (process.connected) process.on('disconnect', () => abort.abort());

/** @typedef {{ passed: number, failed: number }} Counts */
const counts = { passed: 0, failed: isIncomplete ? 1 : 0 };
const add = (/** @type {Counts} */ { passed, failed }) => {
  counts.passed += passed;
  counts.failed += failed;
};

if (isWhole) {
  // Tests of video need the worker. Without one (no network, no right to install) they fail and say so.
  const worker = obtainWorker((line) => console.log(line), abort.signal).catch((error) =>
    console.error(`no video worker: ${error.message}`),
  );
  add(await runChecks());
  await worker;
}
if (!abort.signal.aborted) {
  const lanes = isWhole ? LANES : [[(project === 'main' ? ['main', 'unrepaired'] : [project]).flatMap((name) => ['--project', name])]];
  await Promise.all(lanes.map(runLane));
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 && !abort.signal.aborted ? 0 : 1);

/** @param {string[]} folders */
function inFolders(folders) {
  return folders.map((folder) => `test/${folder}/`);
}

/** @param {string[][]} parts */
async function runLane(parts) {
  for (const part of parts) if (!abort.signal.aborted) add(await runVitest(part));
}

/** @param {string[]} part @returns {Promise<Counts>} */
async function runVitest(part) {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-tests-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const flags = ['run', '--config', 'config/vitest.config.ts', ...part, ...reporters, ...args];
  // Two of them at once write whole lines, not a picture of the present state.
  const stdio = isWhole ? /** @type {const} */ (['ignore', 'pipe', 'pipe']) : 'inherit';
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...flags], { cwd: root, stdio });
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  const isHanging = AbortSignal.timeout(LIMIT_MS);
  isHanging.addEventListener('abort', () => child.kill('SIGKILL'));
  abort.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const code = await new Promise((done) => child.once('close', done));
  const found = readCounts(report);
  rmSync(folder, { recursive: true, force: true });
  if (isHanging.aborted) console.error(`the tests were ended after ${LIMIT_MS / 60_000} minutes`);
  // A file that cannot be loaded, or an error outside any test, is one failure.
  if (code !== 0 && found.failed === 0) found.failed = 1;
  return found;
}

/** What was counted; nothing when it ended before its report was written. @param {string} report @returns {Counts} */
function readCounts(report) {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch (error) {
    console.error(`no report of the tests: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 0 };
  }
}
