// What a coding agent's conversation takes in Postgres, beside a plain table of JSONB bodies.
//   npx tsx packages/storage-pg/bench/growth.ts [turns, default 25,50,100]
// Uses the server of DATABASE_URL (an empty database of it), or starts one.
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { allowAnyone, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import { stubUpstream } from '@agent-prompt-train/core/testing'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { codingConversation } from '../../../test/support/coding-conversation.js'
import { createTestDatabase } from '../test/support/databases.js'
import { startPostgres } from '../test/support/postgres-server.js'

const keyRing = { current: 'k1', keys: { k1: randomBytes(32) } }
const lengths = (process.argv[2] ?? '25,50,100').split(',').map(Number)
const server = process.env.DATABASE_URL === undefined ? await startPostgres() : null
const heads = [
  'requests',
  'stored here',
  'plain JSONB',
  'ratio',
  'last request',
  'gzip -9',
  'brotli -q 6',
  'here / gzip',
]
console.log(`| ${heads.join(' | ')} |\n|${'---|'.repeat(heads.length)}`)
try {
  for (const turns of lengths) console.log(`| ${(await measure(turns)).join(' | ')} |`)
} finally {
  await server?.stop()
}

/** Sends the conversation through a proxy that records in one database, and stores its bodies in another. */
async function measure(turns: number): Promise<string[]> {
  const url = process.env.DATABASE_URL ?? server!.url
  const [ours, plain] = [await createTestDatabase(url, null), await createTestDatabase(url, null)]
  await migrate({ connectionString: ours.url })
  await plain.db.none('create table exchanges (request_id text primary key, request jsonb, answer jsonb)')
  const storage = createPostgresStorage({ connectionString: ours.url })
  let answer = ''
  const upstream = await stubUpstream((response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer),
  )
  const proxy = createProxy({
    storage: {
      ...memoryStorage({ credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } } }),
      exchanges: storage.exchanges,
    },
    authenticate: allowAnyone('example.com'),
    upstream: upstream.origin,
    record: { keyRing },
    logger: silentLogger,
  })
  try {
    // The partitions of a day are made with its first record; empty, they take their share.
    const [oursEmpty, plainEmpty] = [await sizeWithPartitions(), await sizeOf(plain)]
    let last = ''
    for (const turn of codingConversation({ turns })) {
      answer = turn.answer
      last = turn.request
      const answered = await proxy.fetch('http://in.process/v1/messages', { method: 'POST', body: turn.request })
      await answered.arrayBuffer()
      const requestId = answered.headers.get('x-prompt-train-request-id')
      await plain.db.none('insert into exchanges values ($1, $2::jsonb, to_jsonb($3::text))', [
        requestId,
        turn.request,
        turn.answer,
      ])
    }
    await proxy.close()
    await assertStored(turns)
    const here = (await sizeOf(ours)) - oursEmpty
    const there = (await sizeOf(plain)) - plainEmpty
    const gzipped = gzipSync(last, { level: 9 }).length
    const brotli = brotliCompressSync(last, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }).length
    const sizes = [toKb(last.length), toKb(gzipped), toKb(brotli)]
    return [
      `${turns}`,
      toKb(here),
      toKb(there),
      `${(there / here).toFixed(0)} times`,
      ...sizes,
      (here / gzipped).toFixed(2),
    ]
  } finally {
    await proxy.close()
    await upstream.close()
    await storage.close()
    await ours.drop()
    await plain.drop()
  }

  async function sizeWithPartitions(): Promise<number> {
    await ours.db.any('select prompt_train.ensure_partitions(current_date)')
    return sizeOf(ours)
  }

  async function assertStored(expected: number): Promise<void> {
    const { rows } = await ours.db.one('select count(*)::int as rows from prompt_train.contents')
    if (rows !== expected) throw new Error(`${rows} of ${expected} requests were stored with their bodies`)
  }
}

/** Tables with their indexes and what is kept outside of rows. */
async function sizeOf({ db }: Awaited<ReturnType<typeof createTestDatabase>>): Promise<number> {
  const { bytes } = await db.one(
    `select sum(pg_total_relation_size(c.oid))::float8 as bytes from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind = 'r' and nspname in ('prompt_train', 'public')`,
  )
  return bytes
}

function toKb(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString('en')} KB`
}
