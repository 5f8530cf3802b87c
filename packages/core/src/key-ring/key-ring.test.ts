import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { Secret } from '../secret.js'
import {
  createKeyRingKey,
  formatKeyRing,
  type KeyRing,
  type KeyWrapper,
  parseKeyRing,
  resolveKeyRing,
} from './key-ring.js'

const base64 = () => createKeyRingKey().expose()
const service: KeyWrapper = { wrap: async (key) => key, unwrap: async (key) => key }

function failureOf(run: () => unknown): ConfigurationError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('createKeyRingKey', () => {
  it('makes 32 bytes, others each time, that do not print', () => {
    const keys = Array.from({ length: 50 }, createKeyRingKey)
    expect(keys.every((key) => Buffer.from(key.expose(), 'base64').length === 32)).toBe(true)
    expect(new Set(keys.map((key) => key.expose())).size).toBe(50)
    expect(inspect(keys[0])).toBe('****')
  })
})

describe('resolveKeyRing', () => {
  it('takes a key as base64 text, secret, bytes or key management service', () => {
    const text = base64()
    const keys = { k1: text, k2: createKeyRingKey(), 'k-3_x': randomBytes(32), K4: service, k5: `${base64()}\n` }
    const ring = resolveKeyRing({ current: 'k2', keys })
    expect(ring.current).toBe('k2')
    expect([...ring.keys.keys()]).toEqual(['k1', 'k2', 'k-3_x', 'K4', 'k5'])
    expect(inspect(ring, { depth: 9, showHidden: true })).not.toContain(text)
    expect(JSON.stringify([...ring.keys])).not.toContain(text)
  })

  it('takes base64url, and base64 without padding', () => {
    const bytes = Buffer.from(`${'fb'.repeat(8)}00112233445566778899aabbccddeeff0011223344556677`, 'hex')
    const keyOf = (text: string) => {
      const key = resolveKeyRing({ current: 'k1', keys: { k1: text } }).keys.get('k1')!
      return 'export' in key ? key.export() : null
    }
    for (const text of [bytes.toString('base64'), bytes.toString('base64url')]) expect(keyOf(text)).toEqual(bytes)
  })

  it.each<[string, unknown, string, RegExp]>([
    [
      'text that is not base64',
      { k1: 'FAKE key FAKE key FAKE key FAKE' },
      'keyRing.keys.k1',
      /not 32 bytes.*keyring create/,
    ],
    ['a key too short', { k1: randomBytes(31) }, 'keyRing.keys.k1', /not 32 bytes.*keyring create/],
    ['base64 of a key too long', { k1: randomBytes(33).toString('base64') }, 'keyRing.keys.k1', /not 32 bytes/],
    ['an empty key', { k1: '' }, 'keyRing.keys.k1', /not 32 bytes/],
    ['zeros', { k1: Buffer.alloc(32) }, 'keyRing.keys.k1', /not random bytes.*keyring create/],
    ['a passphrase', { k1: Buffer.from('FAKEFAKE-correct-horse-battery-s') }, 'keyRing.keys.k1', /not random bytes/],
    ['a number', { k1: 42 }, 'keyRing.keys.k1', /is not a key.*keyring create/],
    ['nothing', { k1: undefined }, 'keyRing.keys.k1', /is not a key/],
    ['half a service', { k1: { wrap: service.wrap } }, 'keyRing.keys.k1', /is not a key/],
    ['no keys', {}, 'keyRing.current', /names no key/],
    ['an id with a space', { 'k 1': base64() }, 'keyRing.keys', /has an id/],
    ['a key in the place of its id', { [base64()]: 'k1' }, 'keyRing.keys', /has an id/],
    ['a key in the place of its id, and no key', { [base64()]: 42 }, 'keyRing.keys', /is not a key/],
  ])('refuses %s by name', (_what, keys, option, problem) => {
    const error = failureOf(() => resolveKeyRing({ current: 'k1', keys } as KeyRing))
    expect(error.option).toBe(option)
    expect(error.message).toMatch(problem)
    for (const text of Object.entries(keys as object).flat()) {
      if (String(text).length > 4) expect(inspect(error)).not.toContain(String(text))
    }
  })

  it('refuses one key under two ids: a rotation to it would be none', () => {
    const key = randomBytes(32)
    const error = failureOf(() => resolveKeyRing({ current: 'k2', keys: { k1: key, k2: key.toString('base64') } }))
    expect(error.message).toMatch(/^keyRing\.keys\.k2: is the same key as k1/)
  })

  it.each([
    ['a current key that is not there', { current: base64(), keys: { k1: base64() } }, 'keyRing.current'],
    ['an inherited name as current key', { current: 'constructor', keys: { k1: base64() } }, 'keyRing.current'],
    ['no current key', { keys: { k1: base64() } }, 'keyRing.current'],
    ['an unknown option', { current: 'k1', keys: { k1: base64() }, salt: 'x' }, 'keyRing'],
    ['text', `k1:${base64()}`, 'keyRing'],
    ['null', null, 'keyRing'],
  ])('refuses %s', (_what, ring, option) => {
    const error = failureOf(() => resolveKeyRing(ring as unknown as KeyRing))
    expect(error.option).toBe(option)
    expect(error.message).not.toMatch(/[A-Za-z0-9+/]{43}=/)
  })
})

describe('parseKeyRing', () => {
  it('reads what formatKeyRing writes, the current key first', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/)
    const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(ids, fc.nat(), (names, pick) => {
        const current = names[pick % names.length]!
        const ring = { current, keys: Object.fromEntries(names.map((name) => [name, randomBytes(32)])) }
        const text = formatKeyRing(ring)
        expect(text.startsWith(`${current}:`)).toBe(true)
        const read = parseKeyRing(text)
        expect(read.current).toBe(current)
        expect(formatKeyRing(read)).toBe(text)
        for (const name of names) {
          expect((read.keys[name] as Secret).expose()).toBe(Buffer.from(ring.keys[name]!).toString('base64'))
        }
      }),
    )
  })

  it('takes spaces and line ends around what it reads, and gives keys that do not print', () => {
    const [first, second] = [base64(), base64()]
    const ring = parseKeyRing(` k1:${first} ,\n k2 : ${second}\n`)
    expect(ring.current).toBe('k1')
    expect(ring.keys.k2).toBeInstanceOf(Secret)
    expect((ring.keys.k2 as Secret).expose()).toBe(second)
    expect(inspect(ring)).not.toContain(first)
  })

  it.each([
    ['nothing', '', 'ENCRYPTION_KEYS', /entry 1 is not of the form k1:<base64>.*keyring create/],
    ['a key without an id', base64(), 'ENCRYPTION_KEYS', /entry 1 is not of the form/],
    ['id and key the wrong way round', `${base64()}:k1`, 'ENCRYPTION_KEYS', /entry 1 is not of the form/],
    ['a comma at the end', `k1:${base64()},`, 'ENCRYPTION_KEYS', /entry 2 is not of the form/],
    ['an id that is an accident', `__proto__:${base64()}`, 'ENCRYPTION_KEYS', /entry 1 is not of the form/],
    ['a key too short', `k1:${base64()},k2:FAKE`, 'ENCRYPTION_KEYS entry 2', /not 32 bytes.*keyring create/],
    ['a short secret before its id', 'FAKEsecret12345678901234567890:k1', 'ENCRYPTION_KEYS entry 1', /not 32 bytes/],
    ['one id twice', `k1:${base64()},k1:${base64()}`, 'ENCRYPTION_KEYS', /two keys with the id k1/],
  ])('refuses %s, and does not quote it', (_what, text, option, problem) => {
    const error = failureOf(() => parseKeyRing(text))
    expect(error.option).toBe(option)
    expect(error.message).toMatch(problem)
    expect(error.message).not.toMatch(/FAKE|[A-Za-z0-9+/]{43}=/)
  })
})

describe('formatKeyRing', () => {
  it('refuses what has no text form', () => {
    const error = failureOf(() => formatKeyRing({ current: 'kms', keys: { kms: service } }))
    expect(error.message).toMatch(/^keyRing\.keys\.kms: is kept by a key management service/)
  })
})
