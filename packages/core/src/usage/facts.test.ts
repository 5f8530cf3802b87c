import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeUsage, parseObject, toObject, toStringOrNull } from './facts.js'

const usage = fc.dictionary(fc.constantFrom('input_tokens', 'output_tokens', 'speed', 'new'), fc.option(fc.nat()))

describe('mergeUsage', () => {
  it('begins with the first usage, less what it leaves null', () => {
    expect(mergeUsage(null, { input_tokens: 1, speed: null })).toEqual({ input_tokens: 1 })
  })

  it('replaces and never adds; null and undefined keep what was known', () => {
    const later = { input_tokens: 8, output_tokens: null, new_field: undefined, service_tier: 'priority' }
    expect(mergeUsage({ input_tokens: 5, output_tokens: 2, new_field: 'known' }, later)).toEqual({
      input_tokens: 8,
      output_tokens: 2,
      new_field: 'known',
      service_tier: 'priority',
    })
  })

  it('lets zero and the empty list replace', () => {
    expect(mergeUsage({ input_tokens: 5, iterations: [1] }, { input_tokens: 0, iterations: [] })).toEqual({
      input_tokens: 0,
      iterations: [],
    })
  })

  it('gives for each field the last value that is not null, and changes neither side', () => {
    fc.assert(
      fc.property(fc.array(usage, { minLength: 1 }), (reports) => {
        const copies = structuredClone(reports)
        const merged = reports.reduce<object | null>((known, report) => mergeUsage(known as never, report), null)
        const fields = new Set(reports.flatMap(Object.keys))
        for (const field of fields) {
          const last = reports.findLast((report) => report[field] !== null && report[field] !== undefined)?.[field]
          expect((merged as Record<string, unknown>)[field]).toBe(last)
        }
        expect(reports).toEqual(copies)
      }),
    )
  })
})

describe('parseObject', () => {
  it('gives objects alone', () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 })
    for (const text of ['[1]', 'null', '7', '"a"', '{', '']) expect(parseObject(text)).toBeNull()
  })
})

describe('toObject and toStringOrNull', () => {
  it('let through what is of their type', () => {
    expect(toObject({ a: 1 })).toEqual({ a: 1 })
    for (const value of [null, undefined, [1], 'a', 7]) expect(toObject(value)).toBeNull()
    expect(toStringOrNull('')).toBe('')
    for (const value of [null, undefined, 7, {}]) expect(toStringOrNull(value)).toBeNull()
  })
})
