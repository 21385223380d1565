/**
 * One interaction's life as history tells it: how each event changes its row and its ordered segments (waiting, offered, served by
 * whom, held, wrap-up). Pure; the projector loads lives, folds a batch into them and writes what changed. An event that is in already changes nothing.
 */
import { assertNever } from '../base/errors.ts';
import type { InteractionRow, SegmentRow } from '../db/historyWrites.ts';
import { callStateOf, type Decoded, roomFactOf } from './decode.ts';
import { isAfter, monthOfInteraction } from './position.ts';

export interface Life {
  readonly row: InteractionRow;
  /** Open segments, and all that began or ended since it was loaded. */
  readonly segments: SegmentRow[];
}

const LIFE_TYPES = [
  'interaction.created',
  'interaction.answered',
  'interaction.queued',
  'offer.made',
  'offer.gone',
  'interaction.taken',
  'interaction.requeued',
  'interaction.ended',
  'interaction.closed',
  'outcome.changed',
  'rating.given',
  'wrapup.started',
  'wrapup.ended',
  'call.changed',
  'interaction.changed',
  'room.changed',
] as const;
export type LifeEvent = Extract<Decoded, { type: (typeof LIFE_TYPES)[number] }>;

const lifeTypes: ReadonlySet<string> = new Set(LIFE_TYPES);

export function isLifeEvent(event: Decoded): event is LifeEvent {
  return lifeTypes.has(event.type);
}

/** The life that `interaction.created` begins: it waits, or is dialled by the agent who owns it. */
export function beginLife(event: Extract<LifeEvent, { type: 'interaction.created' }>): Life {
  const { body, at } = event;
  const row: InteractionRow = {
    month: monthOfInteraction(body.i),
    id: body.i,
    account_id: event.entry.accountId,
    queue_id: body.q,
    group_id: body.group,
    contact_id: body.contact,
    channel: body.channel,
    origin: body.origin,
    language: body.language,
    state: body.a ? 'served' : 'waiting',
    owner_id: body.a ?? null,
    created_at: at,
    waits_since: body.start,
    started_at: null,
    ended_at: null,
    ended_by: null,
    closed_at: null,
    close_reason: null,
    outcome: null,
    outcome_kind: null,
    rating: null,
    read_by_client: 0,
    read_by_staff: 0,
    segments: 0,
    media: body.channel,
    entry_ms: event.place.ms,
    entry_seq: event.place.seq,
  };
  const life: Life = { row, segments: [] };
  if (body.a) open(life, 'dialling', at, 'created', body.a);
  else open(life, 'waiting', at, 'created');
  return life;
}

/** Changes the life by the event. @returns false when the event is in already */
export function foldEvent(life: Life, event: LifeEvent): boolean {
  const { row } = life;
  if (!isAfter(event.place, { ms: row.entry_ms, seq: row.entry_seq })) return false;
  row.entry_ms = event.place.ms;
  row.entry_seq = event.place.seq;
  applyEvent(life, event);
  return true;
}

/** Of these one is open until the conversation is over. */
const AT_WORK = ['dialling', 'waiting', 'offered', 'served', 'held'] as const;

function applyEvent(life: Life, event: LifeEvent): void {
  const { row } = life;
  const { type, body, at } = event;
  switch (type) {
    case 'interaction.created':
      return;
    case 'interaction.answered':
      end(life, ['dialling'], at, 'answered');
      row.started_at ??= at;
      return open(life, 'served', at, 'answered', body.a);
    case 'interaction.queued':
      // In another queue it is another wait.
      if (row.queue_id !== body.q) end(life, ['waiting'], at, 'moved');
      row.queue_id = body.q;
      return wait(life, at, body.reason);
    case 'offer.made':
      end(life, ['waiting', 'offered'], at, 'offered');
      row.state = 'offered';
      return open(life, 'offered', at, 'offered', body.a);
    case 'offer.gone':
      return offerGone(life, at, body.a, body.reason);
    case 'interaction.taken':
      end(life, ['waiting', 'offered', 'served', 'held'], at, body.via === 'transfer' ? 'transfer' : 'taken');
      row.state = 'served';
      row.owner_id = body.a;
      row.started_at ??= at;
      return open(life, 'served', at, body.via, body.a);
    case 'interaction.requeued':
      end(life, ['offered', 'served', 'held'], at, body.reason);
      row.owner_id = null;
      return wait(life, at, body.reason);
    case 'interaction.ended':
      end(life, AT_WORK, at, 'ended');
      end(life, ['video'], at, 'conversation_over');
      row.state = 'ended';
      row.ended_at = at;
      row.ended_by = body.reason;
      return;
    case 'interaction.closed':
      end(life, AT_WORK, at, body.reason);
      end(life, ['video'], at, 'conversation_over');
      row.state = 'closed';
      row.closed_at = at;
      row.close_reason = body.reason;
      row.outcome = body.outcome || null;
      row.outcome_kind = body.kind || null;
      if (body.a) row.owner_id = body.a;
      return;
    case 'outcome.changed':
      row.outcome = body.outcome || null;
      row.outcome_kind = body.kind || null;
      return;
    case 'rating.given':
      row.rating = body.value;
      return;
    case 'wrapup.started':
      return open(life, 'wrap_up', at, 'closed', body.a);
    case 'wrapup.ended':
      return end(life, ['wrap_up'], at, body.how, body.a);
    case 'call.changed':
      return callChanged(life, at, body.call);
    case 'interaction.changed':
      if (body.what === 'media') noteMedium(row, body.channel);
      return;
    case 'room.changed':
      return roomChanged(life, at, body.room);
    default:
      return assertNever(type);
  }
}

/** An offer that is over sends the client back to waiting; a taken interaction's late one changes nothing. */
function offerGone(life: Life, at: number, agentId: string, reason: string): void {
  end(life, ['offered'], at, reason, agentId);
  if (life.row.state === 'offered' && !isOpen(life, 'offered')) wait(life, at, reason);
}

/** Whoever is on hold, or waits while the agent asks somebody, is held; a call that is in no agent's hands yet is neither. */
function callChanged(life: Life, at: number, call: string): void {
  const state = callStateOf(call);
  const isHeld = state === 'held' || state === 'consulting';
  const isServed = state === 'talking' || state === 'conference';
  if (life.row.state !== 'served' || !(isHeld || isServed) || isOpen(life, isHeld ? 'held' : 'served') || isOpen(life, 'dialling')) return;
  end(life, ['served', 'held'], at, isHeld ? 'held' : 'resumed');
  open(life, isHeld ? 'held' : 'served', at, isHeld ? 'held' : 'resumed', life.row.owner_id);
}

/** BEY-1: one more medium of it; what was written before this release begins with its channel. */
function noteMedium(row: InteractionRow, medium: string): void {
  const media = (row.media || row.channel).split(' ');
  row.media = [...new Set([...media, medium])].join(' ');
}

/** VID-2: video lasts from when both sides were in to when the room ended. An invitation that nobody followed is none. */
function roomChanged(life: Life, at: number, text: string): void {
  const room = roomFactOf(text);
  if (!room) return;
  const now = life.segments.find(({ kind, ended_at: endedAt }) => kind === 'video' && endedAt === null);
  const since = room.openedAt ?? at;
  // Another room than the one that is open here: that one's end was never told, as its node died.
  if (now && room.startedAt > now.started_at) end(life, ['video'], room.startedAt, 'failed');
  if (room.state === 'ended')
    return end(life, ['video'], Math.max(room.endedAt ?? at, now?.started_at ?? 0), room.endedBecause ?? 'closed');
  // What is over takes up nothing any more.
  if (room.state !== 'open' || life.row.state === 'ended' || life.row.state === 'closed' || isOpen(life, 'video')) return;
  noteMedium(life.row, 'video');
  open(life, 'video', since, room.kind, life.row.owner_id);
}

function wait(life: Life, at: number, why: string): void {
  life.row.state = 'waiting';
  if (!isOpen(life, 'waiting')) open(life, 'waiting', at, why);
}

function isOpen(life: Life, kind: SegmentRow['kind']): boolean {
  return life.segments.some((segment) => segment.kind === kind && segment.ended_at === null);
}

function open(life: Life, kind: SegmentRow['kind'], at: number, began: string, agentId: string | null = null): void {
  const { row } = life;
  row.segments += 1;
  life.segments.push({
    month: row.month,
    interaction_id: row.id,
    seq: row.segments,
    kind,
    queue_id: row.queue_id,
    agent_id: agentId,
    started_at: at,
    ended_at: null,
    began,
    ended: null,
  });
}

/** Ends the open segments of these kinds; with an agent only that agent's. */
function end(life: Life, kinds: readonly SegmentRow['kind'][], at: number, how: string, agentId?: string): void {
  for (const segment of life.segments) {
    if (segment.ended_at !== null || !kinds.includes(segment.kind)) continue;
    if (agentId !== undefined && segment.agent_id !== agentId) continue;
    segment.ended_at = at;
    segment.ended = how;
  }
}
