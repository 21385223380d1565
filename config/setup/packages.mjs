/**
 * The npm packages: installed from the lock file when missing or made for another one, always under Node 22 (an older Node
 * would silently leave out packages). Node itself comes as the npm package `node`, so any Node from 18 on can begin.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from './system.mjs';
import { SKIP_POSTINSTALL } from './workerBinary.mjs';

const TELL_EVERY_MS = 15_000;
/** A registry that answers slowly, or not at all, must not hold us for ever. */
const INSTALL_LIMIT_MS = 30 * 60_000;

/** @param {string} root */
export const nodeBinary = (root) => join(root, 'node_modules/.bin/node');

/** Installs when needed. @param {string} root @param {(line: string) => void} say */
export async function ensureNpmPackages(root, say) {
  if (isInstalled(root)) return;
  // Two starts of one checkout: the second waits for the first. The lock is on the folder itself, and the kernel frees it when we end.
  const lock = openSync(root, 'r');
  const take = (/** @type {string[]} */ ...flags) =>
    spawnSync('flock', [...flags, '3'], { stdio: ['ignore', 'ignore', 'ignore', lock] }).status;
  if (take('--nonblock') === 1) {
    say('another start of this checkout installs the npm packages; waiting for it');
    take();
  }
  try {
    if (!isInstalled(root)) await install(root, say);
  } finally {
    closeSync(lock);
  }
}

/** @param {string} root @param {(line: string) => void} say */
async function install(root, say) {
  const started = Date.now();
  say('installing npm packages, once; this takes a minute or two');
  const ticking = setInterval(() => say(`still installing (${Math.round((Date.now() - started) / 1000)} s)`), TELL_EVERY_MS);
  try {
    await runNpm(root);
  } finally {
    clearInterval(ticking);
  }
  const check = spawnSync(nodeBinary(root), ['--version'], { encoding: 'utf8' });
  if (check.status !== 0 || !check.stdout.startsWith('v22.')) {
    throw new SetupError(
      'npm did not install the package "node". If your npm setting "ignore-scripts" is on, switch it off for this folder and try again.',
    );
  }
  writeFileSync(stampFile(root), stampOf(root));
  say(`npm packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/**
 * `npm install` without saving: exactly the versions and checksums of the lock file. Not `npm ci`, which would begin by deleting what is
 * installed already and is strict about packages of other systems, which not every registry has.
 * @param {string} root
 * @returns {Promise<void>}
 */
function runNpm(root) {
  // The npm and Node that run us, not those that a former install left in node_modules, which may be replaced meanwhile.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined;
  const isNode22 = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.startsWith('v22.');
  const flags = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-timeout=60000'];
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // For this one step the bare package with Node's binary, which has no install script; `node`, which has one, comes with the others.
  const nodePackage = `${process.platform === 'darwin' ? 'node-bin' : 'node'}-${process.platform}-${process.arch}@${dependencies.node}`;
  const asNode22 = `cd "${root}" && ${npm ? `node "${npm}"` : 'npm'} ${flags.join(' ')}`;
  const args = isNode22 ? flags : ['exec', '--yes', `--package=${nodePackage}`, '--call', asNode22];
  const env = { ...process.env, MEDIASOUP_WORKER_BIN: SKIP_POSTINSTALL };
  return new Promise((resolve, reject) => {
    const child = spawn(npm ? node : 'npm', npm ? [npm, ...args] : args, {
      // Outside the folder, or npm would take the Node that may be in it already.
      cwd: isNode22 ? root : tmpdir(),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: INSTALL_LIMIT_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = (output + chunk).slice(-4_000)));
    const fail = () =>
      reject(new SetupError(`npm could not install the packages:\n${output.trim()}\n\nCheck the network and the disk, then try again.`));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : fail()));
  });
}

/** @param {string} root */
function isInstalled(root) {
  if (!existsSync(nodeBinary(root))) return false;
  const stamp = stampFile(root);
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === stampOf(root);
  return isInstalledByHand(root);
}

/** npm writes the list of what it installed as its last step; an install by hand counts when it is what the lock file asks for. */
function isInstalledByHand(/** @type {string} */ root) {
  const list = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(list)) return false;
  const present = JSON.parse(readFileSync(list, 'utf8')).packages;
  const asked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const isSame = Object.entries(asked).every(
    ([path, entry]) => path === '' || entry.optional || entry.peer || present[path]?.version === entry.version,
  );
  if (isSame) writeFileSync(stampFile(root), stampOf(root));
  return isSame;
}

/** @param {string} root */
const stampFile = (root) => join(root, 'node_modules/.centralino-stamp');

/** @param {string} root */
function stampOf(root) {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return hashOf(
    readFileSync(join(root, 'package-lock.json'), 'utf8') + JSON.stringify([dependencies, devDependencies, process.platform, process.arch]),
  );
}

/** @param {string} text */
const hashOf = (text) => createHash('sha256').update(text).digest('hex');
