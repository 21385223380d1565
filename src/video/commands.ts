/**
 * What a peer asks of a video room, on its way from the socket to the node that carries the room. Who may ask is decided here: the visitor whose
 * interaction it is, its owner, and the agents that take part; what is possible just now, by the room.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { CallCommand } from '../../queues/phones.ts';
import { AppError, type ErrorCode } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { VideoCommand } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';

type RoomEngine = Pick<Engine, 'views' | 'phones' | 'rooms'>;

/** Who asks, as the session says. */
export interface RoomMember {
  readonly role: 'customer' | 'agent';
  /** Contact or user. */
  readonly id: string;
  readonly name: string;
  /** Of a user: what is entered by it ends with it. */
  readonly sessionId?: string | undefined;
}

export interface RoomOrder {
  readonly interactionId: InteractionId;
  /** Once per intent: the same key again has no further effect, and the same answer. */
  readonly key: string;
  readonly command: VideoCommand;
}

/** A letter to the node that carries the room. */
export interface RoomLetter {
  readonly scope: Scope;
  readonly by: RoomMember;
  readonly command: VideoCommand;
}

/** And its answer. What may succeed when asked again is no answer but the letter's failure. */
export type RoomAnswer = { readonly body: unknown } | { readonly refused: { readonly code: ErrorCode; readonly detail?: string } };

/**
 * The answer of the command (`src/protocol/video.ts`). `maySupervise`: who takes no part but has the say over the conversation.
 * @throws AppError not_found, forbidden, gone (no room, or conversation over), wrong_state, at_capacity, unavailable (no video node)
 */
export async function actInRoom(
  engine: RoomEngine,
  scope: Scope,
  by: RoomMember,
  order: RoomOrder,
  maySupervise: (view: InteractionView) => boolean = () => false,
): Promise<unknown> {
  const { interactionId, key, command } = order;
  const view = await engine.views.interaction(scope, interactionId);
  if (!view || (by.role === 'customer' && view.client.id !== by.id)) throw new AppError('not_found');
  if (by.role === 'agent' && !takesPart(view, by.id) && !maySupervise(view)) throw new AppError('forbidden');
  if (view.state === 'ended' || view.state === 'closed') throw new AppError('gone', { detail: 'The conversation is over.' });
  const node = await nodeOf(engine, interactionId, command);
  const letter: RoomLetter = { scope, by, command };
  const answer = await ask(engine, node, { id: `${scope.accountId}:${by.id}:${key}`, call: interactionId, body: JSON.stringify(letter) });
  if ('refused' in answer) {
    const { code, detail } = answer.refused;
    throw new AppError(code, detail === undefined ? {} : { detail });
  }
  return answer.body;
}

/** @throws AppError unavailable: also when the node is silent. The room is nobody's then, and another's when asked again. */
async function ask({ phones, rooms }: RoomEngine, node: string, command: CallCommand): Promise<RoomAnswer> {
  try {
    return JSON.parse(await phones.ask(node, command)) as RoomAnswer;
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'gone') {
      // Its claim would stand for some seconds yet. A process that only lost Redis for a moment claims it again when nobody else did.
      await rooms.release(command.call as InteractionId, node);
      throw new AppError('unavailable', { detail: 'The process that carried the room is gone; another takes its place.', cause });
    }
    throw cause;
  }
}

export function takesPart({ owner, participants }: InteractionView, userId: string): boolean {
  return owner?.id === userId || participants.some(({ id }) => id === userId);
}

/** Where the room is. One that nobody carries is begun, or built anew, on the node with the least to do. */
async function nodeOf({ rooms, phones }: RoomEngine, id: InteractionId, command: VideoCommand): Promise<string> {
  const holder = await rooms.holder(id);
  if (holder !== undefined) return holder;
  if (command.do !== 'open' && command.do !== 'join') throw new AppError('gone', { detail: 'Nobody carries this room: join again.' });
  const nodes = (await phones.nodes('sfu')).filter(({ isDraining }) => !isDraining).sort((a, b) => a.load - b.load);
  const [least] = nodes;
  if (!least) throw new AppError('unavailable', { detail: 'No process carries video at the moment.' });
  return rooms.claim(id, least.id);
}
