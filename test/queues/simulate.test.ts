/** The simulator on the real scripts: repeatable, true to recorded traffic, and with all that a center's settings can ask for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunFacts } from '../../queues/simulate/run.ts';
import { midnightOf } from '../../queues/simulate/scenario.ts';
import type { QueueId } from '../../src/base/ids.ts';
import { toFates } from '../../src/simulator/fates.ts';
import { plainScenario, type SimulationBench, scenarioOf, startSimulationBench } from '../support/simulations.ts';

let bench: SimulationBench;
let folder: string;
beforeAll(async () => {
  bench = await startSimulationBench();
  folder = mkdtempSync(join(tmpdir(), 'centralino-scenario-'));
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const voice = { channel: 'voice', isAutoAccepted: true };

/** Who came, when, and what became of it. */
const fatesOf = ({ observer }: RunFacts) =>
  observer.fates.map(({ at, queue, takenAt, agent, closedAt, reason }) => ({ at, queue, takenAt, agent, closedAt, reason }));

/** Chance everywhere: draws of scripts, needs, missed offers, returning clients, several queues and media, breaks. */
const lively = {
  name: 'lively',
  from: '08:00',
  to: '09:00',
  repetitions: 2,
  queues: [
    {
      id: 'calls',
      settings: {
        channel: 'voice',
        mode: 'random',
        offerTimeoutMs: 10_000,
        wrapUpMs: 20_000,
        relaxation: [{ afterSec: 20, lowerBy: 3 }],
        maxMissed: 2,
      },
      arrivals: { perHour: 80 },
      handling: { lognormal: { mean: 90, sd: 60 } },
      patience: { exponential: 90 },
      wrapUp: { exponential: 15 },
      skills: [{ skill: 'english', level: 4, probability: 0.5 }],
      priorities: [{ add: 3, probability: 0.2 }],
    },
    {
      id: 'chats',
      settings: { mode: 'random', stickyWaitMs: 10_000 },
      arrivals: { perHour: 80 },
      handling: { exponential: 150 },
      patience: { lognormal: { mean: 120, sd: 60 } },
      media: { chat: 4, video: 1 },
      returning: 0.5,
    },
  ],
  agents: [
    {
      name: 'all',
      count: 4,
      queues: ['calls', 'chats'],
      capacity: { chat: 2 },
      interrupts: ['voice>chat'],
      skills: { english: 5 },
      answer: { uniform: { from: 1, to: 9 } },
      missed: 0.2,
    },
    {
      name: 'calls',
      count: 2,
      queues: ['calls'],
      skills: { english: 2 },
      answer: { exponential: 5 },
      shifts: [{ from: '07:00', to: '08:50', breaks: [{ from: '08:30', to: '08:40' }] }],
    },
  ],
};

test('BEY-2 the same seed gives the same result, on another Redis too; another seed gives another', { timeout: 120_000 }, async () => {
  const scenario = scenarioOf(lively);
  const first = await bench.run(scenario);
  const elsewhere = await startSimulationBench();
  try {
    const second = await elsewhere.run(scenario);
    expect(second.result).toEqual(first.result);
    expect(second.runs.map(fatesOf)).toEqual(first.runs.map(fatesOf));
    const other = await elsewhere.run(scenario, { seed: scenario.seed + 1 });
    expect(other.result.all).not.toEqual(first.result.all);
  } finally {
    await elsewhere.close();
  }
  expect(first.result.all.came.value).toBeGreaterThan(100);
  expect(first.result.agents[0]?.missed.value, 'offers are missed').toBeGreaterThan(0);
  expect(first.result.all.relaxed.value, 'needs are relaxed').toBeGreaterThan(0);
});

test('BEY-2 recorded traffic comes and is served exactly as it was', { timeout: 60_000 }, async () => {
  const rows = [
    ['08:00:00', 30, ''],
    ['08:00:01.250', 20, ''],
    ['2026-03-02T08:00:02Z', 50, ''],
    ['08:00:03', 10, '5.5'],
    ['1772438404000', 12.345, ''],
  ];
  writeFileSync(join(folder, 'traffic.csv'), `at,handle,patience\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  const scenario = scenarioOf(
    plainScenario({ queue: { settings: voice, arrivals: { recorded: 'traffic.csv' }, handling: 1, patience: 300 }, agents: { count: 2 } }),
    folder,
  );
  const { runs } = await bench.run(scenario);
  const start = midnightOf(scenario) + scenario.from;
  const told = runs[0]?.observer.fates.map(({ at, takenAt, closedAt }) =>
    [at, takenAt, closedAt].map((time) => (time === undefined ? undefined : time - start)),
  );
  expect(told).toEqual([
    [0, 0, 30_000],
    [1_250, 1_250, 21_250],
    // The third waits for the second agent.
    [2_000, 21_250, 71_250],
    [3_000, undefined, 8_500],
    [4_000, 30_000, 42_345],
  ]);
});

test('BEY-2 what one simulation wrote down runs again with the same waits', { timeout: 60_000 }, async () => {
  const plain = plainScenario({ queue: { settings: voice, patience: { exponential: 60 } } });
  const first = await bench.run(scenarioOf(plain));
  writeFileSync(join(folder, 'interactions.csv'), toFates(first.runs[0] as RunFacts));
  const again = plainScenario({ queue: { settings: voice, arrivals: { recorded: 'interactions.csv' }, patience: 1 } });
  const second = await bench.run(scenarioOf(again, folder));
  expect(first.result.all.abandoned.value).toBeGreaterThan(0);
  expect(second.runs.map(fatesOf)).toEqual(first.runs.map(fatesOf));
});

test('BEY-2 pages of the history are traffic: served ones bring their handling, abandoned ones their patience', {
  timeout: 60_000,
}, async () => {
  const base = Date.parse('2026-03-02T08:00:00Z');
  const item = (at: number, rest: object) => ({
    id: 'int_x',
    channel: 'voice',
    origin: 'inbound',
    queue: { id: 'que_1', name: 'Hotline' },
    client: { id: 'con_1', name: '' },
    createdAt: base + at,
    ...rest,
  });
  const pages = [
    { items: [item(1_000, { startedAt: base + 3_000, endedAt: base + 50_000, closedAt: base + 63_000 })], nextCursor: 'x' },
    {
      items: [
        item(2_000, { closedAt: base + 9_000, closeReason: 'abandoned' }),
        { ...item(2_500, {}), queue: { id: 'que_2', name: 'Other' } },
      ],
    },
  ];
  writeFileSync(join(folder, 'history.jsonl'), pages.map((page) => JSON.stringify(page)).join('\n'));
  const { runs } = await bench.run(
    scenarioOf(
      plainScenario({ queue: { name: 'Hotline', settings: voice, arrivals: { recorded: 'history.jsonl' } }, agents: { count: 1 } }),
      folder,
    ),
  );
  const told = runs[0]?.observer.fates.map(({ at, takenAt, closedAt, reason }) => [
    at - base,
    (takenAt ?? Number.NaN) - base,
    (closedAt ?? 0) - base,
    reason,
  ]);
  expect(told).toEqual([
    [1_000, 1_000, 61_000, 'served'],
    [2_000, Number.NaN, 9_000, 'abandoned'],
  ]);
});

test('BEY-2 skills, their relaxation and priorities decide in a simulation as they do in the center', { timeout: 60_000 }, async () => {
  const rows = [
    // Both agents are busy for a minute.
    { at: '08:00:00', handle: 60, skills: { english: 5 } },
    { at: '08:00:00.500', handle: 60 },
    // Waits for level 4, is relaxed to 1 after 30 s, and the beginner takes it as soon as free.
    { at: '08:00:10', handle: 200, skills: 'english=4' },
    // Two more, of which the later one is more urgent.
    { at: '08:00:20', handle: 100 },
    { at: '08:00:25', handle: 100, priority: 10 },
  ];
  const scenario = scenarioOf({
    ...plainScenario({
      queue: {
        settings: { ...voice, mode: 'linear', relaxation: [{ afterSec: 30, lowerBy: 3 }], weightSec: 1 },
        arrivals: { recorded: rows },
        handling: 1,
      },
    }),
    agents: [
      { name: 'expert', queues: ['calls'], skills: { english: 5 }, order: { calls: 1 } },
      { name: 'beginner', queues: ['calls'], skills: { english: 1 }, order: { calls: 2 } },
    ],
  });
  const { runs, result } = await bench.run(scenario);
  const start = midnightOf(scenario) + scenario.from;
  const told = runs[0]?.observer.fates.map(({ agent, takenAt }) => [agent, ((takenAt ?? Number.NaN) - start) / 1_000]);
  expect(told).toEqual([
    [0, 0],
    [1, 0.5],
    // Waiting since 10, raised priority since 25 is worth 10 s: 35 − 10 < 60 − 10, so it goes first.
    [0, 60],
    [1, 160.5],
    [1, 60.5],
  ]);
  expect(result.all.relaxed.value).toBe(1);
});

test('BEY-2 more agents serve the very same traffic sooner', { timeout: 60_000 }, async () => {
  const of = (count: number) => scenarioOf(plainScenario({ queue: { settings: voice, arrivals: { perHour: 150 } }, agents: { count } }));
  const [few, more] = [await bench.run(of(3)), await bench.run(of(4))];
  expect(more.runs[0]?.arrivals).toEqual(few.runs[0]?.arrivals);
  expect(more.result.all.meanWaitSec.value ?? Number.NaN).toBeLessThan((few.result.all.meanWaitSec.value ?? Number.NaN) / 2);
});

test('BEY-2 shifts, breaks, missed offers, wrap-up, manual queues and overflow are lived through', { timeout: 60_000 }, async () => {
  const scenario = scenarioOf({
    name: 'house',
    from: '08:00',
    to: '09:00',
    drainMin: 60,
    queues: [
      {
        id: 'calls',
        settings: {
          channel: 'voice',
          offerTimeoutMs: 10_000,
          maxMissed: 1,
          wrapUpMs: 30_000,
          recipe: [{ afterSec: 60, do: { op: 'queue', queueId: 'second' } }],
        },
        arrivals: { everySec: 20 },
        handling: 30,
        wrapUp: 10,
      },
      { id: 'second', settings: { channel: 'voice', mode: 'ring_all' }, handling: 30 },
      { id: 'chats', settings: { mode: 'manual' }, arrivals: { everySec: 60 }, handling: 50 },
    ],
    agents: [
      {
        name: 'early',
        queues: ['calls'],
        shifts: [{ from: '08:00', to: '08:30', breaks: [{ from: '08:10', to: '08:15' }] }],
        answer: 3,
        missed: 0.3,
        backAfterMissed: 30,
      },
      { name: 'help', count: 2, queues: ['second'], answer: { uniform: { from: 1, to: 4 } } },
      { name: 'chat', count: 2, queues: ['chats'], capacity: { chat: 1 }, answer: { uniform: { from: 1, to: 5 } } },
    ],
  });
  const { result, runs } = await bench.run(scenario);
  const start = midnightOf(scenario) + scenario.from;
  const fates = runs[0]?.observer.fates ?? [];
  const minutes = (at: number | undefined): number => ((at ?? Number.NaN) - start) / 60_000;
  const [calls, , chats] = result.queues;
  const [early, help, chat] = result.agents;
  expect(calls?.came.value).toBe(180);
  expect(chats?.answered.value).toBe(60);
  const taken = fates.filter((fate) => fate.agent === 0).map((fate) => minutes(fate.takenAt));
  expect(taken.length).toBeGreaterThan(5);
  expect(
    taken.filter((at) => (at >= 10 && at < 15) || at >= 30),
    'nothing new in the break or after the shift',
  ).toEqual([]);
  expect(early?.missed.value).toBeGreaterThan(0);
  expect(help?.answered.value, 'the rest overflows').toBe(180 - (early?.answered.value ?? Number.NaN));
  expect(fates.filter((fate) => fate.queueNow === 1).every((fate) => minutes(fate.takenAt) - minutes(fate.at) >= 1)).toBe(true);
  expect(chat?.answered.value).toBe(60);
  expect(chats?.asaSec.value).toBeGreaterThanOrEqual(1);
  expect(result.all.left.value).toBe(0);
  // Half an hour less the break and the half minutes after missed offers, and what was finished after the shift.
  expect(early?.staffed.value).toBeGreaterThan(0.2);
  expect(early?.staffed.value).toBeLessThan(26 / 60);
});

test('BEY-2 RTE-9 the figures of a simulation are those that the engine itself counted', { timeout: 60_000 }, async () => {
  const queue = { settings: { ...voice, serviceLevelSec: 15 }, arrivals: { perHour: 220 }, patience: { exponential: 40 } };
  const { result, runs } = await bench.run(scenarioOf(plainScenario({ queue })));
  const { scope, queues } = (runs[0] as RunFacts).center;
  const counted = await bench.figures(scope, queues[0]?.id as QueueId, Date.parse('2026-03-02T12:00:00Z'));
  const { all } = result;
  expect(all.abandoned.value).toBeGreaterThan(20);
  expect(counted?.today).toMatchObject({ answered: all.answered.value, abandoned: all.abandoned.value, handled: all.answered.value });
  // The engine gives it to three places.
  expect(counted?.today.serviceLevel).toBeCloseTo(all.serviceLevel.value ?? Number.NaN, 3);
  expect((counted?.today.averageWaitMs ?? Number.NaN) / 1_000).toBeCloseTo(all.asaSec.value ?? Number.NaN, 2);
});

test('BEY-2 RTE-11 a returning client is kept for the last agent for as long as the queue remembers, in virtual time', {
  timeout: 60_000,
}, async () => {
  const of = (stickyMemoryMs: number) =>
    scenarioOf(
      plainScenario({
        queue: {
          settings: { ...voice, mode: 'round_robin', stickyWaitMs: 60_000, stickyMemoryMs },
          arrivals: { recorded: ['08:00', '08:10', '08:20', '09:30'].map((at) => ({ at: `${at}:00`, contact: 'eva', handle: 30 })) },
        },
      }),
    );
  const agents = async (stickyMemoryMs: number) => (await bench.run(of(stickyMemoryMs))).runs[0]?.observer.fates.map((fate) => fate.agent);
  const remembered = (await agents(1_800_000)) ?? [];
  expect(new Set(remembered.slice(0, 3)).size, 'within half an hour: the same').toBe(1);
  expect(remembered[3], 'an hour later: whose turn it is').not.toBe(remembered[2]);
  expect(new Set(await agents(60_000)).size, 'remembered for a minute only: in turn').toBe(3);
});
