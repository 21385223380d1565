/**
 * What the browser needs to know of the wire, as types only: the schemas stay on the server, so no validator is in the bundles.
 * The server is trusted to send what it documents; `t` of an unknown kind is skipped.
 */
import type { z } from 'zod';
import type { AgentCommand, helloAgent, helloVisitor, replies, ServerFrame, VisitorCommand } from '../../protocol/frames.ts';

export type { CallCommandBody, CallTarget, CallView, LegQuality, LegView } from '../../protocol/calls.ts';
export type { Cursor } from '../../protocol/common.ts';
export type { PublicEvent, PublicSignal } from '../../protocol/events.ts';
export type { ServerFrame } from '../../protocol/frames.ts';
export type {
  Elements,
  Joined,
  LinkQuality,
  MediaSource,
  RoomConsumer,
  RoomPeer,
  RoomView,
  VideoCommand,
  VideoRules,
} from '../../protocol/video.ts';
export type { AgentView, FileView, InteractionView, Message, QueueFigures, Snapshot } from '../../protocol/views.ts';

type WithoutId<Frame> = Frame extends { id: number } ? Omit<Frame, 'id'> : never;
export type HelloFrame = WithoutId<z.input<typeof helloVisitor>> | WithoutId<z.input<typeof helloAgent>>;
type Optional<Frame, Field extends string> =
  Frame extends Record<Field, unknown> ? Omit<Frame, Field> & Partial<Pick<Frame, Field>> : Frame;
/** A command as a client writes it: no `id` yet, fields with defaults may be left out. */
export type CommandFrame = Optional<
  Optional<Optional<WithoutId<VisitorCommand | AgentCommand>, 'visibility'>, 'claim'>,
  'limit' | 'reason'
>;

type Replies = { [Name in keyof typeof replies]: z.infer<(typeof replies)[Name]> };
export type VisitorHello = Replies['hello visitor'];
export type AgentHello = Replies['hello agent'];
export type SubscribeReply = Replies['subscribe'];
export type ReplyOf<Name extends CommandFrame['t']> = Name extends keyof Replies ? Replies[Name] : Record<string, never>;
export type EventFrame = Extract<ServerFrame, { t: 'event' }>;
export type ErrorFrame = Extract<ServerFrame, { t: 'error' }>;
