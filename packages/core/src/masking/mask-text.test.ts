import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { benignCases, type SecretCase, secretCases } from '../../test/masking-cases.js'
import { maskText } from './mask-text.js'
import { vendorKeys } from './vendor-keys.js'

const FILL = 'aB3dE5fG7hJ9kLmN1pQrS2tUvW4xYzC6'
const HEX = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const fill = (alphabet: string, length: number) => alphabet.repeat(Math.ceil(length / 32)).slice(0, length)

/** A fake key of a row of the table. */
const toExample = ([, prefix, , , example]: (typeof vendorKeys)[number]) =>
  prefix +
  example.replace(/\{(hex:)?(\d+)\}/g, (_, hex: string | undefined, length: string) =>
    fill(hex === undefined ? FILL : HEX, Number(length)),
  )

const takeApart = ({ text }: SecretCase) => {
  const [before, secret, after] = text.split(/[«»]/) as [string, string, string]
  return { before, secret, after, whole: before + secret + after }
}

const wrappings: ReadonlyArray<readonly [string, (key: string) => string]> = [
  ['alone', (key) => key],
  ['in prose', (key) => `the key ${key}, as sent`],
  ['in JSON', (key) => JSON.stringify({ a: [key], b: 1 })],
  ['in JSON in JSON', (key) => JSON.stringify({ a: JSON.stringify({ a: key }) })],
  ['after an escaped line end', (key) => `"line\\n${key}\\nline"`],
  ['percent-encoded', (key) => `q=%22${key}%22&x=1`],
  ['coloured', (key) => `\u001b[32m${key}\u001b[0m`],
  ['in other letters', (key) => `鍵は${key}です`],
]

describe('maskText', () => {
  it.each(vendorKeys.map((row) => [`${row[0]} (${row[1]})`, row] as const))('knows %s', (_name, row) => {
    const key = toExample(row)
    const missed = wrappings.filter(([, wrap]) => maskText(wrap(key)).includes(key.slice(row[1].length)))
    expect(missed.map(([name]) => name)).toEqual([])
  })

  it.each(secretCases.map((row) => [row.text, row] as const))('masks the secret alone in %s', (_text, row) => {
    const { before, secret, after, whole } = takeApart(row)
    const masked = maskText(whole)
    expect(masked).not.toContain(secret)
    expect(masked.startsWith(before) && masked.endsWith(after), masked).toBe(true)
  })

  it.each(benignCases)('leaves %s', (text) => {
    expect(maskText(text)).toBe(text)
  })

  it('reaches its recall and precision', () => {
    const found = secretCases.filter((row) => !maskText(takeApart(row).whole).includes(takeApart(row).secret))
    const changed = benignCases.filter((text) => maskText(text) !== text)
    console.log(
      `recall ${found.length}/${secretCases.length}, vendor formats ${vendorKeys.length}, benign changed ${changed.length}/${benignCases.length}`,
    )
    expect(found.length / secretCases.length).toBeGreaterThanOrEqual(0.995)
    expect(changed).toEqual([])
  })

  it.each([
    ['sk-ant-api03-FAKE0123', 'sk-ant-****'],
    ['Authorization: Bearer FAKE0123', 'Authorization: Bearer ****'],
    ['"access_token":"FAKE0123"', '"access_token":"token-****"'],
    ['cnp_live_FAKE0123', 'cnp_live_****'],
    ['ghp_FAKE0123456789abcdefghijklmnopqrstuv', 'ghp_****'],
  ])('masks %s as %s', (text, masked) => {
    expect(maskText(text)).toBe(masked)
  })

  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(...secretCases.map((row) => takeApart(row).whole), ...benignCases),
      fc.constantFrom(' ', '\n', '"', "'", '\\n', '\\', '=', ': ', '{', '}', ',', '%22', '\u001b[1m'),
      fc.string({ unit: 'binary', maxLength: 12 }),
    ),
    { maxLength: 12 },
  )

  it('changes nothing when done twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...secretCases), fc.constantFrom(...benignCases), (row, benign) => {
        const once = maskText(`${takeApart(row).whole}\n${benign}`)
        expect(maskText(once)).toBe(once)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps JSON valid', () => {
    fc.assert(
      fc.property(fc.jsonValue(), pieces, (value, texts) => {
        const json = JSON.stringify({ value, texts, nested: JSON.stringify({ texts }), password: texts.join('') })
        expect(() => JSON.parse(maskText(json))).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })
})
