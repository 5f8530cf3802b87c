import { isQuote } from './characters.js'
import { codeAt } from './codes.js'
import { findCookies } from './cookies.js'
import { type Finding, WINDOW } from './finding.js'
import { findQuoted } from './quoted-value.js'
import { openQuote, skipBlanks, skipSpaces } from './quotes.js'
import { findCredentials } from './schemes.js'
import type { Separator } from './separator.js'
import { findElement, findUnquoted } from './unquoted-value.js'
import type { ValuePlace } from './value-place.js'

/** The value behind a separator, quoted or not, if it looks like a secret of its kind. */
export function findValue(text: string, place: ValuePlace): Finding | null {
  const { separator, key, memo } = place
  const limit = Math.min(text.length, separator.start + WINDOW)
  const at = startOfValue(text, separator)
  const quote = openQuote(text, skipStringPrefix(text, at))
  if (quote !== null && !(separator.kind === '>' && quote.depth > 0)) return findQuoted(text, place, quote, limit)
  if (separator.kind === '==' || separator.kind === ',') return null
  if (key.kind === 'cookie') return findCookies(text, at, limit, memo)
  if (key.kind === 'authorization') return findCredentials(text, at, limit, separator.encoded, memo)
  return (separator.kind === '>' ? findElement(text, place, at) : null) ?? findUnquoted(text, place, at, limit)
}

/** Past blanks, the block mark of YAML, and a bracket that opens a list. */
function startOfValue(text: string, { kind, end }: Separator): number {
  const isOverLines = kind === '>' || kind === ','
  let at = isOverLines ? skipBlanks(text, end) : skipSpaces(text, end)
  if (!isOverLines) at = skipBlockMark(text, at)
  return codeAt(at) === 91 ? skipBlanks(text, at + 1) : at
}

const BLOCK_MARK = /[|>][-+]?(?:\r?\n|\\{1,4}n)/y

/** YAML block scalars: the value is on the next line. */
function skipBlockMark(text: string, at: number): number {
  const code = codeAt(at)
  if (code !== 124 && code !== 62) return at
  BLOCK_MARK.lastIndex = at
  return BLOCK_MARK.test(text) ? skipBlanks(text, BLOCK_MARK.lastIndex) : at
}

const STRING_PREFIX = /[bBfFrRuU@$L]{1,2}(?=["'])/y

/** `f"…"`, `@"…"`, `L"…"`. */
function skipStringPrefix(text: string, at: number): number {
  if (isQuote(codeAt(at)) || !(isQuote(codeAt(at + 1)) || isQuote(codeAt(at + 2)))) return at
  STRING_PREFIX.lastIndex = at
  return STRING_PREFIX.test(text) ? STRING_PREFIX.lastIndex : at
}
