/**
 * BEY-4: estimates of the wait from live state against what then happened, in lines whose laws are known (M/M/n, M/M/n+M) and in some where they
 * are not. Time is virtual and chance is seeded, so every run gives the same numbers. The judge is one who knows the true rates and the state:
 * nobody's error can be smaller in the mean.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId } from '../../src/base/ids.ts';
import { type Counting, startCounting } from '../support/counting.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { type LineEvent, type LineShape, runLine } from '../support/line.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BATCH = 500;
const AGENTS = 10;
const HANDLE_MS = 3 * MINUTE;

let world: TestEngines;
let counting: Counting;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
  counting = await startCounting(world.engine, world.scope.partition);
});
afterAll(() => world.close());

interface Guess {
  readonly at: number;
  readonly queue: number;
  readonly ahead: number;
  readonly agents: number;
  readonly isPatient: boolean;
  readonly hadToWait: boolean;
  readonly estimate: number | undefined;
  /** What came of it; undefined: gave up, or the run ended. */
  waitMs?: number;
}

/** Plays the line through the counting scripts, with the indexes as the engine would have them. `onBatch` is called now and then, in between. */
async function play(shape: LineShape, onBatch: (queues: readonly QueueId[], guesses: readonly Guess[]) => Promise<void> = async () => {}) {
  const { redis } = world.engine.core.runner;
  const queues = await Promise.all(shape.arrivals.map(() => world.addQueue({ mode: 'balanced', isAutoAccepted: true })));
  const { prefix } = counting;
  const start = world.now();
  const events = runLine(shape);
  const guesses = new Map<string, Guess>();
  let present = 0;
  let readyNow = 0;
  for (let from = 0; from < events.length; from += BATCH) {
    const pipeline = redis.pipeline();
    const asked: (LineEvent | undefined)[] = [];
    const write = (add: () => unknown): void => {
      add();
      asked.push(undefined);
    };
    const setReady = (agents: number): void => {
      for (const key of queues.map((queue) => `${prefix}:r:${queue}`)) {
        for (let k = readyNow; k < agents; k++) write(() => pipeline.zadd(key, k, `agent-${k}`));
        for (let k = agents; k < readyNow; k++) write(() => pipeline.zrem(key, `agent-${k}`));
      }
      readyNow = agents;
    };
    for (const event of events.slice(from, from + BATCH)) {
      const queue = queues[event.queue] as string;
      const at = start + event.at;
      const key = (name: string): string => `${prefix}:${name}:${queue}`;
      if (event.kind === 'entered') {
        for (const id of queues) {
          for (let k = present; k < event.agents; k++) write(() => pipeline.sadd(`${prefix}:on:${id}`, `agent-${k}`));
          for (let k = event.agents; k < present; k++) write(() => pipeline.srem(`${prefix}:on:${id}`, `agent-${k}`));
        }
        present = event.agents;
        setReady(event.readyAgents);
        write(() => pipeline.zadd(key('w'), at, event.id));
      } else if (event.kind === 'handled') {
        write(() => pipeline.zrem(key('qo'), event.id));
      } else {
        write(() => pipeline.zrem(key('w'), event.id));
        if (event.kind === 'answered') write(() => pipeline.zadd(key('qo'), at, event.id));
      }
      counting.count(
        pipeline,
        event.kind,
        at,
        event.id,
        queue,
        event.kind === 'handled' ? event.handleMs : event.kind === 'entered' ? 0 : event.waitMs,
      );
      asked.push(event);
      if (event.kind !== 'entered') setReady(event.readyAgents);
    }
    const answers = (await pipeline.exec()) ?? [];
    for (const [index, [failure, answer]] of answers.entries()) {
      if (failure) throw failure;
      const event = asked[index];
      if (!event) continue;
      if (event.kind === 'entered') {
        const { at, queue, ahead, agents, isPatient } = event;
        guesses.set(event.id, {
          at: start + at,
          queue,
          ahead,
          agents,
          isPatient,
          hadToWait: event.readyAgents === 0,
          estimate: answer === '' ? undefined : Number(answer),
        });
      }
      const guess = guesses.get(event.id);
      if (event.kind === 'answered' && guess) guess.waitMs = event.waitMs;
    }
    await world.advance(start + (events[Math.min(from + BATCH, events.length) - 1] as LineEvent).at - world.now());
    await onBatch(queues, [...guesses.values()]);
  }
  await redis.del(...queues.flatMap((queue) => ['w', 'qo', 'r', 'on'].map((name) => `${prefix}:${name}:${queue}`)));
  return [...guesses.values()];
}

interface Case {
  readonly ahead: number;
  readonly agents: number;
  readonly estimate: number;
  readonly waitMs: number;
}

/** Those who had to wait and never give up, after an hour of getting to know the line. */
function waiters(guesses: readonly Guess[], queue = 0): Case[] {
  const begin = Math.min(...guesses.map(({ at }) => at));
  return guesses.flatMap(({ at, ahead, agents, estimate, waitMs, ...guess }) =>
    at > begin + HOUR && guess.queue === queue && guess.hadToWait && guess.isPatient && waitMs !== undefined && estimate !== undefined
      ? [{ ahead, agents, estimate, waitMs }]
      : [],
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far off they were: bias (by the mean wait), mean error, and that of two others: one who knows the true rates, and the average wait. */
function judge(cases: readonly Case[], knowing: (one: Case) => number) {
  expect(cases.length).toBeGreaterThan(400);
  const wait = mean(cases.map(({ waitMs }) => waitMs));
  const errorOf = (guess: (one: Case) => number): number => mean(cases.map((one) => Math.abs(guess(one) - one.waitMs)));
  return {
    bias: mean(cases.map(({ estimate, waitMs }) => estimate - waitMs)) / wait,
    error: errorOf(({ estimate }) => estimate),
    knowing: errorOf(knowing),
    average: errorOf(() => wait),
  };
}

describe('estimated wait', () => {
  test('BEY-4: M/M/n at 95 %: bias under 5 % of the wait, error within 15 % of what one makes who knows the rates', async () => {
    const guesses = await play({
      seed: 1,
      durationMs: 24 * HOUR,
      arrivals: [(AGENTS / HANDLE_MS) * 0.95],
      agents: () => AGENTS,
      meanHandleMs: HANDLE_MS,
    });
    const { bias, error, knowing, average } = judge(waiters(guesses), ({ ahead }) => (ahead + 1) * (HANDLE_MS / AGENTS));
    expect(Math.abs(bias)).toBeLessThan(0.05);
    expect(error).toBeLessThan(1.15 * knowing);
    expect(error).toBeLessThan(average / 2);
    expect(guesses.filter(({ hadToWait, estimate }) => !hadToWait && estimate !== 0)).toEqual([]);
  });

  test('BEY-4: M/M/n+M at 130 %: bias under 5 % for those who stay, error within 10 % of what one makes who knows the rates', async () => {
    const patience = 4 * MINUTE;
    const patientShare = 0.1;
    const guesses = await play({
      seed: 2,
      durationMs: 24 * HOUR,
      arrivals: [(AGENTS / HANDLE_MS) * 1.3],
      agents: () => AGENTS,
      meanHandleMs: HANDLE_MS,
      meanPatienceMs: patience,
      patientShare,
    });
    const { bias, error, knowing, average } = judge(waiters(guesses), ({ ahead }) => {
      let sum = 0;
      for (let j = 0; j <= ahead; j++) sum += 1 / (AGENTS / HANDLE_MS + (j * (1 - patientShare)) / patience);
      return sum;
    });
    expect(Math.abs(bias)).toBeLessThan(0.05);
    expect(error).toBeLessThan(1.1 * knowing);
    expect(error).toBeLessThan(average * 0.7);
  });

  test('BEY-4: agents who serve two queues: bias under 15 % in each, although no queue knows of the other', async () => {
    const arrivals = [0.7, 0.25].map((share) => (AGENTS / HANDLE_MS) * share);
    const guesses = await play({ seed: 3, durationMs: 24 * HOUR, arrivals, agents: () => AGENTS, meanHandleMs: HANDLE_MS });
    for (const queue of [0, 1]) {
      // Who knows the agents' rates but not how they are shared is far off here.
      const { bias, error, knowing, average } = judge(waiters(guesses, queue), ({ ahead }) => (ahead + 1) * (HANDLE_MS / AGENTS));
      expect(Math.abs(bias)).toBeLessThan(0.15);
      expect(error).toBeLessThan(average * 0.7);
      expect(error).toBeLessThan(knowing * 0.8);
    }
  });

  test('BEY-4: agents who hold three chats at once: bias under 8 %', async () => {
    const handle = 6 * MINUTE;
    const guesses = await play({
      seed: 4,
      durationMs: 24 * HOUR,
      arrivals: [(12 / handle) * 0.95],
      agents: () => 4,
      capacity: 3,
      meanHandleMs: handle,
    });
    const { bias, error, knowing, average } = judge(waiters(guesses), ({ ahead }) => (ahead + 1) * (handle / 12));
    expect(Math.abs(bias)).toBeLessThan(0.08);
    expect(error).toBeLessThan(1.2 * knowing);
    expect(error).toBeLessThan(average / 2);
  });

  test('BEY-4: agents who come and go: error within 40 % of what one makes who knows the rates and who is there', async () => {
    const agents = (at: number): number => (at % (2 * HOUR) < HOUR ? 8 : 14);
    const guesses = await play({
      seed: 5,
      durationMs: 24 * HOUR,
      arrivals: [(AGENTS / HANDLE_MS) * 0.95],
      agents,
      meanHandleMs: HANDLE_MS,
    });
    const { error, knowing, average } = judge(waiters(guesses), (one) => (one.ahead + 1) * (HANDLE_MS / one.agents));
    expect(error).toBeLessThan(1.4 * knowing);
    expect(error).toBeLessThan(average * 0.6);
  });

  test('BEY-4: the error and the bias that are shown are those of the estimates given to those answered in the last 15 minutes', async () => {
    let compared = 0;
    await play(
      {
        seed: 6,
        durationMs: 6 * HOUR,
        arrivals: [(AGENTS / HANDLE_MS) * 1.2],
        agents: () => AGENTS,
        meanHandleMs: HANDLE_MS,
        meanPatienceMs: 4 * MINUTE,
      },
      async ([queue], guesses) => {
        const from = (Math.floor(world.now() / 30_000) - 29) * 30_000;
        const answered = guesses.flatMap(({ at, estimate, waitMs }) =>
          waitMs !== undefined && estimate !== undefined && at + waitMs >= from ? [estimate - waitMs] : [],
        );
        const figures = await world.engine.views.figures(world.scope, queue as QueueId);
        const isAny = answered.length > 0;
        expect(figures?.estimateErrorMs).toBe(isAny ? Math.round(mean(answered.map(Math.abs))) : undefined);
        expect(figures?.estimateBiasMs).toBe(isAny ? Math.round(mean(answered)) : undefined);
        compared += answered.length;
      },
    );
    expect(compared).toBeGreaterThan(300);
  });
});
