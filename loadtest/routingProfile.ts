/**
 * `npm run bench -- routing --profile`: what each script of a life costs Redis, one kind of script at a time, on a Redis that does nothing else.
 * For finding where time goes, not for comparing: what a script costs among others is the benchmark's matter.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InteractionId, UserId } from '../src/base/ids.ts';
import { newId } from '../src/base/ids.ts';
import { freePort } from '../src/supervisor/freePort.ts';
import { RedisServer } from '../src/supervisor/redisServer.ts';
import { formatTable } from './report.ts';
import { profileBulk } from './routingBulk.ts';
import { Calls } from './routingCalls.ts';
import type { SceneShape } from './routingOrders.ts';
import { type CommandStat, cpuSince, RedisGauge } from './routingRedis.ts';
import { buildScene, kindOf, must, newCall, signInAll } from './routingScene.ts';

const CONNECTIONS = 50;
const ROUNDS = 6;
const KNOCKS_MS = 500;
const SHAPE: SceneShape = { name: 'profile', partition: 1, queues: 5, agents: 2_000, wrapUpMs: 600_000, isSkilled: false };

interface Offer {
  readonly interactionId: InteractionId;
  readonly agentId: UserId;
  readonly token: string;
}

export async function profileRouting(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-bench-'));
  const server = await RedisServer.start({ dir: folder, port: await freePort(), password: 'bench-only', onLine: () => undefined });
  const gauge = await RedisGauge.open(server.url);
  const calls = await Calls.open(server.url, CONNECTIONS);
  try {
    await profile(calls, gauge);
    process.stdout.write(`${formatTable(await profileBulk(calls, gauge))}\n`);
  } finally {
    await Promise.all(calls.engines.map((engine) => engine.close('profiled')));
    gauge.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function profile(calls: Calls, gauge: RedisGauge): Promise<void> {
  const scene = await buildScene(calls, SHAPE);
  await signInAll(calls, scene);
  const { scope, agents } = scene;
  const offers: Offer[] = [];
  const tail = calls.first.feeds.tail({
    onEntry({ type, body }) {
      if (type !== 'offer.made') return;
      const { i, a, tok } = JSON.parse(body) as { i: InteractionId; a: UserId; tok: string };
      offers.push({ interactionId: i, agentId: a, token: tok });
    },
    onGap: () => undefined,
  });
  await tail.include(scope);
  const rows = new Map<string, (string | number)[]>();
  const stage = async (name: string, job: Parameters<Calls['each']>[1], count: number = agents.length): Promise<void> => {
    const [commands, cpu] = [await gauge.commands(), await gauge.cpu()];
    await calls.each(count, job);
    const used = cpuSince(cpu, await gauge.cpu()).selfUs;
    const row = [name, used / count, ...rowOf(commands, await gauge.commands(), count)];
    // The round that was disturbed least.
    const best = rows.get(name);
    if (!best || used / count < Number(best[1])) rows.set(name, row);
  };
  const at = (number: number): Offer => {
    const offer = offers[number];
    if (!offer) throw new Error('an offer is missing');
    return offer;
  };
  for (let round = 0; round < ROUNDS; round++) {
    offers.length = 0;
    await stage('startInteraction', async ({ router }, number) => {
      must(await router.startInteraction(scope, newCall(scene, kindOf(scene, number, false))));
    });
    while (offers.length < agents.length) await new Promise((resolve) => setTimeout(resolve, 10));
    await stage('acceptOffer', async ({ router }, number) => void must(await router.acceptOffer(scope, at(number))));
    await stage('closeInteraction', async ({ router }, number) => {
      const close = { ...at(number), outcome: '', note: '', key: newId('command'), isSupervisor: false };
      must(await router.closeInteraction(scope, close));
    });
    await stage(
      'endWrapUp',
      async ({ router }, number) => void must(await router.endWrapUp(scope, { ...at(number), isSupervisor: false })),
    );
    // What was knocked must not be in another stage's figures.
    await new Promise((resolve) => setTimeout(resolve, KNOCKS_MS));
  }
  const sha = String(await gauge.redis.script('LOAD', 'return 0'));
  for (let round = 0; round < ROUNDS; round++)
    await stage('nothing', async ({ core }) => void (await core.runner.redis.evalsha(sha, 1, 'c:{p0}:nothing')), 10_000);
  await tail.close();
  const table = formatTable({
    title: 'Redis per script (knocks that were sent are in the row of the script that set them)',
    columns: ['script', 'process CPU µs', 'script µs', 'redis.calls', 'of it µs', 'calls by command'],
    rows: [...rows.values()],
    notes: [`the cheapest of ${ROUNDS} rounds of ${agents.length}; script and call times are elapsed time inside Redis`],
  });
  process.stdout.write(`${table}\n`);
}

function rowOf(before: ReadonlyMap<string, CommandStat>, after: ReadonlyMap<string, CommandStat>, count: number): (string | number)[] {
  const since = [...after].map(([name, { calls, us }]) => ({
    name,
    calls: (calls - (before.get(name)?.calls ?? 0)) / count,
    us: (us - (before.get(name)?.us ?? 0)) / count,
  }));
  const isOuter = (name: string): boolean => /^(eval|fcall|info|xread|client|config|slowlog)/.test(name);
  const inner = since.filter(({ name, calls }) => !isOuter(name) && calls > 0.05).sort((a, b) => b.calls - a.calls);
  const sum = (of: typeof since, figure: 'calls' | 'us'): number => of.reduce((total, one) => total + one[figure], 0);
  const outer = since.filter(({ name }) => /^(eval|fcall)/.test(name));
  return [
    sum(outer, 'us'),
    sum(inner, 'calls'),
    sum(inner, 'us'),
    inner.map(({ name, calls }) => `${name} ${Number(calls.toFixed(1))}`).join(', '),
  ];
}
