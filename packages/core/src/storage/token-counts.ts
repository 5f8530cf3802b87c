import type { Usage } from '../exchange.js'

/** The counts that stores sum. They do not overlap: their sum is all tokens of the exchange. */
export interface TokenCounts {
  /** Input that no cache served or stored. */
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
}

/**
 * Counts the tokens of a usage by its top-level fields: what `iterations` holds beside them is in the cost alone.
 * Cache writes beyond the split that the API gave are 5-minute writes, as server tools make them.
 */
export function countTokens(usage: Usage | null): TokenCounts {
  const written = count(usage?.cache_creation_input_tokens)
  const split = usage?.cache_creation
  const cacheWrite1h = count(split?.ephemeral_1h_input_tokens)
  return {
    input: count(usage?.input_tokens),
    output: count(usage?.output_tokens),
    cacheRead: count(usage?.cache_read_input_tokens),
    cacheWrite5m: Math.max(count(split?.ephemeral_5m_input_tokens), written - cacheWrite1h),
    cacheWrite1h,
  }
}

/** Usage is stored as received, so what should be a count may be anything. */
function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
