import { startTestEngines } from './test/support/engines.ts';
import { newId } from './src/base/ids.ts';
const world = await startTestEngines({ isVirtual: false });
const { engine, scope } = world;
const redis = engine.core.runner.redis as any;
const B = `c:{p7}`;
const queues: any[] = [];
for (let n = 0; n < 5; n++) queues.push(await world.addQueue({ mode: 'longest_idle', channel: 'voice', wrapUpMs: 60_000 }));
const agents: any[] = [];
for (let n = 0; n < 50; n++) agents.push(await world.addAgent({ queues }));
const start = (q: any) => engine.router.startInteraction(scope, { ...world.newChat(q), text: '', connectionId: '' } as any);
const backlog = Number(process.argv[2] ?? 100);
for (let n = 0; n < backlog; n++) await start(queues[n % 5]);
async function stats() {
  const info = await redis.info('commandstats');
  const m = /cmdstat_fcall:calls=(\d+),usec=(\d+)/.exec(info)!;
  const cpu = await redis.info('cpu');
  const c = /used_cpu_user_main_thread:([\d.]+)/.exec(cpu)![1], s2 = /used_cpu_sys_main_thread:([\d.]+)/.exec(cpu)![1];
  return { calls: Number(m[1]), usec: Number(m[2]), cpu: (Number(c) + Number(s2)) * 1e6 };
}
const per: Record<string, { n: number; us: number }> = {};
let lives = 0;
async function timed(name: string, f: () => Promise<any>) {
  return f();
}
async function run(a: any, count: number) {
  for (let n = 0; n < count; n++) {
    await start(queues[n % 5]);
    const ao = await redis.hgetall(`${B}:ao:${a}`);
    const [i, tok] = Object.entries(ao)[0] as any ?? [];
    if (!i) continue;
    const acc = await engine.router.acceptOffer(scope, { interactionId: i, agentId: a, token: tok } as any);
    if (!acc.ok) throw new Error(JSON.stringify(acc));
    await engine.router.closeInteraction(scope, { interactionId: i, agentId: a, outcome: '', note: '', key: newId('command'), isSupervisor: false } as any);
    await engine.router.endWrapUp(scope, { interactionId: i, agentId: a, isSupervisor: false } as any);
    lives++;
  }
}
await Promise.all(agents.map((a) => run(a, 10)));
lives = 0;
const before = await stats();
const t = performance.now();
await Promise.all(agents.map((a) => run(a, 60)));
const ms = performance.now() - t;
const after = await stats();
console.log({ lives, perLifeFcallUs: (after.usec - before.usec) / lives, calls: (after.calls - before.calls) / lives, cpuPerLife: (after.cpu - before.cpu) / lives, livesPerSec: lives / ms * 1000 });
// per script
for (const [name, f] of Object.entries({
  start: async (a: any, st: any) => { st.i = undefined; await start(queues[0]); },
  accept: async (a: any, st: any) => { const ao = await redis.hgetall(`${B}:ao:${a}`); [st.i, st.tok] = Object.entries(ao)[0] as any; },
} as Record<string, any>)) void name, f;
async function measure(name: string, fns: (() => Promise<any>)[]) {
  const b = await stats();
  for (const f of fns) await f();
  const c = await stats();
  console.log(name, ((c.usec - b.usec) / fns.length).toFixed(1), 'cpu', ((c.cpu - b.cpu) / fns.length).toFixed(1));
}
for (let round = 0; round < 2; round++) {
  await measure('start', agents.map((_, n) => () => start(queues[n % 5])));
  const offers = await Promise.all(agents.map(async (a) => [a, ...(Object.entries(await redis.hgetall(`${B}:ao:${a}`))[0] as any)]));
  await measure('accept', offers.map(([a, i, tok]) => () => engine.router.acceptOffer(scope, { interactionId: i, agentId: a, token: tok } as any)));
  await measure('close', offers.map(([a, i]) => () => engine.router.closeInteraction(scope, { interactionId: i, agentId: a, outcome: '', note: '', key: newId('command'), isSupervisor: false } as any)));
  await measure('endWrapUp', offers.map(([a, i]) => () => engine.router.endWrapUp(scope, { interactionId: i, agentId: a, isSupervisor: false } as any)));
}
const noop = await redis.script('LOAD', 'return 1');
await measure('noopfcall', []);
const c0 = await stats();
await Promise.all(Array.from({ length: 50 }, async () => { for (let n = 0; n < 400; n++) await redis.evalsha(noop, 1, 'x'); }));
const c1 = await stats();
console.log('noop cpu', (c1.cpu - c0.cpu) / 20000);
await world.close();
process.exit(0);
