import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyRingError } from '../errors.js'
import { createSealer, readRingKeyId } from './sealer.js'

const k1 = randomBytes(32)
const k2 = randomBytes(32)
const sealer = createSealer({ current: 'k1', keys: { k1 } })
const context = { purpose: 'body', id: 'req-1' }
const text = Buffer.from('FAKE prompt')

/** Any string that JavaScript has, lone surrogates included. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
  .map((units) => String.fromCharCode(...units))

const failureOf = (opening: Promise<unknown>): Promise<KeyRingError> =>
  opening.then(
    () => expect.unreachable('it opened'),
    (error) => error,
  )

describe('createSealer', () => {
  it('opens what it sealed, whatever the bytes, purpose and id', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), anyText, anyText, async (bytes, purpose, id) => {
        const sealed = await sealer.seal(bytes, { purpose, id })
        expect(sealed.length).toBe(bytes.length + 44 + 'k1'.length)
        expect(Buffer.from(await sealer.open(sealed, { purpose, id })).equals(bytes)).toBe(true)
      }),
    )
  })

  it('never gives the same bytes twice, nor any part of the plaintext', async () => {
    const sealed = await Promise.all(Array.from({ length: 200 }, () => sealer.seal(text, context)))
    expect(new Set(sealed.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(200)
    expect(sealed.every((bytes) => !Buffer.from(bytes).includes('FAKE'))).toBe(true)
  })

  it('refuses a value with any one bit changed', async () => {
    const sealed = await sealer.seal(text, context)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const error = await failureOf(sealer.open(changed, context))
      expect(error, `bit ${bit}`).toBeInstanceOf(KeyRingError)
      expect(error.message).not.toContain('FAKE')
    }
  })

  it('refuses a value cut off at any length, or with a byte more', async () => {
    const sealed = Buffer.from(await sealer.seal(text, context))
    for (let length = 0; length < sealed.length; length++) {
      const error = await failureOf(sealer.open(sealed.subarray(0, length), context))
      expect(error, `${length} bytes`).toBeInstanceOf(KeyRingError)
      expect(['malformed', 'not_authentic']).toContain(error.code)
    }
    expect(await failureOf(sealer.open(Buffer.concat([sealed, Buffer.alloc(1)]), context))).toMatchObject({
      code: 'not_authentic',
    })
  })

  it('refuses bytes that nobody sealed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await failureOf(sealer.open(bytes, context))).toBeInstanceOf(KeyRingError)
      }),
    )
    const error = await failureOf(sealer.open(Buffer.from('{"type":"api_key"}'), context))
    expect(error).toMatchObject({ code: 'malformed', message: expect.stringContaining('body req-1') })
  })

  it('opens a value for its own purpose and id alone', async () => {
    const pair = fc.record({ purpose: anyText, id: anyText })
    await fc.assert(
      fc.asyncProperty(pair, pair, async (own, other) => {
        fc.pre(own.purpose !== other.purpose || own.id !== other.id)
        const sealed = await sealer.seal(text, own)
        expect(await failureOf(sealer.open(sealed, other))).toMatchObject({ code: 'not_authentic' })
      }),
    )
  })

  it.each([
    [
      { purpose: 'body', id: 'req-1' },
      { purpose: 'body', id: 'req-2' },
    ],
    [
      { purpose: 'body', id: 'req-1' },
      { purpose: 'credential', id: 'req-1' },
    ],
    [
      { purpose: 'ab', id: 'c' },
      { purpose: 'a', id: 'bc' },
    ],
    [
      { purpose: 'a', id: '' },
      { purpose: '', id: 'a' },
    ],
    [
      { purpose: 'a', id: '\ud800' },
      { purpose: 'a', id: '\ud801' },
    ],
  ])('does not take %j for %j', async (own, other) => {
    const error = await failureOf(sealer.open(await sealer.seal(text, own), other))
    expect(error).toMatchObject({
      code: 'not_authentic',
      message: expect.stringContaining(`${other.purpose} ${other.id}`),
    })
  })

  it('opens by every key of the ring and seals by the current one', async () => {
    const old = await sealer.seal(text, context)
    const rotated = createSealer({ current: 'k2', keys: { k1, k2 } })
    expect(rotated.currentKeyId).toBe('k2')
    expect(Buffer.from(await rotated.open(old, context))).toEqual(text)
    const fresh = await rotated.seal(text, context)
    expect([readRingKeyId(old), readRingKeyId(fresh)]).toEqual(['k1', 'k2'])
    expect(Buffer.from(await rotated.open(fresh, context))).toEqual(text)
  })

  it('names the key that is missing, and what to do', async () => {
    const without = createSealer({ current: 'k2', keys: { k2 } })
    const error = await failureOf(without.open(await sealer.seal(text, context), context))
    expect(error.code).toBe('key_unknown')
    expect(error.message).toBe(
      'The body req-1 is sealed with ring key k1, which is not in the key ring: add k1 back to it.',
    )
  })

  it('names the key when its id stands for another one now', async () => {
    const swapped = createSealer({ current: 'k1', keys: { k1: k2 } })
    const error = await failureOf(swapped.open(await sealer.seal(text, context), context))
    expect(error).toMatchObject({ code: 'not_authentic', message: expect.stringMatching(/body req-1 .* ring key k1 /) })
  })

  it('does not open under another id of the same length, though the key is the same', async () => {
    const renamed = createSealer({ current: 'k9', keys: { k9: k1 } })
    const sealed = Buffer.from(await sealer.seal(text, context))
    sealed.write('k9', 2)
    expect(await failureOf(renamed.open(sealed, context))).toMatchObject({ code: 'not_authentic' })
  })

  it('opens a part of a larger buffer', async () => {
    const sealed = await sealer.seal(text, context)
    const page = Buffer.concat([Buffer.alloc(7, 1), sealed, Buffer.alloc(7, 1)])
    expect(Buffer.from(await sealer.open(page.subarray(7, 7 + sealed.length), context))).toEqual(text)
  })
})

describe('the format', () => {
  // A value that this version sealed once: what is stored must open for as long as the version byte says 1.
  it('opens what was stored before', async () => {
    const kept = createSealer({ current: 'k1', keys: { k1: Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)) } })
    const stored = Buffer.from('AQJrMQAApVx3il2HrdG99K6bBg+WI8GUHJmk8PHouaVog7CkqFLE17grkLL5CJL9mW0=', 'base64')
    expect(Buffer.from(await kept.open(stored, { purpose: 'credential', id: 'example.com' })).toString()).toBe('FAKE')
  })

  it('is told from what was never sealed', () => {
    expect(() => readRingKeyId(Buffer.from('FAKE'))).toThrow(KeyRingError)
  })
})
