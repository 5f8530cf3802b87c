import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Usage } from '../exchange.js'
import { type PricedFacts, priceExchange } from './price-exchange.js'
import { createPriceTable } from './price-table.js'

const prices = createPriceTable()
const AT = Date.parse('2026-11-24T12:00:00Z')

const cost = (model: string, usage: Usage, change: Partial<PricedFacts> = {}) =>
  priceExchange(
    {
      model,
      usage,
      at: AT,
      refusedUnanswered: false,
      notional: false,
      incomplete: false,
      estimatedOutputTokens: null,
      ...change,
    },
    prices,
  )
const microUsd = (model: string, usage: Usage, change: Partial<PricedFacts> = {}) => cost(model, usage, change).microUsd

describe('mis-billings that users of other gateways reported', () => {
  // @see https://github.com/BerriAI/litellm/issues/9812: cache writes charged twice, $0.0913 for what was billed $0.0544
  it('charges cache writes once', () => {
    const usage = {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 0,
      output_tokens: 550,
    }
    expect(microUsd('claude-3-7-sonnet-20250219', usage)).toBe(54_399)
  })

  // @see https://github.com/BerriAI/litellm/issues/11789: $0.002059 for what was billed $0.000292
  it('charges cache reads of a stream at the price of reads', () => {
    const usage = { input_tokens: 4, cache_read_input_tokens: 2455, cache_creation_input_tokens: 0, output_tokens: 23 }
    expect(microUsd('claude-3-5-haiku-20241022', usage)).toBe(292)
  })

  // @see https://github.com/BerriAI/litellm/issues/11364: $0.047 for what costs $0.364
  it('charges a long cached prompt by its kinds', () => {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 66_360,
      cache_creation_input_tokens: 32_435,
      output_tokens: 5120,
    }
    expect(microUsd('claude-opus-4-5-20251101', usage)).toBe(363_949)
    expect(microUsd('anthropic.claude-opus-4-5-20251101-v1:0', usage)).toBe(363_949)
  })

  // @see https://github.com/BerriAI/litellm/pull/31724: one-hour writes of a stream charged as five-minute ones
  it('charges one-hour cache writes at their own price', () => {
    const usage = {
      input_tokens: 15,
      cache_creation_input_tokens: 4803,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 4803 },
      output_tokens: 47,
    }
    expect(microUsd('claude-sonnet-4-6', usage)).toBe(29_568)
  })

  // @see https://github.com/apache/apisix/issues/13662: a total that was the output alone
  it('charges input and output', () => {
    expect(microUsd('claude-opus-5-5', { input_tokens: 1_000_000, output_tokens: 1_000_000 })).toBe(24_000_000)
  })
})

describe('priceExchange', () => {
  it('takes what the split does not account for as five-minute writes', () => {
    const usage = {
      input_tokens: 0,
      cache_creation_input_tokens: 2000,
      cache_creation: { ephemeral_5m_input_tokens: 1200, ephemeral_1h_input_tokens: 300 },
      output_tokens: 0,
    }
    expect(microUsd('claude-opus-5-5', usage)).toBe(1700 * 5 + 300 * 8)
  })

  it('counts thinking as the part of the output that it is', () => {
    const usage = { input_tokens: 0, output_tokens: 188, output_tokens_details: { thinking_tokens: 40 } }
    expect(microUsd('claude-opus-5-5', usage)).toBe(188 * 20)
  })

  it('prices by the time of the request', () => {
    const usage = { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 1000 }
    expect(microUsd('claude-sonnet-5-5', usage, { at: Date.parse('2026-10-06T23:59:59Z') })).toBe(200)
    expect(microUsd('claude-sonnet-5-5', usage, { at: Date.parse('2026-10-07T00:00:00Z') })).toBe(100)
    expect(microUsd('claude-sonnet-5-5', usage, { at: Date.parse('2026-09-01') })).toBeNull()
  })

  it('prices a long prompt wholly by the upper tier, reads and writes counted', () => {
    const usage = { input_tokens: 1000, cache_read_input_tokens: 99_000, output_tokens: 100 }
    expect(microUsd('claude-haiku-5-5', usage)).toBe(Math.round(100 + 990 + 50))
    expect(microUsd('claude-haiku-5-5', { ...usage, cache_creation_input_tokens: 1 })).toBe(
      Math.round(500 + 4950 + 250 + 0.625),
    )
  })

  it('stacks batch and geography, and takes fast prices by what ran', () => {
    const usage = { input_tokens: 1000, output_tokens: 0 }
    expect(microUsd('claude-opus-5-5', { ...usage, service_tier: 'batch' })).toBe(2000)
    expect(microUsd('claude-opus-5-5', { ...usage, inference_geo: 'us' })).toBe(4400)
    expect(microUsd('claude-opus-5-5', { ...usage, service_tier: 'batch', inference_geo: 'us' })).toBe(2200)
    expect(microUsd('claude-opus-5-5', { ...usage, speed: 'fast' })).toBe(8000)
    expect(microUsd('claude-opus-4-6', { ...usage, speed: 'standard' })).toBe(5000)
    expect(microUsd('claude-opus-4-6', { ...usage, speed: 'fast' })).toBeNull()
  })

  it('adds web searches, and nothing for fetches', () => {
    const usage = {
      input_tokens: 0,
      output_tokens: 0,
      server_tool_use: { web_search_requests: 3, web_fetch_requests: 9 },
    }
    expect(microUsd('claude-opus-5-5', usage)).toBe(30_000)
  })

  it('sums the iterations where there are any, each at its own model, and not the totals', () => {
    const usage = {
      input_tokens: 999_999,
      output_tokens: 999_999,
      iterations: [
        { type: 'compaction', input_tokens: 1000, output_tokens: 100 },
        { type: 'advisor_message', model: 'claude-fable-5-2', input_tokens: 10, output_tokens: 10 },
        { type: 'message', model: null, input_tokens: 100, output_tokens: 10 },
      ],
    }
    expect(microUsd('claude-opus-5-5', usage)).toBe(1000 * 4 + 100 * 20 + 10 * 8 + 10 * 40 + 100 * 4 + 10 * 20)
  })

  it('charges nothing for a hop that declined before any output', () => {
    const iterations = [
      { type: 'message', model: 'claude-fable-5-2', input_tokens: 5000, output_tokens: 0 },
      { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 5000, output_tokens: 10 },
    ]
    expect(microUsd('claude-opus-5-5', { input_tokens: 5000, output_tokens: 10, iterations })).toBe(20_200)
  })

  it('charges nothing for a refusal before any output, and all of a later one', () => {
    const usage = { input_tokens: 5000, output_tokens: 3 }
    expect(cost('claude-opus-5-5', usage, { refusedUnanswered: true })).toMatchObject({
      microUsd: 0,
      priceRow: 'claude-opus-5-5 2026-09-22',
    })
    expect(microUsd('claude-opus-5-5', usage)).toBe(20_060)
  })

  it('takes the larger of what was reported and what was estimated for an answer that did not end', () => {
    const usage = { input_tokens: 100, output_tokens: 1 }
    const change = { incomplete: true, estimatedOutputTokens: 50 }
    expect(cost('claude-opus-5-5', usage, change)).toMatchObject({ microUsd: 1400, incomplete: true })
    expect(microUsd('claude-opus-5-5', { ...usage, output_tokens: 80 }, change)).toBe(2000)
    expect(microUsd('claude-opus-5-5', usage, { estimatedOutputTokens: 50 })).toBe(420)
  })

  it('knows no price for what it does not know, and never guesses from a similar name', () => {
    for (const model of [
      'claude-opus-5-6',
      'claude-opus-5-5-x',
      'opus-5-5',
      '',
      'claude-mythos-preview',
      '__proto__',
    ]) {
      expect(cost(model, { input_tokens: 1, output_tokens: 1 })).toMatchObject({ microUsd: null, notional: false })
    }
    const iterations = [{ type: 'advisor_message', model: 'claude-next', input_tokens: 1, output_tokens: 1 }]
    expect(microUsd('claude-opus-5-5', { input_tokens: 1, output_tokens: 1, iterations })).toBeNull()
  })

  it('labels what is not billed per token', () => {
    const usage = { input_tokens: 1000, output_tokens: 0 }
    expect(cost('claude-opus-5-5', usage, { notional: true })).toMatchObject({ microUsd: 4000, notional: true })
    expect(cost('claude-opus-5-5', { ...usage, service_tier: 'priority' })).toMatchObject({ notional: true })
  })

  it('is a whole number that is not below zero, whatever the upstream reports', () => {
    const value = fc.oneof(fc.nat(), fc.constantFrom(null, undefined, -5, 1.5, Number.NaN, 'x', {}, []))
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        const usage = {
          input_tokens: a,
          output_tokens: b,
          cache_read_input_tokens: c,
          cache_creation: { ephemeral_1h_input_tokens: d },
        } as Usage
        const total = microUsd('claude-haiku-4-5', usage)
        expect(Number.isInteger(total) && total! >= 0).toBe(true)
      }),
    )
  })
})
