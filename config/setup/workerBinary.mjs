/**
 * Where a mediasoup worker binary may be: named by MEDIASOUP_WORKER_BIN, inside the package, or in our cache folder.
 * The cache is outside the checkout, unless the user has no home, and keyed by version, architecture and everything the build depends on of ours.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const packageDir = join(root, 'node_modules/mediasoup');
export const recipeDir = join(root, 'sfu/workerBuild');

/** @returns {{ version: string, repository: { url: string } }} */
export const packageInfo = () => JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));

/** The folder of this version's binary in the cache. */
export function cacheDir() {
  const base = process.env.XDG_CACHE_HOME || homeCache() || join(root, 'node_modules/.cache');
  const hash = createHash('sha256');
  const recipe = [...filesBelow(recipeDir), fileURLToPath(new URL('./workerCompile.mjs', import.meta.url))];
  for (const file of recipe) hash.update(readFileSync(file));
  return join(base, 'centralino/mediasoup-worker', `${packageInfo().version}-${process.arch}-${hash.digest('hex').slice(0, 12)}`);
}

/** Undefined where a home is missing or not to be written to, as for a user of a container that has no name. */
function homeCache() {
  try {
    accessSync(homedir(), constants.W_OK);
    return join(homedir(), '.cache');
  } catch {
    return undefined;
  }
}

export const cachedBinary = () => join(cacheDir(), 'mediasoup-worker');

/** A binary that runs here, or undefined. @throws when MEDIASOUP_WORKER_BIN names one that does not. */
export function findWorker() {
  const given = process.env.MEDIASOUP_WORKER_BIN;
  if (given && given !== SKIP_POSTINSTALL) {
    if (!runsHere(given)) throw new Error(`MEDIASOUP_WORKER_BIN=${given} is not a mediasoup worker that runs on this machine`);
    return given;
  }
  return [join(packageDir, 'worker/out/Release/mediasoup-worker'), cachedBinary()].find(runsHere);
}

/** Set while packages are installed: with any value there, mediasoup's own install step does nothing. */
export const SKIP_POSTINSTALL = 'built-later';

/** Without the version in its environment a sound worker ends at once with code 41. @param {string} file */
export function runsHere(file) {
  return existsSync(file) && spawnSync(file, [], { env: {}, stdio: 'ignore', timeout: 10_000 }).status === 41;
}

/** @param {string} dir @returns {string[]} */
export function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: false })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)]));
}
