import type { ExchangeFilter, ExchangeStore } from '@agent-prompt-train/core'
import type { Given } from './commands.js'
import { toPrintable } from './table.js'
import { parseSince } from './times.js'
import { UsageError } from './usage-error.js'

/** Requests with usage that have no known price, by the model that answered. */
export interface Unpriced {
  readonly model: string | null
  readonly requests: number
}

/** The options `--from` and `--to` of the command whose help is given. */
export function readPeriod({ from, to }: Given['values'], help: string): ExchangeFilter {
  const now = Date.now()
  const filter = {
    ...(from !== undefined && { from: parseSince('from', from, now, help) }),
    ...(to !== undefined && { to: parseSince('to', to, now, help) }),
  }
  if ((filter.from ?? 0) > (filter.to ?? now)) throw new UsageError('option "--from" is after "--to"', help)
  return filter
}

/** The same with `--domain`, `--key` and `--model`. */
export function readFilter(values: Given['values'], help: string): ExchangeFilter {
  const { domain, key, model } = values
  return {
    ...readPeriod(values, help),
    ...(domain !== undefined && { domain }),
    ...(key !== undefined && { keyId: key }),
    ...(model !== undefined && { model }),
  }
}

/** The models whose price is missing, the one with most requests first. */
export async function listUnpriced(exchanges: ExchangeStore, filter: ExchangeFilter): Promise<readonly Unpriced[]> {
  const rows = await exchanges.usage(filter, ['model'])
  return rows
    .filter(({ unpricedRequests }) => unpricedRequests > 0)
    .map(({ model, unpricedRequests }) => ({ model, requests: unpricedRequests }))
    .sort((a, b) => b.requests - a.requests)
}

/** A line for people about the models whose price is missing; nothing where there are none. */
export function toUnpricedText(unpriced: readonly Unpriced[]): string {
  if (unpriced.length === 0) return ''
  const models = unpriced.map(({ model, requests }) => `${toPrintable(model ?? 'no model')} (${requests})`)
  return `Without a known price, and not in the cost: ${models.join(', ')}.\n`
}
