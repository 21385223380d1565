/**
 * Gets a mediasoup worker binary into the cache: the project's prebuilt one when it can be had, else compiled here.
 * A program of its own (`npm test` runs it in the foreground, the sfu role in the background). Prints progress lines;
 * the last one is `worker: PATH`; with `--find` only looks, and prints the path or nothing. One builder at a time; a killed build is taken up where it was.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages, NEEDS } from './system.mjs';
import { cacheDir, cachedBinary, findWorker, packageInfo, runsHere } from './workerBinary.mjs';
import { compileWorker } from './workerCompile.mjs';

/** @param {(line: string) => void} say @param {AbortSignal} signal @returns {Promise<string>} the path of a sound binary */
export async function obtainWorker(say, signal) {
  const found = findWorker();
  if (found) return found;
  const dir = cacheDir();
  mkdirSync(dirname(dir), { recursive: true });
  // The lock belongs to the open file, so the kernel gives it up when this process ends in whatever way.
  await lock(openSync(`${dir}.lock`, 'w'), signal);
  const builtMeanwhile = findWorker();
  if (builtMeanwhile) return builtMeanwhile;

  const workDir = `${dir}.building`;
  mkdirSync(workDir, { recursive: true });
  const draft = join(workDir, 'mediasoup-worker');
  if (!(await downloadPrebuilt(workDir, draft, say))) {
    await ensurePackages(NEEDS.workerBuild, { purpose: 'building the video worker', say });
    say('compiling the mediasoup worker, once; this takes some minutes at low priority');
    let lastTenth = 0;
    const onProgress = (/** @type {number} */ done, /** @type {number} */ total) => {
      const tenth = Math.floor((done * 10) / total);
      if (tenth > lastTenth) say(`compiled ${done} of ${total} files`);
      lastTenth = tenth;
    };
    await compileWorker({ workDir, target: draft, onProgress, signal });
  }
  if (!runsHere(draft)) throw new Error('the mediasoup worker was built but does not run');
  mkdirSync(dir, { recursive: true });
  renameSync(draft, cachedBinary());
  rmSync(workDir, { recursive: true, force: true });
  return cachedBinary();
}

/** The project's own prebuilt binary. @param {string} workDir @param {string} draft @param {(line: string) => void} say */
async function downloadPrebuilt(workDir, draft, say) {
  const { version, repository } = packageInfo();
  const kernel = process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  const base =
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL ||
    `${repository.url.replace(/^git\+/, '').replace(/\.git$/, '')}/releases/download`;
  const url = `${base}/${version}/mediasoup-worker-${version}-${process.platform}-${process.arch}${kernel}.tgz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const archive = Buffer.from(await response.arrayBuffer());
    const unpacked = spawnSync('tar', ['-xzf', '-', '-C', workDir], { input: archive });
    if (unpacked.status !== 0) throw new Error('the archive cannot be unpacked');
    chmodSync(draft, 0o755);
    if (!runsHere(draft)) throw new Error('it does not run on this machine');
    return true;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    say(`no prebuilt mediasoup worker (${cause})`);
    rmSync(draft, { force: true });
    return false;
  }
}

/** @param {number} file @param {AbortSignal} signal @returns {Promise<void>} */
function lock(file, signal) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', file], signal });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`the build lock cannot be taken (flock: ${code})`))));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main();
}

async function main() {
  if (process.argv.includes('--find')) return console.log(findWorker() ?? '');
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Whoever started us holds our standard input; its end, however it came, ends the build.
  if (process.argv.includes('--with-parent')) process.stdin.once('end', stop).resume();
  try {
    console.log(`worker: ${await obtainWorker((line) => console.log(line), abort.signal)}`);
    process.exit(0);
  } catch (error) {
    console.error(abort.signal.aborted ? 'the build was stopped' : String(error instanceof Error ? error.message : error));
    process.exit(1);
  }
}
