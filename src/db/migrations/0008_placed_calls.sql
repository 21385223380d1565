-- Calls that agents place: until somebody answers they are dialled. Months have the rule of their own, too: they inherit it until the whole has lost it.
alter table segment drop constraint if exists segment_kind_check;
do $$
declare
  child regclass;
begin
  for child in select inhrelid from pg_inherits where inhparent = 'segment'::regclass loop
    execute format('alter table %s drop constraint if exists segment_kind_check', child);
  end loop;
end $$;
alter table segment add constraint segment_kind_check check (kind in ('dialling', 'waiting', 'offered', 'served', 'held', 'wrap_up', 'video'));
