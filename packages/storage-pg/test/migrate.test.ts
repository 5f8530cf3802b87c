import { randomBytes } from 'node:crypto'
import { ConfigurationError, type Logger, StorageError, silentLogger } from '@agent-prompt-train/core'
import { assertMigrated, createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/databases.js'

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
    expect(await migrate(target)).toEqual(['initial', 'links', 'cost'])
    expect(await migrate(target)).toEqual([])
    await expect(assertMigrated(target)).resolves.toBeUndefined()
  })

  it('makes one schema when eight migrate at once', async () => {
    const ran = await Promise.all(Array.from({ length: 8 }, () => migrate(target)))
    expect(ran.flat()).toEqual(['initial', 'links', 'cost'])
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
