/** What the explanation of an interaction's routing shows (BEY-2). Times are Unix milliseconds; texts are English, codes are for programs. */
import { z } from 'zod';

const named = z.object({ id: z.string(), name: z.string() });

export const STEP_KINDS = [
  'queued',
  'offered',
  'given',
  'claimed',
  'transferred',
  'accepted',
  'missed',
  'declined',
  'withdrawn',
  'taken_by_other',
  'returned',
  'moved',
  'relaxed',
  'priority',
  'medium',
  'recipe',
  'closed',
] as const;

export const WHY_NOT = [
  'chosen',
  'owns_it',
  'unknown',
  'inactive',
  'not_assigned',
  'not_signed_in',
  'paused',
  'paused_in_queue',
  'no_device',
  'no_phone',
  'at_capacity',
  'at_queue_limit',
  'lacks_skill',
  'missed_it',
  'kept_for_other',
  'manual',
  'by_hand',
  'came_free',
  'behind',
  'not_recorded',
] as const;

export const whyView = z.object({
  by: z
    .enum(['interaction', 'agent'])
    .describe('Which side looked: the interaction for an agent, or an agent who came free for an interaction'),
  key: z
    .string()
    .describe('What decided, as a code: only, load, idle, calls, turn, order, total, skill, preferred, sticky, ring, score, missed'),
  text: z.string(),
  value: z.number().describe('Value of the key of who was chosen'),
  runnerUp: z
    .object({ id: z.string(), name: z.string(), value: z.number() })
    .optional()
    .describe('The next best: an agent, or (by agent) an interaction, which has no name'),
  compared: z.number().int().describe('How many were compared'),
  excluded: z.array(z.object({ reason: z.string(), count: z.number().int(), text: z.string() })),
});
export type WhyView = z.infer<typeof whyView>;

export const whyNotView = z.object({
  reason: z.enum(WHY_NOT),
  text: z.string(),
  /** paused: what for. */
  pauseReason: named.optional(),
  /** at_capacity: what was held, and which medium stood in the way of which. */
  held: z.object({ chat: z.number().int(), voice: z.number().int(), video: z.number().int() }).optional(),
  blockedBy: z
    .enum(['chat', 'voice', 'video'])
    .optional()
    .describe('The medium held that the rules do not let this one interrupt; absent: all places of this medium were taken'),
  skill: z.object({ id: z.string(), name: z.string(), needed: z.number().int(), held: z.number().int() }).optional(),
  /** behind: where the agent stood, where it can be told. */
  key: z.string().optional(),
  value: z.number().optional(),
  chosenValue: z.number().optional(),
});
export type WhyNotView = z.infer<typeof whyNotView>;

export const routingStep = z.object({
  seq: z.number().int(),
  at: z.number(),
  kind: z.enum(STEP_KINDS),
  queue: named,
  agent: named.optional(),
  text: z.string(),
  /** Of what was needed from then on. */
  required: z.array(z.object({ id: z.string(), name: z.string(), level: z.number().int() })).optional(),
  why: whyView.optional(),
  whyNot: whyNotView.optional().describe('With `agent`: why that agent was not the one'),
});
export type RoutingStep = z.infer<typeof routingStep>;

export const routingView = z.object({
  interaction: z.string(),
  agent: named.optional().describe('Who was asked about'),
  decisions: z.array(routingStep).describe('In the order of the log, a page of them'),
  nextCursor: z.string().optional(),
});
export type RoutingView = z.infer<typeof routingView>;
