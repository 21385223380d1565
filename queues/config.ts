/**
 * The copies of configuration that scripts and sockets read from Redis. PostgreSQL owns the originals; each copy is applied with the
 * version PostgreSQL committed it with, and an older version is refused, so applying in any order, twice or late is harmless.
 */
import { z } from 'zod';

export const outcome = z.object({ id: z.string().max(100), name: z.string().max(100), kind: z.enum(['OK', 'KO']) });

export const accountDoc = z.object({
  kind: z.literal('account'),
  id: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** Origins whose pages may open sockets and call the API from a browser; empty: any page may show the widget. */
  origins: z.array(z.string()),
});

export const queueDoc = z.object({
  kind: z.literal('queue'),
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** RTE-2. */
  mode: z.enum(['manual', 'random', 'balanced']),
  /** Automatic modes: give the conversation without asking. */
  isAutoAccepted: z.boolean(),
  offerTimeoutMs: z.number().int().min(1_000),
  /** RTE-6: missed offers in a row after which the agent is paused with the system reason; 0: never. */
  maxMissed: z.number().int().min(0),
  /** RTE-8; 0: none. */
  wrapUpMs: z.number().int().min(0),
  canEndWrapUp: z.boolean(),
  canExtendWrapUp: z.boolean(),
  /** APP-6. */
  reconnectMs: z.number().int().min(0),
  /** How long a serving agent may be without any live device before the conversations go back to the queue. */
  agentLostMs: z.number().int().min(1_000),
  /** GRP-5: conversations per agent from this queue; 0: no limit of its own. */
  limitPerAgent: z.number().int().min(0),
  /** RTE-1: score = priority × weight + seconds waited. */
  priority: z.number().int().min(0).max(1_000),
  /** Seconds of waiting that one point of priority is worth. */
  weightSec: z.number().int().min(0).max(3_600),
  outcomes: z.array(outcome),
  isOutcomeRequired: z.boolean(),
  /** HIS-2: close a conversation the visitor ended by itself after this time with `autoCloseOutcome`; 0: wait for the owner. */
  autoCloseMs: z.number().int().min(0),
  autoCloseOutcome: z.string().max(100),
  rating: z.enum(['none', 'thumbs', 'stars']),
});

export const agentDoc = z.object({
  kind: z.literal('agent'),
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** RTE-5: conversations at once. */
  capacity: z.number().int().min(0).max(100),
  queues: z.array(z.string()).max(200),
});

export const groupDoc = z.object({
  kind: z.literal('group'),
  id: z.string(),
  accountId: z.string(),
  /** Stands in the embed snippet. */
  publicId: z.string(),
  queueId: z.string(),
  isActive: z.boolean(),
  name: z.string(),
  primaryLanguage: z.string(),
  /** Visitor texts by language, then by key; a missing one falls back to the primary language, then to the widget's own. */
  texts: z.record(z.string(), z.record(z.string(), z.string())),
  appearance: z.record(z.string(), z.string()),
});

export const configDoc = z.discriminatedUnion('kind', [accountDoc, queueDoc, agentDoc, groupDoc]);
export type ConfigDoc = z.infer<typeof configDoc>;
export type ConfigKind = ConfigDoc['kind'];
export type AccountDoc = z.infer<typeof accountDoc>;
export type QueueDoc = z.infer<typeof queueDoc>;
export type AgentDoc = z.infer<typeof agentDoc>;
export type GroupDoc = z.infer<typeof groupDoc>;

/** One configuration entry as PostgreSQL committed it. `doc` null: deleted. */
export interface ConfigEntry {
  readonly kind: ConfigKind;
  readonly id: string;
  readonly accountId: string;
  readonly version: number;
  readonly doc: ConfigDoc | null;
}

/** What new queues and agents get when nothing is said. */
export const queueDefaults = {
  isActive: true,
  mode: 'manual',
  isAutoAccepted: false,
  offerTimeoutMs: 20_000,
  maxMissed: 3,
  wrapUpMs: 0,
  canEndWrapUp: true,
  canExtendWrapUp: true,
  reconnectMs: 120_000,
  agentLostMs: 60_000,
  limitPerAgent: 0,
  priority: 0,
  weightSec: 60,
  outcomes: [],
  isOutcomeRequired: false,
  autoCloseMs: 0,
  autoCloseOutcome: '',
  rating: 'stars',
} as const satisfies Partial<QueueDoc>;
export const agentDefaults = { isActive: true, capacity: 5 } as const satisfies Partial<AgentDoc>;
