import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import published from './model-prices.json' with { type: 'json' }
import { createPriceTable, normaliseModelId } from './price-table.js'

const AT = Date.parse('2026-11-24')
const own = { pattern: '^claude-opus-5-5$', input: 1, output: 2, cache_write_5m: 1, cache_write_1h: 1, cache_read: 0 }

describe('normaliseModelId', () => {
  it.each([
    ['claude-opus-5-5', 'claude-opus-5-5'],
    [' claude-opus-5-5[1m]', 'claude-opus-5-5'],
    ['us.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5-20251101'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku-20240307'],
    ['anthropic/claude-opus-5-5', 'claude-opus-5-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5-20250929'],
  ])('makes %j into %j', (model, id) => {
    expect(normaliseModelId(model)).toBe(id)
  })
})

describe('createPriceTable', () => {
  it('finds each model of the published list by its own row', () => {
    const table = createPriceTable()
    for (const { ids, pattern, valid_from, valid_to } of published.rows) {
      const at = valid_to === null ? AT : Date.parse(valid_from!)
      for (const id of ids) expect(table.find(id, at), id).toMatchObject({ pattern, valid_from })
    }
    expect(table.find('claude-opus-5-5', AT)).toMatchObject({
      input: 4,
      output: 20,
      name: 'claude-opus-5-5 2026-09-22',
    })
  })

  it('lets a host’s own rows go before', () => {
    expect(createPriceTable([own]).find('claude-opus-5-5', AT)).toMatchObject({ input: 1, name: 'claude-opus-5-5' })
    expect(createPriceTable([{ ...own, valid_to: '2026-01-01' }]).find('claude-opus-5-5', AT)).toMatchObject({
      input: 4,
    })
  })

  it('takes every row of model-prices.json', () => {
    expect(() => createPriceTable(published.rows as never)).not.toThrow()
  })

  it.each([
    [{ ...own, input: -1 }, 'prices.0.input'],
    [{ ...own, pattern: '(' }, 'prices.0.pattern'],
    [{ ...own, valid_from: 'soon' }, 'prices.0.valid_from'],
    [{ ...own, valid_ot: '2026-11-02' }, 'prices.0.valid_ot: is not known'],
  ])('names the row and field that is wrong: %j', (row, option) => {
    expect(() => createPriceTable([row])).toThrow(ConfigurationError)
    expect(() => createPriceTable([row])).toThrow(option)
  })
})
