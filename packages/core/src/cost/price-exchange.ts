import type { Usage } from '../exchange.js'
import type { Cost } from '../storage/exchange-store.js'
import type { PriceTable, Rates } from './price-table.js'

/** What the price of an exchange depends on. */
export interface PricedFacts {
  /** The model that served. */
  readonly model: string
  readonly usage: Usage
  /** Epoch milliseconds: prices change. */
  readonly at: number
  /** True for a refusal before the first content block, which is reported with tokens and not charged. */
  readonly refusedUnanswered: boolean
  /** True where nothing is billed per token: a subscription's traffic. */
  readonly notional: boolean
  /** True where the answer did not end: `usage` is the last that was reported. */
  readonly incomplete: boolean
  /** Output tokens that an answer which did not end had come to, estimated from its text; null where there is none. */
  readonly estimatedOutputTokens: number | null
}

/** One model call within an exchange: the exchange itself, or an entry of `usage.iterations`. */
interface Call {
  readonly model: string
  readonly usage: Usage
}

/**
 * Prices an exchange in whole micro-dollars from what the API reported. The counts are never added to one another:
 * `input_tokens` is what no cache served, and thinking is part of the output.
 */
export function priceExchange(facts: PricedFacts, prices: PriceTable): Cost {
  const { usage, model, notional, incomplete } = facts
  const estimatedOutputTokens = incomplete ? facts.estimatedOutputTokens : null
  const flags = { notional: notional || usage.service_tier === 'priority', incomplete, estimatedOutputTokens }
  const row = prices.find(model, facts.at)?.name ?? null
  if (facts.refusedUnanswered) return { microUsd: 0, priceRow: row, ...flags }
  const known = withEstimate(usage, estimatedOutputTokens)
  const calls = toCalls(model, known).map((call) => priceCall(call, usage, facts.at, prices))
  const searches = (usage.server_tool_use?.web_search_requests ?? 0) * prices.webSearchPer1000 * 1000
  const total = calls.reduce<number | null>(
    (sum, cost) => (sum === null || cost === null ? null : sum + cost),
    searches,
  )
  return { microUsd: total === null ? null : Math.round(total), priceRow: row, ...flags }
}

function withEstimate(usage: Usage, estimated: number | null): Usage {
  return estimated === null ? usage : { ...usage, output_tokens: Math.max(count(usage.output_tokens), estimated) }
}

/** What is charged: the iterations where there are any, since the totals leave some of them out; else the totals. */
function toCalls(model: string, usage: Usage): Call[] {
  const iterations = (usage.iterations ?? []).filter(
    (entry): entry is Usage & { model?: string | null; type?: string } => typeof entry === 'object' && entry !== null,
  )
  if (iterations.length === 0) return [{ model, usage }]
  return iterations
    .filter((entry) => !isDeclinedHop(entry, model))
    .map((entry) => ({ model: typeof entry.model === 'string' ? entry.model : model, usage: entry }))
}

/** A model that declined before any output, after which another one served: reported and not charged. */
function isDeclinedHop(entry: Usage & { model?: string | null; type?: string }, served: string): boolean {
  return (
    entry.type === 'message' &&
    typeof entry.model === 'string' &&
    entry.model !== served &&
    count(entry.output_tokens) === 0
  )
}

/** Micro-dollars of one call, not yet rounded; null where no price is known. */
function priceCall({ model, usage }: Call, whole: Usage, at: number, prices: PriceTable): number | null {
  const price = prices.find(model, at)
  if (price === null) return null
  const input = count(usage.input_tokens)
  const read = count(usage.cache_read_input_tokens)
  const written = count(usage.cache_creation_input_tokens)
  const written1h = count(usage.cache_creation?.ephemeral_1h_input_tokens)
  // What the split does not account for was written by server tools, which cache for five minutes.
  const written5m = Math.max(written - written1h, count(usage.cache_creation?.ephemeral_5m_input_tokens))
  const prompt = input + read + written5m + written1h
  const long = price.above_tier != null && prompt > price.above_tier.prompt_tokens_above
  const rates = whole.speed === 'fast' ? price.fast : long ? price.above_tier : price
  if (rates == null || !isComplete(rates)) return null
  const factor =
    (whole.service_tier === 'batch' ? (price.batch_multiplier ?? 1) : 1) *
    (whole.inference_geo === 'us' ? (price.us_geo_multiplier ?? 1) : 1)
  return (
    factor *
    (input * rates.input +
      count(usage.output_tokens) * rates.output +
      read * rates.cache_read +
      written5m * rates.cache_write_5m +
      written1h * rates.cache_write_1h)
  )
}

function isComplete(rates: { readonly [K in keyof Rates]: number | null }): rates is Rates {
  return [rates.input, rates.output, rates.cache_read, rates.cache_write_5m, rates.cache_write_1h].every(
    (rate) => rate !== null,
  )
}

/** The upstream's bytes are foreign: what is no count of tokens counts nothing. */
function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0
}
