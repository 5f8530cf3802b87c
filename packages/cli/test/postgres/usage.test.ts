import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cost, ExchangeRecord } from '@agent-prompt-train/core'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newRecord } from '../../../storage-pg/test/support/records.js'
import { createRoledDatabase, type RoledDatabase } from '../../../storage-pg/test/support/serving-role.js'
import { DEMONSTRATION_REQUEST } from '../../src/demonstration-answers.js'
import { makeFolder, type Variables } from '../support/command.js'
import { run, runJson, runProcess } from '../support/run.js'

const OPUS = 'claude-opus-5-5'
const NEXT = 'claude-next,"5"'
const priced: Cost = {
  microUsd: 0,
  priceRow: 'claude-opus-5-5 2026-09-22',
  notional: false,
  incomplete: false,
  estimatedOutputTokens: null,
}

/** At 4 USD for a million tokens in, 20 out, 0.2 read, 5 and 8 written. */
const full = {
  input_tokens: 1_000,
  output_tokens: 100,
  cache_read_input_tokens: 2_000,
  cache_creation_input_tokens: 500,
  cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 },
}
const FULL_COST = 4_000 + 2_000 + 400 + 1_500 + 1_600
const small = { input_tokens: 10, output_tokens: 1 }

const row = (time: string, domain: string, facts: Partial<ExchangeRecord>) =>
  newRecord({ startedAt: Date.parse(time), domain, keyId: 'KEY1', model: OPUS, usage: small, cost: priced, ...facts })
const unpriced = { model: NEXT, cost: { ...priced, microUsd: null, priceRow: null } }
const broken: Cost = { ...priced, microUsd: 40 + 20 * 7, incomplete: true, estimatedOutputTokens: 7 }

const records: readonly ExchangeRecord[] = [
  row('2026-11-20T00:00:00Z', 'a.example.com', { usage: full, cost: { ...priced, microUsd: FULL_COST } }),
  row('2026-11-20T23:59:59.999Z', 'a.example.com', { cost: { ...priced, microUsd: 60 } }),
  row('2026-11-20T12:00:00Z', 'a.example.com', { cost: { ...priced, microUsd: 60, notional: true } }),
  row('2026-11-21T00:00:00Z', 'a.example.com', { aborted: true, cost: broken }),
  row('2026-11-21T01:00:00Z', 'b.example.com', unpriced),
  row('2026-11-21T01:00:00Z', 'b.example.com', unpriced),
  row('2026-11-21T02:00:00Z', 'b.example.com', { keyId: 'KEY2', stopReason: 'refusal' }),
  // Did not reach the upstream.
  row('2026-11-21T03:00:00Z', 'b.example.com', { status: 429, firstByteMs: null, usage: null, cost: null }),
]

let database: RoledDatabase
let storage: PostgresStorage
let variables: Variables
let folder: string

beforeAll(async () => {
  database = await createRoledDatabase()
  variables = { DATABASE_URL: database.servingUrl }
  storage = createPostgresStorage({ connectionString: database.servingUrl })
})

beforeEach(async () => {
  folder = makeFolder()
  await database.db.none('truncate prompt_train.exchanges, prompt_train.usage_daily')
  await storage.exchanges.append(records)
})

afterAll(async () => {
  await storage.close()
  await database.drop()
})

/** Writes a file of prices: ten for a token in, twenty for one out. */
function writePrices(pattern: string): string {
  const prices = { pattern, input: 10, output: 20, cache_write_5m: 0, cache_write_1h: 0, cache_read: 0 }
  writeFileSync(join(folder, 'prices.json'), JSON.stringify({ rows: [prices] }))
  return 'prices.json'
}

describe('usage', () => {
  const tokens = {
    inputTokens: 10,
    outputTokens: 1,
    cacheReadTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
  }
  const all = { day: null, domain: null, keyId: null, model: null }

  it('sums what was stored, figure by figure', async () => {
    expect(await runJson(folder, 'usage --by day', variables)).toEqual({
      rows: [
        {
          ...{ ...all, day: '2026-11-20', requests: 3, inputTokens: 1_020, outputTokens: 102, cacheReadTokens: 2_000 },
          ...{ cacheWrite5mTokens: 300, cacheWrite1hTokens: 200, costMicroUsd: FULL_COST + 60 },
          ...{ unpricedRequests: 0, notionalMicroUsd: 60 },
        },
        {
          ...{ ...all, ...tokens, day: '2026-11-21', requests: 4, inputTokens: 40, outputTokens: 4 },
          ...{ costMicroUsd: 180, unpricedRequests: 2, notionalMicroUsd: 0 },
        },
      ],
      unpriced: [{ model: NEXT, requests: 2 }],
    })
  })

  it('cuts days at the moments given', async () => {
    const line = 'usage --by domain --from 2026-11-20T12:00Z --to 2026-11-21T01:00Z'
    expect(await runJson(folder, line, variables)).toEqual({
      rows: [
        {
          ...{ ...all, ...tokens, domain: 'a.example.com', requests: 3, inputTokens: 30, outputTokens: 3 },
          ...{ costMicroUsd: 60 + 180, unpricedRequests: 0, notionalMicroUsd: 60 },
        },
      ],
      unpriced: [],
    })
  })

  it.each([
    ['--domain b.example.com', [3]],
    ['--key KEY2', [1]],
    ['--key KEY3', []],
    [`--model ${OPUS}`, [3, 2]],
  ])('counts only what is of %s', async (filter, requests) => {
    const { rows } = await runJson(folder, `usage --by day ${filter}`, variables)
    expect(rows.map((sum: { requests: number }) => sum.requests)).toEqual(requests)
  })

  it('prints a table for people, with the models that have no price', async () => {
    const { stdout } = await runProcess(folder, 'usage --by model', { variables })
    expect(stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'MODEL | REQUESTS | INPUT | OUTPUT | CACHE READ | CACHE WRITE 5M | CACHE WRITE 1H | COST USD | NOTIONAL USD | UNPRICED',
      `${NEXT} | 2 | 20 | 2 | 0 | 0 | 0 | 0.000000 | 0.000000 | 2`,
      `${OPUS} | 5 | 1040 | 104 | 2000 | 300 | 200 | 0.009740 | 0.000060 | 0`,
      `Without a known price, and not in the cost: ${NEXT} (2).`,
      '',
    ])
  })

  it('prints CSV of RFC 4180', async () => {
    const { stdout } = await run(folder, 'usage --by domain,model --csv', { variables })
    expect(stdout.split('\n')).toEqual([
      'day,domain,keyId,model,requests,inputTokens,outputTokens,cacheReadTokens,cacheWrite5mTokens,cacheWrite1hTokens,' +
        'costMicroUsd,unpricedRequests,notionalMicroUsd',
      `,a.example.com,,${OPUS},4,1030,103,2000,300,200,${FULL_COST + 60 + 180},0,60`,
      ',b.example.com,,"claude-next,""5""",2,20,2,0,0,0,0,2,0',
      `,b.example.com,,${OPUS},1,10,1,0,0,0,0,0,0`,
      '',
    ])
  })
})

describe('usage --recompute', () => {
  it('changes nothing at the same prices', async () => {
    expect(await runJson(folder, 'usage --recompute', variables)).toEqual({
      ...{ records: 8, changed: 0, costMicroUsd: 0, notionalMicroUsd: 0 },
      unpriced: [{ model: NEXT, requests: 2 }],
    })
  })

  it('leaves what the demonstration answered free', async () => {
    const upstreamRequestId = `${DEMONSTRATION_REQUEST}1234abcd`
    const answered = row('2026-11-22T00:00:00Z', 'c.example.com', { upstreamRequestId })
    await storage.exchanges.append([answered])
    expect(await runJson(folder, 'usage --recompute --domain c.example.com', variables)).toMatchObject({
      ...{ records: 1, changed: 0, costMicroUsd: 0 },
    })
  })

  it('prices what had no price, by the file of the option', async () => {
    const file = writePrices('^claude-next')
    const { code, stdout } = await runProcess(folder, `usage --recompute --prices ${file}`, { variables })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '8 requests looked at: 2 cost something else now.\nCost: +0.000240 USD. Notional: +0.000000 USD.\n',
    })
    const { rows, unpriced: left } = await runJson(folder, 'usage --by model', variables)
    expect(rows[0]).toMatchObject({ requests: 2, costMicroUsd: 240, unpricedRequests: 0 })
    expect(left).toEqual([])
  })

  it('prices a span of a domain by the file of the environment; estimates, refusals and what is notional stay', async () => {
    const given = { ...variables, MODEL_PRICES_FILE: writePrices(`^${OPUS}$`) }
    expect(await runJson(folder, 'usage --recompute --domain a.example.com --from 2026-11-20T12:00Z', given)).toEqual({
      ...{ records: 3, changed: 3, costMicroUsd: 60 + 60, notionalMicroUsd: 60, unpriced: [] },
    })
    const { rows } = await runJson(folder, 'usage --by day --domain a.example.com', variables)
    expect(rows).toMatchObject([
      { costMicroUsd: FULL_COST + 120, notionalMicroUsd: 120 },
      { costMicroUsd: 100 + 20 * 7, notionalMicroUsd: 0 },
    ])
    // Of the refusal another row of prices would count; it still costs nothing.
    expect(await runJson(folder, 'usage --recompute --domain b.example.com', given)).toMatchObject({
      ...{ records: 4, changed: 1, costMicroUsd: 0 },
    })
  })

  it.each([
    ['missing.json', null, 'missing.json cannot be read'],
    ['prices.json', '{', 'prices.json is not JSON'],
    ['prices.json', '[]', 'prices.json has no list "rows", as model-prices.json has'],
    ['prices.json', '{"rows":[{"pattern":"("}]}', 'prices.json: rows.0.pattern: is not a regular expression'],
  ])('says what is wrong with the file of prices: %s %s', async (file, content, problem) => {
    if (content !== null) writeFileSync(join(folder, file), content)
    const { code, stdout, stderr } = await run(folder, `usage --recompute --prices ${file}`, { variables })
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: `prompt-train: --prices: ${problem}\n` })
  })
})
