import type { Cost, ExchangeRecord } from '../storage/exchange-store.js'
import { priceExchange } from './price-exchange.js'
import { createPriceTable, type PriceRow } from './price-table.js'

/**
 * Creates the function that prices stored records by the list prices, with the host's own rows before them: what
 * `reprice` of an exchange store wants. What a record does not hold beside its cost is taken from that: whether it is
 * notional, whether the counts are incomplete and the estimate for them, and that a refusal cost nothing.
 *
 * @throws ConfigurationError `prices` that names the row and field
 */
export function createRecordPricer(own: readonly PriceRow[] = []): (record: ExchangeRecord) => Cost | null {
  const prices = createPriceTable(own)
  return ({ model, usage, startedAt, stopReason, cost, aborted, broken }) => {
    if (model === null || usage === null) return null
    return priceExchange(
      {
        model,
        usage,
        at: startedAt,
        refusedUnanswered: stopReason === 'refusal' && cost?.microUsd === 0,
        notional: cost?.notional ?? false,
        incomplete: cost?.incomplete ?? (aborted || broken),
        estimatedOutputTokens: cost?.estimatedOutputTokens ?? null,
      },
      prices,
    )
  }
}
