import { describe, expect, it } from 'vitest'
import type { Cost, ExchangeRecord } from '../storage/exchange-store.js'
import { createRecordPricer } from './price-record.js'
import type { PriceRow } from './price-table.js'

const priceRow = 'claude-opus-5-5 2026-09-22'
const price = createRecordPricer()
const doubled: PriceRow = {
  ...{ pattern: '^claude-opus-5-5$', input: 8, output: 40, cache_write_5m: 10, cache_write_1h: 16, cache_read: 1 },
  valid_from: '2026-11-01',
}

function newCost(facts: Partial<Cost> = {}): Cost {
  return { microUsd: 24, priceRow, notional: false, incomplete: false, estimatedOutputTokens: null, ...facts }
}

/** Of one token in and one out, 24 micro-dollars at list price. */
function newRecord(cost: Cost | null, facts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    startedAt: Date.parse('2026-11-24T12:00:00Z'),
    model: 'claude-opus-5-5',
    usage: { input_tokens: 1, output_tokens: 1 },
    stopReason: 'end_turn',
    aborted: false,
    broken: false,
    cost,
    ...facts,
  } as ExchangeRecord
}

describe('a pricer of records', () => {
  it.each<[string, Cost | null, Partial<ExchangeRecord>]>([
    ['an answer', newCost(), {}],
    ['traffic of a subscription', newCost({ notional: true }), {}],
    ['a refusal that cost nothing', newCost({ microUsd: 0 }), { stopReason: 'refusal' }],
    ['a refusal after some output', newCost(), { stopReason: 'refusal' }],
    ['an answer that broke off', newCost({ microUsd: 4 + 20 * 9, incomplete: true, estimatedOutputTokens: 9 }), {}],
    ['an answer that broke off with nothing to go by', newCost({ incomplete: true }), { aborted: true }],
    ['an answer without usage', null, { usage: null }],
    ['an exchange without a model', null, { model: null }],
    ['an unknown model', newCost({ microUsd: null, priceRow: null }), { model: 'claude-opus-9' }],
    ['a request before there was a price', newCost({ microUsd: null, priceRow: null }), { startedAt: 0 }],
  ])('gives the same cost at the same prices: %s', (_, cost, facts) => {
    expect(price(newRecord(cost, facts))).toEqual(cost)
  })

  it('prices again by the rows of the host, where they hold at the time of the request', () => {
    const own = createRecordPricer([doubled])
    const now = { priceRow: 'claude-opus-5-5 2026-11-01' }
    expect(own(newRecord(newCost()))).toEqual(newCost({ microUsd: 48, ...now }))
    expect(own(newRecord(newCost({ notional: true })))).toEqual(newCost({ microUsd: 48, notional: true, ...now }))
    expect(own(newRecord(newCost({ incomplete: true, estimatedOutputTokens: 9 })))).toEqual(
      newCost({ microUsd: 8 + 40 * 9, incomplete: true, estimatedOutputTokens: 9, ...now }),
    )
    expect(own(newRecord(newCost({ microUsd: 0 }), { stopReason: 'refusal' }))).toEqual(
      newCost({ microUsd: 0, ...now }),
    )
    expect(own(newRecord(newCost(), { startedAt: Date.parse('2026-10-31T23:59:59.999Z') }))).toEqual(newCost())
  })

  it('prices what had no price', () => {
    const unpriced = newCost({ microUsd: null, priceRow: null })
    const record = newRecord(unpriced, { model: 'claude-next' })
    const own = createRecordPricer([{ ...doubled, pattern: '^claude-next$' }])
    expect(price(record)).toEqual(unpriced)
    expect(own(record)).toEqual(newCost({ microUsd: 48, priceRow: 'claude-next 2026-11-01' }))
  })

  it('prices what was stored without any cost, as far as the record goes', () => {
    expect(price(newRecord(null))).toEqual(newCost())
    expect(price(newRecord(null, { broken: true }))).toEqual(newCost({ incomplete: true }))
  })
})
