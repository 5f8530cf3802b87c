import { isDeepStrictEqual } from 'node:util'
import type {
  ContentPart,
  ExchangeFilter,
  ExchangeRecord,
  ExchangeStore,
  HistoryRun,
  PurgeReport,
  Retention,
  StoredContent,
} from './exchange-store.js'
import { compareCost, sumUsage } from './sum-usage.js'

/** Content is swept when so many records have gone. */
const SWEEP_AFTER = 1000
/** How many runs of a history are looked for when one is appended: all of them would make long ones quadratic. */
const LOOKED_BACK = 3

/** Keeps the newest records in memory: their usage sums go with them. */
export function memoryExchanges(maxRecords: number): ExchangeStore {
  const records = new Map<string, ExchangeRecord>()
  const runs = new Map<string, HistoryRun>()
  const parts = new Map<string, ContentPart>()
  let gone = 0

  function add(record: ExchangeRecord): void {
    if (records.has(record.requestId)) return
    const { domain, content } = record
    for (const run of content?.runs ?? []) putRun(toKey(domain, run.id), run)
    for (const part of content?.parts ?? []) putPart(toKey(domain, part.hash), part)
    records.set(
      record.requestId,
      content === null ? record : { ...record, content: { ...content, runs: [], parts: [] } },
    )
    if (records.size > maxRecords) remove(records.keys().next().value!)
  }

  function putRun(key: string, run: HistoryRun): void {
    const known = runs.get(key)
    // One that rests on no other takes the place of one that does: its parent may have been lost on the way here.
    if (known === undefined || (known.parent !== null && run.parent === null)) runs.set(key, run)
  }

  function putPart(key: string, part: ContentPart): void {
    if (!parts.has(key)) parts.set(key, part)
  }

  /** Whether all is here that the content, as it was given, rests on. */
  function isWhole(domain: string | null, content: StoredContent): boolean {
    let id = content.tip
    for (let looked = 0; looked < LOOKED_BACK && id !== null; looked++) {
      const run = runs.get(toKey(domain, id))
      if (run === undefined) return false
      id = run.parent
    }
    const hashes = [...content.runs.flatMap((run) => run.parts), ...content.references]
    return hashes.every((hash) => parts.has(toKey(domain, hash)))
  }

  function remove(requestId: string): void {
    records.delete(requestId)
    gone += 1
    if (gone >= SWEEP_AFTER) sweep()
  }

  /** Forgets the runs and parts that no record leads to any more. */
  function sweep(): void {
    gone = 0
    const kept = new Set<string>()
    for (const { domain, content } of records.values()) {
      for (const hash of content?.references ?? []) kept.add(toKey(domain, hash))
      let run = content?.tip == null ? undefined : runs.get(toKey(domain, content.tip))
      while (run !== undefined && !kept.has(toKey(domain, run.id))) {
        for (const name of [run.id, ...run.parts]) kept.add(toKey(domain, name))
        run = run.parent === null ? undefined : runs.get(toKey(domain, run.parent))
      }
    }
    for (const map of [runs, parts]) for (const key of map.keys()) if (!kept.has(key)) map.delete(key)
  }

  function withContent(record: ExchangeRecord): ExchangeRecord {
    return record.content === null ? record : { ...record, content: gatherContent(record.domain, record.content) }
  }

  function gatherContent(domain: string | null, content: StoredContent): StoredContent {
    const history: HistoryRun[] = []
    for (let id = content.tip; id !== null; ) {
      const run = runs.get(toKey(domain, id))
      if (run === undefined) break
      history.push(run)
      id = run.parent
    }
    history.reverse()
    const hashes = new Set([...history.flatMap((run) => run.parts), ...content.references])
    const found = [...hashes].map((hash) => parts.get(toKey(domain, hash))).filter((part) => part !== undefined)
    return { ...content, runs: history, parts: found }
  }

  /** Oldest first; those that began together by their ids. */
  function matching(filter: ExchangeFilter): ExchangeRecord[] {
    return [...records.values()].filter((record) => matches(record, filter)).sort(byAge)
  }

  return {
    async append(added) {
      for (const record of added) add(record)
      const incomplete = added.filter(({ domain, content }) => content !== null && !isWhole(domain, content))
      return { incomplete: incomplete.map(({ requestId }) => requestId) }
    },
    async find(requestId) {
      const record = records.get(requestId)
      return record === undefined ? null : withContent(record)
    },
    async list(filter, { limit, after }) {
      const found = matching(filter).reverse()
      const from = after === undefined ? 0 : found.findIndex((record) => toCursor(record) < after)
      const page = from === -1 ? [] : found.slice(from, from + limit)
      const isLast = from === -1 || from + limit >= found.length
      return {
        exchanges: page.map((record) => ({ ...record, content: null })),
        next: isLast ? null : toCursor(page.at(-1)!),
      }
    },
    async *export(filter) {
      for (const record of matching(filter)) yield withContent(record)
    },
    usage: async (filter, by) => sumUsage(matching(filter), by),
    async *reprice(filter, price) {
      const found = matching(filter)
      const priced = found.map((record) => ({ ...record, cost: price({ ...record, content: null }) }))
      for (const record of priced) records.set(record.requestId, record)
      const changed = priced.filter(({ cost }, i) => !isDeepStrictEqual(cost, found[i]!.cost)).length
      if (found.length > 0) yield { records: found.length, changed, ...compareCost(found, priced) }
    },
    async purge(now, retention, domains = {}) {
      const report = { records: 0, bodies: 0 }
      for (const record of [...records.values()]) {
        const own =
          record.domain !== null && Object.hasOwn(domains, record.domain) ? domains[record.domain]! : retention
        const due = whatIsDue(record, now, own)
        if (due.bodies) report.bodies += 1
        if (due.record) {
          report.records += 1
          remove(record.requestId)
        } else if (due.bodies) records.set(record.requestId, { ...record, content: null })
      }
      sweep()
      return report
    },
    async deleteDomain(domain): Promise<PurgeReport> {
      const found = matching({ domain })
      for (const { requestId } of found) remove(requestId)
      sweep()
      return { records: found.length, bodies: found.filter(({ content }) => content !== null).length }
    },
  }
}

function whatIsDue({ startedAt, content }: ExchangeRecord, now: number, { recordsMs, bodiesMs }: Retention) {
  const isOlder = (limit: number | null) => limit !== null && startedAt < now - limit
  const record = isOlder(recordsMs)
  return { record, bodies: content !== null && (record || isOlder(bodiesMs)) }
}

function matches(record: ExchangeRecord, { domain, keyId, model, status, from, to }: ExchangeFilter): boolean {
  return (
    (domain === undefined || record.domain === domain) &&
    (keyId === undefined || record.keyId === keyId) &&
    (model === undefined || record.model === model) &&
    (status === undefined || record.status === status) &&
    (from === undefined || record.startedAt >= from) &&
    (to === undefined || record.startedAt < to)
  )
}

function byAge(a: ExchangeRecord, b: ExchangeRecord): number {
  return toCursor(a) < toCursor(b) ? -1 : 1
}

function toCursor({ startedAt, requestId }: ExchangeRecord): string {
  return `${String(startedAt).padStart(16, '0')} ${requestId}`
}

function toKey(domain: string | null, hash: string): string {
  return `${domain ?? ''} ${hash}`
}
