import { setTimeout as sleep } from 'node:timers/promises'
import type { PurgeReport, Retention } from '@agent-prompt-train/core'
import type { Queries } from './database.js'
import { ensurePartitionsAhead } from './partitions.js'
import { toDomainColumn, toTimestamp } from './rows.js'
import { PostgresError } from './store-error.js'
import { ADD_TO_SUMS } from './sums.js'

const DAY_MS = 86_400_000
/** Small enough that nobody waits for the rows, or for the log, for long. */
const BATCH = 5_000
const LOCK_NOT_AVAILABLE = '55P03'
const LOCK_ATTEMPTS = 10
const LOCK_RETRY_MS = 500

/** Which rows, and before which time they go; null keeps them. */
interface Scope {
  readonly domains: readonly string[]
  /** All domains but those named. */
  readonly others: boolean
  readonly recordsBefore: number | null
  readonly bodiesBefore: number | null
}

/** What partitions cover, and by which of the two retentions they go. */
const PARTITIONED = [
  { parent: 'parts', coversMs: DAY_MS, counts: null },
  { parent: 'runs', coversMs: DAY_MS, counts: null },
  { parent: 'contents', coversMs: DAY_MS, counts: 'bodies' },
  { parent: 'exchanges', coversMs: 7 * DAY_MS, counts: 'records' },
] as const

/**
 * Removes what is older than its retention: whole partitions that are past everybody's are dropped, the rest goes row by
 * row. Messages go with their whole day, because requests of the same day share them. What is on hold stays.
 */
export async function purgeExchanges(
  queries: Queries,
  now: number,
  retention: Retention,
  domains: Readonly<Record<string, Retention>>,
): Promise<PurgeReport> {
  const own = Object.entries(domains)
  const scopes = [
    toScope(now, retention, { domains: own.map(([domain]) => domain), others: true }),
    ...own.map(([domain, kept]) => toScope(now, kept, { domains: [domain], others: false })),
  ]
  await ensurePartitionsAhead(queries)
  const dropped = await dropPartitions(queries, scopes)
  let { records, bodies } = dropped
  for (const scope of scopes) {
    const deleted = await deleteRows(queries, scope)
    records += deleted.records
    bodies += deleted.bodies
  }
  return { records, bodies }
}

/** Removes everything of the domain but what is on hold, whose sums alone are left. */
export async function deleteDomainRows(queries: Queries, domain: string): Promise<PurgeReport> {
  const domains = [toDomainColumn(domain)]
  const everything = { recordsBefore: Number.POSITIVE_INFINITY, bodiesBefore: Number.POSITIVE_INFINITY }
  const report = await deleteRows(queries, { domains, others: false, ...everything })
  await queries.transaction(async (transaction) => {
    await transaction.rows('delete from $<schema:name>.usage_daily where domain = $1', domains)
    await transaction.rows(
      `with added as (
        select exchanges.*
        from $<schema:name>.exchanges join $<schema:name>.holds using (domain, request_id)
        where domain = $1 and released_at is null
      )
      ${ADD_TO_SUMS}`,
      domains,
    )
  })
  return report
}

function toScope(now: number, { recordsMs, bodiesMs }: Retention, whose: Pick<Scope, 'domains' | 'others'>): Scope {
  const recordsBefore = recordsMs === null ? null : now - recordsMs
  const bodiesBefore = bodiesMs === null ? null : now - bodiesMs
  const bodiesGo = recordsBefore === null ? bodiesBefore : Math.max(recordsBefore, bodiesBefore ?? recordsBefore)
  return { ...whose, recordsBefore, bodiesBefore: bodiesGo }
}

async function dropPartitions(queries: Queries, scopes: readonly Scope[]): Promise<PurgeReport> {
  const removed = { records: 0, bodies: 0 }
  const goBefore = (which: 'recordsBefore' | 'bodiesBefore') =>
    Math.min(...scopes.map((scope) => scope[which] ?? Number.NEGATIVE_INFINITY))
  for (const { parent, coversMs, counts } of PARTITIONED) {
    const before = goBefore(counts === 'records' ? 'recordsBefore' : 'bodiesBefore')
    for (const day of await partitionsOf(queries, parent)) {
      if (Date.parse(day) + coversMs > before) continue
      const rows = await dropPartition(queries, parent, day)
      if (counts !== null) removed[counts] += rows
    }
  }
  return removed
}

/** The first days of its partitions, oldest first. */
async function partitionsOf(queries: Queries, parent: string): Promise<readonly string[]> {
  const rows = await queries.rows<{ day: string }>(
    `select to_date(right(relname, 8), 'YYYYMMDD')::text as day
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = format('%I.%I', $1::text, $2::text)::regclass and relname ~ '_[0-9]{8}$'
    order by 1`,
    [queries.schema, parent],
  )
  return rows.map(({ day }) => day)
}

/** It waits for long readings to end, but briefly, because all that comes after waits behind it. */
async function dropPartition(queries: Queries, parent: string, day: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const row = await queries.row<{ rows: number }>('select $<schema:name>.drop_partition($1, $2::date) as rows', [
        parent,
        day,
      ])
      return row!.rows
    } catch (error) {
      const busy = error instanceof PostgresError && error.code === LOCK_NOT_AVAILABLE
      if (!busy || attempt === LOCK_ATTEMPTS) throw error
      await sleep(LOCK_RETRY_MS)
    }
  }
}

async function deleteRows(queries: Queries, scope: Scope): Promise<PurgeReport> {
  if (scope.bodiesBefore !== null) await deleteHistory(queries, scope, scope.bodiesBefore)
  return {
    bodies: scope.bodiesBefore === null ? 0 : await deleteOlder(queries, DELETE_CONTENTS, scope, scope.bodiesBefore),
    records:
      scope.recordsBefore === null ? 0 : await deleteOlder(queries, DELETE_EXCHANGES, scope, scope.recordsBefore),
  }
}

/** Of the two conditions on the domain one folds away when the statement is planned. */
const IN_SCOPE = '($2 or domain = any($1::text[])) and (not $2 or domain <> all($1::text[]))'
const NOT_HELD = `not exists (select from $<schema:name>.holds
  where holds.domain = stored.domain and holds.request_id = stored.request_id and holds.released_at is null)`

const DELETE_CONTENTS = `with gone as (
  delete from $<schema:name>.contents where (request_id, domain, started_at) in (
    select request_id, domain, started_at from $<schema:name>.contents stored
    where started_at < $3 and ${IN_SCOPE} and ${NOT_HELD} limit $4
  ) returning 1
) select count(*) as rows from gone`

const DELETE_EXCHANGES = `with gone as (
  delete from $<schema:name>.exchanges where (request_id, domain, started_at) in (
    select request_id, domain, started_at from $<schema:name>.exchanges stored
    where started_at < $3 and ${IN_SCOPE} and ${NOT_HELD} limit $4
  ) returning 1
) select count(*) as rows from gone`

const DELETE_RUNS = `with gone as (
  delete from $<schema:name>.runs where day = $3 and (id, domain) in (
    select id, domain from $<schema:name>.runs
    where day = $3 and ${IN_SCOPE} and (domain, id) not in (select domain, id from $<schema:name>.held_runs($3::date))
    limit $4
  ) returning 1
) select count(*) as rows from gone`

/** It ends with the first that it finds. To gather all days of a scope in one statement reads everything there is. */
const FIND_HISTORY = `select exists (select from $<schema:name>.parts where day = $3 and ${IN_SCOPE})
  or exists (select from $<schema:name>.runs where day = $3 and ${IN_SCOPE}) as found`

const DELETE_PARTS = `with gone as (
  delete from $<schema:name>.parts where day = $3 and (hash, domain) in (
    select hash, domain from $<schema:name>.parts
    where day = $3 and ${IN_SCOPE} and (domain, hash) not in (select domain, hash from $<schema:name>.held_parts($3::date))
    limit $4
  ) returning 1
) select count(*) as rows from gone`

/** Whole days before `before`, parts first: it is by the runs that the parts on hold are known. */
async function deleteHistory(queries: Queries, { domains, others }: Scope, before: number): Promise<void> {
  for (const day of await daysBefore(queries, before)) {
    const values = [domains, others, day]
    const row = await queries.row<{ found: boolean }>(FIND_HISTORY, values)
    if (!row!.found) continue
    for (const statement of [DELETE_PARTS, DELETE_RUNS]) await deleteBatches(queries, statement, values)
  }
}

/** Days of runs and parts, oldest first, whoever's they are. */
async function daysBefore(queries: Queries, before: number): Promise<readonly string[]> {
  const partitions = [await partitionsOf(queries, 'parts'), await partitionsOf(queries, 'runs')].flat()
  const caught = await queries.rows<{ day: string }>(
    `select day::text from $<schema:name>.parts_default union select day::text from $<schema:name>.runs_default`,
  )
  const days = new Set([...partitions, ...caught.map(({ day }) => day)])
  return [...days].filter((day) => Date.parse(day) + DAY_MS <= before).sort()
}

function deleteOlder(queries: Queries, statement: string, { domains, others }: Scope, before: number): Promise<number> {
  const bound = Number.isFinite(before) ? toTimestamp(before) : 'infinity'
  return deleteBatches(queries, statement, [domains, others, bound])
}

async function deleteBatches(queries: Queries, statement: string, values: readonly unknown[]): Promise<number> {
  for (let deleted = 0; ; ) {
    const row = await queries.row<{ rows: number }>(statement, [...values, BATCH])
    deleted += row!.rows
    if (row!.rows < BATCH) return deleted
  }
}
