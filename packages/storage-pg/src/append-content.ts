import type { ContentPart, ExchangeRecord, HistoryRun, StoredContent } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { toDay, toDomainColumn, toNames, toStorable, toTimestamp } from './rows.js'

/** Most bytes of ciphertext in one statement, which carries them as hex. */
const STATEMENT_BYTES = 8 * 1024 * 1024

/** Stores what is new of the content of `records`, which are sorted, each thing with its day. */
export async function appendContent(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  const withContent = records.filter(({ content }) => content !== null)
  if (withContent.length === 0) return
  const runs = byId(
    withContent,
    ({ runs }) => runs,
    ({ id }) => id,
    // One that rests on no other is whole, whatever was lost before.
    ({ parent }) => parent === null,
  )
  const parts = byId(
    withContent,
    ({ parts }) => parts,
    ({ hash }) => hash,
    () => true,
  )
  if (runs.length > 0) await insertRuns(queries, runs)
  for (const some of bySize(parts, ({ item }) => item.sealed.length)) await insertParts(queries, some)
  for (const some of bySize(withContent, sizeOf)) await insertContents(queries, some)
}

interface Placed<T> {
  readonly day: string
  readonly domain: string
  readonly item: T
}

/** Each once for its day and domain, in one order for all that append at the same time. */
function byId<T>(
  records: readonly ExchangeRecord[],
  itemsOf: (content: StoredContent) => readonly T[],
  idOf: (item: T) => string,
  isKept: (item: T) => boolean,
): Placed<T>[] {
  const placed = new Map<string, Placed<T>>()
  for (const { startedAt, domain, content } of records) {
    const place = { day: toDay(startedAt), domain: toDomainColumn(domain) }
    for (const item of itemsOf(content!)) {
      const key = `${idOf(item)} ${place.day} ${place.domain}`
      const known = placed.get(key)
      if (known === undefined || !isKept(known.item)) placed.set(key, { ...place, item })
    }
  }
  return [...placed.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** Cuts a list into batches that fit a statement; what is too large by itself goes alone. */
function bySize<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const batches: T[][] = []
  let left = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (batches.length === 0 || size > left) {
      batches.push([])
      left = STATEMENT_BYTES
    }
    batches.at(-1)!.push(item)
    left -= size
  }
  return batches
}

function sizeOf({ content }: ExchangeRecord): number {
  return (content?.request?.length ?? 0) + (content?.answer?.length ?? 0)
}

/** One that rests on no other takes the place of one that does: its parent may have been lost on the way here. */
async function insertRuns(queries: Queries, runs: readonly Placed<HistoryRun>[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.runs (day, domain, id, parent, parts)
    select * from unnest($1::date[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
    on conflict (id, domain, day) do update set parent = excluded.parent, parts = excluded.parts
    where runs.parent is not null and excluded.parent is null`,
    [
      runs.map(({ day }) => day),
      runs.map(({ domain }) => domain),
      runs.map(({ item }) => toNames([item.id])),
      runs.map(({ item }) => item.parent && toNames([item.parent])),
      runs.map(({ item }) => toNames(item.parts)),
    ],
  )
}

async function insertParts(queries: Queries, parts: readonly Placed<ContentPart>[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.parts (day, domain, hash, sealed)
    select * from unnest($1::date[], $2::text[], $3::bytea[], $4::bytea[])
    on conflict do nothing`,
    [
      parts.map(({ day }) => day),
      parts.map(({ domain }) => domain),
      parts.map(({ item }) => toNames([item.hash])),
      parts.map(({ item }) => toBuffer(item.sealed)),
    ],
  )
}

async function insertContents(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.contents (domain, request_id, started_at, request, tip, answer, truncated, part_references)
    select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[], $5::bytea[], $6::bytea[], $7::boolean[],
      $8::bytea[])
    on conflict do nothing`,
    [
      records.map(({ domain }) => toDomainColumn(domain)),
      records.map(({ requestId }) => toStorable(requestId)),
      records.map(({ startedAt }) => toTimestamp(startedAt)),
      records.map(({ content }) => toBuffer(content!.request)),
      records.map(({ content }) => content!.tip && toNames([content!.tip])),
      records.map(({ content }) => toBuffer(content!.answer)),
      records.map(({ content }) => content!.truncated),
      records.map(({ content }) => toNames(content!.references)),
    ],
  )
}

/** A buffer over the same bytes: what the driver writes as bytea. */
function toBuffer(bytes: Uint8Array): Buffer
function toBuffer(bytes: Uint8Array | null): Buffer | null
function toBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
