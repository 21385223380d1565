-- Video: what a group says about it (GRP-5, APP-10).

alter table chat_group add column video jsonb not null default '{}';
