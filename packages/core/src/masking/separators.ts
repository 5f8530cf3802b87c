import { isHex, isName } from './characters.js'
import type { Separator } from './separator.js'

const EQUALS = 61
const COLON = 58
const GREATER = 62
const COMMA = 44

/** The separator at `at`, where one of `:`, `=`, `>` and `,` stands; null where it separates no name from a value. */
export function readSeparator(text: string, at: number, code: number): Separator | null {
  const before = text.charCodeAt(at - 1)
  const after = text.charCodeAt(at + 1)
  if (code === COLON) {
    return after === EQUALS || after === COLON || before === COLON
      ? null
      : { kind: ':', start: at, end: at + 1, encoded: false }
  }
  if (code === COMMA) {
    return before === 34 || before === 39 ? { kind: ',', start: at, end: at + 1, encoded: false } : null
  }
  if (code === GREATER) return isName(before) ? { kind: '>', start: at, end: at + 1, encoded: false } : null
  if (before === EQUALS || before === 60 || before === GREATER) return null
  if (after === GREATER) return { kind: '=>', start: at, end: at + 2, encoded: false }
  let end = at + 1
  while (end < at + 3 && text.charCodeAt(end) === EQUALS) end++
  if (end > at + 1 || before === 33) return { kind: '==', start: before === 33 ? at - 1 : at, end, encoded: false }
  return { kind: '=', start: startOfOperator(text, at), end, encoded: false }
}

/** `:=`, `::=`, `?=`, `+=`, `||=`, and ` .=` of PHP. */
function startOfOperator(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < 3 && ':?+|'.includes(text[start - 1]!)) start--
  return start === at && text.charCodeAt(at - 1) === 46 && text.charCodeAt(at - 2) === 32 ? at - 1 : start
}

/** Length of the escape at a back slash or per cent sign; 1 where there is none. */
export function escapeLength(text: string, at: number, code: number): number {
  if (code === 37) return hexDigits(text, at + 1, 2) ? 3 : 1
  const letter = text.charCodeAt(at + 1)
  if (letter === 117) return hexDigits(text, at + 2, 4) ? 6 : 1
  if (letter === 120) return hexDigits(text, at + 2, 2) ? 4 : 1
  if (letter === 48) return text.startsWith('33', at + 2) ? 4 : 2
  return 'nrtbfve'.includes(String.fromCharCode(letter)) ? 2 : 1
}

/** The separator that is written as the escape at `at`, such as `%3D` or `\u003d`. */
export function encodedSeparator(text: string, at: number, length: number): Separator | null {
  if (length < 3) return null
  const digits = text.slice(at + length - 2, at + length).toLowerCase()
  const kind = digits === '3d' ? '=' : digits === '3a' ? ':' : null
  return kind === null ? null : { kind, start: at, end: at + length, encoded: text.charCodeAt(at) === 37 }
}

/** Where the colour code ends that begins with the bracket at `at`; `at` where none does. */
export function endOfColour(text: string, at: number): number {
  let end = at + 1
  while (end < at + 18) {
    const code = text.charCodeAt(end)
    if (code === 109) return end + 1
    if (code !== 59 && (code < 48 || code > 57)) return at
    end++
  }
  return at
}

function hexDigits(text: string, at: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!isHex(text.charCodeAt(at + i))) return false
  return true
}
