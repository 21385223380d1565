/**
 * Log entries as the projector understands them. What this release does not know (a newer version or type) stops the partition;
 * what it should know but cannot read is set aside.
 */

import type { z } from 'zod';
import type { LogEntry } from '../../queues/engine.ts';
import { type EventBody, type EventType, eventBodies, LOG_VERSION } from '../../queues/events.ts';
import { type CallView, callView } from '../protocol/calls.ts';
import { roomView } from '../protocol/video.ts';
import { type Position, parsePosition } from './position.ts';

/** An entry with its body checked. */
export type Decoded = {
  [Type in EventType]: {
    readonly type: Type;
    readonly body: EventBody<Type>;
    readonly at: number;
    readonly place: Position;
    readonly entry: LogEntry;
  };
}[EventType];

export interface Unreadable {
  readonly entry: LogEntry;
  readonly reason: string;
}

/** Whether this release may read it: version v or v−1, a type of the vocabulary. */
export function isKnown(entry: LogEntry): boolean {
  return (entry.version === LOG_VERSION || entry.version === LOG_VERSION - 1) && Object.hasOwn(eventBodies, entry.type);
}

/** The entry with its body, or why it cannot be read. The reason never repeats the body. */
export function decode(entry: LogEntry): Decoded | Unreadable {
  try {
    const result = eventBodies[entry.type].safeParse(parseBody(entry.body));
    if (!result.success) return { entry, reason: result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join('; ') };
    return { type: entry.type, body: result.data, at: entry.at, place: parsePosition(entry.id), entry } as Decoded;
  } catch (error) {
    return { entry, reason: error instanceof SyntaxError ? 'the body is not JSON' : String(error) };
  }
}

/** PostgreSQL holds no NUL in text. */
function parseBody(json: string): unknown {
  if (!json.includes('\\u0000')) return JSON.parse(json);
  return JSON.parse(json, (_, value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '') : value));
}

/** Fields that tell about a person; they stand in the tables that can be erased, never in facts. */
const PERSONAL: ReadonlySet<string> = new Set(['name', 'email', 'page', 'userAgent', 'n', 'note', 'comment']);

/** The state in a `call.changed`; undefined when it is none that we know. */
export function callStateOf(call: string): CallView['state'] | undefined {
  try {
    return callView.shape.state.safeParse((JSON.parse(call) as { state?: unknown } | null)?.state).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const roomFact = roomView
  .pick({ kind: true, state: true, startedAt: true, openedAt: true, endedAt: true, endedBecause: true })
  .extend({ startedBy: roomView.shape.startedBy.pick({ role: true }) });

/** What a `room.changed` says without names; undefined when it is none that we know. */
export function roomFactOf(room: string): z.infer<typeof roomFact> | undefined {
  try {
    return roomFact.safeParse(JSON.parse(room)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** JSON of the body without personal data, as the `event` table keeps it. */
export function factOf(event: Decoded): string {
  // Who is in the call stands in its legs.
  if (event.type === 'call.changed') return JSON.stringify({ ...event.body, call: callStateOf(event.body.call) ?? '' });
  // Who is in the room, by name, stays out; so does what each of them sends.
  if (event.type === 'room.changed') return JSON.stringify({ ...event.body, room: roomFactOf(event.body.room) ?? {} });
  return JSON.stringify(Object.fromEntries(Object.entries(event.body).filter(([field]) => !PERSONAL.has(field))));
}
