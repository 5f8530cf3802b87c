import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { benignCases, secretCases } from '../../test/masking-cases.js'
import { createMaskStream } from './mask-stream.js'
import { maskText } from './mask-text.js'
import { Scanner } from './scanner.js'

const texts = [...secretCases.map(({ text }) => text.replace(/[«»]/g, '')), ...benignCases]
/** Long enough that what surrounds a row has been decided and given out when the row comes. */
const around = 'The quick brown fox. '.repeat(500)

function inPieces(pieces: readonly string[]): string {
  const scanner = new Scanner()
  return pieces.map((piece) => scanner.push(piece)).join('') + scanner.end()
}

describe('createMaskStream', () => {
  it('gives the same for every cut of every row in two', () => {
    for (const text of texts) {
      const whole = maskText(text)
      for (let cut = 0; cut <= text.length; cut++) expect(inPieces([text.slice(0, cut), text.slice(cut)])).toBe(whole)
    }
  })

  it('gives the same for any number of cuts of a long text', () => {
    const part = fc.constantFrom(...texts, '\n', around.slice(0, 3000))
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 8, maxLength: 40 }),
        fc.array(fc.nat(5000), { minLength: 1 }),
        (parts, sizes) => {
          const text = around + parts.join(' ') + around
          const pieces: string[] = []
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = sizes[i % sizes.length]! + 1
            pieces.push(text.slice(at, at + size))
            at += size
          }
          expect(inPieces(pieces)).toBe(maskText(text))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('masks secrets longer than its window, wherever they are cut', () => {
    for (const text of [
      `Bearer ${'FAKE0'.repeat(4000)} end`,
      `sk-ant-api03-${'FAKE0'.repeat(4000)} end`,
      `"password":"${'FAKE pw0'.repeat(4000)}" end`,
      `-----BEGIN RSA PRIVATE KEY-----\n${`${'FAKE0123'.repeat(8)}\n`.repeat(400)}-----END RSA PRIVATE KEY----- end`,
    ]) {
      expect(maskText(text)).not.toContain('FAKE')
      expect(maskText(text).endsWith(' end')).toBe(true)
      for (const size of [1000, 4095, 4096, 9000]) {
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g'))!
        expect(inPieces(pieces)).toBe(maskText(text))
      }
    }
  })

  it('holds back a bounded part', () => {
    const scanner = new Scanner()
    let taken = 0
    let given = 0
    for (let i = 0; i < 100; i++) {
      taken += around.length
      given += scanner.push(around).length
      expect(taken - given).toBeLessThan(around.length + 8300)
    }
  })

  it('passes bytes that are no text as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 256))
    const stream = createMaskStream()
    stream.end(bytes)
    expect(Buffer.concat(await stream.toArray())).toEqual(bytes)
  })
})
