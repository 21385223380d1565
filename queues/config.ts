/**
 * The copies of configuration that scripts and sockets read from Redis. PostgreSQL owns the originals; each copy is applied with the
 * version PostgreSQL committed it with, and an older version is refused, so applying in any order, twice or late is harmless.
 */
import { z } from 'zod';
import { type VideoRules, videoRules } from '../src/protocol/video.ts';

export const outcome = z.object({ id: z.string().max(100), name: z.string().max(100), kind: z.enum(['OK', 'KO']) });

/** What an interaction is carried by; an agent's capacity is counted by it (RTE-5). */
export const medium = z.enum(['chat', 'voice', 'video']);
export type Medium = z.infer<typeof medium>;

/** Levels of skills run from 1 to 10. */
export const SKILL_LEVEL_MAX = 10;
export const skillNeed = z.object({ skill: z.string().max(40), level: z.number().int().min(1).max(SKILL_LEVEL_MAX) });
export type SkillNeed = z.infer<typeof skillNeed>;

/**
 * RTE-2. Chat: manual (everybody sees it, who accepts or replies has it), random (weighted draw), balanced (fewest open first). Voice: longest_idle,
 * fewest_calls (of today), round_robin, ring_all (first to accept), linear (by the members' order), random, skills (highest levels).
 * Every one of them works for every medium.
 */
export const queueModes = [
  'manual',
  'random',
  'balanced',
  'longest_idle',
  'fewest_calls',
  'round_robin',
  'ring_all',
  'linear',
  'skills',
] as const;

/** Prompts in the queue's language that a recipe's message may name as its sound. */
export const messagePrompts = ['welcome', 'busy', 'no-agents'] as const;

/**
 * RTE-10. One step of a queue's recipe, run when the interaction has waited `afterSec` in this queue. `no_agents`: only while nobody is there
 * (queues/README.md); with `afterSec` 0 it runs on arrival and when the last agent leaves. What ends the waiting is the last step that runs.
 */
export const recipeStep = z.object({
  afterSec: z.number().int().min(0).max(86_400),
  onlyIf: z.enum(['always', 'no_agents']).default('always'),
  do: z.discriminatedUnion('op', [
    /** Goes on waiting in another queue with its virtual start; a queue it has been in before is not entered again. */
    z.object({ op: z.literal('queue'), queueId: z.string().max(40) }),
    /** Adds to the interaction's priority. */
    z.object({ op: z.literal('priority'), by: z.number().int().min(1).max(1_000) }),
    /** Tells the client: `text` in a conversation; on a call `sound` is heard, the id of an upload or one of `messagePrompts`. Absent: nothing is. */
    z.object({ op: z.literal('message'), text: z.string().min(1).max(1_000), sound: z.string().max(40).optional() }),
    /** The interaction leaves routing; who carries it (the call's flow) goes on as told. */
    z.object({ op: z.literal('number'), number: z.string().min(1).max(64) }),
    z.object({ op: z.literal('voicemail') }),
    z.object({ op: z.literal('callback') }),
    z.object({ op: z.literal('close') }),
  ]),
});
export type RecipeStep = z.infer<typeof recipeStep>;

/** VOX-6: kinds of numbers that may be called, of the country the account is in; every other country is international. */
export const numberTypes = ['local', 'national', 'mobile', 'international', 'premium'] as const;
export type NumberType = (typeof numberTypes)[number];

/** What may be called from this account at all. A queue's own types override the agent's, and these the account's. */
export const outboundRules = z.object({
  /** ISO 3166-1 alpha-2; what a number without + belongs to. Empty: such numbers are not called. */
  homeCountry: z.union([z.literal(''), z.string().regex(/^[A-Z]{2}$/)]).default(''),
  /** Countries that may be called; empty: none. */
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/))
    .max(250)
    .default([]),
  types: z.array(z.enum(numberTypes)).max(numberTypes.length).default(['local', 'national', 'mobile']),
  /** Calls that one agent may begin a minute; 0: none. */
  perAgentPerMinute: z.number().int().min(0).max(1_000).default(10),
});
export type OutboundRules = z.infer<typeof outboundRules>;

export const voiceLanguages = ['en', 'it', 'cs', 'ru'] as const;

/** VOX-3: what those who wait in a voice queue hear and may do. Sounds are ids of uploads, `DATA_DIR/sounds/<account>/<id>.wav`. */
export const queueVoice = z.object({
  /** Empty: the music that comes with the product. */
  music: z.string().max(40).default(''),
  /** Played once, before the music; empty: none. */
  greeting: z.string().max(40).default(''),
  /** Of the announcements. */
  language: z.enum(voiceLanguages).default('en'),
  /** Position and estimated wait are told every so often; 0: never. */
  announceEverySec: z.number().int().min(0).max(3_600).default(60),
  /** VOX-2: the caller may leave the queue by `exitKey`, and goes on as `exitTo` says. */
  canExit: z.boolean().default(false),
  exitKey: z
    .string()
    .regex(/^[0-9*#]$/)
    .default('*'),
  exitTo: recipeStep.shape.do.default({ op: 'close' }),
  /** The number shown to those whom this queue calls; empty: the trunk's. */
  callerId: z.string().max(64).default(''),
  /** VOX-6; null: what the agent may. */
  outboundTypes: z.array(z.enum(numberTypes)).max(numberTypes.length).nullable().default(null),
});
export type QueueVoice = z.infer<typeof queueVoice>;
/** Of a queue that says nothing. */
export const voiceDefaults: QueueVoice = queueVoice.parse({});
const outboundDefaults: OutboundRules = outboundRules.parse({});

/** GRP-5: of a group that says nothing. Cameras and microphones are sent from entering on, screens when somebody shows one. */
export const videoDefaults: VideoRules = {
  isOn: false,
  policy: '',
  agent: { camera: 'on', microphone: 'on', screen: 'off' },
  client: { camera: 'on', microphone: 'on', screen: 'off' },
  canFullScreen: true,
};

export const accountDoc = z.object({
  kind: z.literal('account'),
  id: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** Origins whose pages may open sockets and call the API from a browser; empty: any page may show the widget. */
  origins: z.array(z.string()),
  /** ACC-5: users may sign in to queues they are not assigned to. */
  canSignInAnywhere: z.boolean().default(false),
  /** It was allowed at some time: temporary sign-ins, which outlive the permission, may stand. */
  hasVisits: z.boolean().default(false),
  /** RTE-7: the reasons that are switched on, in their order; empty: pauses have no reason. */
  pauseReasons: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
  outbound: outboundRules.default(outboundDefaults),
});

export const queueDoc = z.object({
  kind: z.literal('queue'),
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** RTE-2. */
  mode: z.enum(queueModes),
  /** The medium of what waits here, unless an interaction says otherwise. */
  channel: z.enum(['chat', 'voice']).default('chat'),
  /** ring_all: how many agents are rung at once. */
  ringMax: z.number().int().min(1).max(20).default(10),
  /** RTE-3: needed by every interaction of this queue, besides its own needs. */
  required: z.array(skillNeed).max(5).default([]),
  /** Agents who have them are preferred among those who may take it. */
  preferred: z.array(skillNeed).max(5).default([]),
  /** After so long in the queue the required levels are lowered by so much, from what they were at first; a level below 1 is required no more. */
  relaxation: z
    .array(z.object({ afterSec: z.number().int().min(1).max(86_400), lowerBy: z.number().int().min(1).max(10) }))
    .max(10)
    .default([]),
  /** RTE-11: for so long a returning contact is kept for its last agent, while that one is signed in and not paused; 0: off. */
  stickyWaitMs: z.number().int().min(0).default(0),
  /** RTE-11: for how long the last agent of a contact is remembered. */
  stickyMemoryMs: z.number().int().min(0).default(86_400_000),
  /** RTE-10, by `afterSec`. */
  recipe: z.array(recipeStep).max(10).default([]),
  /** Service level: the share of interactions answered within so many seconds. */
  serviceLevelSec: z.number().int().min(1).max(3_600).default(20),
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
  voice: queueVoice.default(voiceDefaults),
});

export const interruptions = ['voice>chat', 'voice>video', 'video>chat', 'video>voice', 'chat>voice', 'chat>video'] as const;

export const agentDoc = z.object({
  kind: z.literal('agent'),
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  isActive: z.boolean(),
  /** RTE-5: chats at once. */
  capacity: z.number().int().min(0).max(100),
  /** RTE-5: calls and videos at once. */
  voiceCapacity: z.number().int().min(0).max(100).default(1),
  videoCapacity: z.number().int().min(0).max(100).default(1),
  /** RTE-5: `voice>chat`: a call may be offered while the agent holds chats. Without a rule an agent serves one medium at a time. */
  interrupts: z.array(z.enum(interruptions)).max(6).default([]),
  /** RTE-3: skill → level. */
  skills: z.record(z.string(), z.number().int().min(1).max(SKILL_LEVEL_MAX)).default({}),
  queues: z.array(z.string()).max(200),
  /** SIP phones are configured for the agent, and no outside number: calls are offered only while one of them is live. */
  hasPhone: z.boolean().default(false),
  /** VOX-6; null: what the account lets everybody. */
  outboundTypes: z.array(z.enum(numberTypes)).max(numberTypes.length).nullable().default(null),
  /** Place in the order of linear queues, lowest first; without one: last. */
  order: z.record(z.string(), z.number().int().min(0).max(10_000)).default({}),
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
  /** GRP-5, APP-10. */
  video: videoRules.default(videoDefaults),
});

export const configDoc = z.discriminatedUnion('kind', [accountDoc, queueDoc, agentDoc, groupDoc]);
export type ConfigDoc = z.infer<typeof configDoc>;
/** A document as it may be given: what is left out gets its default. */
export type ConfigInput = z.input<typeof configDoc>;
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
  readonly doc: ConfigInput | null;
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
  channel: 'chat',
  ringMax: 10,
  required: [],
  preferred: [],
  relaxation: [],
  stickyWaitMs: 0,
  stickyMemoryMs: 86_400_000,
  recipe: [],
  serviceLevelSec: 20,
  voice: voiceDefaults,
} satisfies Partial<QueueDoc>;
export const agentDefaults = {
  isActive: true,
  capacity: 5,
  voiceCapacity: 1,
  videoCapacity: 1,
  interrupts: [],
  skills: {},
  hasPhone: false,
  outboundTypes: null,
  order: {},
} satisfies Partial<AgentDoc>;
