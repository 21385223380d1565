/**
 * A batch of decoded entries sorted into the rows of each table, and the statements that write them in one transaction's few steps:
 * a batch of messages alone costs one INSERT. Created by the projector for each `apply`.
 */
import {
  type AfterwordRow,
  type CallLegRow,
  type ContactRow,
  type DetailRow,
  type EventRow,
  type FileRow,
  insertCallLegs,
  insertDetails,
  insertEvents,
  insertFiles,
  insertMessages,
  loadLives,
  type MessageRow,
  moveReadMarks,
  type ReadMarkRow,
  type Statements,
  updateDetails,
  writeContacts,
  writeInteractions,
  writeSegments,
} from '../db/historyWrites.ts';
import { type Decoded, factOf, roomFactOf } from './decode.ts';
import { beginLife, foldEvent, isLifeEvent, type Life, type LifeEvent } from './fold.ts';
import { monthOf, monthOfInteraction } from './position.ts';
import type { Answered } from './projectorMetrics.ts';

type MessageSent = Extract<Decoded, { type: 'message.sent' }>;
type CallLeg = Extract<Decoded, { type: 'call.leg' }>;
type Created = Extract<Decoded, { type: 'interaction.created' }>;

export class Batch {
  /** First days of all months that its rows lie in. */
  readonly months = new Set<string>();
  /** First answers, and interactions given up: for the metrics. */
  readonly answered: Answered[] = [];
  abandoned = 0;
  readonly #messages: MessageRow[] = [];
  readonly #files = new Map<string, Omit<FileRow, 'sha256' | 'deleted_at'>>();
  readonly #events: EventRow[] = [];
  readonly #legs: CallLegRow[] = [];
  readonly #reads = new Map<string, ReadMarkRow>();
  readonly #lives: LifeEvent[] = [];

  /** @throws TypeError when it names an interaction by what is not an id */
  add(event: Decoded): void {
    if (event.type === 'message.sent') return this.#addMessage(event);
    if (event.type === 'messages.read') return this.#addReadMark(event.body);
    if (event.type === 'call.leg') this.#addLeg(event);
    if (isLifeEvent(event)) {
      this.months.add(monthOfInteraction(event.body.i));
      this.#lives.push(event);
    }
    if (event.type === 'interaction.taken' && event.body.w !== undefined) {
      this.answered.push({ waitMs: event.body.w, estimatedMs: event.body.ew });
    }
    if (event.type === 'interaction.closed' && event.body.reason === 'abandoned') this.abandoned++;
    // A room says so with every microphone that is muted; that it was open stands in the segments.
    if (event.type === 'room.changed' && roomFactOf(event.body.room)?.state === 'open') return;
    this.#addFact(event);
  }

  /** Writes everything. @returns lives' events whose interaction is not known (its month was dropped, or the database is younger than the log) */
  async write(client: Statements): Promise<LifeEvent[]> {
    const homeless = this.#lives.length > 0 ? await this.#writeLives(client) : [];
    await insertMessages(client, this.#messages);
    await insertFiles(client, [...this.#files.values()]);
    await moveReadMarks(client, [...this.#reads.values()]);
    await insertCallLegs(client, this.#legs);
    await insertEvents(client, this.#events);
    return homeless;
  }

  #addMessage({ body, at, entry }: MessageSent): void {
    const month = monthOfInteraction(body.i);
    this.months.add(month);
    this.#messages.push({
      month,
      interaction_id: body.i,
      off: body.off,
      at,
      mid: body.mid,
      role: body.role,
      author_id: body.by,
      author_name: body.n,
      visibility: body.vis,
      text: body.text ?? null,
      file_id: body.file?.id ?? null,
    });
    if (!body.file) return;
    const { id, name, type, size } = body.file;
    this.#files.set(id, {
      id,
      month,
      account_id: entry.accountId,
      interaction_id: body.i,
      name,
      type,
      size,
      uploader_id: body.by,
      created_at: at,
    });
  }

  #addLeg({ body, entry }: CallLeg): void {
    const month = monthOfInteraction(body.i);
    this.months.add(month);
    this.#legs.push({
      month,
      interaction_id: body.i,
      id: body.leg,
      call_id: body.call,
      account_id: entry.accountId,
      queue_id: body.q,
      role: body.role,
      agent_id: body.a || null,
      name: body.name,
      started_at: body.startedAt,
      answered_at: body.answeredAt || null,
      ended_at: body.endedAt,
      cause: body.cause,
      stats: statsOf(body.stats),
    });
  }

  #addReadMark(body: { i: string; by: 'client' | 'staff'; upTo: number }): void {
    const mark = this.#reads.get(body.i) ?? { month: monthOfInteraction(body.i), interaction_id: body.i, client: 0, staff: 0 };
    mark[body.by] = Math.max(mark[body.by], body.upTo);
    this.#reads.set(body.i, mark);
  }

  #addFact(event: Decoded): void {
    const { entry, place } = event;
    const month = monthOf(place.ms);
    this.months.add(month);
    this.#events.push({
      month,
      partition: entry.partition,
      entry_ms: place.ms,
      entry_seq: place.seq,
      at: event.at,
      version: entry.version,
      type: event.type,
      account_id: entry.accountId,
      interaction_id: 'i' in event.body ? event.body.i : null,
      body: factOf(event),
    });
  }

  async #writeLives(client: Statements): Promise<LifeEvent[]> {
    const { lives, created, afterwords, homeless } = await this.#foldLives(client);
    const changed = [...lives.values()];
    await writeInteractions(
      client,
      changed.map((life) => life.row),
    );
    await writeSegments(
      client,
      changed.flatMap((life) => life.segments),
    );
    await insertDetails(client, created.map(detailOf));
    await writeContacts(client, contactsOf(created));
    await updateDetails(client, [...afterwords.values()]);
    return homeless;
  }

  async #foldLives(client: Statements) {
    const keys = new Map(this.#lives.map((event) => [event.body.i, { id: event.body.i, month: monthOfInteraction(event.body.i) }]));
    const known = await loadLives(client, [...keys.values()]);
    const lives = new Map<string, Life>(known.interactions.map((row) => [row.id, { row, segments: [] }]));
    for (const segment of known.open) lives.get(segment.interaction_id)?.segments.push(segment);

    const created: Created[] = [];
    const afterwords = new Map<string, AfterwordRow>();
    const homeless: LifeEvent[] = [];
    for (const event of this.#lives) {
      const life = lives.get(event.body.i);
      if (life) {
        if (foldEvent(life, event)) noteAfterword(afterwords, life, event);
      } else if (event.type === 'interaction.created') {
        lives.set(event.body.i, beginLife(event));
        created.push(event);
      } else {
        homeless.push(event);
      }
    }
    return { lives, created, afterwords, homeless };
  }
}

/** JSON of the figures, or of none: a leg's figures are not worth losing the leg for. */
function statsOf(text: string): string {
  try {
    const stats: unknown = JSON.parse(text || '{}');
    return typeof stats === 'object' && stats !== null ? text || '{}' : '{}';
  } catch {
    return '{}';
  }
}

function noteAfterword(afterwords: Map<string, AfterwordRow>, life: Life, event: LifeEvent): void {
  const isSaid = event.type === 'interaction.closed' || event.type === 'outcome.changed';
  const note = isSaid && event.body.note ? event.body.note : null;
  const comment = event.type === 'rating.given' && event.body.comment ? event.body.comment : null;
  if (note === null && comment === null) return;
  const { month, id } = life.row;
  const earlier = afterwords.get(id);
  afterwords.set(id, {
    month,
    interaction_id: id,
    note: note ?? earlier?.note ?? null,
    rating_comment: comment ?? earlier?.rating_comment ?? null,
  });
}

function detailOf({ body, entry }: Created): DetailRow {
  return {
    month: monthOfInteraction(body.i),
    interaction_id: body.i,
    account_id: entry.accountId,
    contact_id: body.contact,
    name: body.name,
    email: body.email,
    page: body.page,
    user_agent: body.userAgent,
    note: '',
    rating_comment: '',
  };
}

/** One row per contact: an upsert may not touch a row twice. */
function contactsOf(created: readonly Created[]): Omit<ContactRow, 'erased_at'>[] {
  const contacts = new Map<string, Omit<ContactRow, 'erased_at'>>();
  for (const { body, entry, at } of created) {
    const earlier = contacts.get(body.contact);
    contacts.set(body.contact, {
      account_id: entry.accountId,
      id: body.contact,
      name: body.name || (earlier?.name ?? ''),
      email: body.email || (earlier?.email ?? ''),
      first_seen_at: earlier?.first_seen_at ?? at,
      last_seen_at: at,
    });
  }
  return [...contacts.values()];
}
