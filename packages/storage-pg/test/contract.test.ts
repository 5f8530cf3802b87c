import { clientKeyStoreCases, credentialStoreCases, exchangeStoreCases } from '@agent-prompt-train/core/testing'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

let database: RoledDatabase

beforeAll(async () => {
  database = await createRoledDatabase()
})

afterAll(() => database.drop())

function openServing(): PostgresStorage {
  return createPostgresStorage({ connectionString: database.servingUrl, poolSize: 4 })
}

describe('client keys and credentials, as the serving role', () => {
  const harness = { open: async () => openServing() }
  for (const { name, run } of [...clientKeyStoreCases, ...credentialStoreCases]) it(name, () => run(harness))
})

describe('exchanges: the serving role writes and reads, the owner role purges and deletes', () => {
  const harness = {
    async open() {
      const serving = openServing()
      const owner = createPostgresStorage({ connectionString: database.ownerUrl, poolSize: 2 })
      const exchanges = new Proxy(serving.exchanges, {
        get(_target, name: keyof PostgresStorage['exchanges']) {
          const { exchanges } = name === 'purge' || name === 'deleteDomain' ? owner : serving
          return (exchanges[name] as (...values: unknown[]) => unknown).bind(exchanges)
        },
      })
      return {
        exchanges,
        async close() {
          await serving.close()
          await owner.close()
        },
      }
    },
  }

  for (const { name, run } of exchangeStoreCases) {
    it(name, async () => {
      await database.db.none(
        'truncate prompt_train.exchanges, prompt_train.contents, prompt_train.nodes, prompt_train.parts, prompt_train.usage_daily',
      )
      await run(harness)
    })
  }
})
