import { ESCAPED_BLANK, isBlank, isQuote } from './characters.js'
import { codeAt, isAt } from './codes.js'

/** How a quoted text is closed, in the escape in which it was opened. */
export interface Quote {
  /** Position of the first character inside. */
  readonly start: number
  /** The closing mark: `"`, `'`, a back quote, or the same percent-encoded, escaped or as an HTML entity. */
  readonly mark: string
  /** Back slashes before the mark: 0 in plain text, 1 inside a JSON string, 3 inside JSON inside JSON. */
  readonly depth: number
}

const ANSI = '(?:\\x1b|\\\\{1,4}(?:u001[bB]|x1[bB]|033|e))\\[[0-9;]{0,16}m'
const SPACES = new RegExp(`(?:[ \\t]|%20|${ANSI}){0,32}`, 'y')
const BLANKS = new RegExp(`(?:[ \\t\\r\\n]|\\\\{1,4}[nrt]|%20|%0[AaDd]|${ANSI}){0,64}`, 'y')
/** Quotes that are written in another way. */
const ENCODED = /%22|%27|\\{1,8}u002[27]|&quot;|&#3[49];|&apos;/y
const MAX_SLASHES = 15

/** Skips spaces, tabs and colour codes, in plain text or escaped. */
export function skipSpaces(text: string, from: number): number {
  let at = from
  while (at < from + 32 && isBlank(codeAt(at))) at++
  if (at === from + 32 || !mayBeEscape(at)) return at
  SPACES.lastIndex = from
  SPACES.test(text)
  return SPACES.lastIndex
}

/** The same, and line ends. */
export function skipBlanks(text: string, from: number): number {
  const code = codeAt(from)
  if (!isBlank(code) && code !== 10 && code !== 13 && !mayBeEscape(from)) return from
  BLANKS.lastIndex = from
  BLANKS.test(text)
  return BLANKS.lastIndex
}

/** The quote that opens at `at`, or null. */
export function openQuote(text: string, at: number): Quote | null {
  let start = at
  while (start < at + MAX_SLASHES && codeAt(start) === 92) start++
  const code = codeAt(start)
  if (isQuote(code)) {
    return { start: start + 1, mark: String.fromCharCode(code), depth: start - at }
  }
  if (start === at && code !== 37 && code !== 38) return null
  ENCODED.lastIndex = at
  const found = ENCODED.exec(text)
  if (found === null) return null
  return { start: ENCODED.lastIndex, mark: found[0].replace(/^\\+/, '\\'), depth: 0 }
}

/** Whether a colour code or the escape of a blank may begin at `at`: most back slashes stand before quotes. */
function mayBeEscape(at: number): boolean {
  const code = codeAt(at)
  if (code === 37) return codeAt(at + 1) === 50 || codeAt(at + 1) === 48
  if (code !== 92) return code === 27
  let letter = at + 1
  while (letter < at + 4 && codeAt(letter) === 92) letter++
  return isAt(letter, ESCAPED_BLANK)
}

/** Where the text inside `quote` ends, looking from `from` on; -1 when it does not before `to`. */
export function findClosing(text: string, from: number, to: number, quote: Quote): number {
  const { mark, depth } = quote
  if (mark.length > 1) {
    const end = text.slice(from, to).indexOf(mark)
    if (end < 0) return -1
    let at = from + end
    while (mark[0] === '\\' && at > from && codeAt(at - 1) === 92) at--
    return at
  }
  const code = mark.charCodeAt(0)
  for (let at = from; at < to; at++) {
    const here = codeAt(at)
    if (here === 10 && code !== 96 && depth === 0) return -1
    if (here !== code) continue
    let slashes = 0
    while (slashes < 64 && codeAt(at - slashes - 1) === 92 && at - slashes > quote.start) slashes++
    // Fewer slashes than it was opened with: an outer text ends here. More: an escaped quote, if they add up to one.
    if (slashes <= depth) return at - slashes
    if (((slashes - depth) / (depth + 1)) % 2 === 0) return at - depth
  }
  return -1
}
