import { isQuote, TOKEN68, UNQUOTED } from './characters.js'
import { codeAt, endOfEncodedRun, endOfRun } from './codes.js'
import { type Finding, MASK, type Memo, type Rest, WINDOW } from './finding.js'
import { isCompound, isJoinedWords } from './letters.js'
import { isPlaceholder, isShortened } from './placeholders.js'
import { isUserAndPassword } from './user-and-password.js'
import { WordSet } from './word-set.js'

const restOfToken: Rest = (_text, from, to) => endOfRun(from, to, TOKEN68)

/** What follows the name of a scheme in prose. */
const PROSE_AFTER_SCHEME = new WordSet(
  (
    'token tokens auth authentication authorization scheme schemes header headers credential credentials key keys realm ' +
    'challenge of and or is are was the a an format type prefix method string value null undefined none jwt jwts required ' +
    'access for with in to from on as if not followed plus space abc xyz invalid missing expired security'
  ).split(' '),
)
const CODE_WORDS = new WordSet(['true', 'false', 'string', 'boolean', 'object', 'void', 'any'])
const SCHEME =
  /(?:(bearer|basic|token|apikey|api-key|key|digest|negotiate|ntlm|sswid|ssws|geniekey|aws4-hmac-sha256|oauth|hawk|signature|dpop|splunk|klaviyo-api-key|sso-key|bot|private-token|zoho-oauthtoken|discogs|mac|vapid)(?:[ \t]{1,8}|%20|\+(?=\S)))/iy

/** A longer text that is no secret is read again from few names inside it. Shorter ones from all: it costs next to nothing. */
const LONG = 64

/** The credentials of an `Authorization` value: what follows its scheme (RFC 9110 section 11.4). */
export function findCredentials(text: string, at: number, limit: number, encoded: boolean, memo: Memo): Finding | null {
  if (memo.credentials.covers(at)) return null
  SCHEME.lastIndex = at
  const scheme = SCHEME.exec(text)
  const start = scheme === null ? at : SCHEME.lastIndex
  const parameters = scheme !== null && /^(?:digest|aws4|oauth|hawk|signature|mac|vapid)/i.test(scheme[0])
  const end = parameters ? endOfParameters(text, start, limit) : endOfCredential(text, start, limit, encoded)
  if (end === start) return null
  const value = text.slice(start, end)
  const isCredential =
    !isWordOrPlaceholder(value) &&
    !isShortened(end) &&
    codeAt(end) !== 40 &&
    (scheme !== null || isAlone(text, start, value)) &&
    (!parameters || value.includes('='))
  if (isCredential) return { start, end, mask: MASK, rest: end >= limit ? restOfToken : undefined }
  if (end - at > LONG) memo.credentials.add(at, end)
  return null
}

const isWordOrPlaceholder = (value: string): boolean =>
  PROSE_AFTER_SCHEME.hasInAnyCase(value) || CODE_WORDS.has(value) || isPlaceholder(value)

/** A value without a scheme is taken for a credential only where no code or prose looks like it. */
function isAlone(text: string, start: number, value: string): boolean {
  if (/\d/.test(value)) return value.length >= 6 && /^[\w.~+/=:%-]+$/.test(value)
  const end = start + value.length
  if (isQuote(codeAt(start - 1)) || !FIELD_END.test(text.slice(end, end + 4))) return false
  return /^[a-z]{16,64}$/.test(value) || isJoinedWords(value)
}

/** What follows the value of a header where its line or the quoted text around it ends. */
const FIELD_END = /^(?:$|[\r\n"'`\\])/

const ENCODED_END = /%(?:2[0267cC]|0[aAdD]|7[dD])/y

function endOfCredential(text: string, start: number, limit: number, encoded: boolean): number {
  let end = encoded ? endOfEncodedRun(text, start, limit, UNQUOTED, ENCODED_END) : endOfRun(start, limit, UNQUOTED)
  if (end < limit) while (end > start && isStop(codeAt(end - 1))) end--
  return end
}

/** One of `.`, `:` and `?`. */
const isStop = (code: number): boolean => code === 46 || code === 58 || code === 63

const PARAMETER = /[\w-]{1,40}=(?:"[^"\\\r\n]{0,512}"|\\"[^"\\\r\n]{0,512}\\"|[^\s"'\\,]{0,1024}),?[ \t]{0,4}/y

/** `name="value", name=value …` to the end of the line or of the quoted text around. */
function endOfParameters(text: string, start: number, limit: number): number {
  let end = start
  for (;;) {
    PARAMETER.lastIndex = end
    if (!PARAMETER.test(text) || PARAMETER.lastIndex > limit) break
    end = PARAMETER.lastIndex
  }
  while (end > start && (codeAt(end - 1) === 32 || codeAt(end - 1) === 44)) end--
  return end
}

const BEARER_OR_BASIC = /(?:bearer|basic)(?:[ \t]{1,8}|%20|\+|: ?)["']?/iy

/** `Bearer …` and `Basic …` where no header name stands before them. */
export function findScheme(text: string, at: number, memo: Memo): Finding | null {
  if (memo.schemes.covers(at)) return null
  BEARER_OR_BASIC.lastIndex = at
  if (!BEARER_OR_BASIC.test(text)) return null
  const start = BEARER_OR_BASIC.lastIndex
  const limit = Math.min(text.length, at + WINDOW)
  let end = endOfRun(start, limit, TOKEN68)
  if (end < limit) end = withoutStops(start, end)
  const value = text.slice(start, end)
  const isSecret =
    value.length >= 3 &&
    codeAt(end) !== 42 &&
    !isShortened(end) &&
    !isPlaceholder(value) &&
    (isLetterA(at + 1) ? isUserAndPassword(value) : isBearer(at, value, end))
  if (isSecret) return { start, end, mask: MASK, rest: end >= limit ? restOfToken : undefined }
  if (end - at > LONG) memo.schemes.add(at, end)
  return null
}

/** The second letter of `Basic`, not of `Bearer`. */
const isLetterA = (at: number): boolean => (codeAt(at) | 32) === 97

/** Neither the stop of a sentence nor an equals sign is part of a token, which may end in the padding of base64 though. */
function withoutStops(start: number, end: number): number {
  let at = end
  while (at > start && (codeAt(at - 1) === 61 ? at - start <= 6 : isStop(codeAt(at - 1)))) at--
  return at
}

function isBearer(at: number, value: string, end: number): boolean {
  if (PROSE_AFTER_SCHEME.hasInAnyCase(value)) return false
  if (/\d/.test(value)) return true
  if (/^[A-Za-z]+(?:[-./][A-Za-z]+)*$/.test(value)) {
    if (value.length >= 20 && !/[-./]/.test(value)) return true
    if (/[a-z][A-Z]/.test(value) && value.length >= 12) return true
    if (PROSE_AFTER_SCHEME.hasInAnyCase(value.slice(0, value.search(/[-./]|$/)))) return false
    if (isJoinedWords(value) || isDotted(value)) return true
    if (isCompound(value)) return false
    // A quoted text that holds nothing but the scheme and one word.
    const before = codeAt(at - 1)
    return isQuote(before) && (codeAt(end) === before || codeAt(end) === 92) && value.length >= 4
  }
  return /[_~+/=]/.test(value) && value.length >= 8
}

/** Parts between dots, as in a token; not `auth.ts`, `options.token`, nor a stop that no space follows. */
const isDotted = (value: string): boolean =>
  value.length >= 12 && /^[a-z]{4,}(?:\.[a-z]{4,})+$/.test(value) && !/token|secret|auth|key|header/.test(value)
