import { endOfEncodedRun, endOfRun, TOKEN68, UNQUOTED } from './characters.js'
import { type Finding, MASK, type Memo, type Rest, WINDOW } from './finding.js'
import { isCompound, isJoinedWords } from './letters.js'
import { isPlaceholder, isShortened } from './placeholders.js'
import { prefixMask } from './vendor-keys.js'
import { WordSet } from './word-set.js'

const restOfToken: Rest = (text, from, to) => endOfRun(text, from, to, TOKEN68)

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
    !isShortened(text, end) &&
    text[end] !== '(' &&
    (scheme !== null || isAlone(text, start, value)) &&
    (!parameters || value.includes('='))
  if (isCredential) return { start, end, mask: MASK, ...(end >= limit && { rest: restOfToken }) }
  if (end - at > LONG) memo.credentials.add(at, end)
  return null
}

const isWordOrPlaceholder = (value: string): boolean =>
  PROSE_AFTER_SCHEME.hasInAnyCase(value) || CODE_WORDS.has(value) || isPlaceholder(value)

/** A value without a scheme is taken for a credential only where no code or prose looks like it. */
function isAlone(text: string, start: number, value: string): boolean {
  if (/\d/.test(value)) return value.length >= 6 && /^[\w.~+/=:%-]+$/.test(value)
  if (
    /["'`]/.test(text[start - 1] ?? '') ||
    !FIELD_END.test(text.slice(start + value.length, start + value.length + 4))
  )
    return false
  return /^[a-z]{16,64}$/.test(value) || isJoinedWords(value)
}

/** What follows the value of a header where its line or the quoted text around it ends. */
const FIELD_END = /^(?:$|[\r\n"'`\\])/

const ENCODED_END = /%(?:2[0267cC]|0[aAdD]|7[dD])/y

function endOfCredential(text: string, start: number, limit: number, encoded: boolean): number {
  let end = encoded
    ? endOfEncodedRun(text, start, limit, UNQUOTED, ENCODED_END)
    : endOfRun(text, start, limit, UNQUOTED)
  if (end < limit) while (end > start && '.:?'.includes(text[end - 1]!)) end--
  return end
}

/** `name="value", name=value …` to the end of the line or of the quoted text around. */
function endOfParameters(text: string, start: number, limit: number): number {
  const parameter = /[\w-]{1,40}=(?:"[^"\\\r\n]{0,512}"|\\"[^"\\\r\n]{0,512}\\"|[^\s"'\\,]{0,1024}),?[ \t]{0,4}/y
  let end = start
  for (;;) {
    parameter.lastIndex = end
    if (!parameter.test(text) || parameter.lastIndex > limit) break
    end = parameter.lastIndex
  }
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === ',')) end--
  return end
}

const BEARER_OR_BASIC = /(bearer|basic)(?:[ \t]{1,8}|%20|\+|: ?)["']?/iy

/** `Bearer …` and `Basic …` where no header name stands before them. */
export function findScheme(text: string, at: number, memo: Memo): Finding | null {
  if (memo.schemes.covers(at)) return null
  BEARER_OR_BASIC.lastIndex = at
  const found = BEARER_OR_BASIC.exec(text)
  if (found === null) return null
  const start = BEARER_OR_BASIC.lastIndex
  const limit = Math.min(text.length, at + WINDOW)
  let end = endOfRun(text, start, limit, TOKEN68)
  if (end < limit) end = withoutStops(text, start, end)
  const value = text.slice(start, end)
  const isSecret =
    value.length >= 3 &&
    text[end] !== '*' &&
    !isShortened(text, end) &&
    !isPlaceholder(value) &&
    (found[1]!.toLowerCase() === 'basic' ? isUserAndPassword(value) : isBearer(text, at, value, end))
  if (isSecret) return { start, end, mask: MASK, ...(end >= limit && { rest: restOfToken }) }
  if (end - at > LONG) memo.schemes.add(at, end)
  return null
}

/** Neither the stop of a sentence nor an equals sign is part of a token, which may end in the padding of base64 though. */
function withoutStops(text: string, start: number, end: number): number {
  let at = end
  while (at > start && '.:='.includes(text[at - 1]!) && !(text[at - 1] === '=' && at - start > 6)) at--
  return at
}

function isBearer(text: string, at: number, value: string, end: number): boolean {
  if (PROSE_AFTER_SCHEME.hasInAnyCase(value)) return false
  if (/\d/.test(value)) return true
  if (/^[A-Za-z]+(?:[-./][A-Za-z]+)*$/.test(value)) {
    if (value.length >= 20 && !/[-./]/.test(value)) return true
    if (/[a-z][A-Z]/.test(value) && value.length >= 12) return true
    if (PROSE_AFTER_SCHEME.hasInAnyCase(value.slice(0, value.search(/[-./]|$/)))) return false
    if (isJoinedWords(value) || isDotted(value)) return true
    if (isCompound(value)) return false
    // A quoted text that holds nothing but the scheme and one word.
    const before = text[at - 1]
    return (
      before !== undefined && /["'`]/.test(before) && (text[end] === before || text[end] === '\\') && value.length >= 4
    )
  }
  return /[_~+/=]/.test(value) && value.length >= 8
}

/** Parts between dots, as in a token; not `auth.ts`, `options.token`, nor a stop that no space follows. */
const isDotted = (value: string): boolean =>
  value.length >= 12 && /^[a-z]{4,}(?:\.[a-z]{4,})+$/.test(value) && !/token|secret|auth|key|header/.test(value)

/** Basic credentials are base64 of `user:password` (RFC 7617). */
function isUserAndPassword(value: string): boolean {
  if (value.length < 4 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return false
  const decoded = Buffer.from(value.slice(0, 172), 'base64').toString('latin1')
  return /^[\x20-\x39\x3b-\x7e\x80-\xff]*:[\x20-\x7e\x80-\xff]*$/.test(decoded.replace(/:(?=.*:)/g, '.'))
}

const PAIR = /([\w!#$%&*+.^`|~-]{1,128})=(?:(\\?")?)([^\s;,"'\\<>]{0,3800})/y
/** The same percent-encoded: `sid%3Dvalue%3B%20`. */
const ENCODED_PAIR =
  /([\w!#$&*+.^`|~-]{1,128})%3[dD]((?:%22)?)((?:[^\s;,"'\\<>%&]|%(?!3[bB]|2[0267]|0[aAdD]|7[cCdD])){0,3800})/y
const ATTRIBUTES = new WordSet(
  'path domain expires max-age samesite secure httponly priority version comment partitioned'.split(' '),
)
const GAP = /;[ \t]{0,4}(?:(?:secure|httponly|partitioned);?[ \t]{0,4}){0,3}|%3B(?:%20|\+)?/iy
const ATTRIBUTE_REST = /[^;"'\\\r\n]{0,40}/y

/** The first value of `name=value; name=value` that was not masked before (RFC 6265 section 4). */
export function findCookies(text: string, at: number, limit: number, memo: Memo): Finding | null {
  if (memo.cookies.covers(at)) return null
  let next = at
  let start = -1
  let end = -1
  let masked = ''
  for (let pairs = 0; pairs < 64; pairs++) {
    const pattern = isEncoded(text, next) ? ENCODED_PAIR : PAIR
    pattern.lastIndex = next
    const found = pattern.exec(text)
    if (found === null || next >= limit) break
    const [all, name, quote, value] = found
    const stop = Math.min(pattern.lastIndex, limit)
    const valueAt = next + all.length - value!.length
    const isAttribute = ATTRIBUTES.hasInAnyCase(name!)
    if (!isAttribute && value !== '' && !isPlaceholder(value!)) {
      if (start < 0) start = valueAt
      else masked += text.slice(end, valueAt)
      masked += prefixMask(text, valueAt) ?? MASK
      end = stop
    }
    next = quote === undefined ? stop : stop + quote.length
    if (isAttribute) {
      ATTRIBUTE_REST.lastIndex = next
      ATTRIBUTE_REST.test(text)
      next = ATTRIBUTE_REST.lastIndex
    }
    GAP.lastIndex = next
    if (!GAP.test(text)) break
    next = GAP.lastIndex
  }
  if (start >= 0) return { start, end, mask: masked }
  if (next - at > LONG) memo.cookies.add(at, next)
  return null
}

const ENCODED_NAME = /[\w!#$&*+.^`|~-]{1,128}%3[dD]/y

/** Whether a name and an encoded equals sign follow. */
function isEncoded(text: string, at: number): boolean {
  ENCODED_NAME.lastIndex = at
  return ENCODED_NAME.test(text)
}
