/** Public events, as pushed to sockets. Each belongs to one feed; `off` grows by what the receiver may see. */
import { z } from 'zod';
import { callView, legQuality } from './calls.ts';
import { clientPresence, interactionId, userId } from './common.ts';
import { linkQuality, peerId, roomView } from './video.ts';
import { agentView, interactionView, message, offerView, queueFigures } from './views.ts';

const at = z.number();

export const publicEvent = z.discriminatedUnion('type', [
  // conversation:<interaction>
  z.object({ type: z.literal('message.sent'), at, interaction: interactionId, message }),
  z.object({ type: z.literal('messages.read'), at, interaction: interactionId, by: z.enum(['client', 'staff']), upTo: z.number().int() }),
  z.object({ type: z.literal('client.presence'), at, interaction: interactionId, presence: clientPresence, until: z.number().optional() }),
  z.object({ type: z.literal('interaction.taken'), at, interaction: interactionId, agent: z.object({ id: userId, name: z.string() }) }),
  z.object({ type: z.literal('interaction.requeued'), at, interaction: interactionId, reason: z.string() }),
  z.object({ type: z.literal('participant.joined'), at, interaction: interactionId, agent: z.object({ id: userId, name: z.string() }) }),
  z.object({ type: z.literal('participant.left'), at, interaction: interactionId, agent: z.object({ id: userId, name: z.string() }) }),
  z.object({
    type: z.literal('interaction.ended'),
    at,
    interaction: interactionId,
    by: z.enum(['client', 'agent', 'system']),
    reason: z.string(),
    name: z.string(),
  }),
  z.object({ type: z.literal('interaction.closed'), at, interaction: interactionId, reason: z.string(), outcome: z.string().optional() }),
  z.object({ type: z.literal('rating.given'), at, interaction: interactionId, value: z.number().int() }),
  // conversation:<interaction>, for staff, and agent:<user> of its owner: how the call stands; of two the one with the higher `call.version` counts
  z.object({ type: z.literal('call.changed'), at, interaction: interactionId, call: callView }),
  // conversation:<interaction> and agent:<user> of its owner: the video room; of two the one with the higher `room.version` counts
  z.object({ type: z.literal('room.changed'), at, interaction: interactionId, room: roomView }),
  // agent:<user>
  z.object({ type: z.literal('offer.made'), at, offer: offerView }),
  z.object({
    type: z.literal('offer.gone'),
    at,
    interaction: interactionId,
    reason: z.enum(['accepted', 'expired', 'declined', 'withdrawn', 'taken']),
  }),
  z.object({ type: z.literal('agent.changed'), at, agent: agentView }),
  // agent:<user> (own conversations) and queue:<queue> (lists): the row as it is now
  // In an agent's feed a row is not repeated for what was said in a conversation that the same socket follows: that feed tells it.
  z.object({ type: z.literal('row.changed'), at, interaction: interactionView }),
  z.object({ type: z.literal('row.removed'), at, interaction: interactionId }),
  // figures:<queue>
  z.object({ type: z.literal('figures.changed'), at, figures: queueFigures }),
]);
export type PublicEvent = z.infer<typeof publicEvent>;

/** Signals are best effort and never stored. */
export const publicSignal = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('typing'),
    interaction: interactionId,
    from: z.object({ role: z.string(), id: z.string(), name: z.string() }),
    isTyping: z.boolean(),
    preview: z.string().max(500).optional(),
  }),
  /** To the visitor's other tabs: a conversation was opened in one of them; subscribe to its feed. */
  z.object({ type: z.literal('conversation.started'), interaction: interactionId }),
  /** conversation:<interaction>, to the staff alone. */
  z.object({ type: z.literal('call.quality'), interaction: interactionId, quality: legQuality }),
  /** conversation:<interaction>. VID-8, for staff. */
  z.object({ type: z.literal('video.quality'), interaction: interactionId, links: z.array(linkQuality) }),
  /** conversation:<interaction>. VID-1: who speaks. */
  z.object({ type: z.literal('video.speaker'), interaction: interactionId, peer: peerId.nullable() }),
]);
export type PublicSignal = z.infer<typeof publicSignal>;
