import { findAssigned } from './assignment.js'
import { codeAt } from './codes.js'
import { findCookies } from './cookies.js'
import { type Finding, MASK, type Memo, PROGRAMS } from './finding.js'
import { toKey } from './key-names.js'
import { isPlaceholder } from './placeholders.js'

/** `--any-name`, `--anyName`, `--ANY_NAME`. */
const DOUBLE_DASH = '(?<=--)[A-Za-z][A-Za-z0-9_-]{1,40}'
/** `-Password` of PowerShell, `-authToken` and `-password` of Java and Go. */
const SINGLE_DASH = '(?<!--)(?:[A-Z][A-Za-z]{3,40}|[a-z]{2,20}[A-Z][A-Za-z]{2,20}|token|password)'
const LONG = new RegExp(`--?(${DOUBLE_DASH}|${SINGLE_DASH}) {1,4}(?!-|=)`, 'y')
/** What follows an option where it is explained, not used. */
const USAGE =
  /^(?:[A-Z][A-Z_-]*(?![\w])|<|\[|string\b|flag\b|option\b|is\b|and\b|or\b|to\b|for\b|from\b|in\b|on\b|if\b|the\b|a\b|an\b|as\b|was\b|with\b|when\b|must\b|argument\b|parameter\b|value\b|instead\b|can\b|switch\b|file\b|at\b|by\b|not\b|will\b|should\b|has\b|which\b|that\b|takes\b|before\b|after\b)/

/** The value of a command-line option: `--password foo`, `--api-key 'x'`, `--cookie 'a=b'`. */
export function findFlagged(text: string, at: number, memo: Memo): Finding | null {
  LONG.lastIndex = at
  const found = LONG.exec(text)
  if (found === null) return null
  const end = LONG.lastIndex
  const kind = toKey(found[1]!)?.kind ?? null
  if (kind === null || kind === 'pair') return null
  if (kind === 'cookie')
    return findCookies(text, opensQuote(end) ? end + 1 : end, Math.min(text.length, end + 2048), memo)
  if (USAGE.test(text.slice(end, end + 24))) return null
  return findAssigned(
    text,
    {
      kind: 'flag',
      start: at + (codeAt(at + 1) === 45 ? 2 : 1) + found[1]!.length,
      end,
      encoded: false,
    },
    memo,
  )
}

const opensQuote = (at: number): boolean => codeAt(at) === 34 || codeAt(at) === 39

const SHORT = /-(?:p[ =]?|a )["']?([^\s"'\\;|&<>]{3,128})/y
/** The program of the command that the text ends in. */
const PROGRAM =
  /(?:^|[\s/"'`(;|&])(mysql|mysqldump|mysqladmin|mariadb|sshpass|redis-cli|docker login|az login|mongo|mongosh|mongodump|htpasswd)\b[^\n;|&]*$/

/** `-p secret` of programs that take passwords so, `-psecret` of MySQL's. */
export function findShortOption(text: string, at: number, memo: Memo): Finding | null {
  // Most options belong to no such program: their values, which may be long, are not read.
  if (!memo.programs.precede(text, at)) return null
  const program = PROGRAM.exec(text.slice(Math.max(0, at - PROGRAMS.reach), at))?.[1]
  if (program === undefined) return null
  SHORT.lastIndex = at
  const found = SHORT.exec(text)
  if (found === null) return null
  const value = found[1]!
  if (value[0] === '-' || isPlaceholder(value)) return null
  if (text[at + 1] === 'a' && program !== 'redis-cli') return null
  if (text[at + 1] === 'p' && program === 'redis-cli') return null
  if (program.startsWith('my') && (text[at + 2] === ' ' || text[at + 2] === '=')) return null
  return { start: SHORT.lastIndex - value.length, end: SHORT.lastIndex, mask: MASK }
}
