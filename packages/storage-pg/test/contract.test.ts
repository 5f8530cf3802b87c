import type { ExchangeStore } from '@agent-prompt-train/core'
import { clientKeyStoreCases, credentialStoreCases, exchangeStoreCases } from '@agent-prompt-train/core/testing'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

let database: RoledDatabase
/** Two handles of the serving role for all cases, because connecting takes longer than most of them. */
let serving: readonly PostgresStorage[]
let owner: PostgresStorage

beforeAll(async () => {
  database = await createRoledDatabase()
  const options = { connectionString: database.servingUrl, poolSize: 4 }
  serving = [createPostgresStorage(options), createPostgresStorage(options)]
  owner = createPostgresStorage({ connectionString: database.ownerUrl })
})

afterAll(async () => {
  for (const storage of [...serving, owner]) await storage.close()
  await database.drop()
})

let opened = 0

/** The one handle and the other, in turn. */
function nextHandle(): PostgresStorage {
  return serving[opened++ % 2]!
}

const close = () => {}

describe('client keys and credentials, as the serving role', () => {
  const harness = {
    async open() {
      const { clientKeys, credentials } = nextHandle()
      return { clientKeys, credentials, close }
    },
  }
  for (const { name, run } of [...clientKeyStoreCases, ...credentialStoreCases]) it(name, () => run(harness))
})

describe('exchanges: the serving role writes and reads, the owner role purges and deletes', () => {
  const harness = {
    async open() {
      const { exchanges } = nextHandle()
      const divided: ExchangeStore = {
        append: (records) => exchanges.append(records),
        find: (requestId) => exchanges.find(requestId),
        list: (filter, page) => exchanges.list(filter, page),
        export: (filter) => exchanges.export(filter),
        usage: (filter, by) => exchanges.usage(filter, by),
        reprice: (filter, price) => exchanges.reprice(filter, price),
        purge: (now, retention, domains) => owner.exchanges.purge(now, retention, domains),
        deleteDomain: (domain) => owner.exchanges.deleteDomain(domain),
      }
      return { exchanges: divided, close }
    },
  }

  for (const { name, run } of exchangeStoreCases) {
    it(name, async () => {
      await database.db.none(
        'truncate prompt_train.exchanges, prompt_train.contents, prompt_train.runs, prompt_train.parts, prompt_train.usage_daily',
      )
      await run(harness)
    })
  }
})
