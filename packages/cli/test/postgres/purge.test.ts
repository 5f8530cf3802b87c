import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newRecord } from '../../../storage-pg/test/support/records.js'
import { createRoledDatabase, type RoledDatabase } from '../../../storage-pg/test/support/serving-role.js'
import { printed, type Server, serve } from '../support/command.js'

const DAY_MS = 86_400_000

let database: RoledDatabase
let owner: PostgresStorage

beforeAll(async () => {
  database = await createRoledDatabase()
  owner = createPostgresStorage({ connectionString: database.ownerUrl })
})

afterAll(async () => {
  await owner.close()
  await database.drop()
})

async function appendOld(days: number): Promise<string> {
  const record = newRecord({ startedAt: Date.now() - days * DAY_MS })
  await owner.exchanges.append([record])
  return record.requestId
}

function serveOn(url: string): Promise<Server> {
  return serve({ STORAGE_ENABLED: 'true', DATABASE_URL: url, RETENTION_DAYS: '30' })
}

describe('serve', { timeout: 60_000 }, () => {
  it('purges as the role that owns the tables', async () => {
    const [old, kept] = [await appendOld(60), await appendOld(10)]
    const server = await serveOn(database.ownerUrl)
    await printed(server, 'purged what was past its retention')
    expect(await owner.exchanges.find(old)).toBe(null)
    expect(await owner.exchanges.find(kept)).not.toBe(null)
  })

  it('says once that the serving role may not, serves, and makes the partitions ahead', async () => {
    const old = await appendOld(60)
    const ahead = new Date(Date.now() + 7 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
    await database.db.none('drop table prompt_train.$1:name', [`contents_${ahead}`])
    const server = await serveOn(database.servingUrl)
    await printed(server, 'prompt-train purge daily')
    expect((await fetch(`${server.address}/health`)).status).toBe(200)
    expect(await owner.exchanges.find(old)).not.toBe(null)
    expect(await database.db.any('select to_regclass($1) as made', [`prompt_train.contents_${ahead}`])).not.toEqual([
      { made: null },
    ])
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
  })
})
