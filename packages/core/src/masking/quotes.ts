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
const OPENING = /(\\{0,15})(["'`])|%22|%27|\\{1,8}u002[27]|&quot;|&#3[49];|&apos;/y

/** Skips spaces, tabs and colour codes, in plain text or escaped. */
export function skipSpaces(text: string, from: number): number {
  SPACES.lastIndex = from
  SPACES.test(text)
  return SPACES.lastIndex
}

/** The same, and line ends. */
export function skipBlanks(text: string, from: number): number {
  BLANKS.lastIndex = from
  BLANKS.test(text)
  return BLANKS.lastIndex
}

/** The quote that opens at `at`, or null. */
export function openQuote(text: string, at: number): Quote | null {
  const code = text.charCodeAt(at)
  if (code !== 34 && code !== 39 && code !== 96 && code !== 92 && code !== 37 && code !== 38) return null
  OPENING.lastIndex = at
  const found = OPENING.exec(text)
  if (found === null) return null
  const [all, slashes, mark] = found
  if (mark !== undefined) return { start: at + all.length, mark, depth: slashes!.length }
  return { start: at + all.length, mark: all.replace(/^\\+/, '\\'), depth: 0 }
}

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
