// What a coding agent's conversation takes in Postgres, beside a plain table of JSONB bodies.
//   npx tsx packages/storage-pg/bench/growth.ts [turns, default 25,50,100]
// Four conversations are led at the same time, each in a domain of its own, so that they share nothing but the pages of
// tables and indexes; figures are for one. The database's day has others already: what takes its first pages is not
// theirs. Uses the server of DATABASE_URL (an empty database of it), or starts one.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import { stubUpstream } from '@agent-prompt-train/core/testing'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { codingConversation } from '../../../test/support/coding-conversation.js'
import { createTestDatabase, type TestDatabase } from '../test/support/databases.js'
import { startPostgres } from '../test/support/postgres-server.js'

const AT_ONCE = 4
/** Of the conversations that are there before. */
const EARLIER_TURNS = 25
const BODIES = /^(?:contents|runs|parts)/

const keyRing = { current: 'k1', keys: { k1: randomBytes(32) } }
const lengths = (process.argv[2] ?? '25,50,100').split(',').map(Number)
const server = process.env.DATABASE_URL === undefined ? await startPostgres() : null
const url = process.env.DATABASE_URL ?? server!.url
const [ours, plain] = [await createTestDatabase(url, null), await createTestDatabase(url, null)]
const heads = [
  'requests',
  'bodies here',
  'their records',
  'plain JSONB',
  'plain / bodies',
  'last request',
  'gzip -9',
  'brotli -q 6',
  'bodies / gzip',
  'with records / gzip',
]
try {
  await migrate({ connectionString: ours.url })
  await plain.db.none('create table exchanges (request_id text primary key, request jsonb, answer jsonb)')
  await record('a', EARLIER_TURNS)
  console.log(`| ${heads.join(' | ')} |\n|${'---|'.repeat(heads.length)}`)
  for (const turns of lengths) console.log(`| ${(await measure(turns)).join(' | ')} |`)
} finally {
  await ours.drop()
  await plain.drop()
  await server?.stop()
}

async function measure(turns: number): Promise<string[]> {
  const [before, plainBefore] = [await sizesOf(ours), await sizesOf(plain)]
  await record(`b${turns}`, turns)
  let last = ''
  for (const { request, answer } of codingConversation({ turns })) {
    last = request
    const values = [`${turns}-${randomBytes(12).toString('hex')}`, request, answer]
    await plain.db.none('insert into exchanges values ($1, $2::jsonb, to_jsonb($3::text))', values)
  }
  const [after, plainAfter] = [await sizesOf(ours), await sizesOf(plain)]
  const bodies = (after.bodies - before.bodies) / AT_ONCE
  const records = (after.others - before.others) / AT_ONCE
  const there = plainAfter.others - plainBefore.others
  const gzipped = gzipSync(last, { level: 9 }).length
  const brotli = brotliCompressSync(last, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }).length
  return [
    `${turns}`,
    ...[bodies, records, there].map(toKb),
    `${(there / bodies).toFixed(0)} times`,
    ...[last.length, gzipped, brotli].map(toKb),
    (bodies / gzipped).toFixed(2),
    ((bodies + records) / gzipped).toFixed(2),
  ]
}

/** Sends conversations through a proxy that records, a turn of each at a time, as they come from clients that take turns. */
async function record(name: string, turns: number): Promise<void> {
  const domains = Array.from({ length: AT_ONCE }, (_, i) => `${name}${i}.example.com`)
  const storage = createPostgresStorage({ connectionString: ours.url })
  let answer = ''
  const upstream = await stubUpstream((response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer),
  )
  const credential = { type: 'api_key' as const, apiKey: new Secret('sk-ant-FAKE') }
  const proxy = createProxy({
    storage: {
      ...memoryStorage({ credentials: Object.fromEntries(domains.map((domain) => [domain, credential])) }),
      exchanges: storage.exchanges,
    },
    authenticate: ({ rawHeaders }) => ({ domain: rawHeaders[rawHeaders.indexOf('x-domain') + 1]!, keyId: 'FAKEkey1' }),
    upstream: upstream.origin,
    record: { keyRing },
    logger: silentLogger,
  })
  try {
    for (const turn of codingConversation({ turns })) {
      answer = turn.answer
      for (const domain of domains) {
        const init = { method: 'POST', headers: { 'x-domain': domain }, body: turn.request }
        await (await proxy.fetch('http://in.process/v1/messages', init)).arrayBuffer()
      }
      while (proxy.health().recorder!.queued > 0) await sleep(10)
    }
    await proxy.close()
    const { rows } = await ours.db.one('select count(*)::int as rows from prompt_train.contents where domain like $1', [
      `${name}_.example.com`,
    ])
    const expected = turns * AT_ONCE
    if (rows !== expected) throw new Error(`${rows} of ${expected} requests were stored with their bodies`)
  } finally {
    await proxy.close()
    await upstream.close()
    await storage.close()
  }
}

/** Tables with their indexes and what is kept outside of rows. */
async function sizesOf({ db }: TestDatabase): Promise<{ readonly bodies: number; readonly others: number }> {
  const tables = await db.any<{ name: string; bytes: number }>(
    `select relname as name, pg_total_relation_size(c.oid)::float8 as bytes
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind = 'r' and nspname in ('prompt_train', 'public')`,
  )
  const sum = (of: typeof tables) => of.reduce((total, { bytes }) => total + bytes, 0)
  return {
    bodies: sum(tables.filter(({ name }) => BODIES.test(name))),
    others: sum(tables.filter(({ name }) => !BODIES.test(name))),
  }
}

function toKb(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString('en')} KB`
}
