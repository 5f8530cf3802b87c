import { isBlank, isDigit, isQuote } from './characters.js'
import { nameEnds } from './key-names.js'

const COLON = 58
const EQUALS = 61
const COMMA = 44
const SLASH = 47
const BACK_SLASH = 92
const PER_CENT = 37

/**
 * Whether the separator at `at` might stand between a name that matters and its value, or end the scheme of a URL. It
 * looks backwards as far as `readNameBefore` does, but only at the last four characters of the name.
 */
export function mayAssign(codes: Uint16Array, at: number, code: number): boolean {
  if (code === COLON && (isSchemeEnd(codes, at) || isTelegramBot(codes, at) || isPgpassPort(codes, at))) return true
  let end = at
  if (code === COMMA) {
    const after = codes[at + 1]!
    if (!isQuote(codes[at - 1]!) || !(isQuote(after) || after <= 32 || after === BACK_SLASH)) return false
  } else if (code !== 62) {
    if (code === EQUALS) end = startOfOperator(codes, at)
    end = endBeforeSpaces(codes, end)
  }
  return endsAssigned(codes, end)
}

/** The same of a separator that is written as the escape from `at` to `end`: `%3D`, `\u003a`. */
export const mayAssignEncoded = (codes: Uint16Array, at: number, end: number): boolean =>
  isSchemeEnd(codes, end - 1) || endsAssigned(codes, endBeforeSpaces(codes, at))

function endBeforeSpaces(codes: Uint16Array, at: number): number {
  let end = at
  while (at - end < 20 && isBlank(codes[end - 1]!)) end--
  return end
}

/** Whether a name that matters ends at `at`, before a colour code, a bracket or a quote. */
function endsAssigned(codes: Uint16Array, at: number): boolean {
  const last = codes[at - 1]!
  if (last === 109 && isColour(codes[at - 2]!)) return true
  return endsName(codes, endBeforeQuote(codes, last === 93 ? at - 1 : at))
}

/** `:=`, `::=`, `?=`, `+=`, `||=`, `!=`, and ` .=` of PHP. */
function startOfOperator(codes: Uint16Array, at: number): number {
  let start = at
  while (at - start < 3 && isOperator(codes[start - 1]!)) start--
  return codes[start - 1] === 46 && codes[start - 2] === 32 ? start - 1 : start
}

function endBeforeQuote(codes: Uint16Array, at: number): number {
  let end = at
  if (isQuote(codes[end - 1]!)) {
    end--
    while (at - end < 17 && codes[end - 1] === BACK_SLASH) end--
  }
  return end
}

function endsName(codes: Uint16Array, at: number): boolean {
  let end = at
  const last = codes[end - 1]!
  // An HTML entity: `&quot;`, `&apos;`, `&#34;`, `&#39;`.
  if (last === 59) return codes[end - 2] === 116 || codes[end - 2] === 115 || isDigit(codes[end - 2]!)
  if (isDigit(last)) {
    while (at - end < 4 && isDigit(codes[end - 1]!)) end--
    // A quote that is written as an escape: `%22`, `\u0022`.
    if (codes[end - 1] === PER_CENT || (codes[end - 1] === 117 && codes[end - 2] === BACK_SLASH)) return true
    if (codes[end - 1] === 95 || codes[end - 1] === 45) end--
  }
  return nameEnds.has(codes[end - 1]!, codes[end - 2]!, codes[end - 3]!, codes[end - 4]!)
}

/** `://`, `:\/\/` of escaped JSON, `:%2F%2F`. */
function isSchemeEnd(codes: Uint16Array, at: number): boolean {
  let next = at + 1
  while (next < at + 5 && codes[next] === BACK_SLASH) next++
  if (codes[next] === SLASH) return codes[next + 1] === SLASH || codes[next + 1] === BACK_SLASH
  return codes[next] === PER_CENT && codes[next + 1] === 50 && (codes[next + 2]! | 32) === 102
}

const isTelegramBot = (codes: Uint16Array, at: number): boolean =>
  codes[at + 1] === 65 && codes[at + 2] === 65 && isDigit(codes[at - 1]!)
/** Whether `:5432:` of a `.pgpass` line is at `at`. */
export function isPgpassPort(codes: Uint16Array, at: number): boolean {
  if (codes[at + 1] === 42) return codes[at + 2] === COLON
  return isDigit(codes[at + 1]!) && isDigit(codes[at + 4]!) && (codes[at + 5] === COLON || codes[at + 6] === COLON)
}
const isColour = (code: number): boolean => isDigit(code) || code === 91 || code === 59
/** One of `:`, `?`, `+`, `|` and `!`. */
const isOperator = (code: number): boolean =>
  code === COLON || code === 63 || code === 43 || code === 124 || code === 33
