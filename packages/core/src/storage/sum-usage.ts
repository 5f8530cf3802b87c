import type { ExchangeRecord } from './exchange-store.js'
import { countTokens } from './token-counts.js'
import type { UsageDimension, UsageRow } from './usage-row.js'

type Sum = { -readonly [Field in keyof UsageRow]: UsageRow[Field] }

/** Sums usage over the records that reached the upstream, by the dimensions asked for. */
export function sumUsage(records: readonly ExchangeRecord[], by: readonly UsageDimension[]): UsageRow[] {
  const sums = new Map<string, Sum>()
  for (const record of records) {
    if (record.firstByteMs === null) continue
    const day = new Date(record.startedAt).toISOString().slice(0, 10)
    const { domain, keyId, model } = record
    const all = { day, domain, keyId, model }
    const dimensions = { day: null, domain: null, keyId: null, model: null }
    const row = { ...dimensions, ...Object.fromEntries(by.map((name) => [name, all[name]])) }
    const key = JSON.stringify(row)
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = { ...row, ...NOTHING }
      sums.set(key, sum)
    }
    add(sum, record)
  }
  return [...sums.values()]
}

/** By how much the sums of cost differ between the same records before and after. */
export function compareCost(
  before: readonly ExchangeRecord[],
  after: readonly ExchangeRecord[],
): Pick<UsageRow, 'costMicroUsd' | 'notionalMicroUsd'> {
  const [from = NOTHING] = sumUsage(before, [])
  const [to = NOTHING] = sumUsage(after, [])
  return {
    costMicroUsd: addDecimals(to.costMicroUsd, -from.costMicroUsd),
    notionalMicroUsd: addDecimals(to.notionalMicroUsd, -from.notionalMicroUsd),
  }
}

const NOTHING = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  costMicroUsd: 0,
  notionalMicroUsd: 0,
  unpricedRequests: 0,
}

function add(sum: Sum, { usage, cost }: ExchangeRecord): void {
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = countTokens(usage)
  sum.requests += 1
  sum.inputTokens += input
  sum.outputTokens += output
  sum.cacheReadTokens += cacheRead
  sum.cacheWrite5mTokens += cacheWrite5m
  sum.cacheWrite1hTokens += cacheWrite1h
  const kind = cost?.notional ? 'notionalMicroUsd' : 'costMicroUsd'
  sum[kind] = addDecimals(sum[kind], cost?.microUsd ?? 0)
  if (usage !== null && cost?.microUsd == null) sum.unpricedRequests += 1
}

/** Sums of decimal fractions do not come out even in binary ones. */
function addDecimals(a: number, b: number): number {
  return Math.round((a + b) * 1e6) / 1e6
}
