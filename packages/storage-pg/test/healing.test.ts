import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  allowAnyone,
  createContentReader,
  createProxy,
  memoryStorage,
  Secret,
  silentLogger,
} from '@agent-prompt-train/core'
import { type StubUpstream, stubUpstream } from '@agent-prompt-train/core/testing'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const DOMAIN = 'a.example'
const keyRing = { current: 'k1', keys: { k1: randomBytes(32) } }

let database: RoledDatabase
let upstream: StubUpstream
let owner: PostgresStorage
/** What each process serves with. */
let processes: { readonly storage: PostgresStorage; readonly proxy: ReturnType<typeof createProxy> }[]

beforeAll(async () => {
  database = await createRoledDatabase()
  owner = createPostgresStorage({ connectionString: database.ownerUrl })
  upstream = await stubUpstream(async (response, request) => {
    await request.body
    const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'text', text: 'well' }] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message))
  })
})

afterAll(async () => {
  await upstream.close()
  await owner.close()
  await database.drop()
})

beforeEach(() => {
  const { credentials } = memoryStorage({
    credentials: { [DOMAIN]: { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } },
  })
  processes = Array.from({ length: 2 }, () => {
    const storage = createPostgresStorage({ connectionString: database.servingUrl, poolSize: 2 })
    const proxy = createProxy({
      storage: { ...storage, credentials },
      authenticate: allowAnyone(DOMAIN),
      upstream: upstream.origin,
      record: { keyRing },
      logger: silentLogger,
    })
    return { storage, proxy }
  })
})

afterEach(async () => {
  for (const { storage, proxy } of processes) {
    await proxy.close()
    await storage.close()
  }
  await owner.exchanges.deleteDomain(DOMAIN)
})

/** One process answers this turn of a conversation; how many of its parts are missing from what is stored. */
async function ask(by: number, turn: number, extra: object = {}): Promise<number> {
  const messages = Array.from({ length: 2 * turn - 1 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: i % 2 === 0 ? `question ${i}` : 'well' }],
  }))
  const body = JSON.stringify({ model: 'claude-a', max_tokens: 10, messages, ...extra })
  const answer = await processes[by]!.proxy.fetch('http://in.process/v1/messages', { method: 'POST', body })
  await answer.text()
  const requestId = answer.headers.get('x-prompt-train-request-id')!
  for (let i = 0; i < 400; i++) {
    const record = await owner.exchanges.find(requestId)
    if (record !== null) return (await createContentReader(keyRing).open(record))!.missingParts
    await sleep(25)
  }
  throw new Error('the exchange was not recorded within 10 seconds')
}

it('a conversation is whole again in the second exchange after a deletion, while the process goes on', async () => {
  const extra = { system: 'A long system prompt. '.repeat(100) }
  expect(await ask(0, 1, extra)).toBe(0)
  expect(await ask(0, 2, extra)).toBe(0)
  await owner.exchanges.deleteDomain(DOMAIN)
  expect(await ask(0, 3, extra)).toBeGreaterThan(0)
  expect(await ask(0, 4, extra)).toBe(0)
  expect(await ask(0, 5, extra)).toBe(0)
})

it('so it is where a process goes on after what another has stored without what came before', async () => {
  await ask(0, 2)
  await ask(1, 3)
  await owner.exchanges.deleteDomain(DOMAIN)
  expect(await ask(0, 3)).toBeGreaterThan(0)
  expect(await ask(1, 4)).toBeGreaterThan(0)
  expect(await ask(1, 5)).toBe(0)
  expect(await ask(0, 6)).toBe(0)
})
