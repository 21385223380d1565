/**
 * What a simulation is given: a center's settings, its people and its traffic. Durations are in seconds, times of day in the scenario's own offset; names
 * of queues are the scenario's. `readScenario` in `scenarioFile.ts` reads one from a file and says what is wrong with it and how to mend it.
 */
import { z } from 'zod';
import { interruptions, medium, queueDoc, SKILL_LEVEL_MAX, skillNeed } from '../config.ts';
import { duration } from './durations.ts';
import { recordedRow } from './recorded.ts';
import { timeOfDay, utcOffset } from './times.ts';

const name = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[^\s|,#:]+$/, { error: 'a name without spaces, commas, "|", "#" and ":"' });
const probability = z.number().min(0).max(1);
const level = z.number().int().min(1).max(SKILL_LEVEL_MAX);
const MOST_PER_HOUR = 1_000_000;
const MOST_AGENTS = 10_000;

/** `perHour`: by chance (Poisson), at one rate or by time of day, the same every day; outside the named times nobody comes. */
const arrivals = z
  .strictObject({
    perHour: z
      .union([
        z.number().gt(0).max(MOST_PER_HOUR),
        z.array(z.strictObject({ from: timeOfDay, to: timeOfDay, rate: z.number().min(0).max(MOST_PER_HOUR) })).min(1),
      ])
      .optional(),
    /** One after so many seconds, evenly. */
    everySec: z.number().min(0.001).optional(),
    /** Traffic that came once: rows, or a file of them. Rows that name another queue are left out. */
    recorded: z.array(recordedRow).min(1).optional(),
  })
  .refine(({ perHour, everySec, recorded }) => [perHour, everySec, recorded].filter((each) => each !== undefined).length === 1, {
    error: 'expected exactly one of "perHour", "everySec" and "recorded"',
  });

const { kind: _kind, id: _id, accountId: _accountId, name: _name, ...settings } = queueDoc.shape;

const queue = z.strictObject({
  id: name,
  /** As people and recorded traffic call it; by default the id. */
  name: z.string().min(1).max(100).optional(),
  /** Every setting of a queue; in `recipe` a `queueId` is a queue of this scenario. */
  settings: z.strictObject(settings).partial().default({}),
  /** Without them the queue gets what others send to it. */
  arrivals: arrivals.optional(),
  /** How long an agent is busy with one; recorded rows may bring their own. */
  handling: duration,
  /** How long a client waits before leaving; without it nobody leaves. */
  patience: duration.optional(),
  /** How long the agent really takes, where the queue lets wrap-up be ended early or extended; without it, all of the queue's time. */
  wrapUp: duration.optional(),
  /** Needed besides what the queue asks for. */
  skills: z
    .array(skillNeed.extend({ probability: probability.default(1) }))
    .max(5)
    .default([]),
  preferred: z.array(skillNeed).max(5).default([]),
  /** Raised priority of some. */
  priorities: z
    .array(z.strictObject({ add: z.number().int().min(0).max(1_000), probability }))
    .max(10)
    .default([]),
  /** Weights of media; by default the queue's channel. */
  media: z.partialRecord(medium, z.number().min(0)).optional(),
  /** Share of clients who were here before (RTE-11). */
  returning: probability.default(0),
});

const shift = z.strictObject({
  from: timeOfDay,
  to: timeOfDay,
  breaks: z
    .array(z.strictObject({ from: timeOfDay, to: timeOfDay, reason: z.string().max(255).default('break') }))
    .max(20)
    .default([]),
});

const agents = z.strictObject({
  name,
  count: z.number().int().min(1).max(MOST_AGENTS).default(1),
  queues: z.array(name).min(1).max(200),
  /** Queues to sign in to; by default those assigned. Others need the account's `canSignInAnywhere`. */
  signIn: z.array(name).min(1).max(200).optional(),
  capacity: z
    .strictObject({
      chat: z.number().int().min(0).max(100),
      voice: z.number().int().min(0).max(100),
      video: z.number().int().min(0).max(100),
    })
    .partial()
    .default({}),
  interrupts: z.array(z.enum(interruptions)).max(6).default([]),
  skills: z.record(z.string().min(1).max(40), level).default({}),
  /** Place in linear queues; members of a group share it. */
  order: z.record(name, z.number().int().min(0).max(10_000)).default({}),
  /** The same every day; none: there all the time. */
  shifts: z.array(shift).max(10).optional(),
  /** From offer to acceptance. */
  answer: duration.default({ constant: 0 }),
  /** Share of offers that are not answered at all. */
  missed: probability.default(0),
  /** How long one stays away whom the system paused because of missed offers. */
  backAfterMissed: duration.default({ constant: 60 }),
});

const account = z
  .strictObject({
    canSignInAnywhere: z.boolean(),
    pauseReasons: z.array(z.strictObject({ id: z.string().min(1).max(40), name: z.string().min(1).max(255) })),
  })
  .partial();

export const scenario = z.strictObject({
  name: z.string().min(1).max(100),
  /** The first day. */
  day: z.iso.date().default('2026-03-02'),
  utcOffset: utcOffset.default(0),
  /** Clients come from `from` until `to`; above 24:00: on following days. */
  from: timeOfDay,
  to: timeOfDay,
  /** Who comes in the first minutes is served but not counted. */
  warmUpMin: z.number().min(0).max(100_000).default(0),
  /** How long the center goes on after `to` with those who still wait or are served. */
  drainMin: z.number().min(0).max(100_000).default(120),
  /** Width of the intervals of the plot. */
  intervalMin: z.number().min(1).max(1_440).default(15),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1),
  /** Runs with other chance; from two on, figures come with their 95 % confidence interval. */
  repetitions: z.number().int().min(1).max(1_000).default(1),
  account: account.default({}),
  queues: z.array(queue).min(1).max(500),
  agents: z.array(agents).min(1).max(500),
});
export type Scenario = z.infer<typeof scenario>;
export type ScenarioQueue = Scenario['queues'][number];
export type ScenarioAgents = Scenario['agents'][number];

/** Unix ms of the first midnight. */
export function midnightOf({ day, utcOffset: offset }: Pick<Scenario, 'day' | 'utcOffset'>): number {
  return Date.parse(`${day}T00:00:00Z`) - offset;
}
