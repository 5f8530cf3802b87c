import { isUtf8 } from 'node:buffer'

/** Deeper JSON is kept as it came: everything after this file may recurse. */
const MAX_DEPTH = 200
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Parses JSON whose meaning survives being parsed: valid UTF-8, not deeper than 200, every number one that a double
 * holds exactly as written. Of a name given twice the last counts, as JSON.parse has it (RFC 8259 section 4 leaves it
 * open). Undefined for anything else.
 */
export function parseExactJson(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!isUtf8(buffer) || !keepsMeaning(buffer)) return undefined
  try {
    return JSON.parse(buffer.toString('utf8'))
  } catch {
    return undefined
  }
}

/** One walk over what stands outside of strings; strings are skipped from quote to quote. */
function keepsMeaning(bytes: Buffer): boolean {
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!
    if (code === QUOTE) {
      i = endOfString(bytes, i)
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return false
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(bytes, i)
      if (!isExact(bytes.toString('latin1', i, end))) return false
      i = end - 1
    }
  }
  return true
}

/** Where the string's closing quote is, or the last byte where it has none. */
function endOfString(bytes: Buffer, start: number): number {
  let quote = bytes.indexOf(QUOTE, start + 1)
  while (quote !== -1) {
    let before = quote - 1
    while (bytes[before] === BACKSLASH) before--
    if ((quote - before) % 2 === 1) return quote
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return bytes.length
}

function endOfNumber(bytes: Buffer, start: number): number {
  let end = start + 1
  for (; end < bytes.length; end++) {
    const code = bytes[end]!
    const belongs = (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2b || code === 0x2d
    if (!belongs && code !== 0x65 && code !== 0x45) break
  }
  return end
}

/** Whether a number written so is written with the same value by JSON.stringify. */
function isExact(text: string): boolean {
  if (text.length <= 15 && !/[eE]/.test(text)) return !/^-0(?:\.0*)?$/.test(text)
  return toDecimal(text) === toDecimal(JSON.stringify(Number(text)))
}

/** Sign, digits without zeros at either end, and the power of ten: equal for equal values. */
function toDecimal(text: string): string | null {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  if (whole === undefined) return null
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const trimmed = trimZeros(digits)
  if (trimmed === '') return `${sign}0`
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`
}

/** Not a regular expression: `0+$` takes quadratic time over digits that end in none. */
function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return digits.slice(0, end)
}
