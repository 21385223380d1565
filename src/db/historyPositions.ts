/** Statements of durable readers: their place in each partition's log, the entries they set aside, and the months that rows lie in. */
import type { Statements } from './historyWrites.ts';

export async function readPosition(client: Statements, reader: string, partition: number): Promise<string | undefined> {
  const { rows } = await client.query({
    name: 'read position',
    text: 'select position from reader_position where reader = $1 and partition = $2',
    values: [reader, partition],
  });
  return (rows[0] as { position: string } | undefined)?.position;
}

/** As `readPosition`, and keeps every other transaction of this reader and partition waiting until ours ends. */
export async function lockPosition(client: Statements, reader: string, partition: number): Promise<string | undefined> {
  const { rows } = await client.query({
    name: 'lock position',
    text: 'select position from reader_position where reader = $1 and partition = $2 for update',
    values: [reader, partition],
  });
  return (rows[0] as { position: string } | undefined)?.position;
}

export async function movePosition(client: Statements, reader: string, partition: number, position: string): Promise<void> {
  await client.query({
    name: 'move position',
    text: `insert into reader_position (reader, partition, position) values ($1, $2, $3)
      on conflict (reader, partition) do update set position = excluded.position, moved_at = now()`,
    values: [reader, partition, position],
  });
}

export interface RejectedEntry {
  readonly position: string;
  readonly accountId: string;
  readonly version: number;
  readonly type: string;
  readonly body: string;
  readonly reason: string;
}

export async function setAside(client: Statements, reader: string, partition: number, entry: RejectedEntry): Promise<void> {
  await client.query({
    text: `insert into rejected_entry (reader, partition, position, account_id, version, type, body, reason)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    values: [reader, partition, entry.position, entry.accountId, entry.version, entry.type, entry.body, entry.reason],
  });
}

/** Makes the partitions of the month that holds the day; true when they were missing. */
export async function ensureMonth(client: Statements, day: string): Promise<boolean> {
  const { rows } = await client.query({ text: 'select ensure_history_month($1) as made', values: [day] });
  return (rows[0] as { made: boolean }).made;
}

/** Drops whole months before the day's month. @returns the first day of each */
export async function dropMonthsBefore(client: Statements, day: string): Promise<string[]> {
  const { rows } = await client.query({ text: 'select drop_history_before($1)::text as month', values: [day] });
  return rows.map((row) => (row as { month: string }).month);
}
