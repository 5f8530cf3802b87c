import type { HistoryNode, StoredContent } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { toDay, toTimestamp } from './rows.js'

/** Where the content of an exchange is found. */
export interface ContentKey {
  readonly domain: string
  readonly requestId: string
  readonly startedAt: number
}

/** The content of one exchange, or null where there is none, or none any more. */
export async function findContent(queries: Queries, key: ContentKey): Promise<StoredContent | null> {
  const row = await queries.row<
    Pick<StoredContent, 'request' | 'tip' | 'answer' | 'truncated'> & { readonly refs: string }
  >(
    `select request, tip, answer, truncated, array_to_string(part_references, ' ') as refs from $<schema:name>.contents
    where request_id = $1 and domain = $2 and started_at = $3`,
    [key.requestId, key.domain, toTimestamp(key.startedAt)],
  )
  if (row === null) return null
  const history = row.tip === null ? [] : await findHistory(queries, key, row.tip)
  const { refs, ...content } = row
  const references = refs === '' ? [] : refs.split(' ')
  const referred = references.length === 0 ? [] : await findParts(queries, key, references)
  const parts = new Map(
    [...history.map(({ part, sealed }) => ({ hash: part, sealed })), ...referred].map((part) => [part.hash, part]),
  )
  return {
    ...content,
    references,
    nodes: history.map(({ id, parent, part }) => ({ id, parent, part })),
    parts: [...parts.values()],
  }
}

/** From the first message to the tip. */
function findHistory(queries: Queries, { domain, startedAt }: ContentKey, tip: string) {
  return queries.rows<HistoryNode & { readonly sealed: Buffer }>(
    `with recursive history as (
      select id, parent, part, 1 as distance from $<schema:name>.nodes where id = $3 and domain = $2 and day = $1
      union all
      select earlier.id, earlier.parent, earlier.part, history.distance + 1
      from history join $<schema:name>.nodes earlier
        on earlier.id = history.parent and earlier.domain = $2 and earlier.day = $1
    )
    select id, parent, part, sealed
    from history join $<schema:name>.parts on parts.hash = history.part and parts.domain = $2 and parts.day = $1
    order by distance desc`,
    [toDay(startedAt), domain, tip],
  )
}

/** The parts of these hashes, in their order. */
function findParts(queries: Queries, { domain, startedAt }: ContentKey, hashes: readonly string[]) {
  return queries.rows<{ readonly hash: string; readonly sealed: Buffer }>(
    `select hash, sealed from unnest($3::text[]) with ordinality as wanted (hash, place)
    join $<schema:name>.parts using (hash) where parts.domain = $2 and parts.day = $1
    order by place`,
    [toDay(startedAt), domain, hashes],
  )
}
