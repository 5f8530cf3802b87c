import { describe, expect, it } from 'vitest'
import type { Usage } from '../exchange.js'
import { countTokens } from './token-counts.js'

describe('countTokens', () => {
  it('counts nothing where there is no usage', () => {
    expect(countTokens(null)).toEqual({ input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 })
  })

  it('counts each token once', () => {
    const usage: Usage = {
      input_tokens: 3,
      output_tokens: 5,
      cache_read_input_tokens: 7,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    }
    expect(countTokens(usage)).toEqual({ input: 3, output: 5, cacheRead: 7, cacheWrite5m: 10, cacheWrite1h: 20 })
  })

  it('takes writes without a split, and beyond it, for 5-minute writes', () => {
    expect(countTokens({ cache_creation_input_tokens: 9 }).cacheWrite5m).toBe(9)
    const grown = { cache_creation_input_tokens: 9, cache_creation: { ephemeral_1h_input_tokens: 4 } }
    expect(countTokens(grown)).toMatchObject({ cacheWrite5m: 5, cacheWrite1h: 4 })
  })

  it.each([Number.NaN, -1, 1.5, 2 ** 60, '7', {}, null])('takes %s for no count', (value) => {
    expect(countTokens({ input_tokens: value } as unknown as Usage).input).toBe(0)
  })
})
