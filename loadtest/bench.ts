/**
 * `npm run bench -- NAME [--quick] [--no-repair]`: runs one benchmark on loopback, bounded in time. Prints a table and, last, one JSON line.
 * Exits with 1 when the benchmark could not be run, with 2 when the name is unknown.
 */
import { resolve } from 'node:path';
import { benchChat } from './chat.ts';
import type { BenchOptions } from './report.ts';
import { benchRouting } from './routing.ts';

const BENCHES: Readonly<Record<string, { run: (options: BenchOptions) => Promise<void>; limitSec: number }>> = {
  chat: { run: benchChat, limitSec: 300 },
  routing: { run: benchRouting, limitSec: 600 },
};

const [name = '', ...flags] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(BENCHES).join('|')}> [--quick]\n`);
  process.exit(2);
}
const limit = setTimeout(() => {
  process.stderr.write(`the benchmark did not end within ${bench.limitSec} s\n`);
  process.exit(1);
}, bench.limitSec * 1_000);
// Started by npm over a channel: when npm is gone, so are we, and with us the servers.
if (process.connected) process.once('disconnect', () => process.exit(1));
await bench.run({
  isQuick: flags.includes('--quick'),
  isUnrepaired: flags.includes('--no-repair'),
  folder: resolve(import.meta.dirname, '../.data/bench'),
});
clearTimeout(limit);
process.exit(0);
