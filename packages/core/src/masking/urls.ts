import { AUTHORITY_END, isDigit, isIn } from './characters.js'
import { codeAt } from './codes.js'
import { type Finding, MASK } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { isRandom } from './randomness.js'
import type { Separator } from './separator.js'

const MAX_USER_INFO = 256
const COLON = 58
const SLASH = 47
const BACK_SLASH = 92
const PER_CENT = 37
const AT_SIGN = 64
const QUESTION = 63
const HASH = 35

const SLASHES = /(?:\\{0,4}\/){2}|%2[fF]%2[fF]/y
const ENCODED_USER_INFO =
  /(?:[\w.~!$&()*+,;=-]|%(?!3[aA]|40|2[fF]|2[027])[0-9a-fA-F]{2}){0,64}%3[aA]((?:[\w.~!$&()*+,;=:-]|%(?!40|2[fF]|2[027])[0-9a-fA-F]{2}){1,256})%40/y

/** The password in the URL whose scheme ends with `separator`. */
export function findUrlAfter(text: string, separator: Separator): Finding | null {
  const at = skipSlashes(text, separator.end)
  if (at === separator.end) return null
  if (!separator.encoded) return findUrlPassword(text, at)
  ENCODED_USER_INFO.lastIndex = at
  const found = ENCODED_USER_INFO.exec(text)
  if (found === null || isPlaceholder(found[1]!)) return null
  const end = ENCODED_USER_INFO.lastIndex - 3
  return { start: end - found[1]!.length, end, mask: MASK }
}

/** Past the slashes before the authority; `at` itself where there are none. */
function skipSlashes(text: string, at: number): number {
  const code = codeAt(at)
  if (code === SLASH && codeAt(at + 1) === SLASH) return at + 2
  if (code !== SLASH && code !== BACK_SLASH && code !== PER_CENT) return at
  SLASHES.lastIndex = at
  return SLASHES.test(text) ? SLASHES.lastIndex : at
}

/**
 * The password of `scheme://user:password@host` (RFC 3986 section 3.2.1), or a user alone that looks random; `at` is where
 * the authority begins. Passwords that should have been percent-encoded (`/`, `?`, `#`, `@` in them) are found too.
 */
function findUrlPassword(text: string, at: number): Finding | null {
  const limit = Math.min(text.length, at + MAX_USER_INFO)
  if (!text.slice(at, limit).includes('@')) return null
  let colon = -1
  let sign = -1
  for (let here = at; here < limit; here++) {
    const code = codeAt(here)
    if (code === AT_SIGN) sign = here
    else if (code === COLON && colon < 0) colon = here
    else if (code === SLASH || code === QUESTION || code === HASH) {
      if (sign >= 0 || colon < 0 || code !== SLASH || isPort(text, colon + 1)) break
    } else if (code > 127 || isIn(code, AUTHORITY_END)) break
  }
  if (sign < 0) return null
  if (colon < 0 || colon > sign) {
    const user = text.slice(at, sign)
    return isRandom(user, 16) && !isPlaceholder(user) ? { start: at, end: sign, mask: MASK } : null
  }
  const password = text.slice(colon + 1, sign)
  if (
    password === '' ||
    (isPlaceholder(password) && !/^(?:password|secret)$/.test(password)) ||
    /^\[[^\]]*\]$/.test(password)
  )
    return null
  // `user:password@host` is how documents show the form.
  if (/^(?:user|username|usr|login|name|myuser)?:(?:pass|pw|pwd|password|secret)$/i.test(text.slice(at, sign)))
    return null
  if (/^(?:x-oauth-basic|x-token-auth)$/i.test(password)) {
    return { start: at, end: colon, mask: MASK }
  }
  return { start: colon + 1, end: sign, mask: MASK }
}

/** `host:8080/path@version` is no password. */
function isPort(text: string, at: number): boolean {
  return isDigit(codeAt(at)) && /^\d{1,5}(?:[/?#]|$)/.test(text.slice(at, at + 6))
}
