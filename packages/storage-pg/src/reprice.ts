import { isDeepStrictEqual } from 'node:util'
import type { Cost, ExchangeFilter, ExchangeRecord, RepriceReport } from '@agent-prompt-train/core'
import type { Database, Queries } from './database.js'
import { type ExchangeRow, fromExchangeRow } from './exchange-columns.js'
import { lockOldestFirst, type Position, positionOf } from './read.js'
import { toDay, toStorable, toTimestamp } from './rows.js'
import { untangled } from './untangled.js'

/** Small enough that nobody who stores into the same sums waits for long. */
const BATCH = 500

type Price = (record: ExchangeRecord) => Cost | null

/** A stored row and what it costs from now on. */
interface Change {
  readonly row: ExchangeRow
  readonly before: Cost | null
  readonly after: Cost | null
}

/** Sets the cost of every record that matches, oldest first, a batch in a transaction. */
export async function* repriceExchanges(
  database: Database,
  filter: ExchangeFilter,
  price: Price,
): AsyncGenerator<RepriceReport> {
  for (let position: Position | null = null; ; ) {
    const { rows, report } = await untangled(database, (queries) => repriceBatch(queries, filter, price, position))
    if (rows.length > 0) yield report
    if (rows.length < BATCH) return
    position = positionOf(rows.at(-1)!)
  }
}

/** Locks records first and sums last, each in one order for all, as `append` does. */
async function repriceBatch(queries: Queries, filter: ExchangeFilter, price: Price, after: Position | null) {
  const rows = await lockOldestFirst(queries, filter, after, BATCH)
  const changes = rows
    .map((row) => {
      const record = fromExchangeRow(row)
      return { row, before: record.cost, after: price(record) }
    })
    .filter(({ before, after }) => !isDeepStrictEqual(before, after))
  if (changes.length > 0) await updateCosts(queries, changes)
  const sums = changes.length > 0 ? await updateSums(queries, changes) : { costMicroUsd: 0, notionalMicroUsd: 0 }
  return { rows, report: { records: rows.length, changed: changes.length, ...sums } }
}

async function updateCosts(queries: Queries, changes: readonly Change[]): Promise<void> {
  const column = <Cell>(toCell: (change: Change) => Cell) => changes.map(toCell)
  await queries.rows(
    `update $<schema:name>.exchanges as stored set cost_micro_usd = cost.micro_usd, cost_price_row = cost.price_row,
      cost_notional = cost.notional, cost_incomplete = cost.incomplete,
      cost_estimated_output_tokens = cost.estimated_output_tokens
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::numeric[], $5::text[], $6::boolean[], $7::boolean[],
      $8::bigint[])
      as cost (domain, request_id, started_at, micro_usd, price_row, notional, incomplete, estimated_output_tokens)
    where stored.request_id = cost.request_id and stored.domain = cost.domain and stored.started_at = cost.started_at
      and stored.started_at between $9 and $10`,
    [
      column(({ row }) => row.domain),
      column(({ row }) => row.request_id),
      column(({ row }) => toTimestamp(row.started_at)),
      column(({ after }) => after?.microUsd ?? null),
      column(({ after }) => toStorable(after?.priceRow ?? null)),
      column(({ after }) => after?.notional ?? null),
      column(({ after }) => after?.incomplete ?? null),
      column(({ after }) => after?.estimatedOutputTokens ?? null),
      // The partitions that the batch is in, before the statement runs.
      toTimestamp(changes[0]!.row.started_at),
      toTimestamp(changes.at(-1)!.row.started_at),
    ],
  )
}

/**
 * Takes what each record added to the sums away, and adds what it adds now. Sums that were deleted with their domain
 * stay deleted.
 */
async function updateSums(
  queries: Queries,
  changes: readonly Change[],
): Promise<Pick<RepriceReport, 'costMicroUsd' | 'notionalMicroUsd'>> {
  const entries = changes
    .filter(({ row }) => row.first_byte_ms !== null)
    .flatMap(({ row, before, after }) => [
      { row, cost: before, sign: -1 },
      { row, cost: after, sign: 1 },
    ])
  const sums = await queries.row<Pick<RepriceReport, 'costMicroUsd' | 'notionalMicroUsd'>>(
    `with differences as (
      select day, domain, key_id, model,
        coalesce(sum(sign * micro_usd) filter (where not notional), 0) as cost_micro_usd,
        coalesce(sum(sign * micro_usd) filter (where notional), 0) as notional_micro_usd,
        coalesce(sum(sign) filter (where has_usage and micro_usd is null), 0) as unpriced_requests
      from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::numeric[], $7::boolean[],
        $8::boolean[]) as entries (day, domain, key_id, model, sign, micro_usd, notional, has_usage)
      group by 1, 2, 3, 4
    ), locked as (
      select stored.day, stored.domain, stored.key_id, stored.model
      from $<schema:name>.usage_daily stored
      join differences on differences.day = stored.day and differences.domain = stored.domain
        and differences.key_id = stored.key_id and differences.model = stored.model
      order by 1, 2, 3, 4
      for update of stored
    ), updated as (
      update $<schema:name>.usage_daily as stored set
        cost_micro_usd = stored.cost_micro_usd + differences.cost_micro_usd,
        notional_micro_usd = stored.notional_micro_usd + differences.notional_micro_usd,
        unpriced_requests = stored.unpriced_requests + differences.unpriced_requests
      from locked join differences using (day, domain, key_id, model)
      where stored.day = locked.day and stored.domain = locked.domain and stored.key_id = locked.key_id
        and stored.model = locked.model
    )
    select coalesce(sum(cost_micro_usd), 0) as "costMicroUsd", coalesce(sum(notional_micro_usd), 0) as "notionalMicroUsd"
    from differences`,
    [
      entries.map(({ row }) => toDay(row.started_at)),
      entries.map(({ row }) => row.domain),
      entries.map(({ row }) => row.key_id ?? ''),
      entries.map(({ row }) => row.model ?? ''),
      entries.map(({ sign }) => sign),
      entries.map(({ cost }) => cost?.microUsd ?? null),
      entries.map(({ cost }) => cost?.notional ?? false),
      entries.map(({ row }) => row.usage !== null),
    ],
  )
  return sums!
}
