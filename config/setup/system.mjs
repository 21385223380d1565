/**
 * System packages: what a step needs from Debian or Ubuntu, and how it comes onto the machine.
 * Plain JavaScript for any Node from 18 on. As root, or with sudo that asks no password, missing packages are installed;
 * else one message names the command to run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const TELL_EVERY_MS = 15_000;
/** A mirror that answers slowly, or not at all, must not hold us for ever. */
const APT_LIMIT_MS = 15 * 60_000;
const APT_SETTINGS = ['DPkg::Lock::Timeout=300', 'Acquire::http::Timeout=20', 'Acquire::https::Timeout=20', 'Acquire::Retries=1'];
/** The lock on the package lists, which apt-get itself does not wait for. */
const LOCK_WAIT = { everyMs: 5_000, limitMs: 300_000 };

/**
 * Each need: present when one of the programs is on PATH or one of the files exists; else the package is installed. Where it cannot be had, one of the
 * programs in `instead` will do.
 * @typedef {{ package: string, programs?: string[], files?: string[], instead?: string[] }} Need
 */
export const NEEDS = {
  /** @type {Need[]} */
  redis: [{ package: 'redis-server', programs: ['redis-server', 'valkey-server'] }],
  /** @type {Need[]} */
  testing: [
    // Chromium without its windows: a third of the processor time.
    {
      package: 'chromium-headless-shell',
      programs: ['chromium-headless-shell'],
      instead: ['chromium', 'chromium-browser', 'google-chrome'],
    },
    { package: 'sip-tester', programs: ['sipp'] },
    { package: 'sox', programs: ['sox'] },
    { package: 'baresip-core', programs: ['baresip'] },
    { package: 'openssl', programs: ['openssl'] },
    { package: 'coturn', programs: ['turnserver'] },
  ],
  /** @type {Need[]} */
  capture: [{ package: 'wireshark-common', programs: ['dumpcap'] }],
  /** @type {Need[]} */
  workerBuild: [
    { package: 'g++', programs: ['g++'] },
    { package: 'flatbuffers-compiler', programs: ['flatc'] },
    { package: 'libflatbuffers-dev', files: ['/usr/include/flatbuffers/flatbuffers.h'] },
    { package: 'libuv1-dev', files: ['/usr/include/uv.h'] },
    { package: 'libssl-dev', files: ['/usr/include/openssl/ssl.h'] },
    { package: 'libsrtp2-dev', files: ['/usr/include/srtp2/srtp.h'] },
    { package: 'libabsl-dev', files: ['/usr/include/absl/strings/string_view.h'] },
  ],
};

/** What cannot go on without the person: the message says what to do. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** @param {string} name */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder: the next one is tried.
    }
  }
  return undefined;
}

/** @param {Need[]} needs */
function missing(needs) {
  const isPresent = (/** @type {Need} */ need) =>
    (need.programs ?? []).some(findProgram) || (need.files ?? []).some((file) => existsSync(file));
  return needs.filter((need) => !isPresent(need));
}

/** Those that nothing else stands in for. @param {Need[]} needs */
const indispensable = (needs) => missing(needs).filter((need) => !(need.instead ?? []).some(findProgram));

/** @param {Need[]} needs */
const packagesOf = (needs) => needs.map((need) => need.package);

/**
 * Installs what is missing. Starts no services on the way, says every few seconds that it goes on, and ends in any case.
 * @param {Need[]} needs
 * @param {{ purpose: string, say: (line: string) => void }} options
 * @throws {SetupError} with the command that a person has to run
 */
export async function ensurePackages(needs, { purpose, say }) {
  if (missing(needs).length === 0) return;
  const byHand = (/** @type {Need[]} */ some) => `apt-get install -y ${packagesOf(some).join(' ')}`;
  const hasApt = findProgram('apt-get') !== undefined;
  const isRoot = process.getuid?.() === 0;
  const hasSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!hasApt || !(isRoot || hasSudo)) {
    const needed = indispensable(needs);
    if (needed.length === 0) return;
    throw new SetupError(
      hasApt
        ? `${purpose} needs packages that are not installed. Run this once, then try again:\n\n  sudo ${byHand(needed)}\n`
        : `${purpose} needs: ${packagesOf(needed).join(', ')}. Install them with your system's package tool, then try again.`,
    );
  }
  say(`installing ${packagesOf(missing(needs)).join(', ')} (${purpose})`);
  const apt = (/** @type {string[]} */ ...args) => runApt(isRoot ? [] : ['sudo', '-n'], args, say);
  const install = (/** @type {Need[]} */ some) => apt('install', '-y', '--no-install-recommends', ...packagesOf(some));
  const first = await install(missing(needs));
  if (first.ok || indispensable(needs).length === 0) return;
  // The package lists are old or not there yet.
  await apt('update');
  let last = await install(missing(needs));
  // One that this system does not have shall not keep the others away.
  if (!last.ok) for (const need of missing(needs)) last = await install([need]);
  const needed = indispensable(needs);
  if (needed.length > 0) throw new SetupError(`"${byHand(needed)}" failed:\n${last.output}`);
}

/**
 * Waits for another apt-get that holds a lock.
 * @param {string[]} prefix
 * @param {string[]} args
 * @param {(line: string) => void} say
 */
async function runApt(prefix, args, say) {
  const since = Date.now();
  for (;;) {
    const result = await runAptOnce(prefix, args, say);
    if (result.ok || !/could not get lock|unable to (acquire|lock)/i.test(result.output) || Date.now() - since > LOCK_WAIT.limitMs)
      return result;
    say('another program installs packages; waiting for it');
    await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT.everyMs));
  }
}

/**
 * @param {string[]} prefix
 * @param {string[]} args
 * @param {(line: string) => void} say
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function runAptOnce(prefix, args, say) {
  const started = Date.now();
  const settings = APT_SETTINGS.flatMap((setting) => ['-o', setting]);
  // RUNLEVEL=1 keeps the packages' own services from being started; messages in English are what is looked for.
  const environment = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'LC_ALL=C'];
  const [command, ...rest] = [...prefix, 'env', ...environment, 'apt-get', '-q', ...settings, ...args];
  const child = spawn(/** @type {string} */ (command), rest, { stdio: ['ignore', 'pipe', 'pipe'], timeout: APT_LIMIT_MS });
  const ticking = setInterval(() => say(`apt-get ${args[0]} goes on (${Math.round((Date.now() - started) / 1000)} s)`), TELL_EVERY_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = (output + chunk).slice(-16_000)));
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ ok, /** @type {string} */ text) => {
      clearInterval(ticking);
      resolve({ ok, output: text.trim().split('\n').slice(-6).join('\n') });
    };
    child.once('error', (error) => end(false, error.message));
    child.once('close', (code, signal) =>
      end(code === 0, signal ? `${output}\nended by ${signal} after ${APT_LIMIT_MS / 60_000} minutes` : output),
    );
  });
}
