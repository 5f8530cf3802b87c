/** Adds the exchanges of a relation `added`, which a statement begins with, to the daily sums. */
export const ADD_TO_SUMS = `insert into $<schema:name>.usage_daily as stored
  (day, domain, key_id, model, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens,
  cache_write_1h_tokens, cost_micro_usd, unpriced_requests, notional_micro_usd)
select (started_at at time zone 'UTC')::date, domain, coalesce(key_id, ''), coalesce(model, ''), count(*),
  sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_5m_tokens),
  sum(cache_write_1h_tokens), coalesce(sum(cost_micro_usd) filter (where not cost_notional), 0),
  count(*) filter (where usage is not null and cost_micro_usd is null),
  coalesce(sum(cost_micro_usd) filter (where cost_notional), 0)
from added
where first_byte_ms is not null
group by 1, 2, 3, 4
order by 1, 2, 3, 4
on conflict (day, domain, key_id, model) do update set
  requests = stored.requests + excluded.requests,
  input_tokens = stored.input_tokens + excluded.input_tokens,
  output_tokens = stored.output_tokens + excluded.output_tokens,
  cache_read_tokens = stored.cache_read_tokens + excluded.cache_read_tokens,
  cache_write_5m_tokens = stored.cache_write_5m_tokens + excluded.cache_write_5m_tokens,
  cache_write_1h_tokens = stored.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
  cost_micro_usd = stored.cost_micro_usd + excluded.cost_micro_usd,
  unpriced_requests = stored.unpriced_requests + excluded.unpriced_requests,
  notional_micro_usd = stored.notional_micro_usd + excluded.notional_micro_usd`
