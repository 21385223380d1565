/** The doctor on this machine: Node, the disk of DATA_DIR, the video worker, the programs that some features need. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findProgram } from '../../src/supervisor/serverProcess.ts';
import type { Env } from '../env.ts';
import { broken, type Finding, ok, warning } from './finding.ts';

const root = resolve(import.meta.dirname, '../..');
const ENOUGH_BYTES = 2_000_000_000;
const LEAST_BYTES = 100_000_000;
const ENOUGH_FILES = 16_384;

export function checkMachine(env: Env): Finding[] {
  return [checkNode(), ...checkPackages(), checkDisk(env), checkWorker(env), checkOpenFiles(), checkLockProgram()];
}

function checkNode(): Finding {
  const wanted = dependencies().node ?? '22';
  const text = `version ${process.versions.node}`;
  return process.versions.node.startsWith(`${Number.parseInt(wanted, 10)}.`)
    ? ok('Node', text)
    : broken('Node', text, 'start through npm (npm start, npm run doctor), which brings the right one');
}

/** Every dependency in the version that package.json asks for. */
function checkPackages(): Finding[] {
  const wrong = Object.entries(dependencies()).flatMap(([name, wanted]) => {
    const file = join(root, 'node_modules', name, 'package.json');
    const present = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'missing';
    return present === wanted.replace(/^npm:.+@/, '') ? [] : [`${name} ${present} (asked for ${wanted})`];
  });
  if (wrong.length === 0) return [ok('npm packages', `${Object.keys(dependencies()).length} dependencies as asked for`)];
  return [broken('npm packages', wrong.join(', '), 'delete the folder node_modules and start again')];
}

const dependencies = (): Record<string, string> =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }).dependencies;

function checkDisk({ DATA_DIR }: Env): Finding {
  let dir = resolve(DATA_DIR);
  while (!existsSync(dir)) dir = dirname(dir);
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const text = `${(free / 1e9).toFixed(1)} GB free for ${DATA_DIR}`;
  if (free < LEAST_BYTES) return broken('disk', text, 'free some space: the server does not start');
  return free < ENOUGH_BYTES ? warning('disk', text, 'free some space, or move DATA_DIR to a larger disk') : ok('disk', text);
}

/** Looks only; building it is the server's matter. */
function checkWorker({ MEDIASOUP_WORKER_BIN }: Env): Finding {
  const env = MEDIASOUP_WORKER_BIN ? { ...process.env, MEDIASOUP_WORKER_BIN } : process.env;
  try {
    const path = execFileSync(process.execPath, [join(root, 'config/setup/buildWorker.mjs'), '--find'], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
    if (path) return ok('video worker', path);
    return warning(
      'video worker',
      'not there yet',
      'it is fetched or compiled in the background of the first start; video works from then on',
    );
  } catch (error) {
    return broken(
      'video worker',
      (error as { stderr?: string }).stderr?.trim() ?? String(error),
      'correct MEDIASOUP_WORKER_BIN or leave it empty',
    );
  }
}

function checkOpenFiles(): Finding {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '');
  const limit = match?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match?.[1] ?? Number.NaN);
  if (Number.isNaN(limit) || limit >= ENOUGH_FILES) return ok('open files', `${match?.[1] ?? 'no'} limit`);
  return warning(
    'open files',
    `at most ${limit}, i.e. about as many sockets`,
    `raise it: ulimit -n ${ENOUGH_FILES}, or LimitNOFILE= in the systemd unit`,
  );
}

function checkLockProgram(): Finding {
  const missing = ['flock', 'setpriv'].filter((name) => !findProgram(name));
  if (missing.length === 0) return ok('system programs', 'flock and setpriv are there');
  return warning(
    'system programs',
    `${missing.join(' and ')} missing`,
    'apt-get install util-linux: they guard DATA_DIR and end embedded servers with us',
  );
}
