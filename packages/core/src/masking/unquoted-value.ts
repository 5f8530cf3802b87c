import { ENVIRONMENT, isQuote, UNQUOTED } from './characters.js'
import { codeAt, endOfEncodedRun, endOfRun, isAt } from './codes.js'
import type { Finding, Rest } from './finding.js'
import { isScrambled } from './letters.js'
import { isShortened } from './placeholders.js'
import { isRandom } from './randomness.js'
import { toForm } from './value-form.js'
import { kindsOf } from './value-kinds.js'
import { maskFor, type ValuePlace } from './value-place.js'
import { isOrdinary, isSecretUnlessOrdinary, isSecretValue, shortestSecret, type ValueForm } from './values.js'

/** A value without quotes. */
export function findUnquoted(text: string, place: ValuePlace, start: number, limit: number): Finding | null {
  const { separator, key, memo } = place
  if (memo.values.covers(start)) return null
  const bare = endOfValue(text, start, limit, separator.encoded, UNQUOTED)
  const isWhole = bare > start && bare < limit && endsEveryForm(bare)
  const whole = isWhole ? text.slice(start, withoutStops(start, bare)) : null
  const kinds = whole === null ? 0 : kindsOf(whole)
  if (whole !== null && (whole.length < shortestSecret(key, false) || isOrdinary(whole, kinds))) {
    memo.values.add(start, bare)
    return null
  }
  const isEmpty = bare === start
  if (isEmpty && endsEveryForm(start)) return null
  const form = toForm(text, place, bare)
  if (isEmpty && form !== 'environment') return null
  const reach = form === 'environment' ? endOfValue(text, start, limit, separator.encoded, ENVIRONMENT) : bare
  const isCut = reach === limit && limit < text.length
  const end = isCut || reach === text.length ? reach : withoutStops(start, reach)
  const value = text.slice(start, isCut ? start + 64 : end)
  if (!isCut && isCode(place, value, end, form)) return null
  if (!(value === whole ? isSecretUnlessOrdinary(value, kinds, key, form) : isSecretValue(value, key, form))) {
    memo.values.add(start, end)
    return null
  }
  return { start, end, mask: maskFor(text, start, key.kind), rest: isCut ? restOfValue : undefined }
}

/** What ends an unquoted value is more in an environment file: there `,`, `;`, `&` and brackets belong to it. */
const endsEveryForm = (at: number): boolean => !isAt(at, ENVIRONMENT)

const restOfValue: Rest = (_text, from, to) => endOfRun(from, to, UNQUOTED)

/** `name=call(…)`, a JSON number behind a quoted name, a variable in an assignment. */
function isCode({ separator }: ValuePlace, value: string, end: number, form: ValueForm): boolean {
  if (isShortened(end)) return true
  if (form !== 'environment' && form !== 'form' && opensCode(codeAt(end))) return true
  const before = codeAt(separator.start - 1)
  if ((isQuote(before) || before === 92) && NUMBER.test(value)) return true
  return form === 'bare' && separator.kind === '=' && before === 32 && !isRandom(value, 12) && !isScrambled(value)
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** One of `(`, `[` and `{`. */
const opensCode = (code: number): boolean => code === 40 || code === 91 || code === 123

/** The stop of a sentence is not part of the value, nor the comma of a list. */
function withoutStops(start: number, end: number): number {
  let at = end
  while (at > start && isStop(codeAt(at - 1))) at--
  return at
}

/** One of `.`, `:`, `?` and `,`. */
const isStop = (code: number): boolean => code === 46 || code === 58 || code === 63 || code === 44

/** What ends a value that is percent-encoded: quotes, `&`, a pipe, line ends, `;`, `<`, `>`, `]` and `}`. */
const ENCODED_END = /%(?:2[0267cC]|0[aAdD]|3[bBcCeE]|5[dD]|7[cCdD])/y

const endOfValue = (text: string, start: number, limit: number, encoded: boolean, set: number): number =>
  encoded ? endOfEncodedRun(text, start, limit, set, ENCODED_END) : endOfRun(start, limit, set)

const ELEMENT = /([^<"'\\\r\n]{3,512}?)\s*<\\{0,2}\//y

/** The whole content of an XML element: `<secret>{AQAAABAAAA…=}</secret>`, `<password>two words 9</password>`. */
export function findElement(text: string, { key }: ValuePlace, at: number): Finding | null {
  ELEMENT.lastIndex = at
  const value = ELEMENT.exec(text)?.[1]
  if (value === undefined || !/[\s{}&;]/.test(value)) return null
  const isWrapped = value[0] === '{' && value.endsWith('}')
  const inner = isWrapped ? value.slice(1, -1) : value
  if (isWrapped ? !/\d/.test(inner) || inner.length < 12 : !isSecretValue(inner, key, 'quoted')) return null
  const start = at + (isWrapped ? 1 : 0)
  return { start, end: start + inner.length, mask: maskFor(text, start, key.kind) }
}
