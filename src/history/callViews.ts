/** What the history of calls shows. Times are Unix milliseconds. */
import { z } from 'zod';
import { moment } from '../api/fields.ts';
import { segmentView } from './historyViews.ts';

const time = z.number();
const named = z.object({ id: z.string(), name: z.string() });

export const callResult = z.enum(['in_progress', 'answered', 'abandoned', 'diverted', 'rejected', 'unanswered']);

export const callItem = z.object({
  interaction: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  result: callResult.describe(
    'answered: an agent took it; abandoned: the caller hung up while waiting; diverted: it left the queue; rejected: no place to wait; unanswered: an agent called, and nobody answered',
  ),
  queue: named.optional().describe('Absent: an agent placed the call'),
  caller: named.describe('Contact, of an outbound call who was called; the name is empty once it was erased'),
  number: z.string().describe('Of the caller, as the telephone network said, or as it was dialled; empty once it was erased'),
  agent: named.optional().describe('Who answered last'),
  createdAt: time,
  answeredAt: time.optional(),
  endedAt: time.optional(),
  waitMs: z.number().describe('Until it was answered, or over'),
  talkMs: z.number().optional().describe('From answering to the end, holds included'),
  outcome: named.extend({ kind: z.string() }).optional().describe('The name is empty when the queue has it no more'),
  legs: z.number().int().describe('How many phones were in it'),
});
export type CallItem = z.infer<typeof callItem>;

export const callLeg = z.object({
  id: z.string(),
  call: z.string(),
  role: z.string().describe('customer, agent, consult (whom an agent asked) or guest'),
  agent: named.optional(),
  name: z.string().describe('A number, an extension or a name; empty once it was erased'),
  startedAt: time,
  answeredAt: time.optional(),
  endedAt: time,
  cause: z.string().describe('SIP status or a word of ours'),
  /** What RTCP and our own counting said; fields that nothing is known of are absent. */
  quality: z.object({
    packetsReceived: z.number().optional(),
    packetsLost: z.number().optional(),
    packetsSent: z.number().optional(),
    jitterMs: z.number().optional(),
    roundTripMs: z.number().optional(),
    remoteLossPct: z.number().optional(),
  }),
});
export type CallLegView = z.infer<typeof callLeg>;

export const callDetail = callItem.extend({ note: z.string(), segments: z.array(segmentView), phones: z.array(callLeg) });

export const callFilters = z.object({
  queue: z.string().max(40).optional(),
  agent: z.string().max(40).optional().describe('Who answered, or had a phone in it'),
  direction: callItem.shape.direction.optional(),
  result: callResult.optional(),
  from: moment.optional().describe('Began at or after, Unix milliseconds'),
  to: moment.optional().describe('Began before, Unix milliseconds'),
  number: z
    .string()
    .trim()
    .regex(/^\+?[0-9*#]{1,32}$/)
    .optional()
    .describe('Part of the number'),
});
export type CallFilters = z.infer<typeof callFilters>;
