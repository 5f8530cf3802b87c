import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { newContent, newRecord } from './support/records.js'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const DAY_MS = 86_400_000
const now = Date.now()
const database: RoledDatabase = await createRoledDatabase()
const owner: PostgresStorage = createPostgresStorage({ connectionString: database.ownerUrl })

beforeEach(() =>
  database.db.none(`truncate prompt_train.exchanges, prompt_train.contents, prompt_train.runs, prompt_train.parts,
    prompt_train.usage_daily, prompt_train.holds`),
)

afterAll(async () => {
  await owner.close()
  await database.drop()
})

/** A record of `days` ago, in partitions of its own. */
async function appendOld(days: number, domain = 'example.com') {
  const record = newRecord({ domain, startedAt: now - days * DAY_MS, content: newContent(3) })
  await owner.exchanges.append([record])
  return record
}

async function partitions(parent: string): Promise<number> {
  const [{ count }] = await database.db.any(
    `select count(*)::int from pg_inherits where inhparent = ('prompt_train.' || $1)::regclass`,
    [parent],
  )
  return count
}

const keep = (days: number) => ({ recordsMs: days * DAY_MS, bodiesMs: days * DAY_MS })

describe('purge', () => {
  it('drops partitions that are past everybody, bodies long before records', async () => {
    const [contents, exchanges] = [await partitions('contents'), await partitions('exchanges')]
    const old = await appendOld(60)
    expect(await partitions('contents')).toBe(contents + 1)
    const bodiesFirst = { recordsMs: 365 * DAY_MS, bodiesMs: 30 * DAY_MS }
    expect(await owner.exchanges.purge(now, bodiesFirst)).toEqual({ records: 0, bodies: 1 })
    expect(await partitions('contents')).toBe(contents)
    expect(await partitions('exchanges')).toBe(exchanges + 1)
    expect(await owner.exchanges.find(old.requestId)).toEqual({ ...old, content: null })
    expect(await owner.exchanges.purge(now, keep(30))).toEqual({ records: 1, bodies: 0 })
    expect(await partitions('exchanges')).toBe(exchanges)
  })

  it('leaves nothing of messages behind', async () => {
    for (const days of [60, 61, 10]) await appendOld(days)
    await owner.exchanges.purge(now, keep(5), { 'other.example.com': keep(100) })
    for (const table of ['exchanges', 'contents', 'runs', 'parts']) {
      expect(await database.db.any('select 1 from prompt_train.$1:name', [table]), table).toEqual([])
    }
  })

  it('leaves nothing behind of answers to requests without messages', async () => {
    const { parts } = newContent(1)
    const content = { ...newContent(1), tip: null, runs: [], parts, references: parts.map(({ hash }) => hash) }
    await owner.exchanges.append([newRecord({ content })])
    await owner.exchanges.deleteDomain('example.com')
    expect(await database.db.any('select 1 from prompt_train.parts')).toEqual([])
  })

  it('keeps the sums', async () => {
    await appendOld(60)
    await owner.exchanges.purge(now, keep(30))
    expect((await owner.exchanges.usage({}, []))[0]?.requests).toBe(1)
  })

  it('runs in several servers at the same time, and removes each row once', async () => {
    for (const days of [60, 61, 70, 80]) await appendOld(days)
    const servers = Array.from({ length: 4 }, () => createPostgresStorage({ connectionString: database.ownerUrl }))
    const reports = await Promise.all(servers.map(({ exchanges }) => exchanges.purge(now, keep(30))))
    expect(reports.reduce((sum, { records }) => sum + records, 0)).toBe(4)
    expect(await database.db.any('select 1 from prompt_train.exchanges')).toEqual([])
    for (const server of servers) await server.close()
  })

  it('waits for a reading to end, but not for ever', async () => {
    await appendOld(60)
    const reading = database.db.tx(async (transaction) => {
      await transaction.any('select * from prompt_train.exchanges')
      await transaction.any('select pg_sleep(3)')
    })
    await expect(owner.exchanges.purge(now, keep(30))).resolves.toEqual({ records: 1, bodies: 1 })
    await reading
  })
})

describe('a hold', () => {
  it('keeps an exchange with its content from every purge and deletion, until it is released', async () => {
    const [held, other] = [await appendOld(60), await appendOld(60)]
    expect(await owner.exchanges.hold(held.requestId)).toBe(true)
    await owner.exchanges.purge(now, keep(30))
    expect(await owner.exchanges.find(other.requestId)).toBe(null)
    expect(await owner.exchanges.find(held.requestId)).toEqual(held)

    await owner.exchanges.purge(now, keep(30))
    await owner.exchanges.deleteDomain('example.com')
    expect(await owner.exchanges.find(held.requestId)).toEqual(held)
    expect((await owner.exchanges.list({}, { limit: 10 })).exchanges).toHaveLength(1)

    expect(await owner.exchanges.release(held.requestId)).toBe(true)
    expect(await owner.exchanges.purge(now, keep(30))).toEqual({ records: 1, bodies: 1 })
    expect(await database.db.any('select 1 from prompt_train.parts')).toEqual([])
  })

  it('survives that its partition is made anew', async () => {
    const held = await appendOld(60)
    await owner.exchanges.hold(held.requestId)
    await owner.exchanges.purge(now, keep(30))
    const again = createPostgresStorage({ connectionString: database.servingUrl })
    const late = newRecord({ startedAt: held.startedAt, content: newContent(1) })
    await again.exchanges.append([late])
    expect(await again.exchanges.find(held.requestId)).toEqual(held)
    expect(await again.exchanges.find(late.requestId)).toEqual(late)
    await again.close()
  })

  it('keeps its part of the sums, where all else of the domain is deleted', async () => {
    const usage = { input_tokens: 5, output_tokens: 1 }
    const [held, other] = [newRecord({ usage }), newRecord({ usage })]
    await owner.exchanges.append([held, other])
    const both = await owner.exchanges.usage({ domain: 'example.com' }, [])
    await owner.exchanges.hold(held.requestId)
    await owner.exchanges.deleteDomain('example.com')
    const [left] = await owner.exchanges.usage({ domain: 'example.com' }, [])
    expect(left).toMatchObject({ requests: 1, inputTokens: 5, costMicroUsd: both[0]!.costMicroUsd / 2 })
  })

  it('is listed until it is released', async () => {
    const held = await appendOld(2)
    const before = Date.now()
    await owner.exchanges.hold(held.requestId)
    const [hold, ...others] = await owner.exchanges.holds()
    expect(hold).toEqual({ requestId: held.requestId, domain: 'example.com', heldAt: expect.any(Number) })
    expect(Math.abs(hold!.heldAt - before)).toBeLessThan(60_000)
    expect(others).toEqual([])
    await owner.exchanges.release(held.requestId)
    expect(await owner.exchanges.holds()).toEqual([])
  })

  it('is for exchanges that are there', async () => {
    expect(await owner.exchanges.hold('unknown')).toBe(false)
    expect(await owner.exchanges.release('unknown')).toBe(false)
  })
})
