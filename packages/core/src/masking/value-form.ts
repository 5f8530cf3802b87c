import { type AssignedName, isEnvironmentName } from './assignment-name.js'
import { isBlank, isIn, LINE_START } from './characters.js'
import { codeAt } from './codes.js'
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
  const tight = !name.spaced && !isBlank(codeAt(separator.end))
  if (isHeaderName(place) && (tight || (separator.kind === ':' && endsField(text, separator, end)))) return 'header'
  if (separator.kind === '=' && tight) return toTightForm(text, place, name, end)
  if (separator.kind === '=>' || !startsLine(text, name.start) || !endsLine(text, end)) return 'bare'
  if (separator.kind !== ':' || name.quoted || closesBlock(text, separator, end)) return 'line'
  return /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name.name) ? 'property' : 'entry'
}

/** The same of `name=value`, without a space. */
function toTightForm(text: string, { separator, key }: ValuePlace, name: AssignedName, end: number): ValueForm {
  const before = codeAt(name.start - 1)
  if (before === 38 || before === 63 || codeAt(end) === 38 || (before === 59 && endsFormField(text, end))) return 'form'
  // RFC 6749 section 4.2.2: a token in the fragment of a URL.
  if (before === 35 && key.kind === 'token' && key.specific) return 'form'
  if (isEnvironmentName(name.name)) return 'environment'
  if (startsLine(text, name.start)) {
    return endsLine(text, end) && !closesBlock(text, separator, end) ? 'property' : 'line'
  }
  const outer = codeAt(name.start - 2)
  return before === 32 && outer !== 44 && outer !== 40 ? 'fields' : 'bare'
}

const FORM_FIELD_END = /[;"'\r\n]|$/y

function endsFormField(text: string, end: number): boolean {
  FORM_FIELD_END.lastIndex = end
  return FORM_FIELD_END.test(text)
}

/** Names with a dash are those of headers: in code they stand in quotes. Texts for people are named so too: `forgot-password`. */
const isHeaderName = ({ name, key }: ValuePlace): boolean =>
  name !== null &&
  !name.quoted &&
  (startsWithX(name.start) || (key.specific && key.kind !== 'password' && name.name.includes('-')))

/** `x-…`, `X-…`. */
const startsWithX = (at: number): boolean => codeAt(at + 1) === 45 && (codeAt(at) | 32) === 120

/** What is behind the value of a header: the end of the line or of the text around it, or another header. Prose goes on. */
const FIELD_END = /[ \t]{0,8}(?:$|[\r\n"'`\\,;)\]}|])/y

function endsField(text: string, separator: Separator, end: number): boolean {
  if (end - separator.start > MAX_SETTING) return false
  FIELD_END.lastIndex = end
  return FIELD_END.test(text)
}

function endsLine(text: string, end: number): boolean {
  const stop = Math.min(end + 6, text.length)
  let at = end
  while (at < stop && isBlank(codeAt(at))) at++
  const code = codeAt(at)
  if (at === stop || code === 10) return true
  if (code === 13) return at + 1 < stop && codeAt(at + 1) === 10
  if (at > end) return false
  if (code === 34 || code === 39) return true
  while (at < end + 4 && codeAt(at) === 92) at++
  return at > end && (codeAt(at) === 110 || codeAt(at) === 114)
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

const START_OF_LINE = /(?:^|[\n\r]|\\{1,4}[nr]|["'])[ \t]*(?:-[ \t]+|export[ \t]+|#[ \t]*|;[ \t]*)?["']?$/

function startsLine(text: string, at: number): boolean {
  const code = codeAt(at - 1)
  if (code === 10 || code === 13) return true
  let blank = at
  while (at - blank < 40 && isBlank(codeAt(blank - 1))) blank--
  return (blank === 0 || mayStartLine(blank)) && START_OF_LINE.test(text.slice(Math.max(0, at - 40), at))
}

/** Whether what stands before `at` may begin a line: {@link LINE_START}, an escaped line end or `export`. */
function mayStartLine(at: number): boolean {
  const code = codeAt(at - 1)
  if (code === 110 || code === 114) return codeAt(at - 2) === 92
  if (code === 116) return codeAt(at - 2) === 114
  return isIn(code, LINE_START)
}
