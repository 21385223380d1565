/** What snapshots and events show of interactions, messages and agents. Times are Unix milliseconds. */
import { z } from 'zod';
import { callView } from './calls.ts';
import {
  agentStatus,
  clientPresence,
  contactId,
  fileId,
  groupId,
  interactionId,
  interactionState,
  queueId,
  role,
  userId,
  visibility,
} from './common.ts';
import { roomView, videoRules } from './video.ts';

export const author = z.object({ role, id: z.string(), name: z.string() });

export const fileView = z.object({ id: fileId, name: z.string(), type: z.string(), size: z.number().int() });
export type FileView = z.infer<typeof fileView>;

/** A line of the conversation. `off` is its place in the conversation feed; `mid` the sender's own id for it. */
export const message = z.object({
  off: z.number().int(),
  at: z.number(),
  mid: z.string(),
  from: author,
  text: z.string().optional(),
  file: fileView.optional(),
  visibility,
});
export type Message = z.infer<typeof message>;

export const page = z.object({
  url: z.string().max(2_000),
  title: z.string().max(300).default(''),
  referrer: z.string().max(2_000).default(''),
});

export const interactionView = z.object({
  id: interactionId,
  /** Empty: a call that its owner placed, in no queue. */
  queue: queueId.or(z.literal('')),
  group: groupId.optional(),
  state: interactionState,
  medium: z.enum(['chat', 'voice', 'video']),
  /** Its own priority, added to the queue's (RTE-1). */
  priority: z.number().int(),
  /** Skills it needs now, after relaxation (RTE-3). */
  required: z.array(z.object({ skill: z.string(), level: z.number().int() })),
  client: z.object({ id: contactId, name: z.string(), presence: clientPresence, presenceUntil: z.number().optional() }),
  owner: z.object({ id: userId, name: z.string() }).optional(),
  participants: z.array(z.object({ id: userId, name: z.string() })),
  createdAt: z.number(),
  /** When an agent first took it. */
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  endedBy: z.string().optional(),
  closedAt: z.number().optional(),
  outcome: z.string().optional(),
  rating: z.number().int().optional(),
  language: z.string(),
  page: page.optional(),
  userAgent: z.string().optional(),
  lastMessage: z.object({ text: z.string(), role, at: z.number() }).optional(),
  /** Messages of the client that no agent has read. */
  unread: z.number().int(),
  /** Highest offset of the conversation feed that was read by the client, and by staff. */
  readByClient: z.number().int(),
  readByStaff: z.number().int(),
  /** The client wrote last. */
  isUnanswered: z.boolean(),
  /** Since when the client waits for an answer; absent when not unanswered. */
  unansweredSince: z.number().optional(),
  /** Feed offset at which this view was true. */
  off: z.number().int(),
});
export type InteractionView = z.infer<typeof interactionView>;

export const offerView = z.object({ interaction: interactionView, token: z.string(), expiresAt: z.number() });

const mediumLoad = z.object({ load: z.number().int(), capacity: z.number().int() });

export const agentView = z.object({
  id: userId,
  name: z.string(),
  status: agentStatus,
  pauseReason: z.string().optional(),
  since: z.number(),
  /** Queues the agent may serve; `isSignedIn` where the agent serves now. */
  queues: z.array(
    z.object({
      id: queueId,
      name: z.string(),
      isSignedIn: z.boolean(),
      mode: z.string(),
      /** Signed in without being assigned (ACC-5). */
      isTemporary: z.boolean(),
      /** Paused in this queue alone (RTE-4), with the reason. */
      pauseReason: z.string().optional(),
    }),
  ),
  /** All that the agent holds: offers, conversations, wrap-ups; `capacity` is that of chats. */
  load: z.number().int(),
  capacity: z.number().int(),
  /** RTE-5, by medium. */
  media: z.object({ chat: mediumLoad, voice: mediumLoad, video: mediumLoad }),
  /** Calls of its own among what it holds: placed by its phones, in no queue. */
  placedCalls: z.number().int(),
  wrapUps: z.array(
    z.object({
      interaction: interactionId,
      until: z.number(),
      canEnd: z.boolean(),
      canExtend: z.boolean(),
      queue: queueId,
      /** Name of the client; empty when not known any more. */
      client: z.string(),
      outcome: z.string().optional(),
    }),
  ),
  devices: z.array(z.object({ id: z.string(), name: z.string(), isLive: z.boolean() })),
  /** The agent has phones and none of them is registered: calls are not offered (RTE-4). */
  isPhoneless: z.boolean().optional(),
});
export type AgentView = z.infer<typeof agentView>;

export const queueFigures = z.object({
  queue: queueId,
  version: z.string(),
  waiting: z.number().int(),
  longestWaitSince: z.number().optional(),
  inService: z.number().int(),
  /** Signed in and not paused. */
  agentsOnline: z.number().int(),
  agentsAvailable: z.number().int(),
  agentsPaused: z.number().int(),
  /** RTE-9: over the last 15 minutes; absent when nothing was answered. */
  averageWaitMs: z.number().optional(),
  answered: z.number().int(),
  abandoned: z.number().int(),
  /** answered within the queue's time ÷ (answered + abandoned after that time), 0–1, last 15 minutes; absent without any. */
  serviceLevel: z.number().optional(),
  /** Since midnight UTC. */
  today: z.object({
    answered: z.number().int(),
    abandoned: z.number().int(),
    handled: z.number().int(),
    averageWaitMs: z.number().optional(),
    averageHandleMs: z.number().optional(),
    serviceLevel: z.number().optional(),
  }),
  /** Share of the signed-in, unpaused time in which the queue's agents held work, 0–1, last 15 minutes. */
  occupancy: z.number().optional(),
  /** BEY-4: for somebody who came now, and the mean absolute error of such estimates of late. */
  estimatedWaitMs: z.number().optional(),
  estimateErrorMs: z.number().optional(),
  /** Mean of estimate − wait of those: above 0 they were too long. */
  estimateBiasMs: z.number().optional(),
});
export type QueueFigures = z.infer<typeof queueFigures>;

export const snapshot = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('conversation'),
    interaction: interactionView,
    messages: z.array(message),
    hasEarlier: z.boolean(),
    /** For staff, while it is carried by a phone. */
    call: callView.optional(),
    /** Its video room, when there was one. */
    room: roomView.optional(),
    /** For staff: what the conversation's group says about video; absent without a group, which has none. */
    video: videoRules.optional(),
  }),
  z.object({
    kind: z.literal('agent'),
    agent: agentView,
    offers: z.array(offerView),
    interactions: z.array(interactionView),
    /** How the agent's own calls stand. */
    calls: z.array(callView),
  }),
  z.object({ kind: z.literal('queue'), interactions: z.array(interactionView) }),
  z.object({ kind: z.literal('figures'), figures: queueFigures }),
]);
export type Snapshot = z.infer<typeof snapshot>;
