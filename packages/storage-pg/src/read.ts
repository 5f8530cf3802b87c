import {
  ConfigurationError,
  type ExchangeFilter,
  type ExchangePage,
  type ExchangeRecord,
} from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { type ExchangeRow, fromExchangeRow } from './exchange-columns.js'
import { findContent } from './find-content.js'
import { toStorable, toTimestamp } from './rows.js'

const MOST_PER_PAGE = 1_000
const EXPORT_PAGE = 200

/** Where a page ends: the next begins after it. */
export interface Position {
  readonly startedAt: number
  readonly requestId: string
}

/** Each condition that is not given folds away when the statement is planned, so one text serves every filter. */
const MATCHES = `($1::text is null or domain = $1) and ($2::text is null or key_id = $2)
  and ($3::text is null or model = $3) and ($4::integer is null or status = $4)
  and ($5::timestamptz is null or started_at >= $5) and ($6::timestamptz is null or started_at < $6)`

const NEWEST_FIRST = `select * from $<schema:name>.exchanges
where ${MATCHES} and ($7::timestamptz is null or (started_at <= $7 and (started_at, request_id) < ($7, $8)))
order by started_at desc, request_id desc limit $9`

const OLDEST_FIRST = `select * from $<schema:name>.exchanges
where ${MATCHES} and ($7::timestamptz is null or (started_at >= $7 and (started_at, request_id) > ($7, $8)))
order by started_at, request_id limit $9`

const OLDEST_FIRST_LOCKED = `${OLDEST_FIRST} for update`

/** The record with its content, or null. */
export async function findExchange(queries: Queries, requestId: string): Promise<ExchangeRecord | null> {
  const row = await queries.row<ExchangeRow>('select * from $<schema:name>.exchanges where request_id = $1', [
    requestId,
  ])
  return row === null ? null : withContent(queries, row)
}

/** A page of records, newest first. */
export async function listExchanges(
  queries: Queries,
  filter: ExchangeFilter,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<ExchangePage> {
  const most = Math.min(Math.max(1, Math.trunc(limit)), MOST_PER_PAGE)
  const position = after === undefined ? null : fromCursor(after)
  // One more than asked for tells whether there is another page.
  const rows = await queries.rows<ExchangeRow>(NEWEST_FIRST, conditions(filter, position, most + 1))
  const page = rows.slice(0, most)
  return {
    exchanges: page.map(fromExchangeRow),
    next: rows.length > most ? toCursor(positionOf(page.at(-1)!)) : null,
  }
}

/** Every record that matches, oldest first, with its content; one page of rows and one content are held at a time. */
export async function* exportExchanges(queries: Queries, filter: ExchangeFilter): AsyncGenerator<ExchangeRecord> {
  let position: Position | null = null
  for (;;) {
    const rows: readonly ExchangeRow[] = await queries.rows(OLDEST_FIRST, conditions(filter, position, EXPORT_PAGE))
    for (const row of rows) yield await withContent(queries, row)
    if (rows.length < EXPORT_PAGE) return
    position = positionOf(rows.at(-1)!)
  }
}

/** A page of rows, oldest first, which nobody else changes until the transaction ends. */
export function lockOldestFirst(
  queries: Queries,
  filter: ExchangeFilter,
  after: Position | null,
  limit: number,
): Promise<readonly ExchangeRow[]> {
  return queries.rows(OLDEST_FIRST_LOCKED, conditions(filter, after, limit))
}

async function withContent(queries: Queries, row: ExchangeRow): Promise<ExchangeRecord> {
  const key = { domain: row.domain, requestId: row.request_id, startedAt: row.started_at }
  return { ...fromExchangeRow(row), content: await findContent(queries, key) }
}

function conditions(filter: ExchangeFilter, position: Position | null, limit: number): unknown[] {
  const { domain, keyId, model, status, from, to } = filter
  return [
    ...[domain, keyId, model].map((text) => toStorable(text ?? null)),
    status ?? null,
    ...[from, to].map((ms) => (ms === undefined ? null : toTimestamp(ms))),
    position === null ? null : toTimestamp(position.startedAt),
    position?.requestId ?? null,
    limit,
  ]
}

/** The place of a row in lists. */
export function positionOf(row: ExchangeRow): Position {
  return { startedAt: row.started_at, requestId: row.request_id }
}

function toCursor({ startedAt, requestId }: Position): string {
  return Buffer.from(`${startedAt} ${requestId}`).toString('base64url')
}

function fromCursor(cursor: string): Position {
  const [, startedAt, requestId] = /^(\d{1,15}) ([^\0]+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (startedAt === undefined || requestId === undefined) {
    throw new ConfigurationError('after', 'must be the `next` of an earlier page')
  }
  return { startedAt: Number(startedAt), requestId }
}
