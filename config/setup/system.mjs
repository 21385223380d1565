/**
 * System packages: what a step needs from Debian or Ubuntu, and how it comes onto the machine.
 * Plain JavaScript for any Node from 18 on. As root, or with sudo that asks no password, missing packages are installed;
 * else one message names the command to run.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Each need: present when one of the programs is on PATH or one of the files exists; else the package is installed.
 * @typedef {{ package: string, programs?: string[], files?: string[] }} Need
 */
export const NEEDS = {
  /** @type {Need[]} */
  redis: [{ package: 'redis-server', programs: ['redis-server', 'valkey-server'] }],
  /** @type {Need[]} */
  testing: [
    { package: 'chromium', programs: ['chromium', 'chromium-browser', 'google-chrome'] },
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
export function missingPackages(needs) {
  const isPresent = (/** @type {Need} */ need) =>
    (need.programs ?? []).some(findProgram) || (need.files ?? []).some((file) => existsSync(file));
  return needs.filter((need) => !isPresent(need)).map((need) => need.package);
}

/**
 * Installs what is missing. Starts no services on the way.
 * @param {Need[]} needs
 * @param {{ purpose: string, say: (line: string) => void }} options
 */
export function ensurePackages(needs, { purpose, say }) {
  const packages = missingPackages(needs);
  if (packages.length === 0) return;
  const byHand = `apt-get install -y ${packages.join(' ')}`;
  if (!findProgram('apt-get'))
    throw new SetupError(`${purpose} needs: ${packages.join(', ')}. Install them with your system's package tool, then try again.`);
  const isRoot = process.getuid?.() === 0;
  const hasSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!isRoot && !hasSudo)
    throw new SetupError(`${purpose} needs packages that are not installed. Run this once, then try again:\n\n  sudo ${byHand}\n`);
  say(`installing ${packages.join(', ')} (${purpose})`);
  const apt = (/** @type {string[]} */ ...args) => runApt(isRoot ? [] : ['sudo', '-n'], args);
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (apt(...install).ok) return;
  // The package lists are old or not there yet.
  apt('update');
  const second = apt(...install);
  if (!second.ok) throw new SetupError(`"${byHand}" failed:\n${second.output}`);
}

/**
 * @param {string[]} prefix
 * @param {string[]} args
 */
function runApt(prefix, args) {
  // RUNLEVEL=1 keeps the packages' own services from being started; the lock of another apt-get is waited for.
  const settings = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const [command, ...rest] = [...prefix, 'env', ...settings, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args];
  const result = spawnSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-6).join('\n');
  return { ok: result.status === 0, output };
}
