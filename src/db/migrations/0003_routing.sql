-- Routing: strategies, media, skills, recipes, sticky agents, service level; skills and pause reasons of the account; signing in anywhere.

alter table queue drop constraint queue_mode_check;
alter table queue
  add constraint queue_mode_check check (
    mode in ('manual', 'random', 'balanced', 'longest_idle', 'fewest_calls', 'round_robin', 'ring_all', 'linear', 'skills')
  ),
  add column channel text not null default 'chat' check (channel in ('chat', 'voice')),
  add column ring_max integer not null default 10,
  add column required jsonb not null default '[]',
  add column preferred jsonb not null default '[]',
  add column relaxation jsonb not null default '[]',
  add column sticky_wait_ms integer not null default 0,
  add column sticky_memory_ms bigint not null default 86400000,
  add column recipe jsonb not null default '[]',
  add column service_level_sec integer not null default 20;

alter table app_user
  add column voice_capacity integer not null default 1 check (voice_capacity between 0 and 100),
  add column video_capacity integer not null default 1 check (video_capacity between 0 and 100),
  add column interrupts text[] not null default '{}';

-- Place in the order of linear queues; null: last.
alter table queue_member add column position integer check (position between 0 and 10000);

-- has_visits: the permission was on at some time. Every user has an agent document from then on, since a temporary sign-in outlives the permission.
alter table account
  add column can_sign_in_anywhere boolean not null default false,
  add column has_visits boolean not null default false;

-- name_key: the name without regard to case. The application makes it, because lower() of a database in the C locale knows ASCII alone.
create table skill (
  id text primary key,
  account_id text not null references account,
  name text not null,
  name_key text not null,
  description text not null default '',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index skill_name on skill (account_id, name_key);

create table agent_skill (
  account_id text not null references account,
  user_id text not null references app_user,
  skill_id text not null references skill,
  level integer not null check (level between 1 and 10),
  primary key (user_id, skill_id)
);
create index agent_skill_skill on agent_skill (skill_id);

create table pause_reason (
  id text primary key,
  account_id text not null references account,
  name text not null,
  name_key text not null,
  is_enabled boolean not null default true,
  position integer not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index pause_reason_name on pause_reason (account_id, name_key);

-- RTE-7: on by default, so the accounts that exist get the set that new ones are made with, and their copies learn of it. An id is a prefix, ten
-- digits of base 32 for the time (here 2026-01-01) and sixteen of chance; hexadecimal digits are digits of it.
insert into pause_reason (id, account_id, name, name_key, position)
select 'prs_01kdvdna00' || right(replace(gen_random_uuid()::text, '-', ''), 16), account.id, preset.name, lower(preset.name), preset.position
from account, (values ('Break', 0), ('Lunch', 1), ('Meeting', 2), ('Training', 3), ('Other work', 4)) as preset (name, position);

update config_entry set
  version = nextval('config_version'),
  doc = doc || jsonb_build_object('pauseReasons', (
    select jsonb_agg(jsonb_build_object('id', pause_reason.id, 'name', pause_reason.name) order by pause_reason.position)
    from pause_reason where pause_reason.account_id = config_entry.account_id
  ))
where kind = 'account' and doc is not null;
