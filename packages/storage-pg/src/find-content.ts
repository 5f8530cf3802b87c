import type { ContentPart, HistoryRun, StoredContent } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { fromNames, toDay, toNames, toTimestamp } from './rows.js'

/** Where the content of an exchange is found. */
export interface ContentKey {
  readonly domain: string
  readonly requestId: string
  readonly startedAt: number
}

interface ContentRow extends Pick<StoredContent, 'request' | 'answer' | 'truncated'> {
  readonly tip: Buffer | null
  readonly part_references: Buffer
}

/** The content of one exchange, or null where there is none, or none any more. */
export async function findContent(queries: Queries, key: ContentKey): Promise<StoredContent | null> {
  const row = await queries.row<ContentRow>(
    `select request, tip, answer, truncated, part_references from $<schema:name>.contents
    where request_id = $1 and domain = $2 and started_at = $3`,
    [key.requestId, key.domain, toTimestamp(key.startedAt)],
  )
  if (row === null) return null
  const { part_references, tip, ...content } = row
  const runs = tip === null ? [] : await findHistory(queries, key, tip)
  const references = fromNames(part_references)
  const parts = await findParts(queries, key, new Set([...runs.flatMap((run) => run.parts), ...references]))
  return { ...content, tip: tip?.toString('hex') ?? null, runs, references, parts }
}

/** From the first message to the tip. */
async function findHistory(queries: Queries, { domain, startedAt }: ContentKey, tip: Buffer): Promise<HistoryRun[]> {
  const rows = await queries.rows<{ readonly id: Buffer; readonly parent: Buffer | null; readonly parts: Buffer }>(
    `with recursive history as (
      select id, parent, parts, 1 as distance from $<schema:name>.runs where id = $3 and domain = $2 and day = $1
      union all
      select earlier.id, earlier.parent, earlier.parts, history.distance + 1
      from history join $<schema:name>.runs earlier
        on earlier.id = history.parent and earlier.domain = $2 and earlier.day = $1
    )
    select id, parent, parts from history order by distance desc`,
    [toDay(startedAt), domain, tip],
  )
  return rows.map(({ id, parent, parts }) => ({
    id: id.toString('hex'),
    parent: parent?.toString('hex') ?? null,
    parts: fromNames(parts),
  }))
}

/** The parts of these names that are there, in the order given. */
async function findParts(
  queries: Queries,
  { domain, startedAt }: ContentKey,
  names: ReadonlySet<string>,
): Promise<ContentPart[]> {
  if (names.size === 0) return []
  const rows = await queries.rows<{ readonly hash: Buffer; readonly sealed: Buffer }>(
    `select hash, sealed from unnest($3::bytea[]) with ordinality as wanted (hash, place)
    join $<schema:name>.parts using (hash) where parts.domain = $2 and parts.day = $1
    order by place`,
    [toDay(startedAt), domain, [...names].map((name) => toNames([name]))],
  )
  return rows.map(({ hash, sealed }) => ({ hash: hash.toString('hex'), sealed }))
}
