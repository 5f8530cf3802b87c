import { type Finding, MASK } from './finding.js'
import { isPlaceholder } from './placeholders.js'
import { isRandom } from './randomness.js'

const OPTION = /(?:-u|--user|--proxy-user|-U)(?:[ =]|%20){0,2}\\?["']?([^\s:"'\\]{0,64}):([^\s"'\\]{0,512})/y
const PROGRAM_PARTS = ['http', 'curl', 'wget', 'xh']
const PROGRAM = /\b(?:curl|wget|http|https|xh)\b[^\n]*$/

/** `user:password` given to curl and its like by `-u`; a user alone, as `-u key:`, where it looks random. */
export function findUserOption(text: string, at: number): Finding | null {
  const before = text.slice(Math.max(0, at - 200), at)
  if (!PROGRAM_PARTS.some((part) => before.includes(part)) || !PROGRAM.test(before)) return null
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
  const next = text.charCodeAt(at + 1)
  if (next !== 42 && !(next >= 48 && next <= 57)) return null
  PGPASS_LINE.lastIndex = at
  const password = PGPASS_LINE.exec(text)?.[1]
  if (password === undefined || isPlaceholder(password)) return null
  if (!PGPASS_HOST.test(text.slice(Math.max(0, at - 66), at))) return null
  return { start: PGPASS_LINE.lastIndex - password.length, end: PGPASS_LINE.lastIndex, mask: MASK }
}
