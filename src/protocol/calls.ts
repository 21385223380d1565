/** What a call is to desk and API, and what may be asked of it. Times are Unix milliseconds. */
import { z } from 'zod';
import { interactionId, queueId, userId } from './common.ts';

export const callId = z.string().regex(/^cal_[0-9a-z]{26}$/);

/** One phone in a call. */
export const legView = z.object({
  id: z.string(),
  /** customer: the caller, or who was called; agent; consult: whom an agent asks; guest: one more in a conference. */
  role: z.enum(['customer', 'agent', 'consult', 'guest']),
  /** Display: a number, an extension or a person's name. */
  name: z.string(),
  userId: userId.optional(),
  state: z.enum(['ringing', 'talking', 'held', 'gone']),
  /** Held by this leg's own phone, or by the desk. */
  heldBy: z.enum(['phone', 'desk']).optional(),
  isMuted: z.boolean(),
});
export type LegView = z.infer<typeof legView>;

/** VOX-4: how well one phone of a call is heard, over the last few seconds. Told of the legs that talk, every 2.5 to 7.5 s while packets come. */
export const legQuality = z.object({
  /** Of `legView`. */
  legId: z.string(),
  /** From the phone's own reports (RTCP); absent without any. */
  rttMs: z.number().min(0).optional(),
  /** RFC 3550 6.4.1, of what the phone sends. */
  jitterMs: z.number().min(0),
  /** Of the worse direction: what we did not get of the phone, or what it reports not to have got of us. */
  lossPct: z.number().min(0).max(100),
  /** Received of the phone since it was connected. */
  packets: z.number().int(),
  codec: z.enum(['PCMU', 'PCMA', 'G722']),
});
export type LegQuality = z.infer<typeof legQuality>;

export const callView = z.object({
  id: callId,
  interaction: interactionId,
  /** Absent: in none, as an agent's phone placed it. */
  queue: queueId.optional(),
  /** outbound: an agent's phone placed it; `caller` is who was called. */
  direction: z.enum(['inbound', 'outbound']).default('inbound'),
  /** dialling: who was called has not answered; waiting: hears music; ringing: an agent's phone rings; talking; held: the customer hears music; consulting; conference; ended. */
  state: z.enum(['dialling', 'waiting', 'ringing', 'talking', 'held', 'consulting', 'conference', 'ended']),
  caller: z.string(),
  dialled: z.string(),
  legs: z.array(legView),
  startedAt: z.number(),
  answeredAt: z.number().optional(),
  endedAt: z.number().optional(),
  /** Grows with every change. */
  version: z.number().int(),
});
export type CallView = z.infer<typeof callView>;

/** A target of a transfer or of a consultation: an agent, a queue, or a number as dialled. */
export const callTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agent'), userId }),
  z.object({ kind: z.literal('queue'), queueId }),
  z.object({ kind: z.literal('number'), number: z.string().regex(/^\+?[0-9*#]{1,32}$/) }),
]);
export type CallTarget = z.infer<typeof callTarget>;

/** VOX-4. `by` is put in by the server. */
export const callCommand = z.discriminatedUnion('do', [
  z.object({ do: z.literal('answer') }),
  z.object({ do: z.literal('decline') }),
  z.object({ do: z.literal('hold') }),
  z.object({ do: z.literal('resume') }),
  z.object({ do: z.literal('mute'), isMuted: z.boolean() }),
  z.object({ do: z.literal('keys'), keys: z.string().regex(/^[0-9A-D*#]{1,32}$/) }),
  /** Blind transfer. */
  z.object({ do: z.literal('transfer'), to: callTarget }),
  /** Puts the customer on hold and rings the target. */
  z.object({ do: z.literal('consult'), to: callTarget }),
  /** Ends the consultation and goes back to the customer. */
  z.object({ do: z.literal('consult.cancel') }),
  /** Attended transfer: the one who was consulted gets the customer. */
  z.object({ do: z.literal('consult.complete') }),
  /** Everybody hears everybody. */
  z.object({ do: z.literal('conference') }),
  z.object({ do: z.literal('hangup'), leg: z.string().optional() }),
]);
export type CallCommandBody = z.infer<typeof callCommand>;
