/**
 * BEY-4: estimates of the wait from live state against what then happened, in lines whose laws are known (M/M/n, M/M/n+M) and in some where they
 * are not. Time is virtual and chance is seeded, so every run gives the same numbers. The judge is one who knows the true rates and the state:
 * nobody's error can be smaller in the mean.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { type Counting, startCounting } from '../support/counting.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { type LineEvent, type LineShape, runLine } from '../support/line.ts';

const START = 1_800_000_000_000;
const BATCH = 500;

let world: TestEngines;
let engine: RunningEngine;
let counting: Counting;
let now = START;
const spare: string[] = [];
beforeAll(async () => {
  world = await startTestEngines();
  engine = await createEngine({ redisUrl: world.redis.url, nodeId: 'virtual', log: testLog, virtualNow: () => now });
  for (let k = 0; k < 12; k++) spare.push(await world.addQueue({ mode: 'balanced', isAutoAccepted: true }));
  counting = await startCounting(engine, world.scope.partition);
});
afterAll(async () => {
  await engine.close('test over');
  await world.close();
});

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

/** Plays the line through the counting scripts, with the indexes as the engine would have them. */
async function play(shape: LineShape): Promise<{ guesses: Guess[]; queues: string[]; events: LineEvent[] }> {
  const queues = spare.splice(0, shape.arrivals.length);
  const { prefix } = counting;
  const start = now;
  const events = runLine(shape);
  const guesses = new Map<string, Guess>();
  let present = 0;
  let readyNow = 0;
  for (let from = 0; from < events.length; from += BATCH) {
    const pipeline = engine.core.runner.redis.pipeline();
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
          at,
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
    now = start + (events[Math.min(from + BATCH, events.length) - 1] as LineEvent).at;
  }
  await engine.core.runner.redis.del(...queues.flatMap((queue) => ['w', 'qo', 'r', 'on'].map((name) => `${prefix}:${name}:${queue}`)));
  return { guesses: [...guesses.values()], queues, events };
}

/** Of those who had to wait and never give up, after a while of getting to know the line: what was estimated, what came. */
function judged(guesses: readonly Guess[], after: number) {
  return guesses.flatMap((guess) =>
    guess.at > after && guess.hadToWait && guess.isPatient && guess.waitMs !== undefined && guess.estimate !== undefined
      ? [{ ...guess, estimate: guess.estimate, waitMs: guess.waitMs }]
      : [],
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function report(name: string, cases: readonly { estimate: number; waitMs: number }[], ideal: (index: number) => number) {
  const wait = mean(cases.map((each) => each.waitMs));
  const figures = {
    wait,
    bias: mean(cases.map((each) => each.estimate - each.waitMs)) / wait,
    error: mean(cases.map((each) => Math.abs(each.estimate - each.waitMs))),
    idealError: mean(cases.map((each, index) => Math.abs(ideal(index) - each.waitMs))),
    idealBias: mean(cases.map((each, index) => ideal(index) - each.waitMs)) / wait,
    averageError: mean(cases.map((each) => Math.abs(wait - each.waitMs))),
    cases: cases.length,
  };
  if (process.env['TEST_SHOW']) console.log(name, figures);
  return figures;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('estimated wait', () => {
  test('BEY-4: M/M/n', async () => {
    const handle = 3 * MINUTE;
    const { guesses } = await play({
      seed: 1,
      durationMs: 40 * HOUR,
      arrivals: [(10 / handle) * 0.95],
      agents: () => 10,
      meanHandleMs: handle,
    });
    const cases = judged(guesses, HOUR);
    report('M/M/10', cases, (index) => ((cases[index]?.ahead ?? 0) + 1) * (handle / 10));
  });
  test('BEY-4: M/M/n+M', async () => {
    const handle = 3 * MINUTE;
    const patience = 4 * MINUTE;
    const { guesses } = await play({
      seed: 2,
      durationMs: 40 * HOUR,
      arrivals: [(10 / handle) * 1.3],
      agents: () => 10,
      meanHandleMs: handle,
      meanPatienceMs: patience,
      patientShare: 0.1,
    });
    const cases = judged(guesses, HOUR);
    report('M/M/10+M', cases, (index) => {
      let sum = 0;
      for (let j = 0; j <= (cases[index]?.ahead ?? 0); j++) sum += 1 / (10 / handle + (j * 0.9) / patience);
      return sum;
    });
  });
  test('BEY-4: two queues', async () => {
    const handle = 3 * MINUTE;
    const { guesses } = await play({
      seed: 3,
      durationMs: 40 * HOUR,
      arrivals: [(10 / handle) * 0.7, (10 / handle) * 0.25],
      agents: () => 10,
      meanHandleMs: handle,
    });
    for (const queue of [0, 1]) {
      const cases = judged(guesses, HOUR).filter((each) => each.queue === queue);
      report(`two queues ${queue}`, cases, (index) => ((cases[index]?.ahead ?? 0) + 1) * (handle / 10));
    }
  });
  test('BEY-4: capacity 3', async () => {
    const handle = 6 * MINUTE;
    const { guesses } = await play({
      seed: 4,
      durationMs: 40 * HOUR,
      arrivals: [(12 / handle) * 0.95],
      agents: () => 4,
      capacity: 3,
      meanHandleMs: handle,
    });
    const cases = judged(guesses, HOUR);
    report('capacity', cases, (index) => ((cases[index]?.ahead ?? 0) + 1) * (handle / 12));
  });
  test('BEY-4: changing staff', async () => {
    const handle = 3 * MINUTE;
    const agents = (at: number) => (at % (2 * HOUR) < HOUR ? 8 : 14);
    const { guesses } = await play({ seed: 5, durationMs: 40 * HOUR, arrivals: [(10 / handle) * 0.95], agents, meanHandleMs: handle });
    const cases = judged(guesses, HOUR);
    report('staff', cases, (index) => ((cases[index]?.ahead ?? 0) + 1) * (handle / agents(cases[index]?.at ?? 0)));
  });
  expect(1).toBe(1);
});
