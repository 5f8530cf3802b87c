import { setTimeout as sleep } from 'node:timers/promises'
import { createClientKey, Secret } from '@agent-prompt-train/core'
import { createPostgresStorage, migrate, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { query } from './support/databases.js'
import { type PostgresServer, startPostgres } from './support/postgres-server.js'

/** What another process has changed is seen within this time. */
const VISIBLE_MS = 5_000

let server: PostgresServer
let serving: PostgresStorage
let admin: PostgresStorage

beforeAll(async () => {
  server = await startPostgres()
  await migrate({ connectionString: server.url })
})

afterAll(() => server.stop())

function open(): void {
  serving = createPostgresStorage({ connectionString: server.url, statementTimeoutMs: 1_000 })
  admin = createPostgresStorage({ connectionString: server.url })
}

afterEach(async () => {
  await serving.close()
  await admin.close()
})

async function newKey() {
  const key = createClientKey({ domain: 'example.com' }).record
  await admin.clientKeys.add(key)
  return key
}

async function within(ms: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    if (await isSo()) return true
    await sleep(20)
  }
  return false
}

function kill(where: string): Promise<unknown> {
  return query(server.url, `select pg_terminate_backend(pid) from pg_stat_activity where ${where}`)
}

describe('serving', () => {
  it('asks the database nothing for a key and a credential it knows', async () => {
    open()
    const key = await newKey()
    await admin.credentials.update('example.com', () => ({ type: 'api_key', apiKey: new Secret('sk-FAKE') }))
    await serving.clientKeys.find(key.keyId, key.digest)
    await serving.credentials.find('example.com')
    expect(serving.clientKeys.find(key.keyId, key.digest)).toEqual(key)
    expect(serving.credentials.find('example.com')).toMatchObject({ type: 'api_key' })
  })

  it('sees a revocation when its listener was killed', async () => {
    open()
    const key = await newKey()
    await serving.clientKeys.find(key.keyId, key.digest)
    await kill(`query like 'listen%'`)
    await admin.clientKeys.update(key.keyId, (current) => ({ ...current, revokedAt: 1 }))
    expect(
      await within(VISIBLE_MS, async () => (await serving.clientKeys.find(key.keyId, key.digest))?.revokedAt === 1),
    ).toBe(true)
  })

  it('sees a revocation when no notification comes through at all', async () => {
    open()
    const key = await newKey()
    await serving.clientKeys.find(key.keyId, key.digest)
    await query(
      server.url,
      `update prompt_train.client_keys
      set revoked_at = 1, revision = revision + 1, changed_at = clock_timestamp() where key_id = $1`,
      [key.keyId],
    )
    expect(
      await within(VISIBLE_MS, async () => (await serving.clientKeys.find(key.keyId, key.digest))?.revokedAt === 1),
    ).toBe(true)
  })

  it('finds a new key that it had looked for in vain', async () => {
    open()
    const key = createClientKey({ domain: 'example.com' }).record
    expect(await serving.clientKeys.find(key.keyId, key.digest)).toBe(null)
    await admin.clientKeys.add(key)
    expect(await within(VISIBLE_MS, async () => (await serving.clientKeys.find(key.keyId, key.digest)) !== null)).toBe(
      true,
    )
  })

  it('serves known keys while the database is away, claims nothing of others, and recovers', async () => {
    open()
    const key = await newKey()
    await serving.clientKeys.find(key.keyId, key.digest)
    const pids = (await query<{ pid: number }>(server.url, 'select pid from pg_stat_activity')).map(({ pid }) => pid)
    const signalAll = (signal: NodeJS.Signals) => {
      for (const pid of [server.pid, ...pids]) {
        try {
          process.kill(pid, signal)
        } catch {
          // That backend has ended.
        }
      }
    }
    const unknown = createClientKey({ domain: 'example.com' }).record
    signalAll('SIGSTOP')
    try {
      for (const end = performance.now() + 7_000; performance.now() < end; await sleep(200)) {
        expect(await serving.clientKeys.find(key.keyId, key.digest)).toEqual(key)
      }
      const begun = performance.now()
      await expect(async () => serving.clientKeys.find(unknown.keyId, unknown.digest)).rejects.toMatchObject({
        code: 'unavailable',
      })
      expect(performance.now() - begun).toBeLessThan(3_000)
    } finally {
      signalAll('SIGCONT')
    }
    const answers = async () => {
      try {
        return (await serving.clientKeys.find(unknown.keyId, unknown.digest)) === null
      } catch {
        return false
      }
    }
    expect(await within(10_000, answers)).toBe(true)
    await admin.clientKeys.update(key.keyId, (current) => ({ ...current, revokedAt: 1 }))
    expect(
      await within(VISIBLE_MS, async () => (await serving.clientKeys.find(key.keyId, key.digest))?.revokedAt === 1),
    ).toBe(true)
  })
})
