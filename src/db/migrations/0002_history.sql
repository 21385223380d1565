-- What happened, written by the projector alone (src/history/projector.ts) and read by the history API.
-- Every table of a conversation is partitioned by the month in which the interaction was born (its id carries that time), so one
-- conversation lies in one month and old months leave as a whole. `event` is partitioned by the month of the entry itself.
-- Facts hold ids and times. What tells about a person stands in contact, interaction_detail, message (text, author_name) and file (name),
-- and is erased by contact.

create table interaction (
  month date not null,
  id text collate "C" not null,
  account_id text collate "C" not null,
  queue_id text collate "C" not null,
  group_id text collate "C" not null,
  contact_id text collate "C" not null,
  channel text not null,
  origin text not null,
  language text not null,
  state text not null check (state in ('waiting', 'offered', 'served', 'ended', 'closed')),
  owner_id text collate "C",
  created_at timestamptz not null,
  -- The virtual start: a missed offer, a transfer or a callback keeps it.
  waits_since timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  closed_at timestamptz,
  close_reason text,
  outcome text,
  outcome_kind text,
  rating smallint,
  read_by_client integer not null default 0,
  read_by_staff integer not null default 0,
  segments integer not null,
  -- Log entry that was folded in last: entries up to it change nothing when they come again.
  entry_ms bigint not null,
  entry_seq bigint not null,
  primary key (id, month)
) partition by range (month);
create index interaction_account on interaction (account_id, month, id);
create index interaction_queue on interaction (queue_id, month, id);
create index interaction_contact on interaction (contact_id);

-- Personal data of one interaction.
create table interaction_detail (
  month date not null,
  interaction_id text collate "C" not null,
  account_id text collate "C" not null,
  contact_id text collate "C" not null,
  name text not null,
  email text not null,
  page text not null,
  user_agent text not null,
  note text not null default '',
  rating_comment text not null default '',
  primary key (interaction_id, month)
) partition by range (month);
create index interaction_detail_contact on interaction_detail (contact_id);

create table contact (
  account_id text collate "C" not null,
  id text collate "C" not null,
  name text not null,
  email text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  erased_at timestamptz,
  primary key (id)
);
create index contact_account on contact (account_id, id);

create table segment (
  month date not null,
  interaction_id text collate "C" not null,
  seq integer not null,
  kind text not null check (kind in ('waiting', 'offered', 'served', 'held', 'wrap_up')),
  queue_id text collate "C" not null,
  agent_id text collate "C",
  started_at timestamptz not null,
  ended_at timestamptz,
  -- How it began and ended, in the words of the log events.
  began text not null,
  ended text,
  primary key (interaction_id, seq, month)
) partition by range (month);

-- Bodies stay out of it: a message's fact is its row in `message`, read marks stand in `interaction`.
create table event (
  month date not null,
  partition smallint not null,
  entry_ms bigint not null,
  entry_seq bigint not null,
  at timestamptz not null,
  version smallint not null,
  type text not null,
  account_id text collate "C" not null,
  interaction_id text collate "C",
  body jsonb not null,
  primary key (entry_ms, entry_seq, partition, month)
) partition by range (month);
create index event_interaction on event (interaction_id) where interaction_id is not null;

-- Erasing sets text and author_name to null; who wrote when, and how much, stays.
create table message (
  month date not null,
  interaction_id text collate "C" not null,
  off integer not null,
  at timestamptz not null,
  mid text not null,
  role text not null,
  author_id text collate "C" not null,
  author_name text,
  visibility text collate "C" not null,
  text text,
  file_id text collate "C",
  primary key (interaction_id, off, month)
) partition by range (month);

-- A file that was sent in a message. The content lies in the FileStore; `sha256` and `created_at` come from its sidecar.
create table file (
  id text collate "C" primary key,
  month date not null,
  account_id text collate "C" not null,
  interaction_id text collate "C" not null,
  name text,
  type text not null,
  size integer not null,
  sha256 text,
  uploader_id text collate "C" not null,
  created_at timestamptz not null,
  deleted_at timestamptz
);
create index file_interaction on file (interaction_id);
create index file_month on file (month) where deleted_at is null;

-- Place of each durable reader in each partition's log; moved in the transaction that writes the effect.
create table reader_position (
  reader text not null,
  partition smallint not null,
  position text not null,
  moved_at timestamptz not null default now(),
  primary key (reader, partition)
);

-- Entries that could not be understood or stored: set aside whole, never dropped.
create table rejected_entry (
  reader text not null,
  partition smallint not null,
  position text not null,
  account_id text collate "C" not null,
  version smallint not null,
  type text not null,
  body text not null,
  reason text not null,
  rejected_at timestamptz not null default now(),
  primary key (reader, partition, position)
);

-- Makes the partitions of the month that holds `day`; true when they were missing. A new table is attached, not created in place,
-- because attaching does not wait for readers and writers of the parent.
create function ensure_history_month(day date) returns boolean language plpgsql as $$
declare
  first date := date_trunc('month', day)::date;
  after date := (date_trunc('month', day) + interval '1 month')::date;
  parent text;
  child text;
  is_new boolean := false;
begin
  perform pg_advisory_xact_lock(hashtext('history partitions'));
  foreach parent in array array['interaction', 'interaction_detail', 'segment', 'event', 'message'] loop
    child := parent || to_char(first, '"_"YYYY"_"MM');
    if to_regclass(child) is null then
      execute format('create table %I (like %I including all)', child, parent);
      if parent = 'interaction' then
        execute format('alter table %I set (fillfactor = 80)', child);
      end if;
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, first, after);
      is_new := true;
    end if;
  end loop;
  return is_new;
end $$;

-- Drops the months that lie wholly before `day`; returns them.
create function drop_history_before(day date) returns setof date language plpgsql as $$
declare
  child record;
begin
  perform pg_advisory_xact_lock(hashtext('history partitions'));
  for child in
    select c.relname as name, to_date(right(c.relname, 7), 'YYYY_MM') as first, p.relname as parent
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relname in ('interaction', 'interaction_detail', 'segment', 'event', 'message')
      and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= date_trunc('month', day)
    order by first, parent
  loop
    execute format('drop table %I', child.name);
    if child.parent = 'interaction' then
      return next child.first;
    end if;
  end loop;
end $$;
