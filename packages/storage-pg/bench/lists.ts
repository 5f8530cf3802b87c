// How long the dashboard's overview and lists, the views for monitoring and a repricing take over millions of records.
//   npx tsx packages/storage-pg/bench/lists.ts [rows] [most minutes to spend on making them]
// Uses the server of DATABASE_URL (an empty database of it), or starts one.
import { availableParallelism } from 'node:os'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { createTestDatabase } from '../test/support/databases.js'
import { startPostgres } from '../test/support/postgres-server.js'
import { newContent, newRecord } from '../test/support/records.js'

const DAY_MS = 86_400_000
const WEEKS = 52
const RUNS = 20

const rows = Number(process.argv[2] ?? 10_000_000)
const mostMs = Number(process.argv[3] ?? 30) * 60_000

/** 50 domains of very different traffic, 500 keys, 6 models, 6 % errors. */
const GENERATE = `insert into prompt_train.exchanges (domain, request_id, started_at, key_id, client_address, method, path,
  model_asked, model, stream, status, stop_reason, usage, input_tokens, output_tokens, cache_read_tokens,
  cache_write_5m_tokens, cache_write_1h_tokens, cost_micro_usd, cost_price_row, cost_notional, cost_incomplete,
  first_byte_ms, duration_ms, request_bytes, answer_bytes, aborted, broken)
select 'd' || d || '.example.com', gen_random_uuid()::text, $1::timestamptz - random() * interval '7 days',
  'key' || d || '_' || k, '192.0.2.' || k, 'POST', '/v1/messages', 'claude-' || m, 'claude-' || m, true,
  case when s < 0.94 then 200 when s < 0.97 then 429 when s < 0.98 then 400 when s < 0.99 then 401 else 529 end,
  'end_turn', '{"input_tokens":1200,"output_tokens":340}', 1200, 340, 0, 0, 0, 8700, 'bench', false, false,
  800, 9000, 40000, 2000, false, false
from (
  select floor(50 * power(random(), 3))::int as d, floor(random() * 10)::int as k,
    floor(6 * power(random(), 2))::int as m, random() as s
  from generate_series(1, $2::integer)
) as given`

const server =
  process.env.DATABASE_URL === undefined
    ? await startPostgres(['shared_buffers=1GB', 'max_wal_size=16GB', 'synchronous_commit=off', 'full_page_writes=off'])
    : null
const database = await createTestDatabase(process.env.DATABASE_URL ?? server!.url, null)
const storage = createPostgresStorage({ connectionString: database.url, statementTimeoutMs: 600_000 })

try {
  await migrate({ connectionString: database.url })
  const made = await generate()
  await database.db.none('analyze')
  const [{ size }] = await database.db.any(
    `select pg_size_pretty(sum(pg_total_relation_size(oid))) as size from pg_class
    where relnamespace = 'prompt_train'::regnamespace and relkind = 'r'`,
  )
  const version = (await database.db.one('show server_version')).server_version
  console.log(`\n${made.toLocaleString('en')} records, ${size}, Postgres ${version}, ${availableParallelism()} cores\n`)
  await measureReading()
  await measureRepricing()
  await measureAppending()
} finally {
  await storage.close()
  await database.drop()
  await server?.stop()
}

/** Weeks of records, newest first, so that whatever is made in time ends now. */
async function generate(): Promise<number> {
  const perWeek = Math.ceil(rows / WEEKS)
  const begun = performance.now()
  let made = 0
  for (let week = 0; week < WEEKS && performance.now() - begun < mostMs; week++) {
    const end = new Date(Date.now() - week * 7 * DAY_MS)
    for (const days of [0, 7]) {
      const day = new Date(end.getTime() - days * DAY_MS).toISOString().slice(0, 10)
      await database.db.any('select prompt_train.ensure_partitions($1::date)', [day])
    }
    await database.db.none(GENERATE, [end, perWeek])
    made += perWeek
    const seconds = Math.round((performance.now() - begun) / 1000)
    console.log(`${made.toLocaleString('en')} records, week ${week + 1} of ${WEEKS}, ${seconds} s`)
  }
  // Day by day, as traffic writes them: over the whole table strewn they are read five times slower.
  await database.db.none(`insert into prompt_train.usage_daily
      (day, domain, key_id, model, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens,
      cache_write_1h_tokens, cost_micro_usd, unpriced_requests)
    select (started_at at time zone 'UTC')::date, domain, key_id, model, count(*), sum(input_tokens), sum(output_tokens),
      0, 0, 0, sum(cost_micro_usd), 0
    from prompt_train.exchanges group by 1, 2, 3, 4 order by 1`)
  return made
}

async function measureReading(): Promise<void> {
  const { exchanges } = storage
  const now = Date.now()
  const { exchanges: some } = await exchanges.list({}, { limit: 1 })
  let deep = ''
  for (let page = 0; page <= 50; page++) {
    const { next } = await exchanges.list({}, { limit: 1000, ...(deep !== '' && { after: deep }) })
    if (next === null) break
    deep = next
  }
  const page = { limit: 50 }
  const month = { from: now - 30 * DAY_MS }
  const cases: [string, () => Promise<unknown>][] = [
    ['overview: 30 days by day', () => exchanges.usage(month, ['day'])],
    ['overview: 30 days by domain', () => exchanges.usage(month, ['domain'])],
    ['overview: 30 days by model', () => exchanges.usage(month, ['model'])],
    ['overview: a year by day', () => exchanges.usage({}, ['day'])],
    ['overview: the last 24 hours by model', () => exchanges.usage({ from: now - DAY_MS }, ['model'])],
    ['newest 50', () => exchanges.list({}, page)],
    ['50 after the newest 51,000', () => exchanges.list({}, { ...page, after: deep })],
    ['newest 50 of the busiest domain', () => exchanges.list({ domain: 'd0.example.com' }, page)],
    ['newest 50 of the quietest domain', () => exchanges.list({ domain: 'd49.example.com' }, page)],
    ['newest 50 of a key', () => exchanges.list({ keyId: 'key20_3' }, page)],
    ['newest 50 of a model', () => exchanges.list({ model: 'claude-5' }, page)],
    ['newest 50 with status 529', () => exchanges.list({ status: 529 }, page)],
    ['newest 50 with status 200', () => exchanges.list({ status: 200 }, page)],
    ['newest 50 with a status that never was', () => exchanges.list({ status: 418 }, page)],
    ['newest 50 of a domain with status 401', () => exchanges.list({ domain: 'd30.example.com', status: 401 }, page)],
    ['newest 50 of a key and a model', () => exchanges.list({ keyId: 'key40_1', model: 'claude-5' }, page)],
    ['newest 50 of a day half a year ago', () => exchanges.list({ to: now - 180 * DAY_MS }, page)],
    ['failed authentications', () => database.db.any('select * from prompt_train.failed_authentications')],
    ['usage spikes', () => database.db.any('select * from prompt_train.token_usage_spikes')],
    ['daily tokens by domain', () => database.db.any('select * from prompt_train.daily_tokens')],
    ['one by its id', () => exchanges.find(some[0]!.requestId)],
  ]
  console.log('| what | p50 ms | p95 ms |\n|---|---|---|')
  for (const [name, run] of cases) {
    const times: number[] = []
    for (let i = 0; i < RUNS; i++) {
      const begun = performance.now()
      await run()
      times.push(performance.now() - begun)
    }
    times.sort((a, b) => a - b)
    console.log(`| ${name} | ${times[RUNS / 2]!.toFixed(0)} | ${times[Math.floor(RUNS * 0.95)]!.toFixed(0)} |`)
  }
}

async function measureRepricing(): Promise<void> {
  for (const [name, microUsd] of [
    ['every cost changes', 17_400],
    ['none does', 17_400],
  ] as const) {
    const begun = performance.now()
    let records = 0
    const steps = storage.exchanges.reprice({}, ({ cost }) => cost && { ...cost, microUsd })
    for await (const step of steps) records += step.records
    const seconds = (performance.now() - begun) / 1000
    console.log(`\nreprice, ${name}: ${Math.round(records / seconds)} records/s`)
  }
}

async function measureAppending(): Promise<void> {
  for (const [name, content] of [
    ['records', () => null],
    ['records with two new messages each', () => newContent(2)],
  ] as const) {
    const batches = Array.from({ length: 20 }, () =>
      Array.from({ length: 500 }, (_, i) => newRecord({ domain: `d${i % 50}.example.com`, content: content() })),
    )
    const begun = performance.now()
    for (const batch of batches) await storage.exchanges.append(batch)
    const seconds = (performance.now() - begun) / 1000
    console.log(`\nappend, batches of 500 ${name}, one at a time: ${Math.round(10_000 / seconds)} records/s`)
  }
}
