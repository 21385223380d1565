/**
 * Every WebSocket frame: UTF-8 JSON, one object a frame. The client sends commands with a number `id`; each gets exactly one
 * `reply` or `error` with that id. The server pushes `event`, `state` and `signal`. First frame: `hello`, within 5 s.
 *
 * Resuming: `subscribe` with the last cursor gives what was missed and then what comes. Each event carries `prev`, the offset of
 * the event pushed before it on this subscription: if it is not the client's own offset, something is missing — subscribe again with the cursor.
 */
import { z } from 'zod';
import { callCommand } from './calls.ts';
import {
  cursor,
  feedName,
  fileId,
  interactionId,
  key,
  MESSAGE_MAX_CHARS,
  PROTOCOL_VERSION,
  queueId,
  userId,
  visibility,
} from './common.ts';
import { publicEvent, publicSignal } from './events.ts';
import { videoCommand } from './video.ts';
import { agentView, interactionView, page, snapshot } from './views.ts';

const id = z.number().int().min(1);
const text = z.string().min(1).max(MESSAGE_MAX_CHARS);

export const helloVisitor = z.object({
  t: z.literal('hello'),
  id,
  v: z.literal(PROTOCOL_VERSION),
  as: z.literal('visitor'),
  /** Public identifier of the group, from the embed snippet. */
  group: z.string().min(1).max(64),
  /** The visitor's own secret from an earlier hello; absent on a first visit. */
  token: z.string().max(200).optional(),
  language: z.string().max(20).optional(),
  page: page.optional(),
});
export const helloAgent = z.object({
  t: z.literal('hello'),
  id,
  v: z.literal(PROTOCOL_VERSION),
  as: z.literal('agent'),
  /** Sign-in token; absent when the browser's cookie carries it. */
  token: z.string().max(300).optional(),
  device: z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/), name: z.string().max(80) }),
});

/** Commands that visitors and agents share. */
const shared = [
  z.object({ t: z.literal('ping'), id }),
  z.object({ t: z.literal('subscribe'), id, feed: feedName, cursor: cursor.optional() }),
  z.object({ t: z.literal('unsubscribe'), id, feed: feedName }),
  /** Agents set `claim` to take an untaken conversation by replying: the first to arrive owns it, others get `already_taken`. */
  z.object({
    t: z.literal('chat.send'),
    id,
    interaction: interactionId,
    mid: key,
    text: text.optional(),
    file: fileId.optional(),
    visibility: visibility.default('everyone'),
    claim: z.boolean().default(false),
  }),
  z.object({ t: z.literal('chat.read'), id, interaction: interactionId, upTo: z.number().int().min(0) }),
  z.object({ t: z.literal('chat.typing'), id, interaction: interactionId, isTyping: z.boolean(), preview: z.string().max(500).optional() }),
  /** Earlier messages of a conversation: those with an offset below `before`, newest last. */
  z.object({
    t: z.literal('chat.earlier'),
    id,
    interaction: interactionId,
    before: z.number().int().min(1),
    limit: z.number().int().min(1).max(100).default(50),
  }),
  /** VID-1: to the video room of the interaction; the reply's body is what the command answers (`video.ts`). */
  z.object({ t: z.literal('video.command'), id, key, interaction: interactionId, body: videoCommand }),
] as const;

export const visitorCommand = z.discriminatedUnion('t', [
  ...shared,
  /**
   * Opens a conversation with its first message. The same `key` again gives the same interaction.
   * `medium: 'video'` (WID-4): routed as a video, the message is optional; refused (forbidden) where the group has no video.
   */
  z.object({
    t: z.literal('chat.start'),
    id,
    key,
    text: text.optional(),
    medium: z.enum(['chat', 'video']).optional(),
    name: z.string().max(100).optional(),
    email: z.email().max(200).optional(),
    page: page.optional(),
  }),
  z.object({ t: z.literal('chat.end'), id, interaction: interactionId }),
  z.object({
    t: z.literal('chat.rate'),
    id,
    interaction: interactionId,
    value: z.number().int().min(1).max(5),
    comment: z.string().max(1_000).optional(),
  }),
  z.object({ t: z.literal('page.changed'), id, page }),
]);
export type VisitorCommand = z.infer<typeof visitorCommand>;

export const agentCommand = z.discriminatedUnion('t', [
  ...shared,
  /** Serve these queues; absent: all that the agent is assigned to. Others where the account lets users, until signed out (ACC-5). */
  z.object({ t: z.literal('agent.signIn'), id, key, queues: z.array(queueId).max(200).optional() }),
  z.object({ t: z.literal('agent.signOut'), id, key, queues: z.array(queueId).max(200).optional() }),
  /** `reason`: id or name of a pause reason that is switched on; while none is, without. `queues` absent: the agent pauses altogether. */
  z.object({ t: z.literal('agent.pause'), id, key, reason: z.string().max(255).default(''), queues: z.array(queueId).max(200).optional() }),
  z.object({ t: z.literal('agent.resume'), id, key, queues: z.array(queueId).max(200).optional() }),
  z.object({ t: z.literal('offer.accept'), id, interaction: interactionId, token: z.string().max(40) }),
  z.object({ t: z.literal('offer.decline'), id, interaction: interactionId, token: z.string().max(40) }),
  z.object({ t: z.literal('interaction.claim'), id, key, interaction: interactionId }),
  z.object({ t: z.literal('interaction.end'), id, key, interaction: interactionId }),
  z.object({
    t: z.literal('interaction.close'),
    id,
    key,
    interaction: interactionId,
    outcome: z.string().max(100).optional(),
    note: z.string().max(2_000).optional(),
  }),
  z.object({ t: z.literal('interaction.transfer'), id, key, interaction: interactionId, to: userId }),
  z.object({ t: z.literal('participant.invite'), id, key, interaction: interactionId, agent: userId }),
  z.object({ t: z.literal('participant.leave'), id, key, interaction: interactionId }),
  /** VOX-4: what the agent's own phone call is to do; answered once the node that carries it has done so. */
  z.object({
    t: z.literal('call.command'),
    id,
    key,
    interaction: interactionId,
    body: callCommand,
    /** Unix milliseconds by the server's clock (`now` of its hello): not to be carried out later than this. */
    before: z.number().optional(),
  }),
  /** APP-7: the agent, while the wrap-up runs; outcome absent: none, note absent: what was written stays. */
  z.object({
    t: z.literal('wrapUp.outcome'),
    id,
    key,
    interaction: interactionId,
    outcome: z.string().max(100).optional(),
    note: z.string().max(2_000).optional(),
  }),
  z.object({ t: z.literal('wrapUp.end'), id, key, interaction: interactionId }),
  z.object({ t: z.literal('wrapUp.extend'), id, key, interaction: interactionId, bySec: z.number().int().min(10).max(600) }),
]);
export type AgentCommand = z.infer<typeof agentCommand>;

/** Bodies of replies, by command; what is not listed replies `{}`. */
export const replies = {
  'hello visitor': z.object({
    v: z.number(),
    token: z.string(),
    contact: z.string(),
    heartbeatSec: z.number(),
    conversations: z.array(interactionView),
    isOnline: z.boolean(),
  }),
  'hello agent': z.object({
    v: z.number(),
    agent: agentView,
    account: z.object({
      id: z.string(),
      name: z.string(),
      /** RTE-7: what a pause may give as its reason; empty: pauses have none. */
      pauseReasons: z.array(z.object({ id: z.string(), name: z.string() })),
      /** ACC-5. */
      canSignInAnywhere: z.boolean(),
    }),
    heartbeatSec: z.number(),
    /** The server's clock. Absent: of a server of an earlier release. */
    now: z.number().optional(),
  }),
  subscribe: z.discriminatedUnion('mode', [
    z.object({ mode: z.literal('resumed'), feed: feedName, cursor }),
    z.object({ mode: z.literal('snapshot'), feed: feedName, cursor, snapshot }),
  ]),
  'chat.start': z.object({ interaction: interactionView, off: z.number().int() }),
  'chat.send': z.object({ mid: z.string(), off: z.number().int(), at: z.number() }),
  'chat.earlier': z.object({ messages: z.array(z.unknown()), hasEarlier: z.boolean() }),
  'interaction.claim': z.object({ interaction: interactionView }),
  'offer.accept': z.object({ interaction: interactionView }),
} as const;

export const serverFrame = z.discriminatedUnion('t', [
  z.object({ t: z.literal('reply'), id, body: z.unknown() }),
  /** `code` is one of the error catalog; `owner` names who was first for `already_taken`. `id` is 0 when the frame could not be read. */
  z.object({
    t: z.literal('error'),
    id: z.number().int(),
    code: z.string(),
    text: z.string(),
    isRetryable: z.boolean(),
    detail: z.string().optional(),
    owner: z.string().optional(),
    retryAfterSec: z.number().optional(),
  }),
  z.object({ t: z.literal('event'), feed: feedName, epoch: z.string(), prev: z.number().int(), off: z.number().int(), event: publicEvent }),
  z.object({ t: z.literal('state'), feed: feedName, event: publicEvent }),
  z.object({ t: z.literal('signal'), feed: feedName, signal: publicSignal }),
  /** The feed cannot be resumed from the cursor, or the right to it was lost: subscribe anew, or give it up when `isFinal`. */
  z.object({ t: z.literal('reset'), feed: feedName, isFinal: z.boolean() }),
]);
export type ServerFrame = z.infer<typeof serverFrame>;
