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
  while (at < from + 32 && (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9)) at++
  if (at === from + 32 || !mayBeBlank(text.charCodeAt(at))) return at
  SPACES.lastIndex = from
  SPACES.test(text)
  return SPACES.lastIndex
}

/** The same, and line ends. */
export function skipBlanks(text: string, from: number): number {
  if (!mayBeBlank(text.charCodeAt(from))) return from
  BLANKS.lastIndex = from
  BLANKS.test(text)
  return BLANKS.lastIndex
}

/** The quote that opens at `at`, or null. */
export function openQuote(text: string, at: number): Quote | null {
  let start = at
  while (start < at + MAX_SLASHES && text.charCodeAt(start) === 92) start++
  const code = text.charCodeAt(start)
  if (code === 34 || code === 39 || code === 96) {
    return { start: start + 1, mark: String.fromCharCode(code), depth: start - at }
  }
  const first = text.charCodeAt(at)
  if (first !== 92 && first !== 37 && first !== 38) return null
  ENCODED.lastIndex = at
  const found = ENCODED.exec(text)
  if (found === null) return null
  return { start: ENCODED.lastIndex, mark: found[0].replace(/^\\+/, '\\'), depth: 0 }
}

/** A space, a control character such as a line end or ESC, or what begins the escape of one. */
const mayBeBlank = (code: number): boolean => code <= 32 || code === 92 || code === 37

/** Where the text inside `quote` ends, looking from `from` on; -1 when it does not before `to`. */
export function findClosing(text: string, from: number, to: number, quote: Quote): number {
  const { mark, depth } = quote
  if (mark.length > 1) {
    const end = text.slice(from, to).indexOf(mark)
    if (end < 0) return -1
    let at = from + end
    while (mark[0] === '\\' && at > from && text.charCodeAt(at - 1) === 92) at--
    return at
  }
  const code = mark.charCodeAt(0)
  for (let at = from; at < to; at++) {
    const here = text.charCodeAt(at)
    if (here === 10 && code !== 96 && depth === 0) return -1
    if (here !== code) continue
    let slashes = 0
    while (slashes < 64 && text.charCodeAt(at - slashes - 1) === 92 && at - slashes > quote.start) slashes++
    // Fewer slashes than it was opened with: an outer text ends here. More: an escaped quote, if they add up to one.
    if (slashes <= depth) return at - slashes
    if (((slashes - depth) / (depth + 1)) % 2 === 0) return at - depth
  }
  return -1
}
