/** The tables of 0002_history.sql, 0004_explanation.sql, 0005_phones.sql and 0007_video_history.sql as Kysely sees them. Only the projector, the erasure and triggers write them. */
import type { ColumnType, Generated } from 'kysely';

/** A month's first day, `YYYY-MM-DD`; compared and inserted, never selected (the driver would make a local midnight of it). */
type Day = ColumnType<string, string, string>;
type Time = ColumnType<Date, Date | string, Date | string>;

export interface HistoryTables {
  interaction: {
    month: Day;
    id: string;
    account_id: string;
    queue_id: string;
    group_id: string;
    contact_id: string;
    channel: string;
    origin: string;
    language: string;
    state: 'waiting' | 'offered' | 'served' | 'ended' | 'closed';
    owner_id: string | null;
    created_at: Time;
    waits_since: Time;
    started_at: Time | null;
    ended_at: Time | null;
    ended_by: string | null;
    closed_at: Time | null;
    close_reason: string | null;
    outcome: string | null;
    outcome_kind: string | null;
    rating: number | null;
    read_by_client: number;
    read_by_staff: number;
    segments: number;
    /** In the order in which they came; empty: `channel` alone. */
    media: string[];
    entry_ms: number;
    entry_seq: number;
  };
  interaction_detail: {
    month: Day;
    interaction_id: string;
    account_id: string;
    contact_id: string;
    name: string;
    email: string;
    page: string;
    user_agent: string;
    note: string;
    rating_comment: string;
  };
  contact: {
    account_id: string;
    id: string;
    name: string;
    email: string;
    first_seen_at: Time;
    last_seen_at: Time;
    erased_at: Time | null;
  };
  segment: {
    month: Day;
    interaction_id: string;
    seq: number;
    kind: 'dialling' | 'waiting' | 'offered' | 'served' | 'held' | 'wrap_up' | 'video';
    queue_id: string;
    agent_id: string | null;
    started_at: Time;
    ended_at: Time | null;
    began: string;
    ended: string | null;
  };
  event: {
    month: Day;
    partition: number;
    entry_ms: number;
    entry_seq: number;
    at: Time;
    version: number;
    type: string;
    account_id: string;
    interaction_id: string | null;
    body: ColumnType<Record<string, unknown>, string, string>;
  };
  message: {
    month: Day;
    interaction_id: string;
    off: number;
    at: Time;
    mid: string;
    role: string;
    author_id: string;
    author_name: string | null;
    visibility: string;
    text: string | null;
    file_id: string | null;
  };
  file: {
    id: string;
    month: Day;
    account_id: string;
    interaction_id: string;
    name: string | null;
    type: string;
    size: number;
    sha256: string | null;
    uploader_id: string;
    created_at: Time;
    deleted_at: Time | null;
  };
  call_leg: {
    month: Day;
    interaction_id: string;
    id: string;
    call_id: string;
    account_id: string;
    queue_id: string;
    role: string;
    agent_id: string | null;
    name: string | null;
    started_at: Time;
    answered_at: Time | null;
    ended_at: Time;
    cause: string;
    stats: ColumnType<Record<string, unknown>, string, string>;
  };
  reader_position: {
    reader: string;
    partition: number;
    position: string;
    moved_at: Generated<Date>;
  };
  /** Filled by triggers, append-only; `doc` null: deleted. */
  config_past: {
    kind: string;
    id: string;
    version: number;
    account_id: string;
    doc: ColumnType<unknown, string | null, never>;
    at: Generated<Date>;
  };
  rejected_entry: {
    reader: string;
    partition: number;
    position: string;
    account_id: string;
    version: number;
    type: string;
    body: string;
    reason: string;
    rejected_at: Generated<Date>;
  };
}
