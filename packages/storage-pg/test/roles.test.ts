import { createHash } from 'node:crypto'
import { createClientKey, Secret } from '@agent-prompt-train/core'
import { createPostgresStorage, type PostgresStorage, toGrants } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newContent, newRecord } from './support/records.js'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

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

/** Runs a statement as the serving role; its SQLSTATE if it is refused. */
async function asServing(statement: string): Promise<string | null> {
  return database.db.tx(async (transaction) => {
    await transaction.none('set local role $1:name', [database.servingRole])
    await transaction.none('savepoint before')
    const code = await transaction.any(statement).then(
      () => null,
      (error: { code: string }) => error.code,
    )
    await transaction.none('rollback to savepoint before')
    return code
  })
}

const DENIED = '42501'

describe('the serving role', () => {
  const tables = [
    ...['client_keys', 'client_key_uses', 'credentials', 'exchanges', 'contents', 'runs', 'parts', 'usage_daily'],
    'holds',
  ]

  it.each(tables)('deletes nothing from %s, and truncates nothing', async (table) => {
    expect(await asServing(`delete from prompt_train.${table}`)).toBe(DENIED)
    expect(await asServing(`truncate prompt_train.${table}`)).toBe(DENIED)
  })

  it.each([
    'create table prompt_train.mine (id integer)',
    'drop table prompt_train.holds',
    'alter table prompt_train.holds add column mine integer',
    'create function prompt_train.mine() returns void language sql as $$ $$',
    `insert into prompt_train.migrations (id, name, breaking) values (99, 'mine', true)`,
    `select prompt_train.make_partition('exchanges', 'started_at', now(), now())`,
    `select prompt_train.drop_partition('exchanges', current_date)`,
    'select * from prompt_train.exchanges_default',
  ])('may not: %s', async (statement) => {
    expect(await asServing(statement)).toBe(DENIED)
  })

  it('may have partitions made near the present alone', async () => {
    const [far] = await database.db.any(`select prompt_train.ensure_partitions('2001-01-01') as made`)
    expect(far.made).toBe(false)
    expect(await asServing('select prompt_train.ensure_partitions(current_date + 9)')).toBe(null)
  })

  it('is told that purging is not for it', async () => {
    const refusal = { name: 'StorageError', code: 'not_permitted' }
    await expect(storage.exchanges.purge(Date.now(), { recordsMs: 0, bodiesMs: 0 })).rejects.toMatchObject(refusal)
    await expect(storage.exchanges.deleteDomain('example.com')).rejects.toMatchObject(refusal)
  })
})

it('grants quote what they are given', () => {
  const text = toGrants({ schema: 'a"b', servingRole: 'drop"; --', ownerRole: 'o' })
  expect(text).toContain('on schema "a""b" to "drop""; --"')
})

describe('what is stored', () => {
  it('shows no client key, and no credential that was sealed', async () => {
    const { key, record } = createClientKey({ domain: 'stored.example.com' })
    await storage.clientKeys.add(record)
    await storage.credentials.update('stored.example.com', () => ({
      type: 'sealed',
      ringKeyId: 'k1',
      sealed: 'RkFLRQ==',
    }))
    await storage.exchanges.append([newRecord({ domain: 'stored.example.com', content: newContent(2) })])
    const dump = await allText()
    expect(dump).not.toContain(key)
    expect(dump).toContain(createHash('sha256').update(key).digest('hex'))
  })

  it('is a credential in readable form only where nobody sealed it', async () => {
    await storage.credentials.update('plain.example.com', () => ({
      type: 'api_key',
      apiKey: new Secret('sk-FAKE-plain'),
    }))
    expect(await allText()).toContain('sk-FAKE-plain')
    await storage.credentials.update('plain.example.com', () => null)
    expect(await allText()).not.toContain('sk-FAKE-plain')
  })

  async function allText(): Promise<string> {
    const tables = ['client_keys', 'client_key_uses', 'credentials', 'exchanges', 'contents', 'runs', 'parts']
    const rows = await Promise.all(
      tables.map((table) => database.db.any('select * from prompt_train.$1:name', [table])),
    )
    return JSON.stringify(rows)
  }
})

describe('views', () => {
  const now = Date.now()
  const dayMs = 86_400_000

  /** Refused before anything went to the upstream. */
  const failures = (count: number, domain: string | null, clientAddress: string) =>
    Array.from({ length: count }, () =>
      newRecord({ domain, clientAddress, status: 401, model: null, firstByteMs: null, usage: null, cost: null }),
    )

  beforeAll(async () => {
    const { cost } = newRecord()
    await storage.exchanges.append([
      ...failures(12, null, '198.51.100.9'),
      ...failures(11, 'known.example.com', '198.51.100.9'),
      ...failures(10, null, '198.51.100.10'),
      newRecord({ domain: 'both.example.com', cost: { ...cost!, microUsd: 5 } }),
      newRecord({ domain: 'both.example.com', cost: { ...cost!, microUsd: 7, notional: true } }),
      newRecord({ domain: 'both.example.com', cost: { ...cost!, microUsd: null } }),
      ...Array.from({ length: 5 }, (_, i) =>
        newRecord({ domain: 'spiky.example.com', startedAt: now - (i + 1) * dayMs }),
      ),
      ...Array.from({ length: 3 }, () => newRecord({ domain: 'spiky.example.com', startedAt: now })),
    ])
  })

  it('the statements of the security guide run as they are printed', async () => {
    const rows = await asGuide(`SELECT COUNT(*), ip_address, domain
      FROM api_requests
      WHERE response_status = 401
      GROUP BY ip_address, domain
      HAVING COUNT(*) > 10;`)
    expect(rows.toSorted((a, b) => a.count - b.count)).toEqual([
      { count: '11', ip_address: '198.51.100.9', domain: 'known.example.com' },
      { count: '12', ip_address: '198.51.100.9', domain: null },
    ])
    const since = await asGuide(`SELECT * FROM api_requests
      WHERE timestamp > '2026-01-01'
      ORDER BY timestamp;`)
    expect(since.length).toBeGreaterThanOrEqual(20)
    expect(since[0]).toMatchObject({ method: 'POST', path: '/v1/messages' })
  })

  it('token_usage_spikes has what the guide looks for', async () => {
    const rows = await asGuide(`select domain, total_tokens::int, average_daily_usage::int from token_usage_spikes`)
    expect(rows).toEqual([{ domain: 'spiky.example.com', total_tokens: 30, average_daily_usage: 10 }])
  })

  it('failed_authentications and daily_tokens', async () => {
    const failed = await asGuide(
      'select ip_address, domain, attempts::int from failed_authentications order by attempts desc',
    )
    expect(failed).toEqual([
      { ip_address: '198.51.100.9', domain: null, attempts: 12 },
      { ip_address: '198.51.100.9', domain: 'known.example.com', attempts: 11 },
    ])
    const [day] = await asGuide(`select total_tokens::int, requests::int from daily_tokens
      where domain = 'spiky.example.com' order by day desc limit 1`)
    expect(day).toEqual({ total_tokens: 30, requests: 3 })
    const costs = await asGuide(`select cost_micro_usd::int, notional_micro_usd::int, unpriced_requests::int
      from daily_tokens where domain = 'both.example.com'`)
    expect(costs).toEqual([{ cost_micro_usd: 5, notional_micro_usd: 7, unpriced_requests: 1 }])
  })

  it('old_keys_in_use', async () => {
    const [old, young] = [0, 1].map(() => createClientKey({ domain: 'rotating.example.com' }).record)
    await storage.clientKeys.add(old!)
    await storage.clientKeys.add(young!)
    await storage.clientKeys.update(old!.keyId, (key) => ({ ...key, replacedBy: young!.keyId }))
    await storage.clientKeys.addUses(
      [old!, young!].map(({ keyId }) => ({ keyId, requests: 2, lastUsedAt: now, lastAddress: null })),
    )
    const rows = await asGuide('select key_id, replaced_by, last_used_at from old_keys_in_use')
    expect(rows).toEqual([{ key_id: old!.keyId, replaced_by: young!.keyId, last_used_at: new Date(now) }])
  })

  /** As the serving role, with the schema in its search path. */
  function asGuide(statement: string) {
    return database.db.tx(async (transaction) => {
      await transaction.none('set local role $1:name', [database.servingRole])
      await transaction.none('set local search_path to prompt_train')
      return transaction.any(statement)
    })
  }
})
