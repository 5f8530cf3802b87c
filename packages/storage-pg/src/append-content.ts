import type { ContentPart, ExchangeRecord, HistoryNode, StoredContent } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { toDay, toDomainColumn, toStorable, toTimestamp } from './rows.js'

/** Most bytes of ciphertext in one statement, which carries them as hex. */
const STATEMENT_BYTES = 8 * 1024 * 1024

/**
 * Stores what is new of the content of `records`, which are sorted. A day's content is complete in itself: of a history
 * that began earlier, what the day lacks is copied from before, once a day, so that days can be dropped one by one.
 */
export async function appendContent(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  const withContent = records.filter(({ content }) => content !== null)
  if (withContent.length === 0) return
  const nodes = byId(
    withContent,
    ({ nodes }) => nodes,
    ({ id }) => id,
  )
  const parts = byId(
    withContent,
    ({ parts }) => parts,
    ({ hash }) => hash,
  )
  if (nodes.length > 0) await insertNodes(queries, nodes)
  for (const some of bySize(parts, ({ item }) => item.sealed.length)) await insertParts(queries, some)
  await copyForward(queries, withContent)
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
): Placed<T>[] {
  const placed = new Map<string, Placed<T>>()
  for (const { startedAt, domain, content } of records) {
    const place = { day: toDay(startedAt), domain: toDomainColumn(domain) }
    for (const item of itemsOf(content!)) placed.set(`${idOf(item)} ${place.day} ${place.domain}`, { ...place, item })
  }
  return [...placed.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** Cuts a list into runs that fit a statement; what is too large by itself goes alone. */
function bySize<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const runs: T[][] = []
  let left = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (runs.length === 0 || size > left) {
      runs.push([])
      left = STATEMENT_BYTES
    }
    runs.at(-1)!.push(item)
    left -= size
  }
  return runs
}

function sizeOf({ content }: ExchangeRecord): number {
  return (content?.request?.length ?? 0) + (content?.answer?.length ?? 0)
}

async function insertNodes(queries: Queries, nodes: readonly Placed<HistoryNode>[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.nodes (day, domain, id, parent, part)
    select * from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[])
    on conflict do nothing`,
    [
      nodes.map(({ day }) => day),
      nodes.map(({ domain }) => domain),
      nodes.map(({ item }) => item.id),
      nodes.map(({ item }) => item.parent),
      nodes.map(({ item }) => item.part),
    ],
  )
}

async function insertParts(queries: Queries, parts: readonly Placed<ContentPart>[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.parts (day, domain, hash, sealed)
    select * from unnest($1::date[], $2::text[], $3::text[], $4::bytea[])
    on conflict do nothing`,
    [
      parts.map(({ day }) => day),
      parts.map(({ domain }) => domain),
      parts.map(({ item }) => item.hash),
      parts.map(({ item }) => toBuffer(item.sealed)),
    ],
  )
}

/** Wanted are the tips and the parents of the nodes given; mostly all are there, and nothing more is looked for. */
async function copyForward(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  const wanted = byId(
    records,
    ({ tip, nodes }) => [tip, ...nodes.map(({ parent }) => parent)].filter((id) => id !== null),
    (id) => id,
  )
  const missing = await queries.rows<{ day: string; domain: string; id: string }>(
    `select day, domain, id from unnest($1::date[], $2::text[], $3::text[]) as wanted (day, domain, id)
    where not exists (select from $<schema:name>.nodes known
      where known.id = wanted.id and known.domain = wanted.domain and known.day = wanted.day)`,
    columnsOf(wanted.map(({ day, domain, item }) => ({ day, domain, id: item }))),
  )
  if (missing.length === 0) return
  await queries.rows(
    `with recursive history as (
      select wanted.day as to_day, found.*
      from unnest($1::date[], $2::text[], $3::text[]) as wanted (day, domain, id)
      cross join lateral (
        select * from $<schema:name>.nodes where id = wanted.id and domain = wanted.domain
        order by day desc limit 1
      ) as found
      union
      select history.to_day, earlier.*
      from history join $<schema:name>.nodes earlier
        on earlier.id = history.parent and earlier.domain = history.domain and earlier.day = history.day
    ), copied as (
      insert into $<schema:name>.nodes (day, domain, id, parent, part)
      select distinct on (id, domain, to_day) to_day, domain, id, parent, part from history order by id, domain, to_day
      on conflict do nothing
    )
    insert into $<schema:name>.parts (day, domain, hash, sealed)
    select distinct on (hash, domain, to_day) to_day, domain, hash, sealed
    from history join $<schema:name>.parts using (day, domain)
    where parts.hash = history.part
    order by hash, domain, to_day
    on conflict do nothing`,
    columnsOf(missing),
  )
}

function columnsOf(nodes: readonly { day: string; domain: string; id: string }[]): string[][] {
  return [nodes.map(({ day }) => day), nodes.map(({ domain }) => domain), nodes.map(({ id }) => id)]
}

async function insertContents(queries: Queries, records: readonly ExchangeRecord[]): Promise<void> {
  await queries.rows(
    `insert into $<schema:name>.contents (domain, request_id, started_at, request, tip, answer, truncated, part_references)
    select c.domain, c.request_id, c.started_at, c.request, c.tip, c.answer, c.truncated, string_to_array(c.refs, ' ')
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[], $5::text[], $6::bytea[], $7::boolean[],
      $8::text[]) as c (domain, request_id, started_at, request, tip, answer, truncated, refs)
    on conflict do nothing`,
    [
      records.map(({ domain }) => toDomainColumn(domain)),
      records.map(({ requestId }) => toStorable(requestId)),
      records.map(({ startedAt }) => toTimestamp(startedAt)),
      records.map(({ content }) => toBuffer(content!.request)),
      records.map(({ content }) => content!.tip),
      records.map(({ content }) => toBuffer(content!.answer)),
      records.map(({ content }) => content!.truncated),
      // unnest takes arrays of arrays apart to the ground.
      records.map(({ content }) => content!.references.join(' ')),
    ],
  )
}

/** A buffer over the same bytes: what the driver writes as bytea. */
function toBuffer(bytes: Uint8Array): Buffer
function toBuffer(bytes: Uint8Array | null): Buffer | null
function toBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
