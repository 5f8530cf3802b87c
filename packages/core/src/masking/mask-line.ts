import { maskText } from './mask-text.js'

/** Longest text of a value in a log line, in characters. */
const MAX_VALUE = 1024

/** C0 but the line end, DEL, C1, line and paragraph separators, and what turns the direction of text around (UAX 9). */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** One look at each character, where to replace costs a call out of the compiled code: almost no line holds any of these. */
const BEYOND_ASCII = /[^\0-~]/

/**
 * Makes a finished JSON line fit for a log: secrets masked, what a terminal obeys escaped as `\uXXXX`, long texts cut.
 * A line that needs nothing of this comes back as it is.
 */
export function maskLine(line: string): string {
  const masked = maskText(line)
  const short = masked.length > MAX_VALUE ? cutLine(masked) : masked
  if (!BEYOND_ASCII.test(short)) return short
  return short.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The line again with every text cut. */
function cutLine(line: string): string {
  try {
    return `${JSON.stringify(cutTexts(JSON.parse(line)))}\n`
  } catch {
    // A host's pino may write another form: the line is masked all the same.
    return line
  }
}

/** Cuts a text to what a log line holds of one value. */
export function cutText(text: string): string {
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}

/** Cuts every text inside a value. The value is the caller's own copy and changed in place. */
export function cutTexts(value: unknown): unknown {
  if (typeof value === 'string') return cutText(value)
  const open = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const owner = next as Record<string, unknown>
    for (const name of Object.keys(owner)) {
      const inner = owner[name]
      if (typeof inner === 'string') owner[name] = cutText(inner)
      else if (typeof inner === 'object' && inner !== null) open.push(inner)
    }
  }
  return value
}
