import { execSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { startTestEngines } from './test/support/engines.ts';
import { newId } from './src/base/ids.ts';
const world = await startTestEngines({ isVirtual: true });
const { engine, scope } = world;
const redis = engine.core.runner.redis as any;
const B = `c:{p7}`;
const queues: any[] = [];
for (let n = 0; n < 5; n++) queues.push(await world.addQueue({ mode: 'longest_idle', channel: 'voice', wrapUpMs: 60_000 }));
const agents: any[] = [];
for (let n = 0; n < 10; n++) agents.push(await world.addAgent({ queues }));
const start = (q: any) => engine.router.startInteraction(scope, { ...world.newChat(q), text: '', connectionId: '' } as any);
const pid = /process_id:(\d+)/.exec(await redis.info('server'))![1];
let dumps = 0;
function total(): number {
  execSync(`callgrind_control -d ${pid}`, { stdio: 'ignore' });
  dumps++;
  const text = readFileSync(`/tmp/vg/out.${pid}.${dumps}`, 'utf8');
  return Number(/^(?:summary|totals): (\d+)/m.exec(text)![1]);
}
const reset = () => { execSync(`callgrind_control -z ${pid}`, { stdio: 'ignore' }); };
const noop = await redis.script('LOAD', 'return 1');
await redis.evalsha(noop, 1, 'x');
reset();
for (let n = 0; n < 200; n++) await redis.evalsha(noop, 1, 'x');
const noopIr = total() / 200;
console.log('noop', noopIr);
const backlog = Number(process.argv[2] ?? 100);
for (let n = 0; n < backlog; n++) await start(queues[n % 5]);
async function measure(name: string, fns: (() => Promise<any>)[]) {
  reset();
  for (const f of fns) await f();
  const ir = total() / fns.length;
  console.log(name, (ir / noopIr).toFixed(2));
  return ir / noopIr;
}
for (let round = 0; round < 3; round++) {
  let sum = 0;
  sum += await measure('start', Array.from({ length: 10 }, (_, n) => () => start(queues[n % 5])));
  const offers = await Promise.all(agents.map(async (a) => [a, ...(Object.entries(await redis.hgetall(`${B}:ao:${a}`))[0] as any)]));
  sum += await measure('accept', offers.map(([a, i, tok]) => () => engine.router.acceptOffer(scope, { interactionId: i, agentId: a, token: tok } as any)));
  sum += await measure('close', offers.map(([a, i]) => () => engine.router.closeInteraction(scope, { interactionId: i, agentId: a, outcome: '', note: '', key: newId('command'), isSupervisor: false } as any)));
  sum += await measure('endWrapUp', offers.map(([a, i]) => () => engine.router.endWrapUp(scope, { interactionId: i, agentId: a, isSupervisor: false } as any)));
  console.log('life', sum.toFixed(1));
}
console.log('out', `/tmp/vg/out.${pid}.${dumps}`);
await world.close();
process.exit(0);
