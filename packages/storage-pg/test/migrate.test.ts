import { randomBytes } from 'node:crypto'
import {
  ConfigurationError,
  type Logger,
  StorageError,
  type StoredContent,
  silentLogger,
} from '@agent-prompt-train/core'
import { assertMigrated, createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import pgPromise from 'pg-promise'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { migrations } from '../src/migrations/index.js'
import { createTestDatabase, type TestDatabase } from './support/databases.js'
import { newRecord } from './support/records.js'

let database: TestDatabase
let target: { readonly connectionString: string; readonly schema: string }

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'), null)
})

beforeEach(() => {
  target = { connectionString: database.url, schema: `s${randomBytes(6).toString('hex')}` }
})

afterAll(() => database.drop())

describe('migrate', () => {
  it('makes the schema once, however often it runs', async () => {
    expect(await migrate(target)).toEqual(['initial', 'links', 'cost', 'runs', 'narrow-indexes'])
    expect(await migrate(target)).toEqual([])
    await expect(assertMigrated(target)).resolves.toBeUndefined()
  })

  it('makes one schema when eight migrate at once', async () => {
    const ran = await Promise.all(Array.from({ length: 8 }, () => migrate(target)))
    expect(ran.flat()).toEqual(['initial', 'links', 'cost', 'runs', 'narrow-indexes'])
  })

  it.each(['Weird "quoted" name', "o'clock", 'select', 'ünïcode $1 $<schema>', '$make_partition$'])(
    'takes the schema name %j',
    async (schema) => {
      const odd = { ...target, schema }
      await migrate(odd)
      await assertMigrated(odd)
      const storage = createPostgresStorage(odd)
      expect(await storage.clientKeys.list()).toEqual([])
      await storage.exchanges.purge(Date.now(), { recordsMs: 0, bodiesMs: 0 })
      await storage.close()
    },
  )

  it('takes the database object of the embedder, and leaves it open', async () => {
    await migrate({ db: database.db, schema: target.schema })
    await database.db.one('select count(*) from $1:name.client_keys', [target.schema])
  })

  it('makes partitions for a week ahead', async () => {
    await migrate(target)
    const [contents] = await database.db.any(
      `select count(*)::int as days from pg_inherits where inhparent = ($1 || '.contents')::regclass`,
      [target.schema],
    )
    // Yesterday, today, seven days, and what falls between.
    expect(contents.days).toBe(10)
  })

  it('tells what is notional apart in the sums of an older schema', async () => {
    const format = (sql: string) => pgPromise.as.format(sql, { schema: target.schema })
    await migrate(target)
    const storage = createPostgresStorage(target)
    const cost = newRecord().cost!
    const day = Date.UTC(2026, 10, 20)
    await storage.exchanges.append([
      newRecord({ startedAt: day, cost: { ...cost, microUsd: 5 } }),
      newRecord({ startedAt: day, cost: { ...cost, microUsd: 7, notional: true } }),
      newRecord({ startedAt: day, cost: { ...cost, microUsd: null, notional: true } }),
      newRecord({ startedAt: day, model: 'claude-b', cost: { ...cost, microUsd: 9, notional: true } }),
    ])
    const expected = await storage.exchanges.usage({}, ['day', 'model'])
    expect(expected).toMatchObject([
      { costMicroUsd: 0, notionalMicroUsd: 9 },
      { costMicroUsd: 5, notionalMicroUsd: 7 },
    ])
    // As it was before: one sum of both, and the views without what is new.
    await database.db.multi(
      format(`update $<schema:name>.usage_daily set cost_micro_usd = cost_micro_usd + notional_micro_usd;
      drop view $<schema:name>.api_requests, $<schema:name>.daily_tokens cascade;
      alter table $<schema:name>.usage_daily drop notional_micro_usd;
      alter table $<schema:name>.exchanges drop cost_estimated_output_tokens;
      delete from $<schema:name>.migrations where id = 3`),
    )
    const { sql } = migrations[0]!
    const [first, last] = ['api_requests', 'old_keys_in_use'].map((view) =>
      sql.indexOf(`create view $<schema:name>.${view}`),
    )
    await database.db.multi(format(sql.slice(first, last)))
    expect(await migrate(target)).toEqual(['cost'])
    expect(await storage.exchanges.usage({}, ['day', 'model'])).toEqual(expected)
    await storage.close()
  })

  it('reads histories that an older schema kept in a row a message, and goes on after them', async () => {
    const format = (sql: string, values: object = {}) => pgPromise.as.format(sql, { schema: target.schema, ...values })
    const run = (sql: string, values?: object) => database.db.multi(format(sql, values))
    await run(`create schema $<schema:name>; create table $<schema:name>.migrations
      (id integer primary key, name text, breaking boolean, applied_at timestamptz default now())`)
    for (const step of migrations.slice(0, 3)) {
      await run(step.sql)
      await run('insert into $<schema:name>.migrations values ($<id>, $<name>, $<breaking>)', step)
    }
    const today = Date.now()
    // One day has partitions, the other is in those for what has none.
    const records = [today, today - 5 * 86_400_000].map((startedAt) => newRecord({ startedAt }))
    await run('select $<schema:name>.ensure_partitions(current_date)')
    const names = Array.from({ length: 6 }, () => randomBytes(16).toString('hex'))
    const [first, second, one, two, tools, answer] = names as [string, string, string, string, string, string]
    const sealed = Buffer.from('FAKE sealed')
    for (const { requestId, startedAt } of records) {
      await run(
        `insert into $<schema:name>.nodes values ($<day>, $<domain>, $<first>, null, $<one>),
          ($<day>, $<domain>, $<second>, $<first>, $<two>);
        insert into $<schema:name>.parts select $<day>, $<domain>, unnest($<parts>), $<sealed>;
        insert into $<schema:name>.contents values
          ($<domain>, $<requestId>, $<startedAt>, $<sealed>, $<second>, $<sealed>, false, $<references>)`,
        {
          ...{ requestId, first, second, one, two, sealed, domain: 'example.com', startedAt: new Date(startedAt) },
          ...{ day: new Date(startedAt).toISOString(), parts: [one, two, tools, answer], references: [tools, answer] },
        },
      )
    }

    expect(await migrate(target)).toEqual(['runs', 'narrow-indexes'])
    const { exchanges, close } = createPostgresStorage(target)
    await exchanges.append(records)
    const content: StoredContent = {
      request: sealed,
      tip: second,
      runs: [
        { id: first, parent: null, parts: [one] },
        { id: second, parent: first, parts: [two] },
      ],
      parts: [one, two, tools, answer].map((hash) => ({ hash, sealed })),
      references: [tools, answer],
      answer: sealed,
      truncated: false,
    }
    for (const { requestId } of records) expect((await exchanges.find(requestId))?.content).toEqual(content)

    const more = { id: randomBytes(16).toString('hex'), parent: second, parts: [one, two] }
    const next = newRecord({ startedAt: today, content: { ...content, tip: more.id, runs: [more], parts: [] } })
    await exchanges.append([next])
    expect((await exchanges.find(next.requestId))?.content?.runs).toEqual([...content.runs, more])

    await exchanges.hold(records[1]!.requestId)
    await exchanges.deleteDomain('example.com')
    expect(await exchanges.find(records[0]!.requestId)).toBe(null)
    expect((await exchanges.find(records[1]!.requestId))?.content).toEqual(content)
    await exchanges.release(records[1]!.requestId)
    await exchanges.purge(today, { recordsMs: 0, bodiesMs: 0 })
    const partitions = await database.db.any(
      format(`select relname from pg_class where relnamespace = to_regnamespace($<schema>) and relname like 'nodes%'
        and relkind in ('r', 'p')`),
    )
    expect(partitions).toEqual([])
    await close()
  })

  it('refuses a newer breaking schema', async () => {
    await migrate(target)
    await database.db.none(`insert into $1:name.migrations values (99, 'later', true)`, [target.schema])
    const refusal = { name: 'ConfigurationError', message: expect.stringMatching(/newer.*later.*upgrade/) }
    await expect(migrate(target)).rejects.toMatchObject(refusal)
    await expect(assertMigrated(target)).rejects.toMatchObject(refusal)
  })

  it('warns of a newer compatible schema', async () => {
    const warnings: object[] = []
    const logger: Logger = { ...silentLogger, warn: (facts) => warnings.push(facts) }
    await migrate(target)
    await database.db.none(`insert into $1:name.migrations values (99, 'later', false)`, [target.schema])
    await assertMigrated({ ...target, logger })
    expect(warnings).toEqual([{ schema: target.schema, migration: 'later' }])
  })

  it('says what to run where nothing was migrated', async () => {
    const advice = { name: 'ConfigurationError', message: expect.stringContaining('prompt-train migrate') }
    await expect(assertMigrated(target)).rejects.toMatchObject(advice)
    const storage = createPostgresStorage(target)
    await expect(storage.clientKeys.list()).rejects.toBeInstanceOf(ConfigurationError)
    await storage.close()
  })

  it('says that the role may not', async () => {
    const role = `weak_${target.schema}`
    await database.db.none(`create role $1:name login password 'FAKE-weak'`, [role])
    const connectionString = database.urlAs(role, 'FAKE-weak')
    const refused = await migrate({ ...target, connectionString }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StorageError)
    expect(refused).toMatchObject({ code: 'not_permitted' })
    await database.db.none('drop role $1:name', [role])
  })
})
