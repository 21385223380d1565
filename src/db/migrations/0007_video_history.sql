-- formerly: d63fb5825b3d124dae2a7abace7dbf4356d93107cbf5e31fa9721719f2e278a8 (failed where there were months already)
-- VID-2, BEY-1: what carried an interaction, and when video began and ended in it.

-- All media it had, first the one it began with; empty in what was written before this release: `channel` alone.
alter table interaction add column media text[] not null default '{}';

-- Video stands beside the segments of the life: somebody is served while there is video. Months have the rule of their own, too: they inherit it until the whole has lost it.
alter table segment drop constraint if exists segment_kind_check;
do $$
declare
  child regclass;
begin
  for child in select inhrelid from pg_inherits where inhparent = 'segment'::regclass loop
    execute format('alter table %s drop constraint if exists segment_kind_check', child);
  end loop;
end $$;
alter table segment add constraint segment_kind_check check (kind in ('waiting', 'offered', 'served', 'held', 'wrap_up', 'video'));
