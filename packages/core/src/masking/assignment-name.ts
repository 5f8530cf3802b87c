import { isBlank, isHex, isQuote, NAME } from './characters.js'
import { codeAt, isAt } from './codes.js'
import { WordSet } from './word-set.js'

/** The name before a separator, and where it stands. */
export interface AssignedName {
  readonly name: string
  readonly start: number
  readonly quoted: boolean
  /** Whether spaces stand between name and separator. */
  readonly spaced: boolean
}

const TYPES = new WordSet(['string', 'String', 'str', 'text', 'Text', 'char', 'CharSequence', 'any'])
const MAX_NAME = 64
/** An escape character, written so or as itself. */
const ESCAPE = `(?:${String.fromCharCode(27)}|\\\\{1,4}(?:u001[bB]|x1[bB]|033|e))`
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]{0,16}m$`)

/** Reads backwards from a separator: `name =`, `"name":`, `\"name\":`, `%22name%22%3A`, `env["name"] =`, `name: string =`. */
export function readNameBefore(text: string, separator: number): AssignedName | null {
  let at = skipColour(text, separator)
  const afterName = at
  while (afterName - at < 16 && isBlank(codeAt(at - 1))) at--
  at = skipColour(text, at)
  const spaced = at < afterName
  if (codeAt(at - 1) === 93) at--
  const beforeQuote = skipQuote(text, at)
  const quoted = beforeQuote < at
  const end = beforeQuote
  let start = end
  while (end - start < MAX_NAME && isAt(start - 1, NAME)) start--
  if (start === end) return null
  start = afterEscape(text, start, end)
  const name = text.slice(start, end)
  if (!quoted && joinsType(codeAt(start - 1)) && TYPES.has(name)) {
    let outer = start - 1
    while (start - outer < 4 && joinsType(codeAt(outer - 1))) outer--
    const typed = readNameBefore(text, outer)
    if (typed !== null) return typed
  }
  return { name, start, quoted, spaced }
}

const ENVIRONMENT_NAME = /^[A-Z][A-Z0-9_]*$/

/** Whether a name is written as those of environment variables are. */
export const isEnvironmentName = (name: string): boolean => isCapital(name.charCodeAt(0)) && ENVIRONMENT_NAME.test(name)

const isCapital = (code: number): boolean => code >= 65 && code <= 90

/** What stands between a name and its type, in either order: `name: string`, `char *name`. */
const joinsType = (code: number): boolean => code === 32 || code === 58 || code === 42

function skipColour(text: string, at: number): number {
  if (codeAt(at - 1) !== 109) return at
  const colour = COLOUR.exec(text.slice(Math.max(0, at - 28), at))
  return colour === null ? at : at - colour[0].length
}

function skipQuote(text: string, at: number): number {
  const code = codeAt(at - 1)
  if (isQuote(code)) {
    let start = at - 1
    while (at - start < 17 && codeAt(start - 1) === 92) start--
    return start
  }
  if (code === 50 || code === 55 || code === 59) {
    const encoded = /(?:%2[27]|\\{1,8}u002[27]|&quot;|&#3[49];|&apos;)$/.exec(text.slice(Math.max(0, at - 14), at))
    if (encoded !== null) return at - encoded[0].length
  }
  return at
}

/** The letter after a back slash belongs to the escape, not to the name: `\nDB_PASSWORD=`. So do two digits after `%`. */
function afterEscape(text: string, start: number, end: number): number {
  const before = codeAt(start - 1)
  if (before === 92) {
    const letter = text[start]!
    if (letter === 'u' && end - start > 5 && /^u00[0-9a-fA-F]{2}/.test(text.slice(start, start + 5))) return start + 5
    if (letter === 'x' && end - start > 3 && /^x[0-9a-fA-F]{2}/.test(text.slice(start, start + 3))) return start + 3
    if ('nrtbfv'.includes(letter) && end - start > 1) return start + 1
  }
  if (before === 37 && end - start > 2 && isHex(codeAt(start)) && isHex(codeAt(start + 1))) return start + 2
  return start
}
