import type { AppendReport, ExchangeRecord } from '@agent-prompt-train/core'
import { appendContent } from './append-content.js'
import type { Database, Queries } from './database.js'
import { exchangeColumns } from './exchange-columns.js'
import { findIncomplete } from './find-incomplete.js'
import type { Partitions } from './partitions.js'
import { toDay } from './rows.js'
import { ADD_TO_SUMS } from './sums.js'
import { untangled } from './untangled.js'

/** Stores the records, their content and what they add to sums, in one transaction, and looks for gaps. */
export async function appendExchanges(
  database: Database,
  partitions: Partitions,
  records: readonly ExchangeRecord[],
): Promise<AppendReport> {
  if (records.length === 0) return { incomplete: [] }
  for (const day of new Set(records.map(({ startedAt }) => toDay(startedAt)))) await partitions.ensure(day)
  // One order for all that append at the same time, or they would wait for each other in a circle.
  const sorted = records.toSorted((a, b) => (a.requestId < b.requestId ? -1 : 1))
  return untangled(database, async (queries) => {
    await appendContent(queries, sorted)
    const incomplete = await findIncomplete(queries, sorted)
    await insertExchanges(queries, sorted)
    return { incomplete }
  })
}

/**
 * Inserts what is not stored yet and adds just that to the sums. The sums come last in the transaction, one row for each
 * day, domain, key and model, because every process that serves the same key waits for them.
 */
async function insertExchanges(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  await queries.rows(
    `with added as (
      insert into $<schema:name>.exchanges
        (domain, request_id, started_at, key_id, client_address, method, path, upstream_request_id,
        model_asked, model, stream, status, error_type, stop_reason, usage,
        input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
        cost_micro_usd, cost_price_row, cost_notional, cost_incomplete,
        first_byte_ms, duration_ms, request_bytes, answer_bytes, aborted, broken,
        session_id, agent_id, parent_agent_id, links, cost_estimated_output_tokens)
      select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::boolean[], $12::integer[], $13::text[], $14::text[], $15::text[],
        $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
        $21::numeric[], $22::text[], $23::boolean[], $24::boolean[],
        $25::double precision[], $26::double precision[], $27::bigint[], $28::bigint[], $29::boolean[], $30::boolean[],
        $31::text[], $32::text[], $33::text[], $34::text[], $35::bigint[])
      on conflict do nothing
      returning *
    )
    ${ADD_TO_SUMS}`,
    exchangeColumns.map((toCell) => records.map(toCell)),
  )
}
