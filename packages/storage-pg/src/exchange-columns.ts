import { type Cost, countTokens, type ExchangeRecord, type LinkFacts, type Usage } from '@agent-prompt-train/core'
import { fromDomainColumn, toDomainColumn, toIndexable, toStorable, toTimestamp } from './rows.js'

/** An exchange as a row; `exchangeColumns` says how a record becomes one. */
export interface ExchangeRow {
  readonly domain: string
  readonly request_id: string
  readonly started_at: number
  readonly key_id: string | null
  readonly client_address: string | null
  readonly method: string
  readonly path: string
  readonly upstream_request_id: string | null
  readonly model_asked: string | null
  readonly model: string | null
  readonly stream: boolean
  readonly status: number | null
  readonly error_type: string | null
  readonly stop_reason: string | null
  readonly usage: string | null
  readonly cost_micro_usd: number | null
  readonly cost_price_row: string | null
  readonly cost_notional: boolean | null
  readonly cost_incomplete: boolean | null
  readonly cost_estimated_output_tokens: number | null
  readonly first_byte_ms: number | null
  readonly duration_ms: number
  readonly request_bytes: number
  readonly answer_bytes: number
  readonly aborted: boolean
  readonly broken: boolean
  readonly session_id: string | null
  readonly agent_id: string | null
  readonly parent_agent_id: string | null
  readonly links: string | null
}

type Cell = string | number | boolean | null

/** The columns of `exchanges` in the order of the statement that inserts them. */
export const exchangeColumns: readonly ((record: ExchangeRecord) => Cell)[] = [
  (record) => toDomainColumn(record.domain),
  (record) => toStorable(record.requestId),
  (record) => toTimestamp(record.startedAt),
  (record) => toStorable(record.keyId),
  (record) => toStorable(record.clientAddress),
  (record) => toStorable(record.method),
  (record) => toStorable(record.path),
  (record) => toStorable(record.upstreamRequestId),
  (record) => toIndexable(record.modelAsked),
  (record) => toIndexable(record.model),
  (record) => record.stream,
  (record) => record.status,
  (record) => toStorable(record.errorType),
  (record) => toStorable(record.stopReason),
  (record) => (record.usage === null ? null : JSON.stringify(record.usage)),
  (record) => countTokens(record.usage).input,
  (record) => countTokens(record.usage).output,
  (record) => countTokens(record.usage).cacheRead,
  (record) => countTokens(record.usage).cacheWrite5m,
  (record) => countTokens(record.usage).cacheWrite1h,
  (record) => record.cost?.microUsd ?? null,
  (record) => toStorable(record.cost?.priceRow ?? null),
  (record) => record.cost?.notional ?? null,
  (record) => record.cost?.incomplete ?? null,
  (record) => record.firstByteMs,
  (record) => record.durationMs,
  (record) => record.requestBytes,
  (record) => record.answerBytes,
  (record) => record.aborted,
  (record) => record.broken,
  (record) => toStorable(record.sessionId),
  (record) => toStorable(record.agentId),
  (record) => toStorable(record.parentAgentId),
  // A spill may hold records of before there were links, and before estimates were kept.
  (record) => (record.links == null ? null : JSON.stringify(record.links)),
  (record) => record.cost?.estimatedOutputTokens ?? null,
]

/** A record without its content. */
export function fromExchangeRow(row: ExchangeRow): ExchangeRecord {
  return {
    requestId: row.request_id,
    startedAt: row.started_at,
    domain: fromDomainColumn(row.domain),
    keyId: row.key_id,
    clientAddress: row.client_address,
    method: row.method,
    path: row.path,
    upstreamRequestId: row.upstream_request_id,
    modelAsked: row.model_asked,
    model: row.model,
    stream: row.stream,
    status: row.status,
    errorType: row.error_type,
    stopReason: row.stop_reason,
    usage: row.usage === null ? null : (JSON.parse(row.usage) as Usage),
    cost: toCost(row),
    firstByteMs: row.first_byte_ms,
    durationMs: row.duration_ms,
    requestBytes: row.request_bytes,
    answerBytes: row.answer_bytes,
    aborted: row.aborted,
    broken: row.broken,
    sessionId: row.session_id,
    agentId: row.agent_id,
    parentAgentId: row.parent_agent_id,
    links: row.links === null ? null : (JSON.parse(row.links) as LinkFacts),
    content: null,
  }
}

function toCost(row: ExchangeRow): Cost | null {
  if (row.cost_notional === null) return null
  return {
    microUsd: row.cost_micro_usd,
    priceRow: row.cost_price_row,
    notional: row.cost_notional,
    incomplete: row.cost_incomplete ?? false,
    estimatedOutputTokens: row.cost_estimated_output_tokens,
  }
}
