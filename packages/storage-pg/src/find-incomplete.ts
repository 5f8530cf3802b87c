import type { ExchangeRecord } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { toDay, toDomainColumn, toNames } from './rows.js'

/** What content rests on beside what came with it. */
interface Needed {
  readonly kind: 'run' | 'part'
  readonly day: string
  readonly domain: string
  readonly name: string
}

/** Ids of those of `records`, whose content is stored, that rest on runs or parts that are not. */
export async function findIncomplete(queries: Queries, records: readonly ExchangeRecord[]): Promise<string[]> {
  const given = new Set<string>()
  for (const record of records) {
    for (const { id } of record.content?.runs ?? []) given.add(toKey(placed(record, 'run', id)))
    for (const { hash } of record.content?.parts ?? []) given.add(toKey(placed(record, 'part', hash)))
  }
  const needed = new Map<string, Needed>()
  const keysOf = new Map<string, readonly string[]>()
  for (const record of records) {
    const rest = restsOn(record).filter((item) => !given.has(toKey(item)))
    for (const item of rest) needed.set(toKey(item), item)
    keysOf.set(record.requestId, rest.map(toKey))
  }
  const found = new Set<string>()
  for (const day of new Set([...needed.values()].map((item) => item.day))) {
    const ofDay = [...needed.values()].filter((item) => item.day === day)
    for (const item of await findThose(queries, day, ofDay)) found.add(toKey({ ...item, day }))
  }
  return [...keysOf].filter(([, keys]) => !keys.every((key) => found.has(key))).map(([requestId]) => requestId)
}

function restsOn(record: ExchangeRecord): Needed[] {
  if (record.content === null) return []
  const { tip, runs, references } = record.content
  const before = [tip, ...runs.map(({ parent }) => parent)].filter((id) => id !== null)
  const parts = [...runs.flatMap((run) => run.parts), ...references]
  return [...before.map((id) => placed(record, 'run', id)), ...parts.map((hash) => placed(record, 'part', hash))]
}

function placed({ startedAt, domain }: ExchangeRecord, kind: Needed['kind'], name: string): Needed {
  return { kind, day: toDay(startedAt), domain: toDomainColumn(domain), name }
}

function toKey({ kind, day, domain, name }: Needed): string {
  return `${kind} ${name} ${day} ${domain}`
}

/**
 * Those that are there, looked up by name alone, which is a digest over the domain too. Runs count as there when the two
 * before them are: another process may have stored one whose parent was deleted, or the parent was deleted in the moment
 * that the run was stored. To look all the way back to the first would take as long as all else of `append`.
 */
async function findThose(
  queries: Queries,
  day: string,
  needed: readonly Needed[],
): Promise<readonly Omit<Needed, 'day'>[]> {
  const namesOf = (kind: Needed['kind']) =>
    needed.filter((item) => item.kind === kind).map(({ name }) => toNames([name]))
  const rows = await queries.rows<{ kind: Needed['kind']; domain: string; name: Buffer }>(
    `select 'run' as kind, last.domain, last.id as name
    from $<schema:name>.runs as last
    left join $<schema:name>.runs as earlier
      on earlier.id = last.parent and earlier.domain = last.domain and earlier.day = $1
    left join $<schema:name>.runs as earliest
      on earliest.id = earlier.parent and earliest.domain = earlier.domain and earliest.day = $1
    where last.day = $1 and last.id = any($2::bytea[])
      and (last.parent is null or earlier.id is not null)
      and (earlier.parent is null or earliest.id is not null)
    union all
    select 'part', domain, hash from $<schema:name>.parts where day = $1 and hash = any($3::bytea[])`,
    [day, namesOf('run'), namesOf('part')],
  )
  return rows.map(({ name, ...item }) => ({ ...item, name: name.toString('hex') }))
}
