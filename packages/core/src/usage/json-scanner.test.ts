import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonScanner } from './json-scanner.js'

const KEYS = JsonScanner.keys(['model', 'usage', 'stop_reason', 'error'])

function scan(...chunks: (string | Buffer)[]): Record<string, unknown> {
  const scanner = new JsonScanner(KEYS)
  for (const chunk of chunks) scanner.push(Buffer.from(chunk))
  return Object.fromEntries(scanner.members)
}

function wanted(text: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(JSON.parse(text)).filter(([key]) => KEYS.has(JSON.stringify(key))))
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

const string = fc.string({ unit: 'binary', maxLength: 12 })
const key = fc.oneof(fc.constantFrom('model', 'usage', 'stop_reason', 'error', 'Usage', ' usage', 'usage"'), string)
const value = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }),
  fc.constantFrom('"usage":', '\\"usage\\":{}', '{', '}', '],"usage":1', '\\', '"', { usage: { usage: 1 } }, [
    { model: 'nested' },
  ]),
)
const jsonText = fc
  .record({ members: fc.array(fc.tuple(key, value), { maxLength: 8 }), indent: fc.constantFrom('', ' ', '\t', '\n') })
  .map(({ members, indent }) => JSON.stringify(Object.fromEntries(members), null, indent))

describe('JsonScanner', () => {
  it.each([
    ['[]', []],
    ['[ ]', []],
    ['[1234]', undefined],
    ['"a long text"', undefined],
  ])('picks a short member only where it is that short: %s', (value, picked) => {
    const keys = JsonScanner.keys(['model'], { content: 4 })
    for (const cut of [1, 12, 13, 14, 15]) {
      const scanner = new JsonScanner(keys)
      const bytes = Buffer.from(`{"content":${value},"model":"a longer text"}`)
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) scanner.push(chunk)
      expect(Object.fromEntries(scanner.members)).toEqual({
        model: 'a longer text',
        ...(picked !== undefined && { content: picked }),
      })
    }
  })

  it('picks what JSON.parse gives, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(jsonText, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
        expect(scan(...cutAt(Buffer.from(text), cuts))).toEqual(wanted(text))
      }),
      { numRuns: 500 },
    )
  })

  it('gives the same for every single cut and for one byte at a time', () => {
    const text =
      '{"id":"ü\\"\\\\","usage":{"input_tokens":3,"s":"€😀}\\""},"a":[{"model":"no"}],"model":"\\u0063laude\\n","error":null}'
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(scan(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual(wanted(text))
    }
    expect(scan(...Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(wanted(text))
  })

  it('takes only the top level: a tool input that names usage and model is not mistaken', () => {
    const text = JSON.stringify({
      content: [{ type: 'tool_use', input: { usage: { input_tokens: 666 }, model: 'fake', text: '"usage":{"x":1}' } }],
      usage: { input_tokens: 1, server_tool_use: { usage: 2 } },
    })
    expect(scan(text)).toEqual({ usage: { input_tokens: 1, server_tool_use: { usage: 2 } } })
  })

  it('takes nothing from an array or a bare value', () => {
    for (const text of ['["usage",{"usage":1}]', '[{"usage":1}]', '"usage"', '7', 'null', '']) {
      expect(scan(text)).toEqual({})
    }
  })

  it('takes every kind of value, with any whitespace', () => {
    expect(scan(' \r\n{ "model"\t:\n"m" , "usage" : [ 1 , {} ] ,"stop_reason":-1.5e3,"error": true }\n')).toEqual({
      model: 'm',
      usage: [1, {}],
      stop_reason: -1500,
      error: true,
    })
  })

  it('takes the last of members that repeat, as JSON.parse does', () => {
    expect(scan('{"model":"a","model":"b"}')).toEqual({ model: 'b' })
  })

  it('leaves out a member longer than a mebibyte, and takes those after it', () => {
    const text = JSON.stringify({ model: 'm'.repeat(1024 * 1024), usage: { output_tokens: 2 } })
    expect(scan(...cutAt(Buffer.from(text), [65_536, 500_000]))).toEqual({ usage: { output_tokens: 2 } })
  })

  it('takes a member that stands after megabytes of text', () => {
    const text = JSON.stringify({ content: 'x"\\'.repeat(1_000_000), model: 'm' })
    expect(scan(...cutAt(Buffer.from(text), [1, 99_999, 2_000_000]))).toEqual({ model: 'm' })
  })

  it('leaves out a value that is not JSON', () => {
    expect(scan('{"usage":{input:1},"model":"m"}')).toEqual({ model: 'm' })
    expect(scan('{"usage":,"model":"m"}')).toEqual({ model: 'm' })
  })

  it('gives the members that were whole before the text broke off', () => {
    expect(scan('{"model":"m","usage":{"input_tok')).toEqual({ model: 'm' })
  })

  it('never throws, and takes nothing that is not whole, from any bytes', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\ 1aé', '"usage"', '"model":'), maxLength: 40 }).map(Buffer.from),
    )
    fc.assert(
      fc.property(junk, fc.array(fc.nat(), { maxLength: 4 }), (bytes, cuts) => {
        expect(scan(...cutAt(bytes, cuts))).toEqual(scan(bytes))
      }),
      { numRuns: 500 },
    )
  })
})
