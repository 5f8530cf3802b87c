import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ExchangeRecord,
  type ExchangeStore,
  memoryStorage,
  type PurgeReport,
  type RepriceReport,
} from '@agent-prompt-train/core'
import { fromText, toText, withoutRepeats } from './exchange-text.js'
import { hasCode, withLock, writeDurably } from './lock.js'

const ENDING = '.jsonl'

/**
 * Keeps exchanges in files that are never changed, one a batch: a batch is there as a whole, by a rename, or not at all.
 * Before each call a handle takes up the files it has not read; memory answers the rest.
 */
export function folderExchanges(folder: string): ExchangeStore {
  const { current } = folderReader(folder)

  /**
   * One file in place of all that were there. A process that dies in between leaves what was to go or to change, for the
   * next that comes.
   */
  function rewrite<Report>(
    body: (memory: ExchangeStore) => Promise<Report>,
    isNeeded: (report: Report) => boolean,
  ): Promise<Report> {
    return withLock(join(folder, 'lock'), async (lock) => {
      // A reader of its own: what fails to go from the folder must not be gone from the handle's memory.
      const reader = folderReader(folder)
      const memory = await reader.current()
      const report = await body(memory)
      if (!isNeeded(report)) return report
      const left: ExchangeRecord[] = []
      for await (const record of memory.export({})) left.push(record)
      await lock.replace(join(folder, newName()), toText(withoutRepeats(left)))
      for (const name of reader.taken()) await rm(join(folder, name))
      return report
    })
  }

  function remove(body: (memory: ExchangeStore) => Promise<PurgeReport>): Promise<PurgeReport> {
    return rewrite(body, ({ records, bodies }) => records + bodies > 0)
  }

  return {
    async append(records) {
      if (records.length === 0) return
      const draft = join(folder, randomUUID())
      await writeDurably(draft, toText(records))
      await rename(draft, join(folder, newName()))
      // Memory ignores what it has, and tells what that lacks. What somebody has removed meanwhile is not given to it.
      const memory = await current()
      const there = await Promise.all(records.map(({ requestId }) => memory.find(requestId)))
      return memory.append(records.filter((_, index) => there[index] !== null))
    },
    find: async (requestId) => (await current()).find(requestId),
    list: async (filter, page) => (await current()).list(filter, page),
    async *export(filter) {
      yield* (await current()).export(filter)
    },
    usage: async (filter, by) => (await current()).usage(filter, by),
    async *reprice(filter, price) {
      // One step for all: each would write all files anew.
      yield* await rewrite(
        async (memory) => {
          const reports: RepriceReport[] = []
          for await (const report of memory.reprice(filter, price)) reports.push(report)
          return reports
        },
        (reports) => reports.some(({ changed }) => changed > 0),
      )
    },
    purge: (now, retention, domains) => remove((memory) => memory.purge(now, retention, domains)),
    deleteDomain: (domain) => remove((memory) => memory.deleteDomain(domain)),
  }
}

/** Holds in memory what is in the folder's files. */
function folderReader(folder: string) {
  let memory = emptyMemory()
  let taken = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()

  async function takeUp(): Promise<ExchangeStore> {
    const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING)).sort()
    // Files go when something was removed: what is left is in a new one.
    if ([...taken].some((name) => !names.includes(name))) [memory, taken] = [emptyMemory(), new Set()]
    for (const name of names) {
      if (taken.has(name)) continue
      const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) return null
        throw error
      })
      if (text === null) return takeUp()
      await memory.append(fromText(text))
      taken.add(name)
    }
    return memory
  }

  return {
    /** All that is in the folder now. One look at a time: two would take files up in each other's middle. */
    current(): Promise<ExchangeStore> {
      const next = turn.then(takeUp, takeUp)
      turn = next
      return next
    },
    taken: (): readonly string[] => [...taken],
  }
}

function emptyMemory(): ExchangeStore {
  return memoryStorage({ maxExchanges: Number.POSITIVE_INFINITY }).exchanges
}

/** Sorts by the time of writing. */
function newName(): string {
  return `${String(Date.now()).padStart(15, '0')}-${randomUUID()}${ENDING}`
}
