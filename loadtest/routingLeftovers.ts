/**
 * `npm run bench -- routing --lives N`: plays so many lives and watches what they leave in Redis: keys and memory while they are played, and until the
 * last key that expires has gone. In the end only what configuration and processes need is there. Takes an hour longer than the lives: that is how
 * long a repeated command is known.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { startCenter } from '../test/support/center.ts';
import { formatTable } from './report.ts';
import { RoutingGenerator } from './routingHandle.ts';
import { Measurer } from './routingMeasure.ts';
import { RedisGauge } from './routingRedis.ts';

const PARTITION = 11;
const SHAPE = { name: 'plain', partition: PARTITION, queues: 5, agents: 100, wrapUpMs: 1_000, isSkilled: false };
const LOOK_MS = 10_000;
const WAIT_LOOK_MS = 60_000;
const PAGE = 1_000;
/** Kinds of keys that lives make; the others are of accounts, queues, agents and processes, whose number does not grow with the lives. */
const OF_LIVES = /^\{p\d+\}:(i|ic|dd|de|v|x|f:conversation):/;
const MOST_MS = 12 * 3_600_000;

interface Census {
  /** Keys by kind, without an expiry and with one. */
  readonly staying: ReadonlyMap<string, number>;
  readonly leaving: ReadonlyMap<string, number>;
  /** Until the last one that a life made leaves. */
  readonly longestMs: number;
}

export async function benchLeftovers(lives: number): Promise<void> {
  const center = await startCenter({ gateways: 1, workers: 1, isDurable: true, env: { LIMIT_FACTOR: '10', DEMO: '0' } });
  const generator = RoutingGenerator.start();
  const gauge = await RedisGauge.open(center.redisUrl);
  const processes = new Map(center.names.filter((name) => name !== 'redis').map((name) => [name, center.pidOf(name)]));
  const measurer = new Measurer({ center, gauge, generator, processes });
  try {
    const gateway = String(center.gateways[0]).replace(/^http/, 'ws');
    await generator.order({ do: 'connect', redisUrl: center.redisUrl, connections: 50 }, 'done');
    await generator.order({ do: 'build', shape: SHAPE, gateway }, 'done');
    const before = await census(gauge);
    const isOver = new AbortController();
    const watching = watch(gauge, LOOK_MS, isOver.signal);
    const order = { do: 'lives', scene: 'plain', perSec: 0, atOnce: 90, wrapUpEnds: 'command', lastsMs: MOST_MS, lives } as const;
    const stretch = await measurer.stretch(order, PARTITION);
    isOver.abort();
    await watching;
    await generator.order({ do: 'finish', scene: 'plain' }, 'done');
    await measurer.drained(PARTITION);
    const after = await census(gauge);
    const { livesPerSec, redisUs, troubles } = stretch;
    process.stdout.write(
      `${stretch.lives} lives, ${Math.round(livesPerSec)}/s, Redis ${Math.round(redisUs)} µs a life, troubles ${JSON.stringify(troubles)}\n`,
    );
    process.stdout.write(`${formatTable(tableOf(before, after))}\nthe last key leaves in ${Math.round(after.longestMs / 60_000)} min\n`);
    for (const until = Date.now() + after.longestMs + WAIT_LOOK_MS; Date.now() < until; ) {
      await wait(WAIT_LOOK_MS);
      await look(gauge);
      if ((await census(gauge)).longestMs === 0) break;
    }
    const end = await census(gauge);
    process.stdout.write(`${formatTable(tableOf(before, end))}\n`);
    const ofLives = (keys: ReadonlyMap<string, number>): number =>
      [...keys].reduce((sum, [kind, count]) => sum + (OF_LIVES.test(kind) ? count : 0), 0);
    const total = (keys: ReadonlyMap<string, number>): number => [...keys.values()].reduce((sum, count) => sum + count, 0);
    const figures = {
      lives,
      keysStayingBefore: total(before.staying),
      keysStaying: total(end.staying),
      keysOfLives: ofLives(end.staying) + ofLives(end.leaving),
      bytes: await gauge.memoryBytes(),
    };
    process.stdout.write(`${JSON.stringify({ bench: 'routing-leftovers', figures, baseline: {}, ratios: {} })}\n`);
  } finally {
    generator.close();
    await measurer.close();
    gauge.close();
    await center.close();
  }
}

async function look(gauge: RedisGauge): Promise<void> {
  const [keys, bytes] = await Promise.all([gauge.keys(), gauge.memoryBytes()]);
  process.stdout.write(`${new Date().toISOString()}  ${keys.toLocaleString('en-GB')} keys  ${(bytes / 1e6).toFixed(1)} MB\n`);
}

async function watch(gauge: RedisGauge, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look(gauge);
    await wait(everyMs, undefined, { signal }).catch(() => undefined); // The lives are over.
  }
}

/** Every key with its expiry, one page at a time. Temporary marks of workers and nodes are among those that leave. */
async function census({ redis }: RedisGauge): Promise<Census> {
  const [staying, leaving] = [new Map<string, number>(), new Map<string, number>()];
  let longestMs = 0;
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', PAGE);
    cursor = next;
    const answers = (await redis.pipeline(keys.map((key) => ['pttl', key])).exec()) ?? [];
    keys.forEach((key, place) => {
      const ms = Number(answers[place]?.[1]);
      if (ms === -2) return;
      const kind = kindOf(key);
      const counts = ms === -1 ? staying : leaving;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (ms > 0 && OF_LIVES.test(kind)) longestMs = Math.max(longestMs, ms);
    });
  } while (cursor !== '0');
  return { staying, leaving, longestMs };
}

/** The key without prefix and ids. */
const kindOf = (key: string): string =>
  key
    .replace(/^c:/, '')
    .replace(/:n:[^:]+:[^:]+$/, ':n:…')
    .replace(/[a-z]{3}_[0-9a-z]{26}/g, '…')
    .replace(/rate:.*/, 'rate:…')
    .replace(/\d{4,}/g, 'n');

function tableOf(before: Census, after: Census): { title: string; columns: string[]; rows: (string | number)[][]; notes: string[] } {
  const kinds = new Set([...before.staying.keys(), ...after.staying.keys(), ...after.leaving.keys()]);
  const rows = [...kinds]
    .sort()
    .map((kind) => [kind, before.staying.get(kind) ?? 0, after.staying.get(kind) ?? 0, after.leaving.get(kind) ?? 0]);
  return { title: 'keys by kind', columns: ['kind', 'staying before', 'staying now', 'leaving by themselves'], rows, notes: [] };
}
