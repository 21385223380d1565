/**
 * The vocabulary of the event log: what the scripts append, version 1. Bodies hold ids and, for messages, the text; readers accept v and v−1.
 * Times are Unix milliseconds. The public form of these is made in `src/gateway/publicEvents.ts` alone.
 */
import { z } from 'zod';

export const LOG_VERSION = 1;

const i = z.string(); // interaction
const q = z.string(); // queue
const a = z.string(); // agent (user id)
const n = z.string(); // display name

const file = z.object({ id: z.string(), name: z.string(), type: z.string(), size: z.number() });

/**
 * BEY-2, why this pair. `by`: which side looked (an interaction for an agent, or a freed agent for an interaction). `k`: the key that decided, `v` its
 * value, `r` the runner-up (agent or interaction) and `rv` its value. `n`: how many were compared. `x`: how many were left out, by reason.
 */
export const why = z.object({
  by: z.enum(['interaction', 'agent']),
  k: z.string(),
  v: z.number(),
  r: z.string(),
  rv: z.number(),
  n: z.number(),
  x: z.record(z.string(), z.number()),
});
/** What the agent holds after the event: `chat/voice/video`, for asking later why it was not chosen. */
const ld = z.string().optional();

export const eventBodies = {
  'interaction.created': z.object({
    i,
    q,
    acc: z.string(),
    group: z.string(),
    contact: z.string(),
    name: z.string(),
    email: z.string(),
    channel: z.string(),
    origin: z.string(),
    language: z.string(),
    page: z.string(),
    userAgent: z.string(),
    start: z.number(),
    /** What it needs, `skill=level` joined by commas; and its own priority. */
    need: z.string().optional(),
    pri: z.number().optional(),
    /** Who placed the call, and so owns it: origin outbound. It is in no queue then (`q` empty). */
    a: a.optional(),
    n: n.optional(),
    ld,
  }),
  /** Who was called by the agent has answered. */
  'interaction.answered': z.object({ i, q, a }),
  'interaction.queued': z.object({ i, q, reason: z.string() }),
  /** A recipe's step moved it (RTE-10), to where it needs `need`. */
  'interaction.moved': z.object({ i, from: q, q, step: z.number(), need: z.string().optional() }),
  /** A recipe's step ran that does not end the waiting: `op` priority | message. */
  'recipe.ran': z.object({ i, q, step: z.number(), op: z.string(), text: z.string().optional(), sound: z.string().optional() }),
  /** What it needs became less (RTE-3), or its priority changed. */
  'interaction.changed': z.object({
    i,
    q,
    what: z.enum(['relaxed', 'priority', 'media']),
    need: z.string(),
    pri: z.number(),
    channel: z.string(),
  }),
  'offer.made': z.object({ i, q, a, tok: z.string(), due: z.number(), why: why.optional(), ld }),
  /** `reason`: expired | declined | withdrawn | taken (another of those rung was first). */
  'offer.gone': z.object({ i, q, a, tok: z.string(), reason: z.string(), ld }),
  /**
   * `via`: accept | claim | auto | transfer. The first time also `w`, how long it waited in the queue (ms), and `ew`, what had been estimated when it
   * entered (BEY-4).
   */
  'interaction.taken': z.object({
    i,
    q,
    a,
    n,
    via: z.string(),
    why: why.optional(),
    ld,
    w: z.number().optional(),
    ew: z.number().optional(),
  }),
  /** The owner lost it: `reason` agent_lost | agent_removed | transfer. */
  'interaction.requeued': z.object({ i, q, a, reason: z.string(), ld }),
  'participant.joined': z.object({ i, q, a, n }),
  'participant.left': z.object({ i, q, a, n }),
  'message.sent': z.object({
    i,
    q,
    mid: z.string(),
    role: z.string(),
    by: z.string(),
    n,
    vis: z.string(),
    text: z.string().optional(),
    file: file.optional(),
    off: z.number(),
  }),
  'messages.read': z.object({ i, q, by: z.enum(['client', 'staff']), upTo: z.number() }),
  'client.presence': z.object({ i, q, presence: z.enum(['connected', 'reconnecting', 'gone']), until: z.number() }),
  /** `by`: client | agent | system; `reason`: client | agent | client_lost. */
  'interaction.ended': z.object({ i, q, by: z.string(), reason: z.string(), a: z.string(), n }),
  /** `reason`: served | unanswered (a call that its agent placed) | abandoned | rejected | diverted (`to`: the recipe's step, JSON). `a` empty when nobody owned it. */
  'interaction.closed': z.object({
    i,
    q,
    a: z.string(),
    reason: z.string(),
    outcome: z.string(),
    kind: z.string(),
    note: z.string(),
    to: z.string().optional(),
    ld,
  }),
  /** How a call stands (`src/protocol/calls.ts` callView, as JSON): hold, mute, consultation, conference. */
  'call.changed': z.object({ i, q, a: z.string(), call: z.string() }),
  /** How a video room stands (`src/protocol/video.ts` roomView, as JSON). */
  'room.changed': z.object({ i, q, a: z.string(), room: z.string() }),
  /** A leg is over: who it was, how it ended (`cause` a SIP status or a word of ours), and what RTCP and our counting said (`LegStats`, JSON). */
  'call.leg': z.object({
    i,
    q,
    call: z.string(),
    leg: z.string(),
    role: z.string(),
    a: z.string(),
    name: z.string(),
    startedAt: z.number(),
    answeredAt: z.number(),
    endedAt: z.number(),
    cause: z.string(),
    stats: z.string(),
  }),
  /** Said by its agent during the wrap-up; an empty note leaves what was written. */
  'outcome.changed': z.object({ i, q, a, outcome: z.string(), kind: z.string(), note: z.string() }),
  'rating.given': z.object({ i, q, value: z.number(), comment: z.string() }),
  'wrapup.started': z.object({ i, q, a, until: z.number() }),
  'wrapup.extended': z.object({ i, q, a, until: z.number() }),
  'wrapup.ended': z.object({ i, q, a, how: z.string(), ld }),
  /** `queues`: signed in to, and `paused` those of them that are paused, each joined by spaces; `dv` live devices; `ph` live phones of an agent who has phones. */
  'agent.changed': z.object({
    a,
    status: z.string(),
    reason: z.string(),
    queues: z.string().optional(),
    paused: z.string().optional(),
    dv: z.number().optional(),
    ph: z.number().optional(),
    ld,
  }),
  'session.revoked': z.object({ user: z.string(), sessions: z.array(z.string()), reason: z.string() }),
  'config.applied': z.object({ kind: z.string(), id: z.string(), version: z.number(), deleted: z.boolean() }),
} as const;
export type EventType = keyof typeof eventBodies;
export type EventBody<Type extends EventType> = z.infer<(typeof eventBodies)[Type]>;
