// How long reading and linking the exchanges of a domain takes.
//   npx tsx packages/storage-pg/bench/conversations.ts [records]
// Uses the server of DATABASE_URL (an empty database of it), or starts one.
import { randomBytes } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { type ExchangeRecord, linkConversations, listConversations } from '@agent-prompt-train/core'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { createTestDatabase } from '../test/support/databases.js'
import { startPostgres } from '../test/support/postgres-server.js'
import { newRecord } from '../test/support/records.js'

const HOUR_MS = 3_600_000
const DOMAINS = 20
const TURNS = 50
const RUNS = 10
const BATCH = 500

const count = Number(process.argv[2] ?? 100_000)
const end = Date.now()

const server =
  process.env.DATABASE_URL === undefined ? await startPostgres(['shared_buffers=512MB', 'max_wal_size=8GB']) : null
const database = await createTestDatabase(process.env.DATABASE_URL ?? server!.url, null)
const storage = createPostgresStorage({ connectionString: database.url, statementTimeoutMs: 600_000 })

try {
  await migrate({ connectionString: database.url })
  const records = generate()
  for (let from = 0; from < records.length; from += BATCH)
    await storage.exchanges.append(records.slice(from, from + BATCH))
  await database.db.none('analyze')
  const version = (await database.db.one('show server_version')).server_version
  const [{ size }] = await database.db.any(
    `select pg_size_pretty(avg(length(links))::bigint) as size from prompt_train.exchanges`,
  )
  const load = loadavg()[0]!.toFixed(1)
  console.log(
    `${count} records of 7 days, Postgres ${version}, ${availableParallelism()} cores, load ${load}, links ${size} a record\n`,
  )
  const domain = 'd0.example.com'
  await report('the last day of a domain', () =>
    listConversations(storage.exchanges, { domain, from: end - 24 * HOUR_MS }),
  )
  await report('7 days of a domain', () => listConversations(storage.exchanges, { domain }))
  await report('the last day of all domains', () => listConversations(storage.exchanges, { from: end - 24 * HOUR_MS }))
  await report('7 days of all domains', () => listConversations(storage.exchanges, {}))
  await report('7 days of all domains, linking alone', async () => linkConversations(records))
} finally {
  await storage.close()
  await database.drop()
  await server?.stop()
}

/** Conversations of 50 turns, a sub-task for each, at even distances over 7 days. */
function generate(): ExchangeRecord[] {
  const records: ExchangeRecord[] = []
  const digest = () => randomBytes(12).toString('base64url')
  const conversations = Math.ceil(count / TURNS)
  for (let n = 0; n < conversations; n++) {
    const begun = end - 7 * 24 * HOUR_MS + (n / conversations) * 7 * 24 * HOUR_MS
    let history = [digest()]
    const prompt = digest()
    for (let turn = 0; turn < TURNS && records.length < count; turn++) {
      const answer = digest()
      records.push(
        newRecord({
          domain: `d${n % DOMAINS}.example.com`,
          startedAt: Math.floor(begun + turn * 20_000),
          durationMs: 9_000,
          links: {
            history,
            answers: [answer],
            answerId: digest(),
            previousAnswerId: null,
            user: digest(),
            opening: turn === TURNS - 10 ? prompt : digest(),
            tasks: turn === TURNS - 11 ? [prompt] : [],
            summary: [],
            carried: [],
          },
        }),
      )
      history = turn === TURNS - 11 ? [digest()] : [digest(), answer, ...history].slice(0, 10)
    }
  }
  return records
}

async function report(what: string, work: () => Promise<{ readonly linking: object; readonly conversations: object }>) {
  const times: number[] = []
  let linking = {}
  for (let run = 0; run < RUNS; run++) {
    const begun = performance.now()
    ;({ linking } = await work())
    times.push(performance.now() - begun)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor(share * (times.length - 1))]!)
  console.log(`${what}: p50 ${at(0.5)} ms, slowest ${at(1)} ms, ${JSON.stringify(linking)}`)
}
