/**
 * `npm run bench -- NAME [--quick]` runs one benchmark on loopback, bounded in time; `routing` also with `--no-repair`, `--profile` or `--lives N`, `voice` with `--only ROW,ROW`. Prints a table and, last, one JSON line.
 * Exits with 1 when the benchmark could not be run, with 2 when the name is unknown.
 */
import { resolve } from 'node:path';
import { benchChat } from './chat.ts';
import type { BenchOptions } from './report.ts';
import { benchRouting } from './routing.ts';
import { benchRtp } from './rtp.ts';
import { benchVideo } from './video.ts';
import { benchVoice } from './voice.ts';

const BENCHES: Readonly<Record<string, { run: (options: BenchOptions) => Promise<void>; limitSec: number }>> = {
  chat: { run: benchChat, limitSec: 300 },
  routing: { run: benchRouting, limitSec: 600 },
  rtp: { run: benchRtp, limitSec: 600 },
  video: { run: benchVideo, limitSec: 600 },
  voice: { run: benchVoice, limitSec: 600 },
};

const LIVES_LIMIT_SEC = 12 * 3_600;

const [name = '', ...flags] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(BENCHES).join('|')}> [--quick]\n`);
  process.exit(2);
}
const lives = flags.includes('--lives') ? Number(flags[flags.indexOf('--lives') + 1]) : undefined;
if (lives !== undefined && !(lives > 0)) {
  process.stderr.write('--lives needs a number\n');
  process.exit(2);
}
const limitSec = lives === undefined ? bench.limitSec : LIVES_LIMIT_SEC;
const limit = setTimeout(() => {
  process.stderr.write(`the benchmark did not end within ${limitSec} s\n`);
  process.exit(1);
}, limitSec * 1_000);
// Started by npm over a channel: when npm is gone, so are we, and with us the servers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
if (process.connected) process.once('disconnect', () => process.exit(1));
await bench.run({
  isQuick: flags.includes('--quick'),
  isUnrepaired: flags.includes('--no-repair'),
  isProfile: flags.includes('--profile'),
  ...(lives === undefined ? {} : { lives }),
  ...(flags.includes('--only') ? { only: (flags[flags.indexOf('--only') + 1] ?? '').split(',') } : {}),
  folder: resolve(import.meta.dirname, '../.data/bench'),
});
clearTimeout(limit);
process.exit();
