import { ConfigurationError, type Logger, StorageError, silentLogger } from '@agent-prompt-train/core'
import { assertMigrated, createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/databases.js'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresUrl'), null)
})

afterEach(() => database.drop())

describe('migrate', () => {
  it('makes the schema once, however often it runs', async () => {
    const connectionString = database.url
    expect(await migrate({ connectionString })).toEqual(['initial'])
    expect(await migrate({ connectionString })).toEqual([])
    await expect(assertMigrated({ connectionString })).resolves.toBeUndefined()
  })

  it('makes one schema when eight migrate at once', async () => {
    const ran = await Promise.all(Array.from({ length: 8 }, () => migrate({ connectionString: database.url })))
    expect(ran.flat()).toEqual(['initial'])
  })

  it.each(['Weird "quoted" name', "o'clock", 'select', 'ünïcode $1 $<schema>', '$make_partition$'])(
    'takes the schema name %j',
    async (schema) => {
      const connectionString = database.url
      await migrate({ connectionString, schema })
      await assertMigrated({ connectionString, schema })
      const storage = createPostgresStorage({ connectionString, schema })
      expect(await storage.clientKeys.list()).toEqual([])
      await storage.exchanges.purge(Date.now(), { recordsMs: 0, bodiesMs: 0 })
      await storage.close()
    },
  )

  it('takes the database object of the embedder, and leaves it open', async () => {
    await migrate({ db: database.db })
    await database.db.one('select count(*) from prompt_train.client_keys')
  })

  it('makes partitions for a week ahead', async () => {
    await migrate({ connectionString: database.url })
    const [contents] = await database.db.any(
      `select count(*)::int as days from pg_inherits where inhparent = 'prompt_train.contents'::regclass`,
    )
    expect(contents.days).toBe(10)
  })

  it('refuses a newer breaking schema', async () => {
    await migrate({ connectionString: database.url })
    await database.db.none(`insert into prompt_train.migrations values (99, 'later', true)`)
    const refusal = { name: 'ConfigurationError', message: expect.stringMatching(/newer.*later.*upgrade/) }
    await expect(migrate({ connectionString: database.url })).rejects.toMatchObject(refusal)
    await expect(assertMigrated({ connectionString: database.url })).rejects.toMatchObject(refusal)
  })

  it('warns of a newer compatible schema', async () => {
    const warnings: object[] = []
    const logger: Logger = { ...silentLogger, warn: (facts) => warnings.push(facts) }
    await migrate({ connectionString: database.url })
    await database.db.none(`insert into prompt_train.migrations values (99, 'later', false)`)
    await assertMigrated({ connectionString: database.url, logger })
    expect(warnings).toEqual([{ schema: 'prompt_train', migration: 'later' }])
  })

  it('says what to run where nothing was migrated', async () => {
    const connectionString = database.url
    const advice = { name: 'ConfigurationError', message: expect.stringContaining('prompt-train migrate') }
    await expect(assertMigrated({ connectionString })).rejects.toMatchObject(advice)
    const storage = createPostgresStorage({ connectionString })
    await expect(storage.clientKeys.list()).rejects.toBeInstanceOf(ConfigurationError)
    await storage.close()
  })

  it('says that the role may not', async () => {
    await database.db.none(`drop role if exists weak; create role weak login password 'FAKE-weak'`)
    const connectionString = database.urlAs('weak', 'FAKE-weak')
    const refused = await migrate({ connectionString }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StorageError)
    expect(refused).toMatchObject({ code: 'not_permitted' })
    await database.db.none('drop role weak')
  })
})
