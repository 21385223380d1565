/**
 * `npm run simulate -- scenario.json [--seed N] [--out folder] [--json]`: runs a scenario on a private Redis that is thrown away afterwards; a running center
 * is not touched. Prints tables (or, with `--json`, the result as one JSON document) and writes `result.json`, `plot.svg`, `plot.png` and the first run's
 * `interactions.csv` into the folder. Exits with 1 when it could not be run, with 2 when the scenario or the command line is wrong.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type RunFacts, readScenario, type Scenario, type SimulationResult, simulate } from '../../queues/simulate/index.ts';
import { createLogger } from '../base/log.ts';
import { freePort } from '../supervisor/freePort.ts';
import { askRedis } from '../supervisor/redisProbe.ts';
import { RedisServer } from '../supervisor/redisServer.ts';
import { toFates } from './fates.ts';
import { Font } from './font.ts';
import { plot } from './plot.ts';
import { toPng } from './png.ts';
import { Progress } from './progress.ts';
import { toSvg } from './svg.ts';
import { resultTables } from './table.ts';

const USAGE = 'usage: npm run simulate -- scenario.json [--seed N] [--out folder] [--json]';
const FONT = join(import.meta.dirname, '../../node_modules/@fontsource/roboto/files/roboto-latin-400-normal.woff');
const OUT = join(import.meta.dirname, '../../.data/simulate');

interface Order {
  readonly file: string;
  readonly seed: number | undefined;
  readonly folder: string;
  readonly isJson: boolean;
}

const order = readOrder(process.argv.slice(2));
const reading = readScenario(order.file);
if (!reading.ok) fail(2, [`${order.file} cannot be simulated:`, ...reading.problems.map((problem) => `  ${problem}`)].join('\n'));
for (const warning of reading.warnings) process.stderr.write(`note: ${warning}\n`);
// Started by npm over a channel: when npm is gone, so are we, and with us the server.
if (process.connected) process.once('disconnect', () => process.exit(1));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('stopped')));
try {
  await run(reading.scenario);
  process.exit(0);
} catch (error) {
  fail(1, stop.signal.aborted ? 'stopped' : `the simulation failed: ${(error as Error).message}`);
}

async function run(scenario: Scenario): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-simulate-'));
  const redis = await RedisServer.start({
    dir: folder,
    port: await freePort(),
    password: randomBytes(12).toString('hex'),
    onLine: () => undefined,
  });
  const progress = new Progress(scenario, process.stderr);
  try {
    // Nothing of it is to be kept: a disk does not have to keep up.
    await askRedis(redis.url, [['CONFIG', 'SET', 'appendonly', 'no']]);
    let fates = '';
    const result = await simulate(scenario, {
      redisUrl: redis.url,
      log: createLogger('simulator', 'warn'),
      signal: stop.signal,
      onProgress: (repetition, at) => progress.show(repetition, at),
      onRun: (repetition: number, facts: RunFacts) => {
        if (repetition === 0) fates = toFates(facts);
      },
      ...(order.seed === undefined ? {} : { seed: order.seed }),
    });
    progress.end();
    write(result, fates);
  } finally {
    progress.end();
    await redis.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(result: SimulationResult, fates: string): void {
  mkdirSync(order.folder, { recursive: true });
  const picture = plot(result);
  const json = JSON.stringify(result);
  writeFileSync(join(order.folder, 'result.json'), `${json}\n`);
  writeFileSync(join(order.folder, 'interactions.csv'), fates);
  writeFileSync(join(order.folder, 'plot.svg'), toSvg(picture));
  writeFileSync(join(order.folder, 'plot.png'), toPng(picture, new Font(FONT)));
  process.stdout.write(order.isJson ? `${json}\n` : `${resultTables(result)}\n`);
  process.stderr.write(`written to ${order.folder}: result.json, interactions.csv, plot.svg, plot.png\n`);
}

function readOrder(args: string[]): Order {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { seed: { type: 'string' }, out: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) fail(2, USAGE);
    if (values.seed !== undefined && !/^\d{1,9}$/.test(values.seed))
      fail(2, `--seed: expected a whole number, found "${values.seed}"\n${USAGE}`);
    return {
      file,
      seed: values.seed === undefined ? undefined : Number(values.seed),
      folder: resolve(values.out ?? OUT),
      isJson: values.json,
    };
  } catch (error) {
    fail(2, `${(error as Error).message}\n${USAGE}`);
  }
}

function fail(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
