import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ExchangeRecord } from '@agent-prompt-train/core'
import { createPostgresStorage, migrate, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { query } from './support/databases.js'
import { type PostgresServer, startPostgres } from './support/postgres-server.js'
import { newContent, newRecord } from './support/records.js'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const worker = fileURLToPath(new URL('support/worker.mjs', import.meta.url))

describe('exchanges', () => {
  let database: RoledDatabase
  let storage: PostgresStorage

  beforeAll(async () => {
    database = await createRoledDatabase()
    storage = createPostgresStorage({ connectionString: database.servingUrl })
  })

  afterAll(async () => {
    await storage.close()
    await database.drop()
  })

  it('are stored once each while backends are killed under them', async () => {
    const domain = 'killed.example.com'
    let rejected = 0
    const insist = async (records: readonly ExchangeRecord[]) => {
      for (;;) {
        try {
          return await storage.exchanges.append(records)
        } catch {
          rejected++
          await sleep(10)
        }
      }
    }
    const killer = new AbortController()
    const killing = killBackends(killer.signal)
    const end = performance.now() + 10_000
    let sent = 0
    while (performance.now() < end && (sent < 500 || rejected < 3)) {
      const batch = () => Array.from({ length: 25 }, () => newRecord({ domain, content: newContent(2) }))
      await Promise.all([batch(), batch()].map(insist))
      sent += 50
    }
    killer.abort()
    await killing
    const [stored] = await database.db.any(
      `select count(*)::int as rows, count(distinct request_id)::int as ids from prompt_train.exchanges where domain = $1`,
      [domain],
    )
    const [sum] = await storage.exchanges.usage({ domain }, [])
    expect(rejected).toBeGreaterThan(0)
    expect(stored).toEqual({ rows: sent, ids: sent })
    expect(sum?.requests).toBe(sent)
  })

  it('sum up exactly when four processes store for one key at once', async () => {
    const domain = 'clashing.example.com'
    const records = Array.from({ length: 20 }, () => newRecord({ domain }))
    const workers = Array.from({ length: 4 }, () =>
      fork(worker, [database.servingUrl, 'append', JSON.stringify(records)], { stdio: 'inherit' }),
    )
    await Promise.all(workers.map((child) => once(child, 'exit')))
    const [sum] = await storage.exchanges.usage({ domain }, [])
    expect(sum).toMatchObject({ requests: 1600, inputTokens: 11_200, outputTokens: 4_800, costMicroUsd: 1760 })
  })

  it('are refused by name by a read-only database, and stored after', async () => {
    const record = newRecord()
    await database.db.none('alter role $1:name set default_transaction_read_only = on', [database.servingRole])
    const readOnly = createPostgresStorage({ connectionString: database.servingUrl })
    await expect(readOnly.exchanges.append([record])).rejects.toMatchObject({ code: 'read_only' })
    await readOnly.close()
    await database.db.none('alter role $1:name reset default_transaction_read_only', [database.servingRole])
    await storage.exchanges.append([record])
    expect(await storage.exchanges.find(record.requestId)).toEqual(record)
  })

  it('are kept by the default partition where no other can be made', async () => {
    await database.db.none('revoke execute on function prompt_train.ensure_partitions from $1:name', [
      database.servingRole,
    ])
    const other = createPostgresStorage({ connectionString: database.servingUrl })
    const record = newRecord({ startedAt: Date.now() + 20 * 86_400_000, content: newContent(3) })
    await other.exchanges.append([record])
    await other.close()
    const [caught] = await database.db.any('select count(*)::int as rows from prompt_train.parts_default')
    expect(caught.rows).toBe(3)

    // As soon as the partition is made it takes them over.
    const day = new Date(record.startedAt).toISOString().slice(0, 10)
    await database.db.any('select prompt_train.ensure_partitions($1::date)', [day])
    const [left] = await database.db.any('select count(*)::int as rows from prompt_train.parts_default')
    expect(left.rows).toBe(0)
    expect(await storage.exchanges.find(record.requestId)).toEqual(record)
  })

  /** One at a time and at random, so that between two kills there is time for an append to succeed. */
  async function killBackends(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await database.db.any(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where usename = $1 and state <> 'idle' order by random() limit 1`,
        [database.servingRole],
      )
      await sleep(300)
    }
  }
})

describe('a look-up whose connection is cut', () => {
  it.each([
    ['a client key', 'client_keys', (storage: PostgresStorage) => storage.clientKeys.find('FAKE0000', '')],
    ['a credential', 'credentials', (storage: PostgresStorage) => storage.credentials.find('cut.example.com')],
    [
      'a credential to change it',
      'credentials',
      (storage: PostgresStorage) => storage.credentials.update('cut.example.com', () => null),
    ],
  ])('is made again: %s', async (_, table, lookUp) => {
    const database = await createRoledDatabase()
    const storage = createPostgresStorage({ connectionString: database.servingUrl })
    onTestFinished(async () => {
      await storage.close()
      await database.drop()
    })
    let found!: Promise<unknown>
    await database.db.tx(async (held) => {
      await held.none('lock table prompt_train.$1:name in access exclusive mode', [table])
      found = Promise.resolve(lookUp(storage))
      for (let cut = 0; cut === 0; await sleep(20)) {
        const rows = await database.db.any(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and wait_event_type = 'Lock'",
          [database.servingRole],
        )
        cut = rows.length
      }
    })
    expect(await found).toBeNull()
  })
})

describe('a server that is frozen', () => {
  let server: PostgresServer
  let storage: PostgresStorage

  beforeAll(async () => {
    server = await startPostgres()
    await migrate({ connectionString: server.url })
    storage = createPostgresStorage({ connectionString: server.url, statementTimeoutMs: 500, poolSize: 2 })
  })

  afterAll(async () => {
    await storage.close()
    await server.stop()
  })

  it('has append reject within its time, and work after', async () => {
    const record = newRecord()
    await storage.exchanges.append([newRecord()])
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
    signalAll('SIGSTOP')
    const begun = performance.now()
    try {
      const attempts = Array.from({ length: 5 }, () => storage.exchanges.append([record]))
      for (const outcome of await Promise.allSettled(attempts)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
      }
      // Twice the longest that one step may wait: for a connection, and for the statement.
      expect(performance.now() - begun).toBeLessThan(15_000)
    } finally {
      signalAll('SIGCONT')
    }
    await storage.exchanges.append([record])
    expect(await storage.exchanges.find(record.requestId)).toEqual(record)
  })
})
