/** Words that every message shares. Browser code imports this folder, so it depends on zod alone. */
import { z } from 'zod';

export { FILE_MAX_BYTES, FRAME_MAX_BYTES, HEARTBEAT_SEC, MESSAGE_MAX_CHARS, PROTOCOL_VERSION } from './limits.ts';

const idOf = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`), `expected an id beginning ${prefix}_`);
export const userId = idOf('usr');
export const queueId = idOf('que');
export const groupId = idOf('grp');
export const interactionId = idOf('int');
export const contactId = idOf('con');
export const fileId = idOf('fil');

/** Chosen by the client, once per intent: the same key sent twice has one effect. */
export const key = z.string().regex(/^[A-Za-z0-9_-]{8,40}$/, 'expected 8 to 40 letters, digits, _ or -');

/**
 * Names of event feeds (every event, ordered, resumable): conversation:<interaction>, agent:<user>, queue:<queue>;
 * of state feeds (latest wins, at most 5 a second): figures:<queue>.
 */
export const feedName = z
  .string()
  .regex(/^(conversation:int|agent:usr|queue:que|figures:que)_[0-9a-hjkmnp-tv-z]{26}$/, 'expected a feed name');

/** A place in an event feed: everything up to and with `off` was seen. Another `epoch` means: load again. */
export const cursor = z.object({ epoch: z.string().max(40), off: z.number().int().min(0) });
export type Cursor = z.infer<typeof cursor>;

/** Who may see a message: all, the staff (agents, supervisors), or one participant by id. */
export const visibility = z.union([z.literal('everyone'), z.literal('staff'), userId, contactId]);

export const agentStatus = z.enum(['signed_out', 'available', 'paused', 'wrap_up', 'busy', 'offered']);
export const clientPresence = z.enum(['connected', 'reconnecting', 'gone']);
export const interactionState = z.enum(['waiting', 'offered', 'served', 'ended', 'closed']);
export const role = z.enum(['customer', 'agent', 'supervisor', 'bot', 'system']);
