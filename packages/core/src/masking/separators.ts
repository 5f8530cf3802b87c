import { isIn, NAME } from './characters.js'
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
  if (code === GREATER) return isIn(before, NAME) ? { kind: '>', start: at, end: at + 1, encoded: false } : null
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
  while (at - start < 3 && isOperator(text.charCodeAt(start - 1))) start--
  return start === at && text.charCodeAt(at - 1) === 46 && text.charCodeAt(at - 2) === 32 ? at - 1 : start
}

/** One of `:`, `?`, `+` and `|`. */
const isOperator = (code: number): boolean => code === COLON || code === 63 || code === 43 || code === 124

/** The separator that is written as the escape at `at`: `%3D`, `\x3d` or `\u003d`. */
export function encodedSeparator(text: string, at: number): Separator {
  const encoded = text[at] === '%'
  const end = at + (encoded ? 3 : text[at + 1] === 'x' ? 4 : 6)
  return { kind: /d/i.test(text[end - 1]!) ? '=' : ':', start: at, end, encoded }
}
