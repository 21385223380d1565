/**
 * What the log tells of an interaction this node carries, and which story follows. What came of our own commands is known from their replies already: every story
 * here can be told twice.
 */
import type { LogEntry } from '../../queues/engine.ts';
import { type EventBody, type EventType, eventBodies } from '../../queues/events.ts';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import type { Call } from './call.ts';
import { followRecipe } from './divert.ts';
import { endedInRouting } from './hangUp.ts';
import { offered, offerGone, taken } from './ringing.ts';
import { handedOver, requeued } from './transfer.ts';
import { tellMessage } from './waiting.ts';

/** The interaction an entry is about, without parsing its body. */
export function interactionOf(entry: LogEntry): string | undefined {
  for (const { feed } of entry.feeds) if (feed.startsWith('conversation:')) return feed.slice('conversation:'.length);
  return /"i":"(int_[0-9a-z]{26})"/.exec(entry.body)?.[1];
}

export function tellCall(call: Call, entry: LogEntry): void {
  // What left routing goes on without it: that the interaction is closed was our own word.
  if (call.isOutOfRouting) return;
  switch (entry.type) {
    case 'offer.made': {
      const { a, tok } = read('offer.made', entry);
      return offered(call, { agentId: a as UserId, token: tok });
    }
    case 'offer.gone': {
      const { a, tok } = read('offer.gone', entry);
      return offerGone(call, a as UserId, tok);
    }
    case 'interaction.taken': {
      const owner = read('interaction.taken', entry).a as UserId;
      call.takenBy = owner;
      if (call.owner === owner || call.expectedOwner === owner) return;
      return call.at === 'waiting' ? taken(call, owner) : handedOver(call, owner);
    }
    case 'interaction.requeued': {
      const { a, q, reason } = read('interaction.requeued', entry);
      // Handed on: to whom, or to which queue, is told next.
      return reason === 'transfer' ? undefined : requeued(call, a as UserId, q as QueueId);
    }
    case 'interaction.queued': {
      const { q, reason } = read('interaction.queued', entry);
      return reason === 'transfer' && call.owner ? requeued(call, call.owner, q as QueueId) : undefined;
    }
    case 'recipe.ran': {
      const { sound } = read('recipe.ran', entry);
      return sound ? tellMessage(call, sound) : undefined;
    }
    case 'interaction.moved':
      return call.movedTo(read('interaction.moved', entry).q as QueueId);
    case 'interaction.ended': {
      // By the client: our own word. By an agent or a supervisor: at the desk.
      const { by } = read('interaction.ended', entry);
      return by === 'client' ? undefined : endedInRouting(call, 'ended at the desk');
    }
    case 'interaction.closed': {
      const { reason, to } = read('interaction.closed', entry);
      if (reason === 'diverted') return followRecipe(call, to ?? '{}');
      // Nobody will come: the caller is told so.
      if (reason === 'rejected') return followRecipe(call, '{"op":"close"}');
      return endedInRouting(call, reason);
    }
    default:
      return;
  }
}

function read<Type extends EventType>(type: Type, entry: LogEntry): EventBody<Type> {
  return eventBodies[type].parse(JSON.parse(entry.body)) as EventBody<Type>;
}
