import { isPgpassPort } from './assignment-place.js'
import { BEGIN, codes } from './codes.js'
import { CLIENTS, type Finding, MASK, type Memo } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { isRandom } from './randomness.js'

const OPTION = /(?:-u|--user|--proxy-user|-U)(?:[ =]|%20){0,2}\\?["']?([^\s:"'\\]{0,64}):([^\s"'\\]{0,512})/y
const PROGRAM = /\b(?:curl|wget|http|https|xh)\b[^\n]*$/

/** `user:password` given to curl and its like by `-u`; a user alone, as `-u key:`, where it looks random. */
export function findUserOption(text: string, at: number, memo: Memo): Finding | null {
  if (!memo.clients.precede(text, at) || !PROGRAM.test(text.slice(Math.max(0, at - CLIENTS.reach), at))) return null
  OPTION.lastIndex = at
  const found = OPTION.exec(text)
  if (found === null) return null
  const [, user, password] = found as unknown as [string, string, string]
  if (/^\d+$/.test(password)) return null
  const end = OPTION.lastIndex
  if (password === '') {
    const start = end - 1 - user.length
    return isRandom(user.replace(/[!@#$^*]/g, ''), 10) && !isPlaceholder(user)
      ? { start, end: end - 1, mask: MASK }
      : null
  }
  return password.length < 3 || isPlaceholder(password) ? null : { start: end - password.length, end, mask: MASK }
}

const PGPASS_LINE = /:(?:\d{4,5}|\*):[\w.*-]{1,64}:[\w.*@-]{1,64}:((?:[^\s:"'\\]|\\[:\\]){3,128})(?=[\r\n"]|\\[rn]|$)/y
const PGPASS_HOST = /(?:^|[\n"]|\\n)[\w.*-]{1,64}$/

/** The last field of `host:port:database:user:password`, a line of PostgreSQL's `.pgpass`; `at` is the first colon. */
export function findInPgpass(text: string, at: number): Finding | null {
  if (!isPgpassPort(codes, BEGIN + at)) return null
  PGPASS_LINE.lastIndex = at
  const password = PGPASS_LINE.exec(text)?.[1]
  if (password === undefined || isPlaceholder(password)) return null
  if (!PGPASS_HOST.test(text.slice(Math.max(0, at - 66), at))) return null
  return { start: PGPASS_LINE.lastIndex - password.length, end: PGPASS_LINE.lastIndex, mask: MASK }
}
