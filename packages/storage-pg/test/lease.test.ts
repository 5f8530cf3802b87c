import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ApiKeyCredential, type Credential, Secret } from '@agent-prompt-train/core'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const script = fileURLToPath(new URL('support/worker.mjs', import.meta.url))
const TAKEOVER_MS = 10_000

let database: RoledDatabase
let storage: PostgresStorage
let worker: ChildProcess | null = null

beforeAll(async () => {
  database = await createRoledDatabase()
  storage = createPostgresStorage({ connectionString: database.servingUrl })
})

afterEach(() => {
  worker?.kill('SIGKILL')
  worker = null
})

afterAll(async () => {
  await storage.close()
  await database.drop()
})

/** A process that holds the lease of `domain`. */
async function startHolder(domain: string): Promise<ChildProcess> {
  worker = fork(script, [database.servingUrl, 'hold', domain], { stdio: 'inherit' })
  expect(await answerOf(worker)).toEqual({ held: true })
  return worker
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message')
  return message
}

function apiKey(value: string): ApiKeyCredential {
  return { type: 'api_key', apiKey: new Secret(value) }
}

function secretOf(credential: Credential | null): string | null {
  return credential?.type === 'api_key' ? credential.apiKey.expose() : null
}

describe('a holder of the lease', () => {
  it('that lives is waited for, however long it takes', async () => {
    const domain = 'lives.example.com'
    const holder = await startHolder(domain)
    let current: string | null | undefined
    const waiting = storage.credentials.update(domain, (credential) => {
      current = secretOf(credential)
      return credential
    })
    // Longer than the lease lasts without a heartbeat.
    await sleep(8_000)
    expect(current).toBeUndefined()
    const answered = answerOf(holder)
    holder.send('go on')
    expect(await answered).toEqual({ stored: true })
    await waiting
    expect(current).toBe('sk-FAKE-of-worker')
  })

  it('that dies is taken over', async () => {
    const domain = 'dies.example.com'
    const holder = await startHolder(domain)
    holder.kill('SIGKILL')
    const begun = performance.now()
    await storage.credentials.update(domain, () => apiKey('sk-FAKE-next'))
    expect(performance.now() - begun).toBeLessThan(TAKEOVER_MS)
  })

  it('that freezes is taken over, and can store nothing after', async () => {
    const domain = 'freezes.example.com'
    const holder = await startHolder(domain)
    holder.kill('SIGSTOP')
    const begun = performance.now()
    await storage.credentials.update(domain, () => apiKey('sk-FAKE-next'))
    expect(performance.now() - begun).toBeLessThan(TAKEOVER_MS)
    const answered = answerOf(holder)
    holder.send('go on')
    holder.kill('SIGCONT')
    expect(await answered).toEqual({ code: 'lease_lost' })
    expect(secretOf(await storage.credentials.find(domain))).toBe('sk-FAKE-next')
  })

  it('loses no result when its connections are killed', async () => {
    const domain = 'killed.example.com'
    const changed = await storage.credentials.update(domain, async (_current, lease) => {
      await killConnections()
      const saving = lease.save(apiKey('sk-FAKE-interim'))
      await killConnections()
      await saving
      await killConnections()
      return apiKey('sk-FAKE-final')
    })
    expect(secretOf(changed)).toBe('sk-FAKE-final')
    await storage.credentials.update(domain, (current) => {
      expect(secretOf(current)).toBe('sk-FAKE-final')
      return current
    })
  })

  it('reads what is stored now, though its connections are killed', async () => {
    const domain = 'read.example.com'
    await storage.credentials.update(domain, async (_current, lease) => {
      await lease.save(apiKey('sk-FAKE-interim'))
      await killConnections()
      expect(secretOf(await lease.read())).toBe('sk-FAKE-interim')
      return apiKey('sk-FAKE-final')
    })
    expect(secretOf(await storage.credentials.find(domain))).toBe('sk-FAKE-final')
  })

  it('that has given it back can store nothing more', async () => {
    const domain = 'late.example.com'
    let leaked: ((credential: Credential) => Promise<void>) | null = null
    await storage.credentials.update(domain, (_current, lease) => {
      leaked = (credential) => lease.save(credential)
      return apiKey('sk-FAKE-final')
    })
    await expect(leaked!(apiKey('sk-FAKE-late'))).rejects.toMatchObject({ code: 'lease_lost' })
    expect(secretOf(await storage.credentials.find(domain))).toBe('sk-FAKE-final')
  })

  it('holds no transaction open', async () => {
    await storage.credentials.update('open.example.com', async () => {
      const [open] = await database.db.any(
        `select count(*)::int as transactions from pg_stat_activity where usename = $1 and state like 'idle in%'`,
        [database.servingRole],
      )
      expect(open.transactions).toBe(0)
      return apiKey('sk-FAKE')
    })
  })
})

async function killConnections(): Promise<void> {
  await database.db.any('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
    database.servingRole,
  ])
}
