import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExchangeFilter, ExchangeRecord, UsageRow } from '@agent-prompt-train/core'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { newRecord } from './support/records.js'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const worker = fileURLToPath(new URL('support/worker.mjs', import.meta.url))
const DAY_MS = 86_400_000

/** A database for the length of the test, and its storage. */
async function open(): Promise<{ database: RoledDatabase; storage: PostgresStorage }> {
  const database = await createRoledDatabase()
  const storage = createPostgresStorage({ connectionString: database.servingUrl })
  onTestFinished(async () => {
    await storage.close()
    await database.drop()
  })
  return { database, storage }
}

/** Several days, domains and models, in no order, billed and notional, some without a price. */
const records: readonly ExchangeRecord[] = Array.from({ length: 60 }, (_, i) => {
  const { cost } = newRecord()
  return newRecord({
    startedAt: Date.now() - ((i * 7) % 5) * DAY_MS,
    domain: `d${(i * 11) % 4}.example.com`,
    model: `claude-${i % 3}`,
    cost: { ...cost!, microUsd: i % 9 === 0 ? null : i / 10, notional: i % 4 === 0 },
  })
})

const setTo = (microUsd: number) => (record: ExchangeRecord) => ({ ...record.cost!, microUsd })

async function appendTimes({ exchanges }: PostgresStorage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await exchanges.append(records.map((record) => ({ ...record, requestId: `${record.requestId}-${i}` })))
  }
}

async function repriceAll({ exchanges }: PostgresStorage, filter: ExchangeFilter, microUsd: number): Promise<number> {
  let changed = 0
  for await (const step of exchanges.reprice(filter, setTo(microUsd))) changed += step.changed
  return changed
}

/** As the daily sums have it, and as the records have it: what is asked by status is read from them. */
async function readSums({
  exchanges,
}: PostgresStorage): Promise<{ daily: readonly UsageRow[]; counted: readonly UsageRow[] }> {
  const by = ['day', 'domain', 'keyId', 'model'] as const
  return { daily: await exchanges.usage({}, by), counted: await exchanges.usage({ status: 200 }, by) }
}

describe('reprice', () => {
  it('keeps the sums those of the records while two processes store and two reprice at once', async () => {
    const { database, storage: atOnce } = await open()
    const { storage: inOrder } = await open()
    const works = [
      ['append', JSON.stringify(records)],
      ['reprice', '3'],
      ['append', JSON.stringify(records.toReversed())],
      ['reprice', '70.125'],
    ] as const
    await appendTimes(atOnce, 10)
    const workers = works.map((args) => fork(worker, [database.servingUrl, ...args], { stdio: 'inherit' }))
    expect(await Promise.all(workers.map((child) => once(child, 'exit')))).toEqual(workers.map(() => [0, null]))

    const mixed = await readSums(atOnce)
    expect(mixed.daily).toEqual(mixed.counted)
    expect(mixed.daily.reduce((sum, { requests }) => sum + requests, 0)).toBe((10 + 2 * 20) * 60)

    // The same records, one after the other, and then priced once: the same sums, whatever was in between.
    await appendTimes(inOrder, 50)
    for (const storage of [atOnce, inOrder]) await repriceAll(storage, {}, 11)
    const [expected, found] = [await readSums(inOrder), await readSums(atOnce)]
    expect(found).toEqual(expected)
    expect(found.daily).toEqual(found.counted)
    expect(found.daily.every(({ unpricedRequests }) => unpricedRequests === 0)).toBe(true)
  }, 60_000)

  it('changes the sums of what is on hold of a deleted domain, and leaves those of records that were purged', async () => {
    const { database, storage } = await open()
    const { exchanges } = storage
    const owner = createPostgresStorage({ connectionString: database.ownerUrl })
    const held = newRecord({ domain: 'gone.example.com' })
    const old = newRecord({ domain: 'kept.example.com', startedAt: Date.now() - 5 * DAY_MS })
    const young = newRecord({ domain: 'kept.example.com', startedAt: Date.now() - 5 * DAY_MS + 1 })
    await exchanges.append([held, old, young])
    await owner.exchanges.hold(held.requestId)
    await owner.exchanges.deleteDomain('gone.example.com')
    await owner.exchanges.purge(young.startedAt + DAY_MS, { recordsMs: DAY_MS, bodiesMs: null })
    await owner.close()
    expect(await repriceAll(storage, {}, 5)).toBe(2)
    expect(await exchanges.usage({ domain: 'gone.example.com' }, [])).toMatchObject([{ requests: 1, costMicroUsd: 5 }])
    expect(await exchanges.usage({ domain: 'kept.example.com' }, [])).toMatchObject([{ costMicroUsd: 1.1 + 5 }])
  })
})
