import type { AssignedName } from './assignment-name.js'
import type { Separator } from './separator.js'
import type { ValuePlace } from './value-place.js'
import type { ValueForm } from './values.js'

/** How the value from the separator to `end` stands in the text. */
export function toForm(text: string, place: ValuePlace, end: number): ValueForm {
  const { separator, name } = place
  if (name === null) return 'line'
  if (separator.kind === 'flag') return 'fields'
  if (separator.kind === 'word') return 'bare'
  if (separator.encoded) return 'form'
  if (separator.kind === '>') return 'fields'
  const tight = !name.spaced && !isBlank(text, separator.end)
  if (isHeaderName(place) && (tight || (separator.kind === ':' && endsField(text, separator, end)))) return 'header'
  if (separator.kind === '=' && tight) return toTightForm(text, place, name, end)
  if (separator.kind === '=>' || !startsLine(text, name.start) || !endsLine(text, end)) return 'bare'
  if (separator.kind !== ':' || name.quoted || closesBlock(text, separator, end)) return 'line'
  return /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name.name) ? 'property' : 'entry'
}

/** The same of `name=value`, without a space. */
function toTightForm(text: string, { separator, key }: ValuePlace, name: AssignedName, end: number): ValueForm {
  const before = text[name.start - 1] ?? '\n'
  const after = text[end] ?? '\n'
  if (before === '&' || before === '?' || after === '&' || (before === ';' && /[;"'\r\n]/.test(after))) return 'form'
  // RFC 6749 section 4.2.2: a token in the fragment of a URL.
  if (before === '#' && key.kind === 'token' && key.specific) return 'form'
  if (/^[A-Z][A-Z0-9_]*$/.test(name.name)) return 'environment'
  if (startsLine(text, name.start)) {
    return endsLine(text, end) && !closesBlock(text, separator, end) ? 'property' : 'line'
  }
  return before === ' ' && text[name.start - 2] !== ',' && text[name.start - 2] !== '(' ? 'fields' : 'bare'
}

/** Names with a dash are those of headers: in code they stand in quotes. Texts for people are named so too: `forgot-password`. */
const isHeaderName = ({ name, key }: ValuePlace): boolean =>
  name !== null &&
  !name.quoted &&
  name.name.includes('-') &&
  ((key.specific && key.kind !== 'password') || /^x-/i.test(name.name))

/** What is behind the value of a header: the end of the line or of the text around it, or another header. Prose goes on. */
const FIELD_END = /[ \t]{0,8}(?:$|[\r\n"'`\\,;)\]}|])/y

function endsField(text: string, separator: Separator, end: number): boolean {
  if (end - separator.start > MAX_SETTING) return false
  FIELD_END.lastIndex = end
  return FIELD_END.test(text)
}

function endsLine(text: string, end: number): boolean {
  const code = text.charCodeAt(end)
  if (code === 10 || code === 34 || code === 39) return true
  if (code > 32 && code !== 92) return false
  return /^(?:$|\r?\n|\\{1,4}[nr]|["'])/.test(text.slice(end, end + 6).replace(/^[ \t]+(?=[\r\n#]|$)/, ''))
}

/** Longest setting that is told from code or prose by what follows. */
const MAX_SETTING = 256
const CLOSING_LINE = /[ \t]{0,8}(?:(?:\r?\n|\\{1,4}[nr])(?:[ \t]|\\{1,4}t){0,40}){1,4}[)\]}]/y

/** Whether the next line closes a bracket: then the value was the last of a call or an object in code. */
function closesBlock(text: string, separator: Separator, end: number): boolean {
  if (end - separator.start > MAX_SETTING) return true
  CLOSING_LINE.lastIndex = end
  return CLOSING_LINE.test(text)
}

const isBlank = (text: string, at: number): boolean => text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9

const LINE_START = /(?:^|[\n\r]|\\{1,4}[nr]|["'])[ \t]*(?:-[ \t]+|export[ \t]+|#[ \t]*|;[ \t]*)?["']?$/

/** What stands before a name that starts a line, blanks aside: the line end, a quote, `-`, `export`, `#`, `;` or nothing. */
const MAY_START_LINE = new Set([Number.NaN, ...Array.from('\n\rnr"\'-t#; \t', (character) => character.charCodeAt(0))])

function startsLine(text: string, at: number): boolean {
  const code = text.charCodeAt(at - 1)
  if (code === 10 || code === 13) return true
  if (code > 59 && code !== 92 && code !== 110 && code !== 114) return false
  let blank = at
  while (at - blank < 40 && isBlank(text, blank - 1)) blank--
  if (!MAY_START_LINE.has(text.charCodeAt(blank - 1))) return false
  const before = text.slice(Math.max(0, at - 40), at)
  return LINE_START.test(before) && (at > 40 || before.length === at)
}
