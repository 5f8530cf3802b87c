import { ALPHANUMERIC } from './characters.js'
import { codeAt, endOfRun } from './codes.js'
import { type Finding, MASK } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { isRandom, UUID } from './randomness.js'

const SPACE = '(?:\\s|\\\\{1,4}[nrt])'
/** Behind a colon the value is an assigned one; but `api key:` names nothing that a setting is called. */
const WORD = /(?:password|passwd|passphrase|token|secret|identified by)(?=[\s\\])|api[ -]?key(?=[\s:\\])/iy
/** The password is 'x', IDENTIFIED BY 'x'. */
const QUOTED =
  /(?:password|passwd|passphrase|identified by(?: password)?)(?: is)? {1,2}(\\?['"])([^\s"'`\\]{3,128})\1/iy
const NETRC = new RegExp(`password${SPACE}{1,4}([^\\s"'\`\\\\]{3,128})`, 'y')
const NETRC_LOGIN = new RegExp(`\\blogin${SPACE}{1,4}[^\\s\\\\]{1,64}${SPACE}{1,4}$`)
const LINK = '(?: (?:is|was|to|-|=|for \\w{1,20} is))?:? {1,2}'
const IN_VALUE = '[^\\s"\'`\\\\<>(){}[\\],;]'
const VALUE = `((?=${IN_VALUE}{0,64}\\d)(?=${IN_VALUE}{0,64}[A-Za-z])${IN_VALUE}{6,128})`
const SAID = new RegExp(`(?:password|passwd|passphrase|token|secret|api[ -]?key)${LINK}(\\\\?["'\`])?${VALUE}`, 'iy')

/** `v1.2.3`, file names, URLs. */
const ELSEWHERE = /\.(?:json|ts|js|py|md|go|com|org)$|^v?\d+(?:\.\d+)*$|^https?:|\//
const WORDS_AND_NUMBER = /^[a-z]+-?\d{1,2}$|^\d+[a-z-]{1,12}$|^[A-Za-z]+(?:-[A-Za-z]+)*\d*$/
const MEASURE_OR_ALGORITHM =
  /^(?:\d+(?:st|nd|rd|th|px|ms|kb|mb|s|m|h|d|-\w+)|base64\w*|sha\d+\w*|oauth2\S*|utf-?8|argon2\w*|bcrypt\w*|md5\w*)$/i

/** Whether the character behind a word that begins with `first` is one that {@link WORD} takes: most words stand in names. */
const mayAnnounce = (first: number, next: number): boolean =>
  next <= 32 || next === 92 || next > 127 || (first === 97 && (next === 45 || next === 58))

/** Secrets in a sentence, in SQL and in `.netrc` files, behind the word at `at` that announces them. */
export function findNamedInProse(text: string, at: number): Finding | null {
  const first = codeAt(at) | 32
  if (!mayAnnounce(first, codeAt(endOfRun(at, at + 11, ALPHANUMERIC)))) return null
  WORD.lastIndex = at
  if (!WORD.test(text)) return null
  const isPassword = first === 112 || first === 105
  return (isPassword ? (findQuoted(text, at) ?? findInNetrc(text, at)) : null) ?? findSaid(text, at)
}

function findQuoted(text: string, at: number): Finding | null {
  QUOTED.lastIndex = at
  const found = QUOTED.exec(text)
  if (found === null) return null
  const [all, quote, value] = found as unknown as [string, string, string]
  if (isPlaceholder(value) || !(/\d/.test(value) || /^identified| is /i.test(all))) return null
  return { start: QUOTED.lastIndex - quote.length - value.length, end: QUOTED.lastIndex - quote.length, mask: MASK }
}

function findInNetrc(text: string, at: number): Finding | null {
  const before = text.slice(Math.max(0, at - 96), at)
  if (!before.includes('login') || !NETRC_LOGIN.test(before)) return null
  NETRC.lastIndex = at
  const value = NETRC.exec(text)?.[1]
  if (value === undefined || isPlaceholder(value)) return null
  return { start: NETRC.lastIndex - value.length, end: NETRC.lastIndex, mask: MASK }
}

function findSaid(text: string, at: number): Finding | null {
  SAID.lastIndex = at
  const said = SAID.exec(text)
  if (said === null) return null
  const value = said[2]!.replace(/[.:?!,]+$/, '')
  const start = SAID.lastIndex - said[2]!.length
  if (!/\d/.test(value) || !/[A-Za-z]/.test(value)) return null
  const isClaimed = / is| was/.test(said[0])
  if (value.length < 6 || isPlaceholder(value) || ELSEWHERE.test(value) || MEASURE_OR_ALGORITHM.test(value)) return null
  if (!isClaimed && WORDS_AND_NUMBER.test(value)) return null
  if (!isClaimed && (said[1] === undefined || said[0].includes(' = ')) && (!isRandom(value, 20) || UUID.test(value)))
    return null
  return { start, end: start + value.length, mask: MASK }
}
