import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decrypt, encrypt } from './xaes-256-gcm.js'

const key = (byte: number) => createSecretKey(Buffer.alloc(32, byte))
const noData = Buffer.alloc(0)

describe('XAES-256-GCM', () => {
  // The vectors of the specification, for each value of the most significant bit of CMAC's first block.
  it.each([
    [0x01, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [0x03, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ])('gives what c2sp.org/XAES-256-GCM gives for a key of 0x0%i', (byte, data, expected) => {
    const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')
    const additionalData = Buffer.from(data)
    const message = { nonce, additionalData, content: Buffer.from('XAES-256-GCM') }
    const sealed = Buffer.concat(encrypt(key(byte), message))
    expect(sealed.toString('hex')).toBe(expected)
    expect(decrypt(key(byte), { nonce, additionalData, content: sealed })?.toString()).toBe('XAES-256-GCM')
  })

  it("gives the specification's hash over 10,000 messages of random lengths", () => {
    const stream = createHash('shake128', { outputLength: 4_000_000 }).digest()
    const results = createHash('shake128', { outputLength: 32 })
    let place = 0
    const take = (length: number) => {
      place += length
      return stream.subarray(place - length, place)
    }
    for (let i = 0; i < 10_000; i++) {
      const secret = createSecretKey(take(32))
      const nonce = take(24)
      const content = take(take(1)[0]!)
      const additionalData = take(take(1)[0]!)
      const sealed = Buffer.concat(encrypt(secret, { nonce, additionalData, content }))
      results.update(sealed)
    }
    expect(results.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939')
  })

  it('opens nothing with another key, nonce or additional data', () => {
    const nonce = randomBytes(24)
    const content = Buffer.concat(encrypt(key(1), { nonce, additionalData: noData, content: Buffer.from('FAKE') }))
    const message = { nonce, additionalData: noData, content }
    expect(decrypt(key(1), message)?.toString()).toBe('FAKE')
    expect(decrypt(key(2), message)).toBeNull()
    expect(decrypt(key(1), { ...message, additionalData: Buffer.from('a') })).toBeNull()
    for (let i = 0; i < nonce.length; i++) {
      const other = Buffer.from(nonce)
      other[i]! ^= 1
      expect(decrypt(key(1), { ...message, nonce: other }), `byte ${i}`).toBeNull()
    }
  })
})
