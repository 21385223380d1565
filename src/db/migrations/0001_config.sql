-- Configuration: accounts, users, queues, groups, keys, the audit log, and the compiled copies for Redis.

create table account (
  id text primary key,
  public_id text not null unique,
  partition smallint not null check (partition between 0 and 63),
  legal_name text not null,
  country text not null default '',
  city text not null default '',
  address text not null default '',
  postcode text not null default '',
  vat_number text not null default '',
  email text not null default '',
  legal_representative text not null default '',
  status text not null default 'active' check (status in ('active', 'inactive')),
  origins text[] not null default '{}',
  features jsonb not null default '{}',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- "user" is a reserved word. One person, one account, one e-mail in the whole system.
create table app_user (
  id text primary key,
  account_id text not null references account,
  email text check (email = lower(email)),
  name text not null,
  role text not null check (role in ('super_admin', 'admin', 'member')),
  status text not null default 'invited' check (status in ('invited', 'active', 'inactive', 'deleted')),
  password_hash text,
  totp_secret text,
  is_totp_enabled boolean not null default false,
  totp_last_step bigint not null default 0,
  capacity integer not null default 5 check (capacity between 0 and 100),
  rights_version integer not null default 1,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((email is null) = (status = 'deleted'))
);
create unique index app_user_email on app_user (email);
create index app_user_account_name on app_user (account_id, lower(name), id);

create table identity (
  provider text not null,
  subject text not null,
  user_id text not null references app_user,
  created_at timestamptz not null default now(),
  primary key (provider, subject)
);
create index identity_user on identity (user_id);

create table recovery_code (
  user_id text not null references app_user,
  code_hash bytea not null,
  used_at timestamptz,
  primary key (user_id, code_hash)
);

create table invitation (
  id text primary key,
  account_id text not null references account,
  user_id text not null references app_user,
  token_hash bytea not null unique,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index invitation_user on invitation (user_id);

create table queue (
  id text primary key,
  account_id text not null references account,
  name text not null,
  is_active boolean not null default true,
  mode text not null default 'manual' check (mode in ('manual', 'random', 'balanced')),
  is_auto_accepted boolean not null default false,
  offer_timeout_ms integer not null default 20000,
  max_missed integer not null default 3,
  wrap_up_ms integer not null default 0,
  can_end_wrap_up boolean not null default true,
  can_extend_wrap_up boolean not null default true,
  reconnect_ms integer not null default 120000,
  agent_lost_ms integer not null default 60000,
  limit_per_agent integer not null default 0,
  priority integer not null default 0,
  weight_sec integer not null default 60,
  outcomes jsonb not null default '[]',
  is_outcome_required boolean not null default false,
  auto_close_ms integer not null default 0,
  auto_close_outcome text not null default '',
  rating text not null default 'stars' check (rating in ('none', 'thumbs', 'stars')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index queue_account_name on queue (account_id, lower(name), id) where deleted_at is null;

create table queue_member (
  account_id text not null references account,
  queue_id text not null references queue,
  user_id text not null references app_user,
  role text not null check (role in ('agent', 'supervisor')),
  created_at timestamptz not null default now(),
  primary key (queue_id, user_id, role)
);
create index queue_member_user on queue_member (user_id);

create table chat_group (
  id text primary key,
  account_id text not null references account,
  public_id text not null unique,
  queue_id text not null references queue,
  is_active boolean not null default true,
  name text not null,
  primary_language text not null default 'en',
  texts jsonb not null default '{}',
  appearance jsonb not null default '{}',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index chat_group_account_name on chat_group (account_id, lower(name), id) where deleted_at is null;
create index chat_group_queue on chat_group (queue_id);

create table api_key (
  id text primary key,
  account_id text not null references account,
  name text not null,
  type text not null check (type in ('rest', 'chatbot')),
  prefix text not null unique,
  secret_hash bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  last_used_at timestamptz
);
create index api_key_account on api_key (account_id, id);

create table audit_log (
  id text primary key,
  account_id text references account,
  at timestamptz not null default now(),
  actor_kind text not null check (actor_kind in ('user', 'key', 'visitor', 'nobody', 'system')),
  actor_id text not null default '',
  actor_name text not null default '',
  action text not null,
  target_kind text not null default '',
  target_id text not null default '',
  ip text not null default '',
  user_agent text not null default '',
  detail jsonb not null default '{}'
);
create index audit_log_account on audit_log (account_id, id desc);
create index audit_log_actor on audit_log (account_id, actor_id, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_change();

-- Drawn while the entry's row is locked, so a later change of one entry always has the higher version.
create sequence config_version;
create table config_entry (
  kind text not null check (kind in ('account', 'queue', 'agent', 'group')),
  id text not null,
  account_id text not null references account,
  version bigint not null default nextval('config_version'),
  doc jsonb,
  primary key (kind, id)
);
create index config_entry_account on config_entry (account_id, version);

create table rights_change (
  user_id text primary key,
  account_id text not null references account,
  is_revoking boolean not null default false,
  except_session text not null default '',
  reason text not null,
  changed_at timestamptz not null default now()
);
