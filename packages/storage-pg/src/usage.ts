import type { ExchangeFilter, UsageDimension, UsageRow } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { toDay, toStorable, toTimestamp } from './rows.js'

const DAY_MS = 86_400_000

/** Epoch milliseconds, the end exclusive. */
type Range = readonly [from: number, to: number]

/** What of a span of time the daily sums answer, and what only the records do. */
interface Division {
  /** Null where no whole day is within. */
  readonly days: { readonly from: number | null; readonly to: number | null } | null
  readonly rest: readonly Range[]
}

/** Sums over the exchanges that reached the upstream: from the daily sums, and from records where a day is cut. */
export async function sumUsage(
  queries: Queries,
  filter: ExchangeFilter,
  by: readonly UsageDimension[],
): Promise<readonly UsageRow[]> {
  const { days, rest } = divide(filter)
  const { domain, keyId, model, status } = filter
  return queries.rows<UsageRow>(
    `with counted as (
      select day, domain, key_id, model, requests, input_tokens, output_tokens, cache_read_tokens,
        cache_write_5m_tokens, cache_write_1h_tokens, cost_micro_usd, notional_micro_usd, unpriced_requests
      from $<schema:name>.usage_daily
      where $1 and ($2::date is null or day >= $2) and ($3::date is null or day < $3)
      union all
      select (started_at at time zone 'UTC')::date, domain, coalesce(key_id, ''), coalesce(model, ''), 1,
        input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
        case when cost_notional then 0 else coalesce(cost_micro_usd, 0) end,
        case when cost_notional then coalesce(cost_micro_usd, 0) else 0 end,
        case when usage is not null and cost_micro_usd is null then 1 else 0 end
      from unnest($4::timestamptz[], $5::timestamptz[]) as rest (since, until)
      join $<schema:name>.exchanges on started_at >= since and started_at < until
      where first_byte_ms is not null and ($6::integer is null or status = $6)
    )
    select case when $7 then day::text end as day,
      case when $8 then nullif(domain, '') end as domain,
      case when $9 then nullif(key_id, '') end as "keyId",
      case when $10 then nullif(model, '') end as model,
      sum(requests) as requests,
      sum(input_tokens) as "inputTokens",
      sum(output_tokens) as "outputTokens",
      sum(cache_read_tokens) as "cacheReadTokens",
      sum(cache_write_5m_tokens) as "cacheWrite5mTokens",
      sum(cache_write_1h_tokens) as "cacheWrite1hTokens",
      sum(cost_micro_usd) as "costMicroUsd",
      sum(notional_micro_usd) as "notionalMicroUsd",
      sum(unpriced_requests) as "unpricedRequests"
    from counted
    where ($11::text is null or domain = $11) and ($12::text is null or key_id = $12)
      and ($13::text is null or model = $13)
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4`,
    [
      days !== null,
      days?.from == null ? null : toDay(days.from),
      days?.to == null ? null : toDay(days.to),
      rest.map(([from]) => toBound(from)),
      rest.map(([, to]) => toBound(to)),
      status ?? null,
      ...(['day', 'domain', 'keyId', 'model'] as const).map((dimension) => by.includes(dimension)),
      ...[domain, keyId, model].map((text) => toStorable(text ?? null)),
    ],
  )
}

function divide({ from, to, status }: ExchangeFilter): Division {
  const start = from ?? Number.NEGATIVE_INFINITY
  const end = to ?? Number.POSITIVE_INFINITY
  // The daily sums know no statuses.
  if (status !== undefined) return { days: null, rest: [[start, end]] }
  const firstDay = from === undefined ? start : Math.ceil(from / DAY_MS) * DAY_MS
  const lastDay = to === undefined ? end : Math.floor(to / DAY_MS) * DAY_MS
  if (firstDay >= lastDay) return { days: null, rest: [[start, end]] }
  return {
    days: { from: from === undefined ? null : firstDay, to: to === undefined ? null : lastDay },
    rest: [[start, firstDay] as const, [lastDay, end] as const].filter(([since, until]) => since < until),
  }
}

function toBound(ms: number): string {
  if (Number.isFinite(ms)) return toTimestamp(ms)
  return ms < 0 ? '-infinity' : 'infinity'
}
