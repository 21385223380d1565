-- What happened, written by the projector alone (src/history/projector.ts) and read by the history API.
-- Every table of a conversation is partitioned by the month in which the interaction was born (its id carries that time), so one
-- conversation lies in one month and old months leave as a whole. `event` is partitioned by the month of the entry itself.
-- Facts hold ids and times. What tells about a person stands in contact, interaction_detail, message (text, author_name) and file (name),
-- and is erased by contact.

CREATE TABLE interaction (
  month date NOT NULL,
  id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  queue_id text COLLATE "C" NOT NULL,
  group_id text COLLATE "C" NOT NULL,
  contact_id text COLLATE "C" NOT NULL,
  channel text NOT NULL,
  origin text NOT NULL,
  language text NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'offered', 'served', 'ended', 'closed')),
  owner_id text COLLATE "C",
  created_at timestamptz NOT NULL,
  -- The virtual start: a missed offer, a transfer or a callback keeps it.
  waits_since timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  closed_at timestamptz,
  close_reason text,
  outcome text,
  outcome_kind text,
  rating smallint,
  read_by_client integer NOT NULL DEFAULT 0,
  read_by_staff integer NOT NULL DEFAULT 0,
  segments integer NOT NULL,
  -- Log entry that was folded in last: entries up to it change nothing when they come again.
  entry_ms bigint NOT NULL,
  entry_seq bigint NOT NULL,
  PRIMARY KEY (id, month)
) PARTITION BY RANGE (month);
CREATE INDEX interaction_account ON interaction (account_id, month, id);
CREATE INDEX interaction_queue ON interaction (queue_id, month, id);
CREATE INDEX interaction_contact ON interaction (contact_id);

-- Personal data of one interaction.
CREATE TABLE interaction_detail (
  month date NOT NULL,
  interaction_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  contact_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  page text NOT NULL,
  user_agent text NOT NULL,
  note text NOT NULL DEFAULT '',
  rating_comment text NOT NULL DEFAULT '',
  PRIMARY KEY (interaction_id, month)
) PARTITION BY RANGE (month);
CREATE INDEX interaction_detail_contact ON interaction_detail (contact_id);

CREATE TABLE contact (
  account_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  erased_at timestamptz,
  PRIMARY KEY (id)
);
CREATE INDEX contact_account ON contact (account_id, id);

CREATE TABLE segment (
  month date NOT NULL,
  interaction_id text COLLATE "C" NOT NULL,
  seq integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('waiting', 'offered', 'served', 'held', 'wrap_up')),
  queue_id text COLLATE "C" NOT NULL,
  agent_id text COLLATE "C",
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  -- How it began and ended, in the words of the log events.
  began text NOT NULL,
  ended text,
  PRIMARY KEY (interaction_id, seq, month)
) PARTITION BY RANGE (month);

-- Bodies stay out of it: a message's fact is its row in `message`, read marks stand in `interaction`.
CREATE TABLE event (
  month date NOT NULL,
  partition smallint NOT NULL,
  entry_ms bigint NOT NULL,
  entry_seq bigint NOT NULL,
  at timestamptz NOT NULL,
  version smallint NOT NULL,
  type text NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  interaction_id text COLLATE "C",
  body jsonb NOT NULL,
  PRIMARY KEY (entry_ms, entry_seq, partition, month)
) PARTITION BY RANGE (month);
CREATE INDEX event_interaction ON event (interaction_id) WHERE interaction_id IS NOT NULL;

-- Erasing sets text and author_name to null; who wrote when, and how much, stays.
CREATE TABLE message (
  month date NOT NULL,
  interaction_id text COLLATE "C" NOT NULL,
  off integer NOT NULL,
  at timestamptz NOT NULL,
  mid text NOT NULL,
  role text NOT NULL,
  author_id text COLLATE "C" NOT NULL,
  author_name text,
  visibility text COLLATE "C" NOT NULL,
  text text,
  file_id text COLLATE "C",
  PRIMARY KEY (interaction_id, off, month)
) PARTITION BY RANGE (month);

-- A file that was sent in a message. The content lies in the FileStore; `sha256` and `created_at` come from its sidecar.
CREATE TABLE file (
  id text COLLATE "C" PRIMARY KEY,
  month date NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  interaction_id text COLLATE "C" NOT NULL,
  name text,
  type text NOT NULL,
  size integer NOT NULL,
  sha256 text,
  uploader_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE INDEX file_interaction ON file (interaction_id);
CREATE INDEX file_month ON file (month) WHERE deleted_at IS NULL;

-- Place of each durable reader in each partition's log; moved in the transaction that writes the effect.
CREATE TABLE reader_position (
  reader text NOT NULL,
  partition smallint NOT NULL,
  position text NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (reader, partition)
);

-- Entries that could not be understood or stored: set aside whole, never dropped.
CREATE TABLE rejected_entry (
  reader text NOT NULL,
  partition smallint NOT NULL,
  position text NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  version smallint NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  reason text NOT NULL,
  rejected_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (reader, partition, position)
);

-- Makes the partitions of the month that holds `day`; true when they were missing. A new table is attached, not created in place,
-- because attaching does not wait for readers and writers of the parent.
CREATE FUNCTION ensure_history_month(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', day)::date;
  after date := (date_trunc('month', day) + interval '1 month')::date;
  parent text;
  child text;
  is_new boolean := false;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('history partitions'));
  FOREACH parent IN ARRAY ARRAY['interaction', 'interaction_detail', 'segment', 'event', 'message'] LOOP
    child := parent || to_char(first, '"_"YYYY"_"MM');
    IF to_regclass(child) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
      IF parent = 'interaction' THEN
        EXECUTE format('ALTER TABLE %I SET (fillfactor = 80)', child);
      END IF;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, first, after);
      is_new := true;
    END IF;
  END LOOP;
  RETURN is_new;
END $$;

-- Drops the months that lie wholly before `day`; returns them.
CREATE FUNCTION drop_history_before(day date) RETURNS SETOF date LANGUAGE plpgsql AS $$
DECLARE
  child record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('history partitions'));
  FOR child IN
    SELECT c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS first, p.relname AS parent
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relname IN ('interaction', 'interaction_detail', 'segment', 'event', 'message')
      AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= date_trunc('month', day)
    ORDER BY first, parent
  LOOP
    EXECUTE format('DROP TABLE %I', child.name);
    IF child.parent = 'interaction' THEN
      RETURN NEXT child.first;
    END IF;
  END LOOP;
END $$;
