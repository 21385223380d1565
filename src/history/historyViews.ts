/** What the history API shows (HIS-1, HIS-2). Times are Unix milliseconds. */
import { z } from 'zod';
import { medium } from '../../queues/config.ts';
import { moment } from '../api/fields.ts';
import { interactionState } from '../protocol/common.ts';
import { message } from '../protocol/views.ts';

const time = z.number();
const named = z.object({ id: z.string(), name: z.string() });

export const historyItem = z.object({
  id: z.string(),
  channel: z.string().describe('What it began as'),
  media: z.array(z.string()).describe('All that carried it, in the order in which they came (BEY-1)'),
  origin: z.string(),
  queue: named,
  group: named.optional(),
  state: interactionState,
  /** Name is empty once it was erased. */
  client: named,
  owner: named.optional(),
  language: z.string(),
  createdAt: time,
  startedAt: time.optional().describe('When an agent first took it'),
  endedAt: time.optional().describe('When the conversation was over'),
  endedBy: z.string().optional(),
  closedAt: time.optional().describe('When the owner closed it'),
  closeReason: z.string().optional(),
  outcome: z.object({ id: z.string(), kind: z.string() }).optional(),
  rating: z.number().int().optional(),
});
export type HistoryItem = z.infer<typeof historyItem>;

export const segmentView = z.object({
  kind: z
    .enum(['dialling', 'waiting', 'offered', 'served', 'held', 'wrap_up', 'video'])
    .describe(
      'dialling: the agent calls, nobody has answered; video: beside the others; `began` says whether it began as video or audio, `ended` why it was over',
    ),
  queue: z.string(),
  agent: named.optional(),
  startedAt: time,
  endedAt: time.optional(),
  began: z.string(),
  ended: z.string().optional(),
});
export type SegmentView = z.infer<typeof segmentView>;

/** A message of history; `isErased` when its text was removed at the client's wish. */
export const historyMessage = message.extend({ isErased: z.boolean().optional() });
export type HistoryMessage = z.infer<typeof historyMessage>;

export const messagePage = z.object({
  /** Oldest first. */
  messages: z.array(historyMessage),
  nextCursor: z.string().optional().describe('Leads to the messages before these'),
});

export const historyDetail = historyItem.extend({
  client: named.extend({ email: z.string() }),
  page: z.string().describe('JSON of the page it was opened on, or empty'),
  userAgent: z.string(),
  note: z.string(),
  ratingComment: z.string(),
  segments: z.array(segmentView),
  participants: z.array(named),
  conversation: messagePage,
});
export type HistoryDetail = z.infer<typeof historyDetail>;

export const historyFilters = z.object({
  queue: z.string().max(40).optional(),
  group: z.string().max(40).optional(),
  agent: z.string().max(40).optional().describe('Owner'),
  state: z
    .enum(['in_progress', 'completed', 'completed_ok', 'completed_ko', ...interactionState.options])
    .optional()
    .describe('in_progress: not closed; completed: closed, with _ok and _ko by the kind of its outcome; or a state of its life'),
  from: moment.optional().describe('Created at or after, Unix milliseconds'),
  to: moment.optional().describe('Created before, Unix milliseconds'),
  medium: medium.optional().describe('It had this medium at some time'),
  name: z.string().trim().min(1).max(100).optional().describe('Part of the name of the client'),
});
export type HistoryFilters = z.infer<typeof historyFilters>;
