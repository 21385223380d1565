/**
 * The benchmark `routing`: what a whole life of an interaction costs, whether that stays the same with a hundred thousand waiting, and how soon a free
 * agent's next offer is at its socket. Every round's baseline, a script that does nothing, is taken beside it on the same Redis.
 *
 * Costs are processor time, because absolute times mean nothing on shared machines; scenes take turns in short rounds and the median round counts.
 */
import { type Center, startCenter } from '../test/support/center.ts';
import { type BenchOptions, type BenchReport, histogram, median, publishReport, quantile, type Table } from './report.ts';
import { RoutingGenerator } from './routingHandle.ts';
import { benchLeftovers } from './routingLeftovers.ts';
import { Measurer, type Stretch } from './routingMeasure.ts';
import type { LivesOrder, SceneShape } from './routingOrders.ts';
import { profileRouting } from './routingProfile.ts';
import { RedisGauge, type SlowScript } from './routingRedis.ts';
import { startWorkerWithoutRepair } from './routingWorkers.ts';

const CONNECTIONS = 50;
const FULL = {
  rounds: 3,
  livesMs: 6_000,
  noopMs: 2_000,
  flatMs: 5_000,
  timersMs: 6_000,
  timedMs: 5_000,
  alone: 200,
  loadedMs: 8_000,
  waiting: 100_000,
  agents: 10_000,
  queues: 200,
};
const QUICK = {
  ...FULL,
  rounds: 1,
  livesMs: 2_000,
  noopMs: 1_000,
  flatMs: 2_000,
  timersMs: 2_000,
  timedMs: 2_000,
  alone: 50,
  loadedMs: 3_000,
  waiting: 5_000,
  agents: 500,
};
/** A wrap-up that is ended by hand at once still has its deadline; short, so that what it costs to let it pass is within the measurement. */
const WRAP_UP_MS = 1_000;
const TIMERS_PER_SEC = 200;
/** Latency is measured at each of these, for as long as the machine keeps up; the last is the aim. */
const LOADED_PER_SEC = [250, 500, 750, 1_000] as const;
const AIM_PER_SEC = 1_000;
/** Scripts are timed at a rate at which they need not wait for a processor: Redis measures elapsed time, and the machine is shared with the load. */
const TIMED_PER_SEC = 100;
const TIMED_FROM_US = 50;
const LONGEST_SCRIPT_US = 2_000;
/** Above this share of the asked rate it counts as kept. */
const RATE_KEPT = 0.98;

const PARTITIONS = { plain: 11, timers: 12, sockets: 13, small: 14, large: 15 };

function shapes(plan: typeof FULL, gateway: string): Record<keyof typeof PARTITIONS, SceneShape> {
  const small = { queues: 5, agents: 100, wrapUpMs: WRAP_UP_MS, isSkilled: false };
  return {
    plain: { ...small, name: 'plain', partition: PARTITIONS.plain },
    timers: { ...small, name: 'timers', partition: PARTITIONS.timers, agents: 200, wrapUpMs: 500 },
    sockets: { ...small, name: 'sockets', partition: PARTITIONS.sockets, agentsAt: gateway },
    small: { ...small, name: 'small', partition: PARTITIONS.small, isSkilled: true },
    large: { ...small, name: 'large', partition: PARTITIONS.large, isSkilled: true, queues: plan.queues, agents: plan.agents },
  };
}

interface Slow extends SlowScript {
  readonly phase: 'loaded' | 'building' | 'timed' | 'nothing';
}

interface Results {
  readonly noop: { redisUs: number; perSec: number }[];
  readonly plain: Stretch[];
  timers?: Stretch;
  /** By rate, in their order; all but the last were kept. */
  readonly sockets: { readonly perSec: number; readonly stretch: Stretch }[];
  aloneMs: readonly number[];
  readonly small: Stretch[];
  readonly large: Stretch[];
  timed?: Stretch;
  bytesPerWaiting: number;
  readonly buildMs: Record<string, number>;
  readonly slow: Slow[];
  repairs: Record<string, number>;
}

export async function benchRouting({ isQuick, isUnrepaired = false, isProfile = false, lives, folder }: BenchOptions): Promise<void> {
  if (isProfile) return profileRouting();
  if (lives !== undefined) return benchLeftovers(lives);
  const plan = isQuick ? QUICK : FULL;
  const center = await startCenter({ gateways: 1, workers: 1, isDurable: true, env: { LIMIT_FACTOR: '10', DEMO: '0' } });
  const generator = RoutingGenerator.start();
  let unrepaired: Awaited<ReturnType<typeof startWorkerWithoutRepair>> | undefined;
  let gauge: RedisGauge | undefined;
  let measurer: Measurer | undefined;
  try {
    const processes = new Map(center.names.filter((name) => name !== 'redis').map((name) => [name, center.pidOf(name)]));
    if (isUnrepaired) {
      await center.kill('worker-1', 'SIGTERM');
      unrepaired = await startWorkerWithoutRepair(center);
      processes.set('worker-1', unrepaired.pid);
    }
    gauge = await RedisGauge.open(center.redisUrl);
    measurer = new Measurer({ center, gauge, generator, processes });
    await generator.order({ do: 'connect', redisUrl: center.redisUrl, connections: CONNECTIONS }, 'done');
    const results = await measure({ center, generator, gauge, measurer, plan });
    publish(results, { folder, isQuick, isUnrepaired, plan });
  } finally {
    generator.close();
    await unrepaired?.close();
    gauge?.close();
    await measurer?.close();
    await center.close();
  }
}

interface Bench {
  readonly center: Center;
  readonly generator: RoutingGenerator;
  readonly gauge: RedisGauge;
  readonly measurer: Measurer;
  readonly plan: typeof FULL;
}

async function measure({ center, generator, gauge, measurer, plan }: Bench): Promise<Results> {
  const gateway = String(center.gateways[0]).replace(/^http/, 'ws');
  const scenes = shapes(plan, gateway);
  const results: Results = {
    noop: [],
    plain: [],
    sockets: [],
    aloneMs: [],
    small: [],
    large: [],
    bytesPerWaiting: Number.NaN,
    buildMs: {},
    slow: [],
    repairs: {},
  };
  const build = async (name: keyof typeof scenes): Promise<void> => {
    const { ms } = await generator.order({ do: 'build', shape: scenes[name], gateway }, 'done');
    results.buildMs[name] = ms;
    progress(`${name}: ${scenes[name].agents} agents signed in after ${Math.round(ms)} ms`);
  };
  const occupy = (scene: string) => generator.order({ do: 'occupy', scene }, 'done');
  const fill = (scene: string, waiting: number) => generator.order({ do: 'fill', scene, waiting }, 'done');
  const loop = (scene: string, lastsMs: number): LivesOrder => ({
    do: 'lives',
    scene,
    perSec: 0,
    atOnce: 90,
    wrapUpEnds: 'command',
    lastsMs,
  });
  const play = async (order: LivesOrder, phase: Slow['phase'] = 'loaded'): Promise<Stretch> => {
    const stretch = await measurer.stretch(order, scenes[order.scene as keyof typeof scenes].partition);
    progress(
      `${order.scene}: ${Math.round(stretch.livesPerSec)}/s, Redis ${Math.round(stretch.redisUs)} µs, all ${Math.round(stretch.cpuUs)} µs a life; drained after ${Math.round(stretch.drainMs)} ms`,
    );
    results.slow.push(...(await gauge.slowScripts()).map((slow) => ({ ...slow, phase })));
    return stretch;
  };

  await build('plain');
  await build('timers');
  await gauge.slowScripts();
  await play(loop('plain', plan.noopMs)); // Processes run faster once they have run for a while; this one does not count.
  for (let round = 0; round < plan.rounds; round++) {
    results.noop.push(await measurer.nothing(plan.noopMs));
    results.slow.push(...(await gauge.slowScripts()).map(({ us }) => ({ script: 'nothing', us, phase: 'nothing' as const })));
    results.plain.push(await play(loop('plain', plan.livesMs)));
  }
  results.timers = await play({ ...loop('timers', plan.timersMs), perSec: TIMERS_PER_SEC, wrapUpEnds: 'timer', atOnce: 60 });

  await build('sockets');
  await occupy('sockets');
  await fill('sockets', 100);
  results.aloneMs = (await generator.order({ do: 'alone', scene: 'sockets', lives: plan.alone, pauseMs: 20 }, 'livedAlone')).offerMs;
  for (const perSec of LOADED_PER_SEC) {
    const stretch = await play({ ...loop('sockets', plan.loadedMs), perSec });
    results.sockets.push({ perSec, stretch });
    if (stretch.livesPerSec < perSec * RATE_KEPT) break;
  }

  await build('small');
  await occupy('small');
  await fill('small', 100);
  await build('large');
  results.buildMs['largeServed'] = (await occupy('large')).ms;
  await measurer.drained(scenes.large.partition);
  const partitions = Object.values(PARTITIONS);
  const bytesBefore = (await gauge.memoryBytes()) - (await measurer.logBytes(partitions));
  results.buildMs['largeWaiting'] = (await fill('large', plan.waiting)).ms;
  progress(`large: ${plan.waiting} wait after ${Math.round(results.buildMs['largeWaiting'])} ms`);
  const drainMs = await measurer.drained(scenes.large.partition);
  results.bytesPerWaiting = ((await gauge.memoryBytes()) - (await measurer.logBytes(partitions)) - bytesBefore) / plan.waiting;
  progress(
    `large: history complete after ${Math.round(drainMs)} ms more; ${Math.round(results.bytesPerWaiting)} bytes a waiting interaction`,
  );
  results.slow.push(...(await gauge.slowScripts()).map((slow) => ({ ...slow, phase: 'building' as const })));

  for (let round = 0; round < plan.rounds; round++) {
    for (const name of round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const))
      results[name].push(await play(loop(name, plan.flatMs)));
  }
  await gauge.listScriptsFrom(TIMED_FROM_US);
  results.timed = await play({ ...loop('large', plan.timedMs), perSec: TIMED_PER_SEC }, 'timed');
  results.repairs = await measurer.repairs();
  return results;
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

const medianOf = (stretches: readonly Stretch[], figure: (stretch: Stretch) => number): number => median(stretches.map(figure));
const toHundredths = (value: number): number => Math.round(value * 100) / 100;

function publish(
  results: Results,
  { folder, isQuick, isUnrepaired, plan }: { folder: string; isQuick: boolean; isUnrepaired: boolean; plan: typeof FULL },
): void {
  const { noop, plain, timers, small, large, timed, slow, repairs } = results;
  const loaded = results.sockets.findLast(({ perSec, stretch }) => stretch.livesPerSec >= perSec * RATE_KEPT) ?? results.sockets[0];
  if (!timers || !loaded || !timed) throw new Error('a part of the benchmark did not run');
  const evalshaRedisUs = median(noop.map(({ redisUs }) => redisUs));
  const redisUsPerLife = medianOf(plain, ({ redisUs }) => redisUs);
  const during = (wanted: Slow['phase']) => slow.filter(({ phase }) => phase === wanted);
  const overLimit = (of: typeof slow): number => of.filter(({ us }) => us > LONGEST_SCRIPT_US).length;
  const sockets = loaded.stretch;
  const all = [...plain, timers, ...results.sockets.map(({ stretch }) => stretch), ...small, ...large, timed];
  const troubles = all.flatMap((stretch) => Object.entries(stretch.troubles).map(([what, count]) => `${what}: ${count}`));
  const mended = Object.entries(repairs).filter(([, count]) => !(count === 0) && !(isUnrepaired && Number.isNaN(count)));
  const report: BenchReport = {
    bench: 'routing',
    figures: {
      livesPerSec: Math.round(medianOf(plain, ({ livesPerSec }) => livesPerSec)),
      redisUsPerLife: Math.round(redisUsPerLife),
      cpuUsPerLife: Math.round(medianOf(plain, ({ cpuUs }) => cpuUs)),
      redisUsPerLifeTimers: Math.round(timers.redisUs),
      cpuUsPerLifeTimers: Math.round(timers.cpuUs),
      redisUsPerLifeSmall: Math.round(medianOf(small, ({ redisUs }) => redisUs)),
      redisUsPerLifeLarge: Math.round(medianOf(large, ({ redisUs }) => redisUs)),
      offerP50Ms: toHundredths(quantile(sockets.offerMs, 0.5)),
      offerP99Ms: toHundredths(quantile(sockets.offerMs, 0.99)),
      offerRatePerSec: Math.round(sockets.livesPerSec),
      offerUnloadedP50Ms: toHundredths(quantile(results.aloneMs, 0.5)),
      slowestScriptUs: Math.max(0, ...during('timed').map(({ us }) => us)),
      scriptsOver2Ms: overLimit(during('timed')),
      scriptsOver2MsLoaded: overLimit(during('loaded')),
      bytesPerWaiting: Math.round(results.bytesPerWaiting),
      isValid: troubles.length === 0 && mended.length === 0 ? 1 : 0,
    },
    baseline: {
      evalshaRedisUs: toHundredths(evalshaRedisUs),
      evalshaPerSec: Math.round(median(noop.map(({ perSec }) => perSec))),
    },
    ratios: {
      redisLifeOverEvalsha: toHundredths(redisUsPerLife / evalshaRedisUs),
      largeOverSmall: toHundredths(medianOf(large, withoutRewrite) / medianOf(small, withoutRewrite)),
      largeOverSmallAllCpu: toHundredths(medianOf(large, ({ cpuUs }) => cpuUs) / medianOf(small, ({ cpuUs }) => cpuUs)),
    },
  };
  const raw = {
    plan,
    noop,
    buildMs: results.buildMs,
    repairs,
    troubles,
    slowScripts: slow,
    stretches: { plain, timers, sockets: results.sockets, small, large, timed },
    aloneHistogramMs: histogram(results.aloneMs),
  };
  const stripped = JSON.parse(
    JSON.stringify(raw, (key, value: unknown) => (key === 'offerMs' ? histogram(value as number[]) : value)),
  ) as unknown;
  const notes = [
    `no-op EVALSHA: ${toHundredths(evalshaRedisUs)} µs of Redis a call at ${report.baseline['evalshaPerSec']}/s; a life costs ${report.ratios['redisLifeOverEvalsha']} of them`,
    `free to offer at the socket: unloaded p50 ${report.figures['offerUnloadedP50Ms']} ms; ${results.sockets
      .map(({ perSec, stretch }) => {
        const [p50, p99] = [0.5, 0.99].map((share) => toHundredths(quantile(stretch.offerMs, share)));
        return `${perSec}/s${stretch.livesPerSec < perSec * RATE_KEPT ? ` (not kept: ${Math.round(stretch.livesPerSec)})` : ''} p50 ${p50} p99 ${p99} ms`;
      })
      .join(', ')}; the figure is that of the highest rate kept, the aim is ${AIM_PER_SEC}/s`,
    `large state: ${plan.queues} queues, ${plan.agents} agents, ${plan.waiting} waiting, built in ${Math.round(
      sum(
        Object.entries(results.buildMs)
          .filter(([name]) => name.startsWith('large'))
          .map(([, ms]) => ms),
      ) / 1_000,
    )} s; ${Math.round(results.bytesPerWaiting)} bytes a waiting interaction; cost over small ${report.ratios['largeOverSmall']} (Redis without rewrites), ${report.ratios['largeOverSmallAllCpu']} (all)`,
    `longest scripts, in the large state at ${TIMED_PER_SEC} lives/s: ${summaryOf(during('timed')) || 'none'}`,
    `over ${LONGEST_SCRIPT_US} µs under full load, waiting for a processor included: ${overLimit(during('loaded'))} scripts, ${overLimit(during('building'))} while building`,
    `Redis: INFO cpu, whole process with its helper threads and the children that rewrite the append-only file; appendfsync always; one gateway and the load generator read the log, the projector writes history`,
    `a stretch counts until its wrap-ups, knocks and history are done; the load generator (one process, ${CONNECTIONS} connections with one call in flight each) is not counted`,
    `repairs: ${Object.entries(repairs)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}${isUnrepaired ? ' (sweeper and reconciler off)' : ''}`,
    ...(report.figures['isValid'] === 1
      ? []
      : [`INVALID: ${[...troubles, ...mended.map(([name, count]) => `${name} ${count}`)].join('; ')}`]),
  ];
  publishReport(report, tableOf(results, isQuick, notes), stripped, folder);
}

const withoutRewrite = ({ redisUs, redisRewriteUs }: Stretch): number => redisUs - redisRewriteUs;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function summaryOf(slow: readonly { script: string; us: number }[]): string {
  const scripts = [...new Set(slow.map(({ script }) => script))];
  return scripts
    .map((script) => {
      const us = slow.filter((one) => one.script === script).map((one) => one.us);
      return `${script} ${us.length}× up to ${Math.max(...us)} µs`;
    })
    .join(', ');
}

function tableOf({ plain, timers, sockets, small, large }: Results, isQuick: boolean, notes: readonly string[]): Table {
  const rows: [string, readonly Stretch[]][] = [
    ['wrap-up ended by command', plain],
    [`real wrap-up timers, ${TIMERS_PER_SEC}/s`, timers ? [timers] : []],
    ...sockets.map(({ perSec, stretch }): [string, readonly Stretch[]] => [`agents at sockets, ${perSec}/s`, [stretch]]),
    ['small: 100 wait, 100 agents', small],
    ['large', large],
  ];
  return {
    title: `routing${isQuick ? ' (quick)' : ''}: processor time of a whole life of an interaction`,
    columns: ['scene', 'lives/s', 'Redis µs', 'of it rewrites', 'all µs', 'by process', 'generator µs'],
    rows: rows.map(([name, stretches]) => {
      const typical = stretches.toSorted((a, b) => a.redisUs - b.redisUs)[Math.floor(stretches.length / 2)];
      return [
        name,
        medianOf(stretches, ({ livesPerSec }) => livesPerSec),
        medianOf(stretches, ({ redisUs }) => redisUs),
        medianOf(stretches, ({ redisRewriteUs }) => redisRewriteUs),
        medianOf(stretches, ({ cpuUs }) => cpuUs),
        Object.entries(typical?.cpuUsByProcess ?? {})
          .map(([process, us]) => `${process} ${us}`)
          .join(', '),
        medianOf(stretches, ({ generatorUs }) => generatorUs),
      ];
    }),
    notes,
  };
}
