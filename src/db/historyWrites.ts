/**
 * The statements by which the projector writes history: one per table and batch, rows passed as one array per column (`unnest`), which
 * costs about half the CPU of row-wise parameters. Times are Unix milliseconds here. Each may be repeated without effect.
 */
import type { Selectable } from 'kysely';
import type { HistoryTables } from './historyTables.ts';

/** What a pooled client of `Database.pool` offers. */
export interface Statements {
  query(statement: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

type InMs<Value> = Value extends Date ? number : Value;
/** A row as the projector handles it: times in Unix milliseconds. */
export type HistoryRow<Table extends keyof HistoryTables> = {
  [Column in keyof Selectable<HistoryTables[Table]>]: InMs<Selectable<HistoryTables[Table]>[Column]>;
};

/** `media` joined by spaces: an array of arrays is no column of arrays. */
export type InteractionRow = Omit<HistoryRow<'interaction'>, 'media'> & { media: string };
export type SegmentRow = HistoryRow<'segment'>;
export type DetailRow = HistoryRow<'interaction_detail'>;
export type ContactRow = HistoryRow<'contact'>;
export type MessageRow = HistoryRow<'message'>;
export type EventRow = Omit<HistoryRow<'event'>, 'body'> & { body: string };
export type FileRow = HistoryRow<'file'>;
export type CallLegRow = Omit<HistoryRow<'call_leg'>, 'stats'> & { stats: string };

/** SQL type of a column; `time` travels as Unix milliseconds, `words` (an array of text) joined by spaces. */
type ColumnKind = 'date' | 'text' | 'int' | 'bigint' | 'jsonb' | 'time' | 'words';
/** How a column travels, and how it is read from `x` when it is written. */
const arrayOf = (kind: ColumnKind): string => (kind === 'time' ? 'float8' : kind === 'words' ? 'text' : kind);
const written = (name: string, kind: ColumnKind): string =>
  kind === 'time' ? `to_timestamp(x.${name} / 1000)` : kind === 'words' ? `string_to_array(x.${name}, ' ')` : `x.${name}`;
type Columns<Row> = { readonly [Column in keyof Row & string]: ColumnKind };

/** `unnest` of one array per column, named `x`, and the select list that turns it into the columns. */
function source<Row>(columns: Columns<Row>): { names: string[]; list: string; from: string } {
  const names = Object.keys(columns);
  const kinds = Object.values(columns) as ColumnKind[];
  const list = names.map((name, at) => written(name, kinds[at] as ColumnKind)).join(', ');
  const arrays = kinds.map((kind, at) => `$${at + 1}::${arrayOf(kind)}[]`).join(', ');
  return { names, list, from: `unnest(${arrays}) as x(${names.join(', ')})` };
}

function writer<Row>(name: string, columns: Columns<Row>, compose: (parts: { names: string[]; list: string; from: string }) => string) {
  const parts = source(columns);
  const text = compose(parts);
  return async (client: Statements, rows: readonly Row[]): Promise<void> => {
    if (rows.length === 0) return;
    const values = parts.names.map((column) => rows.map((row) => row[column as keyof Row]));
    await client.query({ name, text, values });
  };
}

function insert<Row>(table: string, columns: Columns<Row>, conflict = 'on conflict do nothing') {
  return writer<Row>(
    `insert ${table}`,
    columns,
    ({ names, list, from }) => `insert into ${table} (${names.join(', ')}) select ${list} from ${from} ${conflict}`,
  );
}

const interactionColumns: Columns<InteractionRow> = {
  month: 'date',
  id: 'text',
  account_id: 'text',
  queue_id: 'text',
  group_id: 'text',
  contact_id: 'text',
  channel: 'text',
  origin: 'text',
  language: 'text',
  state: 'text',
  owner_id: 'text',
  created_at: 'time',
  waits_since: 'time',
  started_at: 'time',
  ended_at: 'time',
  ended_by: 'text',
  closed_at: 'time',
  close_reason: 'text',
  outcome: 'text',
  outcome_kind: 'text',
  rating: 'int',
  read_by_client: 'int',
  read_by_staff: 'int',
  segments: 'int',
  media: 'words',
  entry_ms: 'bigint',
  entry_seq: 'bigint',
};
const mutable = [
  'queue_id',
  'state',
  'owner_id',
  'started_at',
  'ended_at',
  'ended_by',
  'closed_at',
  'close_reason',
  'outcome',
  'outcome_kind',
  'rating',
  'segments',
  'media',
  'entry_ms',
  'entry_seq',
];

/** New interactions, and the new state of known ones unless a later entry is in already. */
export const writeInteractions = insert<InteractionRow>(
  'interaction',
  interactionColumns,
  `on conflict (id, month) do update set ${mutable.map((column) => `${column} = excluded.${column}`).join(', ')}
   where (excluded.entry_ms, excluded.entry_seq) > (interaction.entry_ms, interaction.entry_seq)`,
);

const segmentColumns: Columns<SegmentRow> = {
  month: 'date',
  interaction_id: 'text',
  seq: 'int',
  kind: 'text',
  queue_id: 'text',
  agent_id: 'text',
  started_at: 'time',
  ended_at: 'time',
  began: 'text',
  ended: 'text',
};
export const writeSegments = insert<SegmentRow>(
  'segment',
  segmentColumns,
  `on conflict (interaction_id, seq, month) do update set ended_at = excluded.ended_at, ended = excluded.ended where segment.ended_at is null`,
);

export const insertDetails = insert<DetailRow>('interaction_detail', {
  month: 'date',
  interaction_id: 'text',
  account_id: 'text',
  contact_id: 'text',
  name: 'text',
  email: 'text',
  page: 'text',
  user_agent: 'text',
  note: 'text',
  rating_comment: 'text',
});

/** What people wrote about it afterwards; null leaves the column as it is. */
export interface AfterwordRow {
  month: string;
  interaction_id: string;
  note: string | null;
  rating_comment: string | null;
}
export const updateDetails = writer<AfterwordRow>(
  'update interaction_detail',
  { month: 'date', interaction_id: 'text', note: 'text', rating_comment: 'text' },
  ({
    from,
  }) => `update interaction_detail d set note = coalesce(x.note, d.note), rating_comment = coalesce(x.rating_comment, d.rating_comment)
    from ${from} where d.month = x.month and d.interaction_id = x.interaction_id`,
);

/** A later visit without name or e-mail keeps those known. */
export const writeContacts = insert<Omit<ContactRow, 'erased_at'>>(
  'contact',
  { account_id: 'text', id: 'text', name: 'text', email: 'text', first_seen_at: 'time', last_seen_at: 'time' },
  `on conflict (id) do update set name = coalesce(nullif(excluded.name, ''), contact.name), email = coalesce(nullif(excluded.email, ''), contact.email),
     last_seen_at = greatest(excluded.last_seen_at, contact.last_seen_at) where contact.account_id = excluded.account_id`,
);

export const insertMessages = insert<MessageRow>('message', {
  month: 'date',
  interaction_id: 'text',
  off: 'int',
  at: 'time',
  mid: 'text',
  role: 'text',
  author_id: 'text',
  author_name: 'text',
  visibility: 'text',
  text: 'text',
  file_id: 'text',
});

export const insertEvents = insert<EventRow>('event', {
  month: 'date',
  partition: 'int',
  entry_ms: 'bigint',
  entry_seq: 'bigint',
  at: 'time',
  version: 'int',
  type: 'text',
  account_id: 'text',
  interaction_id: 'text',
  body: 'jsonb',
});

export const insertFiles = insert<Omit<FileRow, 'sha256' | 'deleted_at'>>('file', {
  id: 'text',
  month: 'date',
  account_id: 'text',
  interaction_id: 'text',
  name: 'text',
  type: 'text',
  size: 'int',
  uploader_id: 'text',
  created_at: 'time',
});

export const insertCallLegs = insert<CallLegRow>('call_leg', {
  month: 'date',
  interaction_id: 'text',
  id: 'text',
  call_id: 'text',
  account_id: 'text',
  queue_id: 'text',
  role: 'text',
  agent_id: 'text',
  name: 'text',
  started_at: 'time',
  answered_at: 'time',
  ended_at: 'time',
  cause: 'text',
  stats: 'jsonb',
});

export interface ReadMarkRow {
  month: string;
  interaction_id: string;
  client: number;
  staff: number;
}
/** Marks only move forward. */
export const moveReadMarks = writer<ReadMarkRow>(
  'move read marks',
  { month: 'date', interaction_id: 'text', client: 'int', staff: 'int' },
  ({
    from,
  }) => `update interaction i set read_by_client = greatest(i.read_by_client, x.client), read_by_staff = greatest(i.read_by_staff, x.staff)
    from ${from} where i.month = x.month and i.id = x.interaction_id and (i.read_by_client < x.client or i.read_by_staff < x.staff)`,
);

function readAs(column: string, kind: ColumnKind, name: string): string {
  if (kind === 'time') return `(extract(epoch from ${column}) * 1000)::float8 as ${name}`;
  return kind === 'words' ? `array_to_string(${column}, ' ') as ${name}` : column;
}

/** Select list that reads what travels in another form. */
const inMs = (columns: Record<string, ColumnKind>, alias: string): string =>
  Object.entries(columns)
    .filter(([name]) => name !== 'month')
    .map(([name, kind]) => readAs(`${alias}.${name}`, kind, name))
    .join(', ');

const wanted = 'unnest($1::date[], $2::text[]) as x(month, id)';

/** Interactions with their open segments, as they were folded so far. */
export async function loadLives(
  client: Statements,
  keys: readonly { month: string; id: string }[],
): Promise<{ interactions: InteractionRow[]; open: SegmentRow[] }> {
  const values = [keys.map((key) => key.month), keys.map((key) => key.id)];
  const interactions = await client.query({
    name: 'load interactions',
    text: `select i.month::text as month, ${inMs(interactionColumns, 'i')} from ${wanted} join interaction i on i.month = x.month and i.id = x.id`,
    values,
  });
  const open = await client.query({
    name: 'load open segments',
    text: `select s.month::text as month, ${inMs(segmentColumns, 's')} from ${wanted}
      join segment s on s.month = x.month and s.interaction_id = x.id and s.ended_at is null order by s.seq`,
    values,
  });
  return { interactions: interactions.rows as InteractionRow[], open: open.rows as SegmentRow[] };
}
