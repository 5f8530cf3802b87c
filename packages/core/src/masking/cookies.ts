import { COOKIE_NAME } from './characters.js'
import { codeAt, endOfRun, isAt } from './codes.js'
import { type Finding, MASK, type Memo } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { prefixMask } from './vendor-keys.js'
import { WordSet } from './word-set.js'

const SEMICOLON = 59
const PER_CENT = 37
const EQUALS = 61
const DOUBLE_QUOTE = 34
const MAX_NAME = 128
const MAX_PAIRS = 64

const ATTRIBUTES = new WordSet(
  'path domain expires max-age samesite secure httponly priority version comment partitioned'.split(' '),
)
const ATTRIBUTE_REST = /[^;"'\\\r\n]{0,40}/y
const VALUE = /[^\s;,"'\\<>]{0,3800}/y
const ENCODED_VALUE = /(?:[^\s;,"'\\<>%&]|%(?!3[bB]|2[0267]|0[aAdD]|7[cCdD])){0,3800}/y

/** A longer list without a value to mask is read again from few names inside it. */
const LONG = 64

/** The first value of `name=value; name=value` that was not masked before (RFC 6265 section 4). */
export function findCookies(text: string, at: number, limit: number, memo: Memo): Finding | null {
  if (memo.cookies.covers(at)) return null
  let next = at
  let start = -1
  let end = -1
  let masked = ''
  for (let pairs = 0; pairs < MAX_PAIRS && next < limit; pairs++) {
    const pair = readPair(text, next)
    if (pair === null) break
    const stop = Math.min(pair.end, limit)
    const isAttribute = ATTRIBUTES.hasInAnyCase(text.slice(next, pair.nameEnd))
    if (!isAttribute && pair.end > pair.start && !isPlaceholder(text.slice(pair.start, pair.end))) {
      if (start < 0) start = pair.start
      else masked += text.slice(end, pair.start)
      masked += prefixMask(text, pair.start) ?? MASK
      end = stop
    }
    next = stop + pair.quote
    if (isAttribute) {
      ATTRIBUTE_REST.lastIndex = next
      ATTRIBUTE_REST.test(text)
      next = ATTRIBUTE_REST.lastIndex
    }
    const behind = skipGap(text, next)
    if (behind === next) break
    next = behind
  }
  if (start >= 0) return { start, end, mask: masked }
  if (next - at > LONG) memo.cookies.add(at, next)
  return null
}

interface Pair {
  readonly nameEnd: number
  /** Length of the quote before the value. */
  readonly quote: number
  /** Where the value is. */
  readonly start: number
  readonly end: number
}

/** The pair at `at`, plain or percent-encoded: `sid%3Dvalue%3B%20`. */
function readPair(text: string, at: number): Pair | null {
  const nameEnd = endOfRun(at, at + MAX_NAME, COOKIE_NAME)
  const isEncoded = nameEnd > at && codeAt(nameEnd) === PER_CENT && isEncodedEquals(nameEnd)
  return isEncoded ? readEncoded(text, nameEnd) : readPlain(text, at, nameEnd)
}

const isEncodedEquals = (at: number): boolean => codeAt(at + 1) === 51 && (codeAt(at + 2) | 32) === 100

function readEncoded(text: string, nameEnd: number): Pair {
  const quote = text.startsWith('%22', nameEnd + 3) ? 3 : 0
  const start = nameEnd + 3 + quote
  return { nameEnd, quote, start, end: endOf(ENCODED_VALUE, text, start) }
}

/** `nameEnd` is where the first percent sign of the name is, if it holds one. */
function readPlain(text: string, at: number, nameEnd: number): Pair | null {
  let equals = nameEnd
  while (equals < at + MAX_NAME && (codeAt(equals) === PER_CENT || isAt(equals, COOKIE_NAME))) equals++
  if (equals === at || codeAt(equals) !== EQUALS) return null
  const quote = codeAt(equals + 1) === DOUBLE_QUOTE ? 1 : text.startsWith('\\"', equals + 1) ? 2 : 0
  const start = equals + 1 + quote
  return { nameEnd: equals, quote, start, end: endOf(VALUE, text, start) }
}

function endOf(value: RegExp, text: string, start: number): number {
  value.lastIndex = start
  value.test(text)
  return value.lastIndex
}

const GAP = /;[ \t]{0,4}(?:(?:secure|httponly|partitioned);?[ \t]{0,4}){0,3}|%3B(?:%20|\+)?/iy

/** Past what separates two pairs; `at` itself where nothing does. */
function skipGap(text: string, at: number): number {
  const code = codeAt(at)
  if (code !== SEMICOLON && code !== PER_CENT) return at
  GAP.lastIndex = at
  return GAP.test(text) ? GAP.lastIndex : at
}
