import { createRecordPricer, type ExchangeFilter, type ExchangeRecord } from '@agent-prompt-train/core'
import { count } from '../count.js'
import { withDatabase } from '../database.js'
import { DEMONSTRATION_REQUEST } from '../demonstration-answers.js'
import { readModelPrices } from '../model-prices.js'
import { listUnpriced, toUnpricedText } from '../usage-filter.js'

/** How often the progress is told. */
const PROGRESS_MS = 1000
const FIELDS = ['records', 'changed', 'costMicroUsd', 'notionalMicroUsd'] as const

/** What `usage --recompute` was given. */
export interface RecomputeOptions {
  readonly filter: ExchangeFilter
  readonly json: boolean
  /** Null for the file of the environment. */
  readonly pricesFile: string | null
}

/** Prices what is stored again, by the prices of now: those in force at the time of each request. */
export async function recompute({ filter, json, pricesFile }: RecomputeOptions): Promise<void> {
  await withDatabase(async ({ exchanges }, { modelPricesFile }) => {
    const price = createRecordPricer(
      pricesFile !== null
        ? readModelPrices('--prices', pricesFile)
        : modelPricesFile !== null
          ? readModelPrices('MODEL_PRICES_FILE', modelPricesFile)
          : [],
    )
    const sum = { records: 0, changed: 0, costMicroUsd: 0, notionalMicroUsd: 0 }
    let toldAt = Date.now()
    // Nothing is billed for the demonstration, whatever model it is asked for.
    const priceBilled = (record: ExchangeRecord) => (isDemonstration(record) ? record.cost : price(record))
    for await (const step of exchanges.reprice(filter, priceBilled)) {
      for (const field of FIELDS) sum[field] += step[field]
      if (Date.now() - toldAt < PROGRESS_MS) continue
      toldAt = Date.now()
      process.stderr.write(`prompt-train: ${sum.records} requests, ${sum.changed} with another cost …\n`)
    }
    const unpriced = await listUnpriced(exchanges, filter)
    process.stdout.write(
      json
        ? `${JSON.stringify({ ...sum, unpriced })}\n`
        : `${count(sum.records, 'request')} looked at: ${sum.changed} cost something else now.\n` +
            `Cost: ${toUsd(sum.costMicroUsd)}. Notional: ${toUsd(sum.notionalMicroUsd)}.\n${toUnpricedText(unpriced)}`,
    )
  })
}

function isDemonstration({ upstreamRequestId }: ExchangeRecord): boolean {
  return upstreamRequestId?.startsWith(DEMONSTRATION_REQUEST) ?? false
}

function toUsd(microUsd: number): string {
  return `${microUsd < 0 ? '-' : '+'}${(Math.abs(microUsd) / 1e6).toFixed(6)} USD`
}
