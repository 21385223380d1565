/** A queue as the API shows and takes it: the document of the scripts, with bounds that people would not want to pass. */
import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import { queueDefaults, queueDoc, queueVoice, recipeStep, skillNeed } from '../../queues/config.ts';
import { displayName, time, version } from '../api/fields.ts';
import { AppError, type FieldError } from '../base/errors.ts';
import type { QueueTable, Tables } from '../db/tables.ts';
import { wrongVoice } from '../phones/queueSounds.ts';
import { queueSettings } from './compile.ts';
import { wrongSteps, wrongTargets } from './recipe.ts';
import { wrongNeeds } from './skills.ts';

const HOUR_MS = 3_600_000;
const OUTCOMES_MAX = 100;

const skillNeeds = z.array(z.strictObject(skillNeed.shape)).max(5);

const { shape: voiceShape } = queueVoice;
/** VOX-3, VOX-6. */
const voice = z.strictObject({
  music: voiceShape.music.unwrap().describe('Id of a sound; empty: the music that comes with the product'),
  greeting: voiceShape.greeting.unwrap().describe('Id of a sound that is played once, before the music; empty: none'),
  language: voiceShape.language.unwrap().describe('Of the announcements'),
  announceEverySec: voiceShape.announceEverySec.unwrap().describe('Position and estimated wait are told every so often; 0: never'),
  canExit: voiceShape.canExit.unwrap().describe('The caller may leave the queue by exitKey, and goes on as exitTo says'),
  exitKey: voiceShape.exitKey.unwrap(),
  exitTo: voiceShape.exitTo.unwrap(),
  callerId: voiceShape.callerId.unwrap().describe('The number shown to those whom this queue calls; empty: the one of the trunk'),
  outboundTypes: voiceShape.outboundTypes.unwrap().describe('Kinds of numbers that may be called for this queue; null: what the agent may'),
});

const settings = queueDoc.omit({ kind: true, id: true, accountId: true }).extend({
  name: displayName,
  mode: queueDoc.shape.mode.describe(
    'RTE-2. manual: every agent sees it and may take it; ring_all: offered to several, the first has it; the others: offered to one at a time',
  ),
  channel: queueDoc.shape.channel
    .unwrap()
    .describe('Medium of what waits here, unless an interaction says otherwise; stays what it was when the queue was made'),
  ringMax: queueDoc.shape.ringMax.unwrap().describe('ring_all: how many are rung at once'),
  required: skillNeeds.describe('RTE-3: skills that every interaction of this queue needs'),
  preferred: skillNeeds.describe('Agents who have them come first'),
  relaxation: queueDoc.shape.relaxation.unwrap().describe('RTE-3: after so long the required levels are lowered by so much; ascending'),
  stickyWaitMs: z.number().int().min(0).max(HOUR_MS).describe('RTE-11: for so long a returning contact is kept for its last agent; 0: off'),
  stickyMemoryMs: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * HOUR_MS)
    .describe('RTE-11: for how long the last agent is remembered'),
  recipe: z.array(recipeStep).max(10).describe('RTE-10: what happens to those who wait, in the order of afterSec'),
  serviceLevelSec: queueDoc.shape.serviceLevelSec.unwrap().describe('Answered within so many seconds counts as in time'),
  offerTimeoutMs: z.number().int().min(1_000).max(HOUR_MS),
  maxMissed: z.number().int().min(0).max(1_000).describe('Missed offers in a row after which the agent is paused; 0: never'),
  wrapUpMs: z.number().int().min(0).max(HOUR_MS),
  reconnectMs: z
    .number()
    .int()
    .min(0)
    .max(24 * HOUR_MS),
  agentLostMs: z
    .number()
    .int()
    .min(1_000)
    .max(24 * HOUR_MS),
  limitPerAgent: z.number().int().min(0).max(100).describe('Conversations of this queue per agent; 0: no limit of its own'),
  outcomes: queueDoc.shape.outcomes.max(OUTCOMES_MAX),
  autoCloseMs: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * HOUR_MS),
  voice,
});

const changedVoice = voice.partial().optional().describe('What is left out of it stays as it is');
export const queueBody = z.strictObject(settings.shape).partial().required({ name: true }).extend({ voice: changedVoice });
export const queueChange = z.strictObject(settings.shape).partial().extend({ voice: changedVoice });
export const queueView = settings.extend({ id: z.string(), version, createdAt: time });
export type QueueView = z.infer<typeof queueView>;
type Settings = z.infer<typeof settings>;

export function toQueueView(row: Selectable<QueueTable>): QueueView {
  return { id: row.id, ...toQueueSettings(row), version: row.version, createdAt: row.created_at.getTime() };
}

export function toQueueSettings(row: Selectable<QueueTable>): Settings {
  return { name: row.name, ...queueSettings(row) };
}

/** What stands where nothing is said: of a new queue the defaults. */
export function withDefaults(body: z.infer<typeof queueChange>, before: Partial<Settings> = {}): Settings {
  const voice = { ...queueDefaults.voice, ...before.voice, ...defined(body.voice ?? {}) };
  return settings.parse({ ...queueDefaults, ...before, ...defined(body), voice });
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * Rules over several fields, and against what the account has: its skills, and its other queues. `id` is the queue's, also of one being made.
 * @throws AppError invalid
 */
export async function checkQueue(db: Kysely<Tables>, accountId: string, id: string, queue: Settings): Promise<void> {
  const fields = [
    ...wrongOutcomes(queue),
    ...wrongSteps(queue),
    ...(await wrongNeeds(db, accountId, 'required', queue.required)),
    ...(await wrongNeeds(db, accountId, 'preferred', queue.preferred)),
    ...(await wrongTargets(db, accountId, { ...queue, id })),
    ...(await wrongVoice(db, accountId, queue)),
  ];
  if (fields.length > 0) throw new AppError('invalid', { fields });
}

/** What waits was put in order by it. @throws AppError invalid */
export function requireSameChannel(before: string, after: string): void {
  if (before === after) return;
  throw new AppError('invalid', {
    fields: [{ path: 'channel', message: 'a queue keeps its channel: make another queue for the other one' }],
  });
}

/** Names of the groups that feed the queue, at most five. */
export async function namesOfGroups(db: Kysely<Tables>, queueId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('chat_group')
    .select('name')
    .where('queue_id', '=', queueId)
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .limit(5)
    .execute();
  return rows.map((row) => row.name);
}

function wrongOutcomes({ outcomes, autoCloseMs, autoCloseOutcome, isOutcomeRequired }: Settings): FieldError[] {
  const ids = outcomes.map((outcome) => outcome.id);
  const fields: FieldError[] = [];
  if (new Set(ids).size !== ids.length) fields.push({ path: 'outcomes', message: 'two outcomes have the same id' });
  if (isOutcomeRequired && ids.length === 0) fields.push({ path: 'outcomes', message: 'name at least one, or do not require an outcome' });
  if (autoCloseOutcome !== '' && !ids.includes(autoCloseOutcome))
    fields.push({ path: 'autoCloseOutcome', message: 'not one of the outcomes' });
  if (autoCloseMs > 0 && isOutcomeRequired && autoCloseOutcome === '')
    fields.push({ path: 'autoCloseOutcome', message: 'required, as an outcome is' });
  return fields;
}

export function toQueueColumns(queue: Settings) {
  return {
    name: queue.name,
    is_active: queue.isActive,
    mode: queue.mode,
    is_auto_accepted: queue.isAutoAccepted,
    offer_timeout_ms: queue.offerTimeoutMs,
    max_missed: queue.maxMissed,
    wrap_up_ms: queue.wrapUpMs,
    can_end_wrap_up: queue.canEndWrapUp,
    can_extend_wrap_up: queue.canExtendWrapUp,
    reconnect_ms: queue.reconnectMs,
    agent_lost_ms: queue.agentLostMs,
    limit_per_agent: queue.limitPerAgent,
    priority: queue.priority,
    weight_sec: queue.weightSec,
    outcomes: JSON.stringify(queue.outcomes),
    is_outcome_required: queue.isOutcomeRequired,
    auto_close_ms: queue.autoCloseMs,
    auto_close_outcome: queue.autoCloseOutcome,
    rating: queue.rating,
    channel: queue.channel,
    ring_max: queue.ringMax,
    required: JSON.stringify(queue.required),
    preferred: JSON.stringify(queue.preferred),
    relaxation: JSON.stringify(queue.relaxation),
    sticky_wait_ms: queue.stickyWaitMs,
    sticky_memory_ms: queue.stickyMemoryMs,
    recipe: JSON.stringify(queue.recipe),
    service_level_sec: queue.serviceLevelSec,
    voice: JSON.stringify(queue.voice),
  };
}
