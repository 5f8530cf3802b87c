import type { Migration } from './index.js'

/** Older code would sum what is notional as billed. */
export const cost: Migration = {
  id: 3,
  name: 'cost',
  breaking: true,
  sql: `
-- By the text of an answer that did not end. Null where there was none to go by, or the answer ended.
alter table $<schema:name>.exchanges add column cost_estimated_output_tokens bigint;

-- Sums of cost_micro_usd are of what is billed per token alone.
alter table $<schema:name>.usage_daily add column notional_micro_usd numeric not null default 0;
update $<schema:name>.usage_daily as stored set
  cost_micro_usd = stored.cost_micro_usd - notional.micro_usd,
  notional_micro_usd = notional.micro_usd
from (
  select (started_at at time zone 'UTC')::date as day, domain, coalesce(key_id, '') as key_id,
    coalesce(model, '') as model, sum(cost_micro_usd) as micro_usd
  from $<schema:name>.exchanges
  where cost_notional and cost_micro_usd is not null and first_byte_ms is not null
  group by 1, 2, 3, 4
) as notional
where stored.day = notional.day and stored.domain = notional.domain and stored.key_id = notional.key_id
  and stored.model = notional.model;

create or replace view $<schema:name>.api_requests as
select started_at as timestamp, nullif(domain, '') as domain, request_id, client_address as ip_address, method, path,
  coalesce(model, model_asked) as model, status as response_status, error_type, key_id, stream,
  input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens + cache_write_1h_tokens as cache_write_tokens,
  input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens as total_tokens,
  cost_micro_usd, duration_ms, first_byte_ms, aborted, session_id,
  cost_price_row, cost_notional, cost_incomplete, cost_estimated_output_tokens
from $<schema:name>.exchanges;

create or replace view $<schema:name>.daily_tokens as
select day, nullif(domain, '') as domain, sum(requests) as requests,
  sum(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens) as total_tokens,
  sum(cost_micro_usd) as cost_micro_usd, sum(unpriced_requests) as unpriced_requests,
  sum(notional_micro_usd) as notional_micro_usd
from $<schema:name>.usage_daily
group by day, domain;
`,
}
