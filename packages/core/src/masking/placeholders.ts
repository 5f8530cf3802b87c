import { isQuote } from './characters.js'
import { codeAt } from './codes.js'
import { BRACKET, DIGIT, FILLER, kindsOf, LETTER, REPEATED } from './value-kinds.js'
import { WordSet } from './word-set.js'

/** Words of which names of secrets are made: a value of nothing else is a name, not a secret. */
const NAME_WORDS = new WordSet(
  (
    'password passwords passwd pwd pass passphrase passcode secret secrets token tokens api apikey key keys access auth ' +
    'authentication authorization oauth bearer basic client user username id refresh session cookie cookies credential ' +
    'credentials private encryption signing webhook value string field input confirm confirmation repeat reset forgot ' +
    'current required invalid missing here your the insert enter type name env var admin db database service account ' +
    'change page next header schema ref arn hash uri url file path old new test dev local internal example sample ' +
    'expired valid challenge json web ' +
    'anthropic aws azure openai github google'
  ).split(' '),
)
const TELLING_WORD = /password|passwd|passphrase|secret|token|key|auth|credential|cookie|bearer/i
const INSTRUCTION =
  /(?:^|[^a-z])(?:your|placeholder|replace|insert|redacted|change[-_ ]?me|goes[-_ ]here|[-_ ]here)(?:$|[^a-z])/i

/** `<key>`, `&lt;key&gt;`, `[KEY]`, `{}`, `{key}`, `%KEY%`, `@key@`, `:key`, `$1`, `%s`, `**REDACTED**`. */
const BRACKETED = /^(?:<.*>|&lt;.*&gt;|\[[A-Za-z _-]*\]|\{\w*\}|%\w+%|@@?\w+@@?|:\w+|\$\d|%[\dsdvq@]|\*\*.*\*\*)$/
/** `$KEY`, `$env:KEY`, `$dir/file`. */
const VARIABLE = /^\$(?:env:)?[A-Za-z_]\w*(?:$|\/)/i
/** What template languages put around an expression, at the start or anywhere. */
const EXPRESSION = /^(?:\$\{|\$\(|\{\{|\{%|#\{|@\{|<%|%\(|\[\[)|\$\{\{? ?[\w.:-]+|\$\([\w ]+\)|\{\{.{1,80}\}\}/
/** Runs that stand for what was left out. */
const ELLIPSIS = /\.\.\.|\u2026|(?:^|[^A-Za-z])[xX]{4,}(?:$|[^A-Za-z])|\*{3}|[•●]{3}/
const FILLED = /[xX*#]{8}|\*{4}|^([xX0*.•_-])\1{3,}$|^(.)\2{7,}$/
const CONSTANT = /^[A-Z]+(?:_[A-Z]+)+$/

/** Whether a value is one that people write instead of a secret, or one that was masked before. */
export function isPlaceholder(text: string): boolean {
  const value = text === '' ? text : withoutQuotes(text)
  return isUnquotedPlaceholder(value, kindsOf(value))
}

/** The same of a value of such kinds of characters that has no quotes around it. */
export function isUnquotedPlaceholder(value: string, kinds: number): boolean {
  if ((kinds & (LETTER | DIGIT)) === 0) return true
  if (((kinds & BRACKET) !== 0 || value[0] === ':') && isExpression(value)) return true
  if ((kinds & (REPEATED | FILLER)) !== 0 && (FILLED.test(value) || (value.length < 48 && ELLIPSIS.test(value))))
    return true
  return (kinds & DIGIT) === 0 && value.length <= 64 && isMadeOfWords(value)
}

const isExpression = (value: string): boolean => BRACKETED.test(value) || VARIABLE.test(value) || EXPRESSION.test(value)

function withoutQuotes(text: string): string {
  return isQuote(text.charCodeAt(0)) || isQuote(text.charCodeAt(text.length - 1))
    ? text.replace(/^["'`]+|["'`]+$/g, '')
    : text
}

/** `your-api-key`, `ACCESS_TOKEN`, `NULL_CHARACTER_TOKEN`. */
const isMadeOfWords = (value: string): boolean =>
  ((isMadeOfNameWords(value) || CONSTANT.test(value)) && TELLING_WORD.test(value)) || INSTRUCTION.test(value)

/** Whether each word, as in `Name`, `name`, `NAME` and `NAMEName`, is one of which names of secrets are made. */
function isMadeOfNameWords(value: string): boolean {
  let at = 0
  while (at < value.length) {
    const start = at++
    if (isCapital(value.charCodeAt(start))) {
      while (isCapital(value.charCodeAt(at))) at++
      if (isSmall(value.charCodeAt(at)) && at - start > 1) at--
      else if (at - start === 1) at = endOfSmall(value, at)
    } else if (isSmall(value.charCodeAt(start))) at = endOfSmall(value, at)
    else continue
    if (!NAME_WORDS.hasInAnyCase(value.slice(start, at))) return false
  }
  return true
}

function endOfSmall(value: string, from: number): number {
  let at = from
  while (isSmall(value.charCodeAt(at))) at++
  return at
}

const isCapital = (code: number): boolean => code >= 65 && code <= 90
const isSmall = (code: number): boolean => code >= 97 && code <= 122

/** Whether what ends at `end` was shortened to be shown: `cnp_live_…`, `sk-abc...`. */
export const isShortened = (end: number): boolean =>
  codeAt(end) === 0x2026 || (codeAt(end) === 46 && codeAt(end + 1) === 46)
