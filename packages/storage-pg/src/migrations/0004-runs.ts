import type { Migration } from './index.js'

/** A history is stored in runs of messages, a row each, where it was in one row a message; names are bytes, not hex text. */
export const runs: Migration = {
  id: 4,
  name: 'runs',
  breaking: true,
  sql: `
drop function $<schema:name>.held_history(date);

-- A day's runs are complete: each has its parent, and its parts, in the same day. Lists of names are 16 bytes each, one
-- after the other.
alter table $<schema:name>.nodes
  alter id type bytea using decode(id, 'hex'),
  alter parent type bytea using decode(parent, 'hex'),
  alter part type bytea using decode(part, 'hex');
alter table $<schema:name>.nodes alter part set storage external;
alter table $<schema:name>.nodes rename part to parts;
alter table $<schema:name>.nodes rename to runs;
alter table $<schema:name>.runs rename constraint nodes_pkey to runs_pkey;
do $rename_partitions$
declare
  partition regclass;
begin
  for partition in select inhrelid from pg_inherits where inhparent = format('%I.runs', $<schema>)::regclass loop
    execute format('alter table %s rename to %I', partition,
      (select 'runs' || substr(relname, 6) from pg_class where oid = partition));
  end loop;
end
$rename_partitions$;

-- In the row as far as it fits a page: chunks of 2,000 bytes outside of it fill their pages worse.
alter table $<schema:name>.parts alter sealed set storage main;
alter table $<schema:name>.parts alter hash type bytea using decode(hash, 'hex');
alter table $<schema:name>.contents
  alter tip type bytea using decode(tip, 'hex'),
  alter part_references type bytea using decode(array_to_string(part_references, ''), 'hex');

create or replace function $<schema:name>.ensure_partitions(wanted date) returns boolean
language plpgsql security definer
set search_path = $<schema:name>, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $ensure_partitions$
declare
  monday timestamptz := date_trunc('week', wanted::timestamptz);
begin
  if wanted not between current_date - 400 and current_date + 40 then return false; end if;
  perform pg_advisory_xact_lock(hashtextextended('partitions', 'client_keys'::regclass::oid::bigint));
  perform make_partition('exchanges', 'started_at', monday, monday + interval '7 days');
  perform make_partition('contents', 'started_at', wanted, wanted + interval '1 day');
  perform make_partition('runs', 'day', wanted, wanted + interval '1 day');
  perform make_partition('parts', 'day', wanted, wanted + interval '1 day');
  return true;
end
$ensure_partitions$;

-- The runs of a day that a request on hold is made of.
create function $<schema:name>.held_runs(wanted date) returns table (domain text, id bytea, parts bytea)
language sql stable set search_path = $<schema:name>, pg_temp set timezone = 'UTC' as $held_runs$
  with recursive history as (
    select runs.*
    from holds join contents using (domain, request_id)
    join runs on runs.id = contents.tip and runs.domain = contents.domain and runs.day = wanted
    where holds.released_at is null and contents.started_at >= wanted and contents.started_at < wanted + 1
    union
    select earlier.*
    from history join runs earlier
      on earlier.id = history.parent and earlier.domain = history.domain and earlier.day = wanted
  )
  select history.domain, history.id, history.parts from history
$held_runs$;

-- Its messages and the other parts that it refers to.
create function $<schema:name>.held_parts(wanted date) returns table (domain text, hash bytea)
language sql stable set search_path = $<schema:name>, pg_temp set timezone = 'UTC' as $held_parts$
  select held.domain, substr(held.parts, at, 16)
  from (
    select held_runs.domain, held_runs.parts from held_runs(wanted)
    union all
    select contents.domain, contents.part_references
    from holds join contents using (domain, request_id)
    where holds.released_at is null and contents.started_at >= wanted and contents.started_at < wanted + 1
  ) as held, generate_series(1, length(held.parts), 16) as at
$held_parts$;

create or replace function $<schema:name>.drop_partition(parent text, first date) returns bigint
language plpgsql set search_path = $<schema:name>, pg_temp set timezone = 'UTC' set lock_timeout = '2s'
as $drop_partition$
declare
  partition text := parent || to_char(first, '_YYYYMMDD');
  stored bigint;
  kept bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('partitions', 'client_keys'::regclass::oid::bigint));
  -- Another purge may have been here.
  if to_regclass(quote_ident(partition)) is null then return 0; end if;
  execute format('select count(*) from %I', partition) into stored;
  execute format('create temporary table kept on commit drop as select * from %I as stored where %s', partition,
    case parent
      when 'runs' then format('(domain, id) in (select domain, id from held_runs(%L))', first)
      when 'parts' then format('(domain, hash) in (select domain, hash from held_parts(%L))', first)
      else 'exists (select from holds where holds.domain = stored.domain
        and holds.request_id = stored.request_id and holds.released_at is null)'
    end);
  get diagnostics kept = row_count;
  execute format('drop table %I', partition);
  execute format('insert into %I select * from kept', parent);
  drop table pg_temp.kept;
  return stored - kept;
end
$drop_partition$;
revoke execute on function $<schema:name>.held_runs, $<schema:name>.held_parts from public;
`,
}
