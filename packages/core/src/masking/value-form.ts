import type { AssignedName } from './assignment-name.js'
import type { Separator } from './separator.js'
import type { ValueForm } from './values.js'

/** How the value from `separator` to `end` stands in the text; `name` is null where it is the value of a pair. */
export function toForm(text: string, separator: Separator, name: AssignedName | null, end: number): ValueForm {
  if (name === null) return 'line'
  const tight = !name.spaced && !isBlank(text, separator.end)
  const before = text[name.start - 1] ?? '\n'
  const after = text[end] ?? '\n'
  if (separator.kind === 'flag') return 'fields'
  if (separator.kind === 'word') return 'bare'
  if (separator.encoded) return 'form'
  if (separator.kind === '>') return 'fields'
  if (separator.kind === '=' && tight) {
    if (before === '&' || before === '?' || after === '&' || (before === ';' && /[;"'\r\n]/.test(after))) return 'form'
    if (/^[A-Z][A-Z0-9_]*$/.test(name.name)) return 'environment'
    if (startsLine(text, name.start)) return 'line'
    if (before === ' ' && text[name.start - 2] !== ',' && text[name.start - 2] !== '(') return 'fields'
    return 'bare'
  }
  const alone =
    startsLine(text, name.start) &&
    /^(?:$|\r?\n|\\{1,4}[nr]|["'])/.test(text.slice(end, end + 6).replace(/^[ \t]+(?=[\r\n#]|$)/, ''))
  return alone && separator.kind !== '=>' ? 'line' : 'bare'
}

const isBlank = (text: string, at: number): boolean => text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9

const LINE_START = /(?:^|[\n\r]|\\{1,4}[nr]|["'])[ \t]*(?:-[ \t]+|export[ \t]+|#[ \t]*|;[ \t]*)?["']?$/

/** What stands before a name that starts a line, blanks aside: the line end, a quote, `-`, `export`, `#`, `;` or nothing. */
const MAY_START_LINE = new Set([Number.NaN, ...Array.from('\n\rnr"\'-t#; \t', (character) => character.charCodeAt(0))])

function startsLine(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1)
  if (code > 59 && code !== 92 && code !== 110 && code !== 114) return false
  let blank = at
  while (at - blank < 40 && isBlank(text, blank - 1)) blank--
  if (!MAY_START_LINE.has(text.charCodeAt(blank - 1))) return false
  const before = text.slice(Math.max(0, at - 40), at)
  return LINE_START.test(before) && (at > 40 || before.length === at)
}
