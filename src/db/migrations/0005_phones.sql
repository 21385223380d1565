-- Phones: numbers, phones of agents, trunks, sounds; what queues play and what may be called; legs of calls in history.

alter table queue add column voice jsonb not null default '{}';
alter table account add column outbound jsonb not null default '{}';
-- VOX-6; null: what the account lets everybody.
alter table app_user add column outbound_types text[];

-- Uploaded WAV files, converted and stored under DATA_DIR/sounds/<account>/<id>.wav.
create table sound (
  id text primary key,
  account_id text not null references account,
  name text not null,
  duration_ms integer not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sound_account_name on sound (account_id, lower(name), id);

-- VOX-1: what is dialled to reach a queue. With + a number of the world (E.164), unique in it; else an extension of the account.
create table number (
  id text primary key,
  account_id text not null references account,
  number text not null check (number ~ '^\+?[0-9*#]{1,32}$'),
  label text not null default '',
  queue_id text not null references queue,
  is_active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index number_account on number (account_id, number);
create unique index number_world on number (number) where number like '+%';
create index number_queue on number (queue_id);

create table phone (
  id text primary key,
  account_id text not null references account,
  user_id text not null references app_user,
  name text not null,
  type text not null check (type in ('sip', 'external')),
  username text,
  sealed_ha1 text not null default '',
  sealed_ha1_sha256 text not null default '',
  number text not null default '',
  is_active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((type = 'sip') = (username is not null))
);
create unique index phone_username on phone (username);
create index phone_account on phone (account_id, lower(name), id);
create index phone_user on phone (user_id);

create table trunk (
  id text primary key,
  account_id text not null references account,
  name text not null,
  type text not null check (type in ('address', 'registers', 'provider')),
  sources text[] not null default '{}',
  host text not null default '',
  port integer not null default 0,
  transport text not null default 'udp' check (transport in ('udp', 'tcp', 'tls')),
  username text not null default '',
  sealed_secret text not null default '',
  prefixes text[] not null default '{}',
  caller_id text not null default '',
  max_calls integer not null default 0,
  max_calls_per_minute integer not null default 0,
  max_minutes_per_day integer not null default 0,
  is_active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index trunk_account_name on trunk (account_id, lower(name), id);
-- One that registers with us is known by its name alone, as a phone is.
create unique index trunk_username on trunk (username) where type = 'registers';

alter table config_entry drop constraint config_entry_kind_check;
alter table config_entry
  add constraint config_entry_kind_check check (kind in ('account', 'queue', 'agent', 'group', 'number', 'phone', 'trunk'));

-- A phone in a call, once it is over. `name` (a number, or what the caller is called) tells about a person: erasing sets it to null.
create table call_leg (
  month date not null,
  interaction_id text collate "C" not null,
  id text collate "C" not null,
  call_id text collate "C" not null,
  account_id text collate "C" not null,
  queue_id text collate "C" not null,
  role text not null,
  agent_id text collate "C",
  name text,
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz not null,
  cause text not null,
  stats jsonb not null,
  primary key (interaction_id, id, month)
) partition by range (month);
create index call_leg_agent on call_leg (account_id, agent_id, month, interaction_id) where agent_id is not null;

create or replace function ensure_history_month(day date) returns boolean language plpgsql as $$
declare
  first date := date_trunc('month', day)::date;
  after date := (date_trunc('month', day) + interval '1 month')::date;
  parent text;
  child text;
  is_new boolean := false;
begin
  perform pg_advisory_xact_lock(hashtext('history partitions'));
  foreach parent in array array['interaction', 'interaction_detail', 'segment', 'event', 'message', 'call_leg'] loop
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

create or replace function drop_history_before(day date) returns setof date language plpgsql as $$
declare
  child record;
begin
  perform pg_advisory_xact_lock(hashtext('history partitions'));
  for child in
    select c.relname as name, to_date(right(c.relname, 7), 'YYYY_MM') as first, p.relname as parent
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relname in ('interaction', 'interaction_detail', 'segment', 'event', 'message', 'call_leg')
      and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= date_trunc('month', day)
    order by first, parent
  loop
    execute format('drop table %I', child.name);
    if child.parent = 'interaction' then
      return next child.first;
    end if;
  end loop;
end $$;

-- A process of before knows its months as made: the new table's are made here.
select ensure_history_month(to_date(right(c.relname, 7), 'YYYY_MM'))
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent where p.relname = 'interaction';
