import type { Migration } from './index.js'

/**
 * Every unique key of a table that grows with traffic holds the domain, the distribution column of a cluster; the domain
 * that was never known is `''` there. Columns named `sealed`, `request` and `answer` hold ciphertext. JSON is text,
 * because jsonb refuses U+0000 and lone surrogates and quotes what it refuses.
 */
export const initial: Migration = {
  id: 1,
  name: 'initial',
  breaking: true,
  sql: `
-- Keys and credentials: small, read by every process, reference tables on a cluster.

create table $<schema:name>.client_keys (
  key_id text collate "C" primary key,
  digest text collate "C" not null unique,
  domain text not null,
  label text,
  last_four text,
  -- Epoch milliseconds, like the other times here that only the library compares.
  created_at bigint,
  expires_at bigint,
  revoked_at bigint,
  replaced_by text collate "C",
  position bigint generated always as identity,
  revision bigint not null default 1,
  changed_at timestamptz not null default clock_timestamp()
);
create index on $<schema:name>.client_keys (domain);
create index on $<schema:name>.client_keys (changed_at);

create table $<schema:name>.client_key_uses (
  key_id text collate "C" primary key references $<schema:name>.client_keys,
  requests bigint not null,
  last_used_at bigint not null,
  last_address text
);

create table $<schema:name>.credentials (
  domain text primary key,
  -- JSON; sealed by whoever gave it, if at all. Null where there is none any more.
  credential text,
  revision bigint not null default 0,
  changed_at timestamptz not null default clock_timestamp(),
  lease_owner text,
  -- Grows with each holder: one that was overtaken cannot store.
  lease_generation bigint not null default 0,
  -- By this server's clock, the only one that judges leases.
  lease_expires_at timestamptz
);
create index on $<schema:name>.credentials (changed_at);

-- Exchanges, by weeks.

create table $<schema:name>.exchanges (
  domain text not null,
  request_id text collate "C" not null,
  started_at timestamptz not null,
  key_id text collate "C",
  client_address text,
  method text not null,
  path text not null,
  upstream_request_id text,
  model_asked text,
  model text,
  stream boolean not null,
  status integer,
  error_type text,
  stop_reason text,
  usage text,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  cost_micro_usd numeric,
  cost_price_row text,
  -- Null where no cost was worked out at all.
  cost_notional boolean,
  cost_incomplete boolean,
  first_byte_ms double precision,
  duration_ms double precision not null,
  request_bytes bigint not null,
  answer_bytes bigint not null,
  aborted boolean not null,
  broken boolean not null,
  session_id text,
  agent_id text,
  parent_agent_id text,
  primary key (request_id, domain, started_at)
) partition by range (started_at);
create index on $<schema:name>.exchanges (started_at, request_id);
create index on $<schema:name>.exchanges (domain, started_at, request_id);
create index on $<schema:name>.exchanges (key_id, started_at, request_id);
create index on $<schema:name>.exchanges (model, started_at, request_id);
create index on $<schema:name>.exchanges (status, started_at, request_id) where status <> 200;
create table $<schema:name>.exchanges_default partition of $<schema:name>.exchanges default;

-- Content, by days, so that bodies can be dropped long before their records.

create table $<schema:name>.contents (
  domain text not null,
  request_id text collate "C" not null,
  started_at timestamptz not null,
  request bytea,
  tip text collate "C",
  answer bytea,
  truncated boolean not null,
  part_references text[] not null,
  primary key (request_id, domain, started_at)
) partition by range (started_at);
alter table $<schema:name>.contents alter request set storage external, alter answer set storage external;
create table $<schema:name>.contents_default partition of $<schema:name>.contents default;

-- A day's nodes are complete: each has its parent, and its part, in the same day.
create table $<schema:name>.nodes (
  day date not null,
  domain text not null,
  id text collate "C" not null,
  parent text collate "C",
  part text collate "C" not null,
  primary key (id, domain, day)
) partition by range (day);
create table $<schema:name>.nodes_default partition of $<schema:name>.nodes default;

create table $<schema:name>.parts (
  day date not null,
  domain text not null,
  hash text collate "C" not null,
  sealed bytea not null,
  primary key (hash, domain, day)
) partition by range (day);
alter table $<schema:name>.parts alter sealed set storage external;
create table $<schema:name>.parts_default partition of $<schema:name>.parts default;

create table $<schema:name>.usage_daily (
  day date not null,
  domain text not null,
  key_id text collate "C" not null,
  model text not null,
  requests bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  cost_micro_usd numeric not null,
  unpriced_requests bigint not null,
  primary key (day, domain, key_id, model)
);

create table $<schema:name>.holds (
  domain text not null,
  request_id text collate "C" not null,
  held_at timestamptz not null default clock_timestamp(),
  released_at timestamptz,
  primary key (domain, request_id)
);

-- Makes one partition, taking over what the default partition caught of its range. The default partition also keeps
-- what is on hold of a range that was dropped.
create function $<schema:name>.make_partition(parent text, key_column text, first timestamptz, after timestamptz)
returns void language plpgsql set search_path = $<schema:name>, pg_temp set timezone = 'UTC' as $make_partition$
declare
  partition text := parent || to_char(first, '_YYYYMMDD');
  caught text := parent || '_default';
  low text := case key_column when 'day' then first::date::text else first::text end;
  high text := case key_column when 'day' then after::date::text else after::text end;
begin
  if to_regclass(quote_ident(partition)) is not null then return; end if;
  execute format('lock table only %I in access exclusive mode', caught);
  execute format('create table %I (like %I including all)', partition, parent);
  execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
    caught, key_column, low, key_column, high, partition);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, partition, low, high);
end
$make_partition$;

-- Makes the partitions that a day needs; true if they are there now. The one piece of DDL that the serving role may set
-- off: it runs as its owner, takes nothing but a day near the present, and gives up rather than wait for locks.
create function $<schema:name>.ensure_partitions(wanted date) returns boolean
language plpgsql security definer
set search_path = $<schema:name>, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $ensure_partitions$
declare
  monday timestamptz := date_trunc('week', wanted::timestamptz);
begin
  if wanted not between current_date - 400 and current_date + 40 then return false; end if;
  perform pg_advisory_xact_lock(hashtextextended('partitions', 'client_keys'::regclass::oid::bigint));
  perform make_partition('exchanges', 'started_at', monday, monday + interval '7 days');
  perform make_partition('contents', 'started_at', wanted, wanted + interval '1 day');
  perform make_partition('nodes', 'day', wanted, wanted + interval '1 day');
  perform make_partition('parts', 'day', wanted, wanted + interval '1 day');
  return true;
end
$ensure_partitions$;
revoke execute on function $<schema:name>.make_partition, $<schema:name>.ensure_partitions from public;

-- The messages and other parts of a day that a request on hold is made of. Parts that are no message have no id.
create function $<schema:name>.held_history(wanted date) returns table (domain text, id text, part text)
language sql stable set search_path = $<schema:name>, pg_temp set timezone = 'UTC' as $held_history$
  with recursive history as (
    select nodes.*
    from holds join contents using (domain, request_id)
    join nodes on nodes.id = contents.tip and nodes.domain = contents.domain and nodes.day = wanted
    where holds.released_at is null and contents.started_at >= wanted and contents.started_at < wanted + 1
    union
    select earlier.*
    from history join nodes earlier
      on earlier.id = history.parent and earlier.domain = history.domain and earlier.day = wanted
  )
  select history.domain, history.id, history.part from history
  union all
  select contents.domain, '', unnest(contents.part_references)
  from holds join contents using (domain, request_id)
  where holds.released_at is null and contents.started_at >= wanted and contents.started_at < wanted + 1
$held_history$;

-- Drops one partition, but for what is on hold, which goes to the default partition. Returns how many rows went.
create function $<schema:name>.drop_partition(parent text, first date) returns bigint
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
      when 'nodes' then format('(domain, id) in (select domain, id from held_history(%L))', first)
      when 'parts' then format('(domain, hash) in (select domain, part from held_history(%L))', first)
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
revoke execute on function $<schema:name>.held_history, $<schema:name>.drop_partition from public;

-- Answers in SQL.

create view $<schema:name>.api_requests as
select started_at as timestamp, nullif(domain, '') as domain, request_id, client_address as ip_address, method, path,
  coalesce(model, model_asked) as model, status as response_status, error_type, key_id, stream,
  input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens + cache_write_1h_tokens as cache_write_tokens,
  input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens as total_tokens,
  cost_micro_usd, duration_ms, first_byte_ms, aborted, session_id
from $<schema:name>.exchanges;

create view $<schema:name>.failed_authentications as
select ip_address, domain, count(*) as attempts, min(timestamp) as first_at, max(timestamp) as last_at
from $<schema:name>.api_requests
where response_status = 401
group by ip_address, domain
having count(*) > 10;

create view $<schema:name>.daily_tokens as
select day, nullif(domain, '') as domain, sum(requests) as requests,
  sum(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens) as total_tokens,
  sum(cost_micro_usd) as cost_micro_usd, sum(unpriced_requests) as unpriced_requests
from $<schema:name>.usage_daily
group by day, domain;

-- Days on which a domain used over twice its average of the days with traffic among the 30 before.
create view $<schema:name>.token_usage_spikes as
select domain, day, total_tokens, average_daily_usage
from (
  select domain, day, total_tokens, avg(total_tokens) over (
    partition by domain order by day range between interval '30 days' preceding and interval '1 day' preceding
  ) as average_daily_usage
  from $<schema:name>.daily_tokens
) as days
where total_tokens > average_daily_usage * 2;

create view $<schema:name>.old_keys_in_use as
select k.domain, k.key_id, k.label, k.replaced_by, to_timestamp(k.created_at / 1000.0) as created_at,
  to_timestamp(k.expires_at / 1000.0) as expires_at, to_timestamp(u.last_used_at / 1000.0) as last_used_at,
  u.last_address, u.requests
from $<schema:name>.client_keys k
join $<schema:name>.client_key_uses u using (key_id)
where k.replaced_by is not null and k.revoked_at is null
  and (k.expires_at is null or k.expires_at > extract(epoch from now()) * 1000);
`,
}
