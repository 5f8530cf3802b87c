import { isEnvironmentName } from './assignment-name.js'
import { isQuote, UNQUOTED } from './characters.js'
import { codeAt, endOfRun } from './codes.js'
import { findCookies } from './cookies.js'
import { type Finding, type Rest, WINDOW } from './finding.js'
import { findClosing, type Quote } from './quotes.js'
import { isRandom } from './randomness.js'
import { findCredentials } from './schemes.js'
import { maskFor, type ValuePlace } from './value-place.js'
import { isSecretValue } from './values.js'

/** A value inside quotes. */
export function findQuoted(text: string, place: ValuePlace, quote: Quote, limit: number): Finding | null {
  const { separator, key, memo } = place
  const { start } = quote
  const closing = findClosing(text, start, limit, quote)
  if (key.kind === 'cookie') return findCookies(text, start, closing < 0 ? limit : closing, memo)
  if (key.kind === 'authorization') return findCredentials(text, start, closing < 0 ? limit : closing, false, memo)
  if (closing < 0) return findUnclosed(text, place, quote, limit)
  const value = text.slice(start, closing)
  if (closesName(place, quote, value) || (codeAt(start) === 45 && value.startsWith('-----BEGIN'))) return null
  if (separator.kind === '==' && value.length < 6) return null
  if (separator.kind === ',' && !isSecretArgument(value, place)) return null
  if (!isSecretValue(value, key, isShellSetting(place) ? 'environment' : 'quoted')) return null
  // `NAME=`command``: the shell runs it.
  if (quote.mark === '`' && separator.kind === '=' && /\s/.test(value)) return null
  return { start, end: closing, mask: maskFor(text, start, key.kind) }
}

/** Whether the quote closes a text that ends in the name and a colon, `{"Password:": 0}`, or opens a quote in another escape. */
function closesName({ separator }: ValuePlace, quote: Quote, value: string): boolean {
  const first = codeAt(quote.start)
  if (first === 58) return CODE_OR_NUMBER.test(value) && !isQuote(codeAt(separator.start - 1))
  const isEncoded = (first === 37 && value.startsWith('%22')) || (first === 92 && value.startsWith('\\u0022'))
  return isEncoded && quote.mark.length === 1
}

const CODE_OR_NUMBER = /^:\s*[-\d"'[{tfn\\]/

/** `set("api-key", "…")`: in lists of texts a name is followed by anything. */
function isSecretArgument(value: string, { name }: ValuePlace): boolean {
  // `['x-api-key', 'Fk12']`, not `['x-api-key', 'Content-Type']`.
  if (name?.name.includes('-') && /[a-z]/.test(name.name))
    return value.length >= 4 && /\d/.test(value) && !/\s/.test(value)
  return value.length >= 8 && /[\d!@#$%^&]/.test(value)
}

/** `NAME="value"`: what a shell reads, where a value of several words is no prose. */
const isShellSetting = ({ separator, name }: ValuePlace): boolean =>
  separator.kind === '=' && name !== null && !name.spaced && isEnvironmentName(name.name)

/** A value whose text was cut off or is longer than the window; or what a lone apostrophe seemed to open. */
function findUnclosed(text: string, { key }: ValuePlace, quote: Quote, limit: number): Finding | null {
  const { start } = quote
  const isLong = limit - start > WINDOW / 2 && quote.mark === '"' && text.slice(start, limit).indexOf('\n') < 0
  if (isLong && isSecretValue(text.slice(start, start + 64), key, 'quoted')) {
    return { start, end: limit, mask: maskFor(text, start, key.kind), rest: insideOf(quote) }
  }
  const end = endOfRun(start, limit, UNQUOTED)
  const value = text.slice(start, end)
  if (end < limit) return isRandom(value, 8) ? { start, end, mask: maskFor(text, start, key.kind) } : null
  if (end - start < 4 || !isSecretValue(value, key, 'quoted')) return null
  return { start, end: limit, mask: maskFor(text, start, key.kind), rest: insideOf(quote) }
}

const insideOf =
  (quote: Quote): Rest =>
  (text, from, to) => {
    const closing = findClosing(text, from, to, { ...quote, start: 0 })
    return closing < 0 ? to : closing
  }
