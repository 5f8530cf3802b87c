import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClientKey, digestClientKey, isClientKey, toClientKey, toKeyId } from './client-key.js'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORM = /^cnp_live_[0-9A-Za-z]{46}$/

const newKey = () => createClientKey({ domain: 'example.com' }).key

describe('createClientKey', () => {
  it('makes a key of the documented form', () => {
    expect(newKey()).toMatch(FORM)
  })

  it('makes keys that pass their own check', () => {
    for (let i = 0; i < 200; i++) expect(isClientKey(newKey())).toBe(true)
  })

  it('makes test keys that say so', () => {
    const { key, record } = createClientKey({ domain: 'example.com', environment: 'test' })
    expect(key).toMatch(/^cnp_test_[0-9A-Za-z]{46}$/)
    expect(isClientKey(key)).toBe(true)
    expect(record.keyId).toBe(key.slice(9, 17))
  })

  it('makes no key and no key id twice', () => {
    const made = Array.from({ length: 2000 }, () => createClientKey({ domain: 'example.com' }))
    expect(new Set(made.map(({ key }) => key)).size).toBe(2000)
    expect(new Set(made.map(({ record }) => record.keyId)).size).toBe(2000)
  })

  it('uses every character about equally often', () => {
    const counts = new Map([...BASE62].map((character) => [character, 0]))
    for (let i = 0; i < 1000; i++) {
      for (const character of newKey().slice(9, 49)) counts.set(character, counts.get(character)! + 1)
    }
    // 40,000 characters over 62: 645 expected of each, with a standard deviation of 25.
    for (const [character, count] of counts) {
      expect(count, character).toBeGreaterThan(400)
      expect(count, character).toBeLessThan(900)
    }
  })

  it('stores a digest and a fingerprint, never the key', () => {
    const { key, record } = createClientKey({ domain: 'example.com', label: 'ci', expiresAt: 42 })
    expect(record).toEqual({
      keyId: key.slice(9, 17),
      digest: createHash('sha256').update(key, 'ascii').digest('hex'),
      domain: 'example.com',
      label: 'ci',
      lastFour: key.slice(-4),
      createdAt: expect.any(Number),
      expiresAt: 42,
      revokedAt: null,
      replacedBy: null,
    })
    expect(JSON.stringify(record)).not.toContain(key.slice(17, 49))
  })

  it('makes keys without label and end by default', () => {
    expect(createClientKey({ domain: 'example.com' }).record).toMatchObject({ label: null, expiresAt: null })
  })
})

describe('isClientKey', () => {
  const key = newKey()

  it('refuses any change of one character', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: key.length - 1 }),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        (at, other) => {
          fc.pre(other !== key[at])
          expect(isClientKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses any two neighbours that changed places', () => {
    for (let at = 9; at < key.length - 1; at++) {
      if (key[at] === key[at + 1]) continue
      const swapped = key.slice(0, at) + key[at + 1] + key[at] + key.slice(at + 2)
      expect(isClientKey(swapped), `at ${at}`).toBe(false)
    }
  })

  it('does not let a live key pass as a test key', () => {
    expect(isClientKey(key.replace('live', 'test'))).toBe(false)
  })

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'cnp_live_'],
    ['a key that was cut', key.slice(0, -1)],
    ['a key and more', `${key}0`],
    ['a line end after it', `${key}\n`],
    ['a blank before it', ` ${key}`],
    ['upper case', key.toUpperCase()],
    ['another environment', key.replace('live', 'prod')],
    ['an Anthropic key', 'sk-ant-api03-FAKE-00000000000000000000000000000000000'],
    ['a line end instead of the last character', `${key.slice(0, -1)}\n`],
    ['a NUL inside', `${key.slice(0, 20)}\0${key.slice(21)}`],
    ['characters of two UTF-16 units', `${key.slice(0, 20)}😀${key.slice(22)}`],
  ])('refuses %s', (_name, text) => {
    expect(isClientKey(text)).toBe(false)
  })

  it('refuses random text of the right form: a checksum fits by chance once in four thousand million', () => {
    const form = fc.string({ unit: fc.constantFrom(...BASE62), minLength: 46, maxLength: 46 })
    fc.assert(fc.property(form, (text) => !isClientKey(`cnp_live_${text}`)))
  })

  it('refuses long junk without reading it', () => {
    const junk = [`cnp_live_${'0'.repeat(504)}`, `cnp_live_${'0'.repeat(10_000_000)}`]
    const startedAt = performance.now()
    for (let i = 0; i < 10_000; i++) for (const text of junk) if (isClientKey(text)) expect.fail()
    // To read ten megabytes ten thousand times would take a minute.
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})

describe('digestClientKey', () => {
  it('is the SHA-256 of the key, in lower-case hex', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(digestClientKey(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'))
      }),
    )
    expect(digestClientKey(newKey())).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('toClientKey', () => {
  it('gives a key that exists the record that was made with it', () => {
    const { key, record } = createClientKey({ domain: 'example.com', label: 'ci' })
    const { domain, label, createdAt, expiresAt } = record
    expect(toClientKey(key, { domain, label, createdAt, expiresAt })).toEqual(record)
    expect(toKeyId(key)).toBe(record.keyId)
  })
})
