-- Why who was given what (BEY-2). The facts are the entries in `event`: every offer says why, every change of an agent what it holds. What is added
-- is how to find those of one agent, and what the configuration said when a decision was made, names included.

create index event_agent on event (account_id, (body->>'a'), entry_ms desc, entry_seq desc) where body->>'a' is not null;
create index event_config on event (account_id, (body->>'id'), entry_ms desc, entry_seq desc) where type = 'config.applied';

-- Every document that ever was a copy for Redis, under the version that the log names when it was applied; skills by the time, for their names.
-- `doc` null: deleted.
create table config_past (
  kind text not null check (kind in ('account', 'queue', 'agent', 'skill')),
  id text collate "C" not null,
  version bigint not null,
  account_id text not null references account,
  doc jsonb,
  at timestamptz not null default now(),
  primary key (kind, id, version)
);

insert into config_past (kind, id, version, account_id, doc)
select kind, id, version, account_id, doc from config_entry where kind in ('account', 'queue', 'agent');
insert into config_past (kind, id, version, account_id, doc, at)
select 'skill', id, nextval('config_version'), account_id, jsonb_build_object('name', name), created_at from skill;

create function keep_config_past() returns trigger language plpgsql as $$
begin
  insert into config_past (kind, id, version, account_id, doc) values (new.kind, new.id, new.version, new.account_id, new.doc) on conflict do nothing;
  return null;
end $$;
create trigger config_entry_versions after insert or update on config_entry
  for each row when (new.kind in ('account', 'queue', 'agent')) execute function keep_config_past();

create function keep_skill_version() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into config_past (kind, id, version, account_id, doc) values ('skill', old.id, nextval('config_version'), old.account_id, null);
  else
    insert into config_past (kind, id, version, account_id, doc)
    values ('skill', new.id, nextval('config_version'), new.account_id, jsonb_build_object('name', new.name));
  end if;
  return null;
end $$;
create trigger skill_versions after insert or update of name or delete on skill for each row execute function keep_skill_version();

create function refuse_version_change() returns trigger language plpgsql as $$
begin
  raise exception 'versions of configuration are append-only';
end $$;
create trigger config_past_append_only before update or delete or truncate on config_past
  for each statement execute function refuse_version_change();
