/**
 * What every npm script calls: `run.mjs start|test|…`. Puts in place whatever the command needs on this machine, then hands
 * over to Node 22 with signals passed on and the exit code kept. Plain JavaScript for any Node from 18 on, without packages.
 */
import { spawn } from 'node:child_process';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNpmPackages, nodeBinary } from './packages.mjs';
import { ensurePackages, NEEDS, SetupError } from './system.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const say = (/** @type {string} */ line) => console.log(`setup: ${line}`);

/** Per command: the system packages it needs and the program it becomes. */
const COMMANDS = {
  start: { needs: process.env.REDIS_URL ? [] : NEEDS.redis, purpose: 'the embedded Redis', entry: 'src/main.ts' },
  test: { needs: [...NEEDS.redis, ...NEEDS.testing], purpose: 'the tests', entry: 'config/setup/test.mjs' },
  'test:fuzz': { needs: NEEDS.redis, purpose: 'the tests', entry: 'config/setup/test.mjs', args: ['--only', 'fuzz'] },
  'test:chaos': { needs: NEEDS.redis, purpose: 'the tests', entry: 'config/setup/test.mjs', args: ['--only', 'chaos'] },
  check: { needs: [], purpose: '', entry: 'config/setup/check.mjs' },
  account: { needs: [], purpose: '', entry: 'src/supervisor/newAccount.ts' },
  replay: { needs: NEEDS.redis, purpose: 'the replay', entry: 'src/supervisor/replayCommand.ts' },
  doctor: { needs: [], purpose: '', entry: 'config/doctor/doctor.ts' },
  simulate: { needs: NEEDS.redis, purpose: 'the simulator', entry: 'src/simulator/simulate.ts' },
  bench: { needs: [...NEEDS.redis, ...NEEDS.testing, ...NEEDS.capture], purpose: 'the benchmarks', entry: 'loadtest/bench.ts' },
};

const [name, ...rest] = process.argv.slice(2);
const command = COMMANDS[/** @type {keyof typeof COMMANDS} */ (name)];
if (!command) {
  console.error(`usage: run.mjs ${Object.keys(COMMANDS).join('|')}`);
  process.exit(64);
}

const entryArgs = [...('args' in command ? command.args : []), ...rest];
const isTest = command.entry.endsWith('/test.mjs');
try {
  await ensureNpmPackages(root, say);
} catch (error) {
  giveUp(error);
}
try {
  await ensurePackages(command.needs, { purpose: command.purpose, say });
} catch (error) {
  // Tests that need what is missing fail; the others can still be run.
  if (!isTest) giveUp(error);
  console.error(explain(error));
  entryArgs.unshift('--incomplete');
}
become(nodeBinary(root), [join(root, command.entry), ...entryArgs]);

/** @param {unknown} error */
function giveUp(error) {
  console.error(explain(error));
  if (isTest) console.log('\n0 passed, 1 failed');
  process.exit(1);
}

/** @param {unknown} error */
function explain(error) {
  return error instanceof SetupError ? `\n${error.message}` : error;
}

/**
 * Runs the program in our place. It ends when we are killed (the channel between us closes), and when npm above us is.
 * @param {string} program
 * @param {string[]} args
 */
function become(program, args) {
  // Tools that say "#!/usr/bin/env node" find Node 22 first.
  const env = { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(program, args, { cwd: root, env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // Nothing is said on the channel, it only has to be open.
  child.on('message', () => undefined);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1_000).unref();
  child.once('error', (error) => {
    console.error(`${program} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
