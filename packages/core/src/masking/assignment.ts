import { type AssignedName, readNameBefore } from './assignment-name.js'
import { endOfRun, isEnvironmentValue, isUnquoted } from './characters.js'
import { type Finding, MASK, type Memo, type Rest, WINDOW } from './finding.js'
import { type Key, type KeyKind, toKey } from './key-names.js'
import { findClosing, openQuote, type Quote, skipBlanks, skipSpaces } from './quotes.js'
import { isRandom } from './randomness.js'
import { findCookies, findCredentials } from './schemes.js'
import type { Separator } from './separator.js'
import { toForm } from './value-form.js'
import { isSecretValue } from './values.js'
import { prefixMask } from './vendor-keys.js'

/** The value behind a separator, if the name before it says that it is a secret and it looks like one. */
export function findAssigned(text: string, separator: Separator, memo: Memo): Finding | null {
  const name = readNameBefore(text, separator.start)
  if (name === null) return null
  const key = toKey(name.name)
  if (key === null || (separator.kind === ',' && !name.quoted)) return null
  if (text.startsWith('${', name.start - 2)) return null
  if (key.kind === 'pair') return findPaired(text, separator, memo)
  if (
    separator.kind === '>' &&
    !/^<(?:\w+:)?$/.test(text.slice(Math.max(0, name.start - 12), name.start).replace(/^.*</s, '<'))
  ) {
    return null
  }
  return findValue(text, separator, key, memo, name)
}

/** `"name": "DB_PASSWORD", "value": "…"`, also as XML attributes, elements and YAML. */
const PAIRED =
  /["'\\]{0,9}(?:<\/\w{1,12}>)?(?:\\{1,4}[nrt]|[\s,;/>]){0,40}["'\\<]{0,9}(?:value|Value|string)["'\\]{0,9}\s?([:=>])/y
const BLANK_LINE = /["'\\]{1,9}(?:;[^\r\n\\]{0,80})?(?:\r?\n|\\r\\n|\\n){2}/y

function findPaired(text: string, separator: Separator, memo: Memo): Finding | null {
  const opened = skipSpaces(text, separator.end)
  const quote = openQuote(text, opened)
  const start = quote?.start ?? opened
  const end = endOfRun(
    text,
    start,
    Math.min(text.length, start + 64),
    (code) => isUnquoted(code) && code !== 61 && code !== 58,
  )
  if (end === start) return null
  const key = toKey(text.slice(start, end))
  if (key === null || key.kind === 'pair') return null
  for (const pattern of [PAIRED, BLANK_LINE]) {
    pattern.lastIndex = end
    const found = pattern.exec(text)
    if (found === null || found[0].length > 120) continue
    const mark = found[1] ?? ''
    const valueAt = { kind: mark === '>' ? '>' : ':', start: end, end: pattern.lastIndex, encoded: false } as const
    return findValue(text, valueAt, key, memo, null)
  }
  return null
}

function findValue(
  text: string,
  separator: Separator,
  key: Key,
  memo: Memo,
  name: AssignedName | null,
): Finding | null {
  const limit = Math.min(text.length, separator.start + WINDOW)
  let at = separator.kind === '>' ? skipBlanks(text, separator.end) : skipSpaces(text, separator.end)
  if (separator.kind !== '>') at = skipBlockMark(text, at)
  if (text.charCodeAt(at) === 91) at = skipBlanks(text, at + 1)
  const quote = openQuote(text, skipStringPrefix(text, at))
  if (quote !== null && !(separator.kind === '>' && quote.depth > 0))
    return findQuoted(text, separator, key, quote, limit, name)
  if (separator.kind === '==' || separator.kind === ',') return null
  if (key.kind === 'cookie') return findCookies(text, at, limit)
  if (key.kind === 'authorization') return findCredentials(text, at, limit, separator.encoded)
  return findUnquoted(text, separator, key, memo, at, limit, name)
}

function findQuoted(
  text: string,
  separator: Separator,
  key: Key,
  quote: Quote,
  limit: number,
  name: AssignedName | null,
): Finding | null {
  const start = quote.start
  const closing = findClosing(text, start, limit, quote)
  if (key.kind === 'cookie') return findCookies(text, start, closing < 0 ? limit : closing)
  if (key.kind === 'authorization') return findCredentials(text, start, closing < 0 ? limit : closing, false)
  if (closing < 0) {
    // Cut off, or a lone apostrophe.
    const end = endOfRun(text, start, limit, isUnquoted)
    const long = limit - start > WINDOW / 2 && quote.mark === '"' && !text.slice(start, limit).includes('\n')
    if (long && isSecretValue(text.slice(start, start + 64), key, 'quoted')) {
      return { start, end: limit, mask: maskFor(text, start, key.kind), rest: insideOf(quote) }
    }
    if (end < limit && end < text.length) {
      return isRandom(text.slice(start, end), 8) ? { start, end, mask: maskFor(text, start, key.kind) } : null
    }
    if (end - start < 4 || !isSecretValue(text.slice(start, end), key, 'quoted')) return null
    return { start, end: limit, mask: maskFor(text, start, key.kind), rest: insideOf(quote) }
  }
  const value = text.slice(start, closing)
  if (/["'`]/.test(quote.mark) && /^(?:%22|\\u0022)/.test(value)) return null
  if (value.startsWith('-----BEGIN')) return null
  // The quote closes a text that ends in a colon: `{"Password:": 0}`.
  if (/^:\s*[-\d"'[{tfn\\]/.test(value) && !/["'`]/.test(text[separator.start - 1] ?? '')) return null
  if (!isSecretValue(value, key, isShellName(separator, name) ? 'environment' : 'quoted')) return null
  if (separator.kind === '==' && value.length < 6) return null
  if (separator.kind === ',' && (value.length < 8 || !/[\d!@#$%^&*]/.test(value))) return null
  // `NAME=`command``: the shell runs it.
  if (quote.mark === '`' && separator.kind === '=' && /\s/.test(value)) return null
  return { start, end: closing, mask: maskFor(text, start, key.kind) }
}

function findUnquoted(
  text: string,
  separator: Separator,
  key: Key,
  memo: Memo,
  start: number,
  limit: number,
  name: AssignedName | null,
): Finding | null {
  if (start < memo.judgedUpTo) return null
  const bare = endOfValue(text, start, limit, separator.encoded, isUnquoted)
  if (bare === start && text.charCodeAt(start) !== 38 && text.charCodeAt(start) !== 44) {
    if (toForm(text, separator, name, bare) !== 'environment') return null
  }
  const form = toForm(text, separator, name, bare)
  let end = form === 'environment' ? endOfValue(text, start, limit, separator.encoded, isEnvironmentValue) : bare
  if (end === limit && limit < text.length) {
    if (!isSecretValue(text.slice(start, start + 64), key, form)) {
      memo.judgedUpTo = end
      return null
    }
    return {
      start,
      end,
      mask: maskFor(text, start, key.kind),
      rest: (rest, from, to) => endOfRun(rest, from, to, isUnquoted),
    }
  }
  if (end < text.length || end < limit) while (end > start && /[.:?]/.test(text[end - 1]!)) end--
  const next = text[end]
  if (form !== 'environment' && form !== 'form' && (next === '(' || next === '[' || next === '{')) return null
  const value = text.slice(start, end)
  // Behind a quoted name an unquoted number is JSON's own, and stays one.
  if (/["'`\\]/.test(text[separator.start - 1] ?? '') && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) return null
  if (form === 'bare' && separator.kind === '=' && text.charCodeAt(separator.start - 1) === 32 && !isRandom(value, 12))
    return null
  if (!isSecretValue(value, key, form)) {
    memo.judgedUpTo = end
    return null
  }
  return { start, end, mask: maskFor(text, start, key.kind) }
}

/** `NAME="value"`: what a shell reads, where a value of several words is no prose. */
const isShellName = (separator: Separator, name: AssignedName | null): boolean =>
  separator.kind === '=' && name !== null && !name.spaced && /^[A-Z][A-Z0-9_]*$/.test(name.name)

/** OAuth tokens keep the word of their kind, keys of known vendors their prefix. */
function maskFor(text: string, start: number, kind: KeyKind): string {
  return prefixMask(text, start) ?? (kind === 'token' ? `token-${MASK}` : MASK)
}

const ENCODED_END = /%(?:2[0267cC]|0[aAdD]|3[bBcCeE]|5[dD]|7[dD])/g

function endOfValue(
  text: string,
  start: number,
  limit: number,
  encoded: boolean,
  belongs: (code: number) => boolean,
): number {
  const end = endOfRun(text, start, limit, belongs)
  if (!encoded) return end
  const stop = text.slice(start, end).search(ENCODED_END)
  return stop < 0 ? end : start + stop
}

function insideOf(quote: Quote): Rest {
  return (text, from, to) => {
    const closing = findClosing(text, from, to, { ...quote, start: 0 })
    return closing < 0 ? to : closing
  }
}

/** YAML block scalars: the value is on the next line. */
function skipBlockMark(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code !== 124 && code !== 62) return at
  const block = /[|>][-+]?(?:\r?\n|\\{1,4}n)/y
  block.lastIndex = at
  return block.test(text) ? skipBlanks(text, block.lastIndex) : at
}

function skipStringPrefix(text: string, at: number): number {
  const prefix = /[bBfFrRuU@$L]{1,2}(?=["'])/y
  prefix.lastIndex = at
  return prefix.test(text) ? prefix.lastIndex : at
}
