/** BEY-2: what a partition went through can be replayed from its recording, and the replay ends where the recording ended. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type QueueDoc, queueDefaults } from '../../queues/config.ts';
import type { RoutingWorkers, RunningEngine } from '../../queues/index.ts';
import { createEngine, startRoutingWorkers } from '../../queues/index.ts';
import {
  canonicalState,
  differences,
  openScratch,
  putRecordedEnd,
  readCommands,
  replayRecording,
  startRecording,
} from '../../queues/replay/index.ts';
import { type InteractionId, newId, type UserId } from '../../src/base/ids.ts';
import { perform, type Step, step } from '../support/chatSteps.ts';
import { type Scene, seedScene, testLog } from '../support/engines.ts';
import { startTestRedis, type TestRedis, until } from '../support/services.ts';

const PARTITION = 7;
const folders = mkdtempSync(join(tmpdir(), 'centralino-recordings-'));
let redis: TestRedis;
let scratch: TestRedis;
let engine: RunningEngine;
let workers: RoutingWorkers;

beforeAll(async () => {
  [redis, scratch] = await Promise.all([startTestRedis(), startTestRedis()]);
  engine = await createEngine({ redisUrl: redis.url, nodeId: 'recorded', log: testLog });
  workers = await startRoutingWorkers(engine, { log: testLog, sinks: [], logBudgetBytes: 512_000_000 });
});
afterAll(async () => {
  await workers.close();
  await engine.close('test over');
  await Promise.all([redis.stop(), scratch.stop()]);
  rmSync(folders, { recursive: true, force: true });
});

const record = (name: string) =>
  startRecording({ core: engine.core, partition: PARTITION, name, folder: join(folders, name), log: testLog });

/** Random commands as the model tests make them, on the real clock, with the sweeper and the knocks at work; now and then all agents get free. */
async function traffic(scene: Scene, seed: number, count: number): Promise<void> {
  const world = { engine, virtualMs: 0 };
  const chats: { id: string; contactId: string; oldToken: string }[] = [];
  const [steps] = fc.sample(fc.array(step, { minLength: count, maxLength: count, size: 'max' }), { seed, numRuns: 1 }) as [Step[]];
  let last: (() => Promise<unknown>) | undefined;
  for (const [at, one] of steps.entries()) {
    if (at % 12 === 0) for (const agentId of scene.agents) await getFree(scene, agentId as UserId);
    const call = one.do === 'repeatLast' ? last : perform(world, scene, chats, one);
    await call?.();
    last = one.do === 'pass' ? undefined : call;
  }
}

async function getFree({ scope }: Scene, agentId: UserId): Promise<void> {
  const { router, views } = engine;
  for (const { id } of (await views.agent(scope, agentId))?.interactions ?? []) {
    const close = { interactionId: id as InteractionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await router.closeInteraction(scope, close);
  }
  for (const { interaction } of (await views.agent(scope, agentId))?.agent.wrapUps ?? [])
    await router.endWrapUp(scope, { interactionId: interaction as InteractionId, agentId, isSupervisor: true });
  await router.attachDevice(scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${agentId}` });
  await router.signIn(scope, { agentId, key: newId('command') });
  await router.resume(scope, { agentId, key: newId('command') });
}

async function replayed(name: string, chance?: (recorded: string) => string) {
  const databases = await openScratch(scratch.url, testLog);
  await databases.replay.flushall();
  const folder = join(folders, name);
  const result = await replayRecording({ folder, redis: databases.replay, ...(chance ? { chance } : {}) });
  await putRecordedEnd(folder, databases.end);
  const found = await differences(canonicalState(databases.end, result.base), canonicalState(databases.replay, result.base));
  return { ...result, found, ...databases };
}

describe('record and replay', () => {
  test('BEY-2 random traffic that is recorded while it runs and replayed later ends in an equal state', async () => {
    const scene = await seedScene(engine, PARTITION);
    await traffic(scene, 1, 100);
    const busy = traffic(scene, 2, 200);
    const recording = await record('traffic');
    await recording.started;
    await busy;
    await traffic(scene, 3, 200);
    recording.stop();
    // Goes on while the end is copied: none of it belongs to the recording.
    await traffic(scene, 4, 60);
    expect(await recording.ended).toMatchObject({ isComplete: true });

    const replay = await replayed('traffic');
    expect(replay.commands).toBeGreaterThan(300);
    expect(replay.changedScripts).toEqual([]);
    expect(replay.found).toEqual([]);
    const keys = await replay.replay.dbsize();
    expect(keys).toBeGreaterThan(100);
    replay.close();
  }, 120_000);

  test('BEY-2 with another chance the replay ends elsewhere: the comparison can fail', async () => {
    const replay = await replayed('traffic', (recorded) => [...recorded].reverse().join(''));
    expect(replay.found).not.toEqual([]);
    replay.close();
  }, 120_000);

  test('BEY-2 what expires while it is recorded, and what Redis draws, is the same in the replay', async () => {
    const base = `c:{p${PARTITION}}`;
    const scene = await seedScene(engine, PARTITION);
    const client = engine.core.runner.redis;
    // A command's mark that is gone before the recording ends, and one that is not.
    await client.set(`${base}:x:short`, '1', 'PX', 400);
    await client.set(`${base}:x:long`, '1', 'PX', 60_000);
    const recording = await record('drawn');
    await recording.started;
    // Agents of a queue whose settings change are looked at a page at a time, which Redis chooses.
    for (const id of scene.queues) {
      const { accountId } = scene.scope;
      const doc: QueueDoc = { kind: 'queue', id, accountId, name: id, ...queueDefaults, mode: 'balanced', outcomes: [], priority: 3 };
      await engine.config.apply([{ kind: 'queue', id, accountId, version: 2, doc }]);
    }
    await until(async () => !(await client.zrange(`${base}:due:knock`, 0, -1)).some((member) => member.startsWith('refresh|')));
    // A node's claims are dropped a part at a time.
    const other = await createEngine({ redisUrl: redis.url, nodeId: 'leaving', log: testLog });
    const chat = scene.newChat(scene.queues[0] as never);
    const started = await other.router.startInteraction(scene.scope, chat);
    if (!started.ok) throw new Error(started.code);
    const interactionId = started.interaction.id as InteractionId;
    const sockets = Array.from({ length: 120 }, () => ({ interactionId, contactId: chat.contactId, connectionId: newId('connection') }));
    await Promise.all(sockets.map((socket) => other.router.attachClient(scene.scope, socket)));
    await other.close('leaves');
    await until(async () => (await client.exists(`${base}:x:short`)) === 0);
    await engine.router.markRead(scene.scope, { interactionId, by: 'client', memberId: chat.contactId, upTo: 1 });
    recording.stop();
    await recording.ended;

    const drawn = [];
    for await (const command of readCommands(join(folders, 'drawn'))) if ('drawn' in command) drawn.push(...command.drawn);
    expect(drawn.length).toBeGreaterThanOrEqual(3);
    const replay = await replayed('drawn');
    expect(replay.found).toEqual([]);
    expect(await replay.replay.exists(`${base}:x:short`, `${base}:x:long`)).toBe(1);
    replay.close();
  }, 120_000);

  test('BEY-2 a recorder that died leaves a recording up to there, and scripts stop noting', async () => {
    const base = `c:{p${PARTITION}}`;
    const client = engine.core.runner.redis;
    const scene = await seedScene(engine, PARTITION);
    const recorder = command('record', 'killed', '--partition', String(PARTITION));
    await until(() => recorder.output.includes('recording partition'), { timeoutMs: 20_000, what: 'the recording' });
    await expect(record('second')).rejects.toThrow('being recorded already');
    await traffic(scene, 5, 100);
    const commands = join(folders, 'data/recordings/killed/commands.jsonl');
    await until(() => existsSync(commands) && readFileSync(commands, 'utf8').split('\n').length > 100, { what: 'commands on disk' });
    recorder.process.kill('SIGKILL');
    await recorder.exited;
    appendFileSync(commands, '{"n":"acceptOffer","t":17');

    const lease = ((await client.hget(`${base}:meta`, 'rec')) ?? '').split('|');
    expect(Number(lease[0]) - Date.now()).toBeLessThanOrEqual(10_000);
    await client.hset(`${base}:meta`, 'rec', ['1', ...lease.slice(1)].join('|'));
    const noted = await client.xlen(`${base}:rec`);
    await traffic(scene, 6, 30);
    expect(await client.xlen(`${base}:rec`)).toBe(noted);
    expect(await client.pttl(`${base}:rec`)).toBeGreaterThan(0);

    const replayedUpToThere = command('run', 'killed');
    expect(await replayedUpToThere.exited, replayedUpToThere.output).toBe(0);
    expect(replayedUpToThere.output).toMatch(/^\d{3,} commands, \d+ keys at the end, [0-9a-f]{64}$/m);
    const compared = command('compare', 'killed');
    expect(await compared.exited).toBe(1);
    expect(compared.output).toContain('was not ended in order');
    writeFileSync(join(folders, 'data/recordings/killed/snapshot.jsonl'), '');
    const broken = command('run', 'killed');
    expect(await broken.exited).toBe(1);
    expect(broken.output).toContain('before its snapshot was complete');
  }, 120_000);

  test('BEY-2 `npm run replay` records, stops, and finds the replay equal; nothing is left in Redis', async () => {
    const base = `c:{p${PARTITION}}`;
    const scene = await seedScene(engine, PARTITION);
    const recorder = command('record', 'by-hand', '--account', scene.scope.accountId);
    await until(() => recorder.output.includes('recording partition'), { timeoutMs: 20_000, what: 'the recording' });
    await traffic(scene, 7, 100);
    expect(await command('stop', 'by-hand').exited).toBe(0);
    expect(await recorder.exited, recorder.output).toBe(0);
    const compared = command('compare', 'by-hand');
    expect(await compared.exited, compared.output).toBe(0);
    expect(compared.output).toContain('equal to the recorded end');
    expect(await engine.core.runner.redis.exists(`${base}:rec`, `${base}:copied`)).toBe(0);
    expect(await engine.core.runner.redis.hget(`${base}:meta`, 'rec')).toBeNull();

    const [unknown, badName, helped] = [command('run', 'never-made'), command('record', 'Bad name'), command('--help')];
    expect(await Promise.all([unknown.exited, badName.exited, helped.exited])).toEqual([1, 64, 0]);
    expect(unknown.output).toContain('There is no recording');
    expect(helped.output).toContain('npm run replay -- compare NAME');
  }, 120_000);
});

/** The command beside the center, as npm runs it. */
function command(...args: string[]) {
  const env = { ...process.env, DATA_DIR: join(folders, 'data'), REDIS_URL: redis.url, DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' };
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/supervisor/replayCommand.ts'), ...args], { env });
  const running = { process: child, output: '', exited: new Promise<number | null>((resolve) => child.once('close', resolve)) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (running.output += chunk.toString()));
  return running;
}
