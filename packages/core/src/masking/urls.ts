import { type Finding, MASK } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { isRandom } from './randomness.js'
import type { Separator } from './separator.js'

const MAX_USER_INFO = 256
const AUTHORITY_END = /[\s"'`<>\\^{}|]/

const SLASHES = /(?:\\{0,4}\/){2}|%2[fF]%2[fF]/y
const ENCODED_USER_INFO =
  /(?:[\w.~!$&()*+,;=-]|%(?!3[aA]|40|2[fF]|2[027])[0-9a-fA-F]{2}){0,64}%3[aA]((?:[\w.~!$&()*+,;=:-]|%(?!40|2[fF]|2[027])[0-9a-fA-F]{2}){1,256})%40/y

/** The password in the URL whose scheme ends with `separator`. */
export function findUrlAfter(text: string, separator: Separator): Finding | null {
  const code = text.charCodeAt(separator.end)
  if (code !== 47 && code !== 92 && code !== 37) return null
  SLASHES.lastIndex = separator.end
  if (!SLASHES.test(text)) return null
  const at = SLASHES.lastIndex
  if (!separator.encoded) return findUrlPassword(text, at)
  ENCODED_USER_INFO.lastIndex = at
  const found = ENCODED_USER_INFO.exec(text)
  if (found === null || isPlaceholder(found[1]!)) return null
  const end = ENCODED_USER_INFO.lastIndex - 3
  return { start: end - found[1]!.length, end, mask: MASK }
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
    const character = text[here]!
    if (character === '@') sign = here
    else if (character === ':' && colon < 0) colon = here
    else if (character === '%' && /^%40/.test(text.slice(here, here + 3)) && sign < 0 && colon >= 0) continue
    else if (character === '/' || character === '?' || character === '#') {
      if (sign >= 0 || colon < 0 || character !== '/' || isPort(text, colon + 1)) break
    } else if (AUTHORITY_END.test(character) || character.charCodeAt(0) > 127) {
      if (character === '{' || character === '}' || character === '$') continue
      break
    }
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
  return /^\d{1,5}(?:[/?#]|$)/.test(text.slice(at, at + 6))
}
