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
    const before = around.slice(0, 5000)
    const part = fc.constantFrom(...texts, '\n', around.slice(0, 1500))
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 2, maxLength: 12 }),
        fc.array(fc.nat(5000), { minLength: 1 }),
        (parts, sizes) => {
          const text = before + parts.join(' ') + before
          const pieces: string[] = []
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = sizes[i % sizes.length]! + 1
            pieces.push(text.slice(at, at + size))
            at += size
          }
          expect(inPieces(pieces)).toBe(maskText(text))
        },
      ),
      { numRuns: 2000 },
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

  it('gives no piece of a secret longer than 8 characters, wherever it is cut', () => {
    for (const row of secretCases) {
      const [before, secret, after] = row.text.split(/[«»]/) as [string, string, string]
      const scanner = new Scanner()
      const text = `${around}\n${before}${secret}${after}\n${around}`
      let given = ''
      for (let at = 0; at < text.length; at += 61) given += scanner.push(text.slice(at, at + 61))
      given += scanner.end()
      for (let at = 0; at + 9 <= secret.length; at++) {
        const piece = secret.slice(at, at + 9)
        if (!`${before}${after}`.includes(piece) && !/^sk-ant-|^cnp_/.test(piece)) expect(given).not.toContain(piece)
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
