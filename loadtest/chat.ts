/**
 * The benchmark `chat`: what one message costs at fixed rates, how late it comes, and what a silent visitor holds — for us, for Socket.IO with its
 * Redis streams adapter, and for bare uWebSockets.js, in the same run, under the same load from the same generator.
 *
 * Cost is all processor time of all processes of a target while it serves the rate, its idle cost included, divided by messages. Targets take turns
 * in short rounds and the median round counts, because a neighbour on a shared machine disturbs all of them alike that way.
 */
import { GeneratorHandle, type Run } from './generatorHandle.ts';
import type { Load, Shape } from './orders.ts';
import { readUsage, totalOf, type Usage, usageSince } from './processes.ts';
import { type BenchOptions, type BenchReport, type Figures, histogram, median, publishReport, quantile, type Table } from './report.ts';
import { type RunningTarget, startBaseline, startOurs } from './targets.ts';

interface Scenario {
  readonly name: 'pairs1000' | 'pairs3000' | 'rooms100';
  readonly load: Load;
  readonly perSec: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'pairs1000', load: 'pairs', perSec: 1_000 },
  { name: 'pairs3000', load: 'pairs', perSec: 3_000 },
  { name: 'rooms100', load: 'rooms', perSec: 100 },
];
/** 300 conversations; at the highest rate a visitor sends 5 messages a second, an agent 15. */
const SHAPE: Shape = { desks: 100, conversationsPerDesk: 3, rooms: 10, audience: 100 };
const FULL = { rounds: 3, warmUpMs: 1_000, measureMs: 4_000, idleWarmUp: 500, idle: 4_000, idleSettleMs: 3_000 };
const QUICK = { rounds: 1, warmUpMs: 500, measureMs: 2_000, idleWarmUp: 200, idle: 1_000, idleSettleMs: 1_000 };
/** A round below this share of the asked rate is marked. */
const RATE_KEPT = 0.98;

interface Round {
  readonly scenario: Scenario['name'];
  readonly achievedPerSec: number;
  readonly missing: number;
  readonly cpuUsPerMessage: number;
  /** Microseconds a message, by process. */
  readonly cpuUsByProcess: Readonly<Record<string, number>>;
  readonly generatorCores: number;
  readonly latenciesMs: readonly number[];
}

interface Measured {
  readonly running: RunningTarget;
  readonly rounds: Round[];
  bytesPerIdleSocket: number;
}

export async function benchChat({ isQuick, folder }: BenchOptions): Promise<void> {
  const plan = isQuick ? QUICK : FULL;
  const started: RunningTarget[] = [];
  const generator = GeneratorHandle.start();
  try {
    for (const start of [() => startOurs(SHAPE.desks), () => startBaseline('socketIo'), () => startBaseline('bareUws')])
      started.push(await start());
    const all = started.map((running): Measured => ({ running, rounds: [], bytesPerIdleSocket: Number.NaN }));
    for (const one of all) one.bytesPerIdleSocket = await measureIdle(one.running, generator, plan);
    for (const { running } of all) await generator.open(running.target, SHAPE);
    for (let round = 0; round < plan.rounds; round++) {
      for (const scenario of SCENARIOS) {
        for (let turn = 0; turn < all.length; turn++) {
          const one = all[(turn + round) % all.length] as Measured;
          one.rounds.push(await measureRound(one.running, generator, scenario, plan));
        }
      }
    }
    publish(all, folder, isQuick);
  } finally {
    generator.close();
    await Promise.all(started.map((running) => running.close()));
  }
}

async function measureIdle({ target, processes }: RunningTarget, generator: GeneratorHandle, plan: typeof FULL): Promise<number> {
  await generator.openIdle(target, plan.idleWarmUp);
  await settle(plan.idleSettleMs);
  const before = totalOf(readUsage(processes)).bytes;
  await generator.openIdle(target, plan.idle);
  await settle(plan.idleSettleMs);
  const after = totalOf(readUsage(processes)).bytes;
  await generator.closeIdle();
  return (after - before) / plan.idle;
}

async function measureRound(
  { target, processes }: RunningTarget,
  generator: GeneratorHandle,
  { name, load, perSec }: Scenario,
  plan: typeof FULL,
): Promise<Round> {
  const all = new Map([...processes, ['generator', generator.pid]]);
  let before = new Map<string, Usage>();
  let used = new Map<string, Usage>();
  const run: Run = await generator.run(
    { target: target.name, load, perSec, warmUpMs: plan.warmUpMs, measureMs: plan.measureMs },
    {
      began: () => {
        before = readUsage(all);
      },
      ended: () => {
        used = usageSince(before, readUsage(all));
      },
    },
  );
  const generatorUs = used.get('generator')?.cpuUs ?? Number.NaN;
  used.delete('generator');
  const perMessage = (usage: Usage): number => usage.cpuUs / run.sent;
  return {
    scenario: name,
    achievedPerSec: (run.sent * 1_000) / run.windowMs,
    missing: run.missing,
    cpuUsPerMessage: perMessage(totalOf(used)),
    cpuUsByProcess: Object.fromEntries([...used].map(([process, usage]) => [process, Math.round(perMessage(usage))])),
    generatorCores: generatorUs / (run.windowMs * 1_000),
    latenciesMs: run.latenciesMs,
  };
}

function figuresOf({ rounds, bytesPerIdleSocket }: Measured): Figures {
  const cost = (name: Scenario['name']): number =>
    Math.round(median(rounds.filter((round) => round.scenario === name).map((round) => round.cpuUsPerMessage)));
  const latencies = rounds.filter((round) => round.scenario === 'pairs1000').flatMap((round) => round.latenciesMs);
  return {
    cpuUsPerMessage1000: cost('pairs1000'),
    cpuUsPerMessage3000: cost('pairs3000'),
    cpuUsPerFanout100: cost('rooms100'),
    p50Ms: toHundredths(quantile(latencies, 0.5)),
    p99Ms: toHundredths(quantile(latencies, 0.99)),
    bytesPerIdleSocket: Math.round(bytesPerIdleSocket),
  };
}

const toHundredths = (value: number): number => Math.round(value * 100) / 100;

function publish(all: readonly Measured[], folder: string, isQuick: boolean): void {
  const byName = new Map(all.map((one) => [one.running.target.name, figuresOf(one)]));
  const figures = byName.get('ours') ?? {};
  const socketIo = byName.get('socketIo') ?? {};
  const bareUws = byName.get('bareUws') ?? {};
  const ratio = (above: Figures, below: Figures, key: string): number =>
    toHundredths((above[key] ?? Number.NaN) / (below[key] ?? Number.NaN));
  const report: BenchReport = {
    bench: 'chat',
    figures,
    baseline: { socketIo, bareUws },
    ratios: {
      socketioOverOurs1000: ratio(socketIo, figures, 'cpuUsPerMessage1000'),
      socketioOverOurs3000: ratio(socketIo, figures, 'cpuUsPerMessage3000'),
      socketioOverOursFanout: ratio(socketIo, figures, 'cpuUsPerFanout100'),
      oursOverUws: ratio(figures, bareUws, 'cpuUsPerMessage1000'),
    },
  };
  const raw = all.map((one) => ({
    target: one.running.target.name,
    bytesPerIdleSocket: one.bytesPerIdleSocket,
    rounds: one.rounds.map(({ latenciesMs, ...round }) => ({ ...round, latencyHistogramMs: histogram(latenciesMs) })),
  }));
  publishReport(report, tableOf(all, isQuick), { shape: SHAPE, plan: isQuick ? QUICK : FULL, targets: raw }, folder);
}

const LABELS: Readonly<Record<string, string>> = {
  ours: 'Centralino',
  socketIo: 'Socket.IO + Redis streams',
  bareUws: 'bare uWebSockets.js + Redis pub/sub',
};

function tableOf(all: readonly Measured[], isQuick: boolean): Table {
  const rows = SCENARIOS.flatMap((scenario) =>
    all.map((one) => {
      const rounds = one.rounds.filter((round) => round.scenario === scenario.name);
      const latencies = rounds.flatMap((round) => round.latenciesMs);
      const achieved = median(rounds.map((round) => round.achievedPerSec));
      const isKept = achieved >= scenario.perSec * RATE_KEPT && rounds.every((round) => round.missing === 0);
      const typical = rounds.toSorted((a, b) => a.cpuUsPerMessage - b.cpuUsPerMessage)[Math.floor(rounds.length / 2)];
      return [
        LABELS[one.running.target.name] ?? one.running.target.name,
        scenario.load === 'pairs' ? `one to one, ${scenario.perSec}/s` : `one to ${SHAPE.audience}, ${scenario.perSec}/s`,
        `${Math.round(achieved)}${isKept ? '' : ' (not kept)'}`,
        median(rounds.map((round) => round.cpuUsPerMessage)),
        quantile(latencies, 0.5),
        quantile(latencies, 0.99),
        median(rounds.map((round) => round.generatorCores)),
        Object.entries(typical?.cpuUsByProcess ?? {})
          .map(([process, us]) => `${process} ${us}`)
          .join(', '),
      ];
    }),
  );
  return {
    title: `chat${isQuick ? ' (quick)' : ''}: processor time of all processes of a target, µs a message`,
    columns: ['target', 'load', 'achieved/s', 'CPU µs', 'p50 ms', 'p99 ms', 'generator cores', 'CPU µs by process'],
    rows,
    notes: [
      ...all.map(
        (one) =>
          `${LABELS[one.running.target.name]}: ${Math.round(one.bytesPerIdleSocket).toLocaleString('en-GB')} bytes a silent visitor (memory of all its processes)`,
      ),
      'every target: two gateway processes, sender and receiver on different ones, a Redis of its own with fsync before every answer',
      'ours stores, orders, validates and can resume every message, history in PostgreSQL included; Socket.IO acknowledges before it stores and keeps 10,000 entries; bare uWebSockets.js stores nothing',
      'the load generator (one process, the same WebSocket client for all) is not counted; "not kept": the rate was not reached or deliveries are missing',
    ],
  };
}

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
