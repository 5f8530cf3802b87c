import { NAME } from './characters.js'
import { codeAt, isAt } from './codes.js'
import type { Separator } from './separator.js'

const EQUALS = 61
const COLON = 58
const GREATER = 62
const COMMA = 44
const PER_CENT = 37

/** The separator at `at`, where one of `:`, `=`, `>` and `,` stands; null where it separates no name from a value. */
export function readSeparator(at: number, code: number): Separator | null {
  const before = codeAt(at - 1)
  const after = codeAt(at + 1)
  if (code === COLON) {
    return after === EQUALS || after === COLON || before === COLON
      ? null
      : { kind: ':', start: at, end: at + 1, encoded: false }
  }
  if (code === COMMA) {
    return before === 34 || before === 39 ? { kind: ',', start: at, end: at + 1, encoded: false } : null
  }
  if (code === GREATER) return isAt(at - 1, NAME) ? { kind: '>', start: at, end: at + 1, encoded: false } : null
  if (before === EQUALS || before === 60 || before === GREATER) return null
  if (after === GREATER) return { kind: '=>', start: at, end: at + 2, encoded: false }
  let end = at + 1
  while (end < at + 3 && codeAt(end) === EQUALS) end++
  if (end > at + 1 || before === 33) return { kind: '==', start: before === 33 ? at - 1 : at, end, encoded: false }
  return { kind: '=', start: startOfOperator(at), end, encoded: false }
}

/** `:=`, `::=`, `?=`, `+=`, `||=`, and ` .=` of PHP. */
function startOfOperator(at: number): number {
  let start = at
  while (at - start < 3 && isOperator(codeAt(start - 1))) start--
  return start === at && codeAt(at - 1) === 46 && codeAt(at - 2) === 32 ? at - 1 : start
}

/** One of `:`, `?`, `+` and `|`. */
const isOperator = (code: number): boolean => code === COLON || code === 63 || code === 43 || code === 124

/** The separator that is written as the escape at `at`: `%3D`, `\x3d` or `\u003d`. */
export function encodedSeparator(at: number): Separator {
  const encoded = codeAt(at) === PER_CENT
  const end = at + (encoded ? 3 : codeAt(at + 1) === 120 ? 4 : 6)
  return { kind: (codeAt(end - 1) | 32) === 100 ? '=' : ':', start: at, end, encoded }
}
