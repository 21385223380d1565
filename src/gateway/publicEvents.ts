/**
 * The one mapping from the event log to what clients see (`src/protocol/events.ts`), by audience: a visitor sees what is for everyone or for
 * them alone, staff see all of what they may follow. Pure; whoever needs a row or an agent as it is now reads it and comes back.
 */
import type { EventBody, EventType } from '../../queues/events.ts';
import { assertNever } from '../base/errors.ts';
import type { CallView } from '../protocol/calls.ts';
import type { PublicEvent } from '../protocol/events.ts';
import type { RoomView } from '../protocol/video.ts';
import type { InteractionView, Message } from '../protocol/views.ts';

/** An event of the log with its body read. */
export type ReadEvent = {
  readonly [Type in EventType]: { readonly type: Type; readonly at: number; readonly body: EventBody<Type> };
}[EventType];

/** Our own scripts wrote the body, so it is not validated again. */
export function readEvent(type: EventType, at: number, body: string): ReadEvent {
  return { type, at, body: JSON.parse(body) } as ReadEvent;
}

/** The node that carries the call made it; the log keeps it as it is. */
const callOf = (body: EventBody<'call.changed'>): CallView => JSON.parse(body.call) as CallView;

const roomOf = (body: EventBody<'room.changed'>): RoomView => JSON.parse(body.room) as RoomView;

/** What followers of the conversation feed get; undefined: nothing, the event is the desk's or the log's alone. Whether a message is for them is asked before. */
export function conversationEvent(event: ReadEvent, isStaff: boolean): PublicEvent | undefined {
  const { type, at, body } = event;
  switch (type) {
    case 'message.sent': {
      const message: Message = {
        off: body.off,
        at,
        mid: body.mid,
        from: { role: body.role as Message['from']['role'], id: body.by, name: body.n },
        ...(body.text === undefined ? {} : { text: body.text }),
        ...(body.file === undefined ? {} : { file: body.file }),
        visibility: body.vis,
      };
      return { type, at, interaction: body.i, message };
    }
    case 'messages.read':
      return { type, at, interaction: body.i, by: body.by, upTo: body.upTo };
    case 'client.presence':
      return { type, at, interaction: body.i, presence: body.presence, ...(body.until > 0 ? { until: body.until } : {}) };
    case 'interaction.taken':
    case 'participant.joined':
    case 'participant.left':
      return { type, at, interaction: body.i, agent: { id: body.a, name: body.n } };
    case 'interaction.requeued':
      return { type, at, interaction: body.i, reason: body.reason };
    case 'interaction.ended':
      return { type, at, interaction: body.i, by: body.by as 'client' | 'agent' | 'system', reason: body.reason, name: body.n };
    case 'interaction.closed':
      return { type, at, interaction: body.i, reason: body.reason, ...(isStaff && body.outcome !== '' ? { outcome: body.outcome } : {}) };
    case 'rating.given':
      return { type, at, interaction: body.i, value: body.value };
    case 'call.changed':
      // The client is on the phone: what staff says to each other about the call is not for a visitor's page.
      return isStaff ? { type, at, interaction: body.i, call: callOf(body) } : undefined;
    case 'room.changed':
      return { type, at, interaction: body.i, room: roomOf(body) };
    case 'interaction.created':
    case 'interaction.answered':
    case 'interaction.queued':
    case 'interaction.moved':
    case 'interaction.changed':
    case 'call.leg':
    case 'recipe.ran':
    case 'offer.made':
    case 'offer.gone':
    case 'outcome.changed':
    case 'wrapup.started':
    case 'wrapup.extended':
    case 'wrapup.ended':
    case 'agent.changed':
    case 'session.revoked':
    case 'config.applied':
      return undefined;
    default:
      return assertNever(event);
  }
}

type OfferGoneReason = Extract<PublicEvent, { type: 'offer.gone' }>['reason'];

/** What an event means to a list of conversations (an agent's own, or a queue's): what has to be read and shown. */
export type RowStep =
  | { readonly kind: 'row'; readonly interaction: string }
  | { readonly kind: 'removed'; readonly interaction: string }
  | { readonly kind: 'offer'; readonly interaction: string; readonly token: string; readonly expiresAt: number }
  | { readonly kind: 'offerGone'; readonly interaction: string; readonly reason: OfferGoneReason }
  /** How the agent's own call stands now. */
  | { readonly kind: 'call'; readonly interaction: string; readonly call: CallView }
  /** How the video room of the agent's conversation stands now. */
  | { readonly kind: 'room'; readonly interaction: string; readonly room: RoomView }
  /** The agent's own state. */
  | { readonly kind: 'agent' }
  | { readonly kind: 'nothing' };

/** The step for the feed of an agent (`agentId` given) or of a queue. */
export function rowStep(event: ReadEvent, agentId: string | undefined): RowStep {
  const { type, body } = event;
  switch (type) {
    case 'interaction.created':
    case 'interaction.answered':
    case 'interaction.queued':
    case 'interaction.changed':
    case 'interaction.taken':
    case 'interaction.ended':
    case 'participant.joined':
    case 'message.sent':
    case 'messages.read':
    case 'client.presence':
    case 'rating.given':
      return { kind: 'row', interaction: body.i };
    case 'interaction.closed':
    case 'interaction.moved':
      return { kind: 'removed', interaction: body.i };
    case 'interaction.requeued':
    case 'participant.left':
      return { kind: body.a === agentId ? 'removed' : 'row', interaction: body.i };
    case 'offer.made':
      return agentId === undefined
        ? { kind: 'row', interaction: body.i }
        : { kind: 'offer', interaction: body.i, token: body.tok, expiresAt: body.due };
    case 'offer.gone':
      return agentId === undefined
        ? { kind: 'row', interaction: body.i }
        : { kind: 'offerGone', interaction: body.i, reason: body.reason as OfferGoneReason };
    case 'call.changed':
      return agentId === undefined ? { kind: 'nothing' } : { kind: 'call', interaction: body.i, call: callOf(body) };
    case 'room.changed':
      return agentId === undefined ? { kind: 'nothing' } : { kind: 'room', interaction: body.i, room: roomOf(body) };
    case 'outcome.changed':
    case 'wrapup.started':
    case 'wrapup.extended':
    case 'wrapup.ended':
    case 'agent.changed':
      return agentId === undefined ? { kind: 'nothing' } : { kind: 'agent' };
    case 'call.leg':
    case 'recipe.ran':
    case 'session.revoked':
    case 'config.applied':
      return { kind: 'nothing' };
    default:
      return assertNever(event);
  }
}

/** Whether the agent's load or state may have changed with the event, though the event says something else. */
export function changesAgent(step: RowStep, type: EventType): boolean {
  return step.kind !== 'agent' && step.kind !== 'nothing' && (type.startsWith('offer.') || type.startsWith('interaction.'));
}

/** The interaction as its client may see it: without what the staff keeps to itself. */
export function viewForVisitor(view: InteractionView): InteractionView {
  const { outcome: _outcome, unread: _unread, ...rest } = view;
  return { ...rest, unread: 0, priority: 0, required: [] };
}
