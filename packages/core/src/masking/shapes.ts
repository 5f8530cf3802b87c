import { ALPHANUMERIC, endOfRun, isHex, isIn, WORD } from './characters.js'
import { type Finding, MASK } from './finding.js'

/** How far before the place that gives it away a key may begin. */
export const MAX_REACH_BACK = 48

/** Keys of other services that are known by something in their middle, at `at`. */
export function findByMiddle(text: string, at: number): Finding | null {
  switch (text[at]) {
    case '~':
      return findEntraSecret(text, at)
    case ':':
      return findTelegramBot(text, at)
    case '_':
      return text.startsWith('_mmk', at) ? between(text, at, at + 4, /[A-Za-z0-9]{6}_[A-Za-z0-9]{29}$/) : null
    case '-':
      return findMailKey(text, at)
    default:
      return text.startsWith('atlasv1.', at) ? findTerraform(text, at) : null
  }
}

/** Microsoft Entra client secrets: three characters, a digit, `Q~`, 31 to 34 more (learn.microsoft.com). */
function findEntraSecret(text: string, at: number): Finding | null {
  if (text[at - 1] !== 'Q') return null
  const rest = /[\w~.-]{31,34}(?![\w~.-])/y
  rest.lastIndex = at + 1
  return rest.test(text) ? between(text, at, rest.lastIndex, /(?<![\w~.-])[\w~.]{3}\dQ$/) : null
}

/** `1234567890:AA…` (core.telegram.org/bots). */
function findTelegramBot(text: string, at: number): Finding | null {
  if (!text.startsWith('AA', at + 1)) return null
  const end = endOfRun(text, at + 1, at + 64, WORD)
  return end - at >= 33 && end - at <= 40 ? between(text, at, end, /(?<![\w])(?:bot)?\d{6,16}$/) : null
}

/** Mailchimp's `<32 hex>-us12` and Mailgun's `<32 hex>-<8 hex>-<8 hex>`. */
function findMailKey(text: string, at: number): Finding | null {
  const rest = /-(?:us\d{1,2}|[a-f0-9]{8}-[a-f0-9]{8})(?![\w-])/y
  rest.lastIndex = at
  return isHex(text.charCodeAt(at - 1)) && rest.test(text)
    ? between(text, at, rest.lastIndex, /(?<!\w)[a-f0-9]{32}$/)
    : null
}

/** HCP Terraform: `<14>.atlasv1.<60 to 70>` (developer.hashicorp.com). */
function findTerraform(text: string, at: number): Finding | null {
  let end = at + 8
  while (end < at + 108 && (isIn(text.charCodeAt(end), WORD) || text[end] === '=')) end++
  if (end - at < 48) return null
  const start = at - 15
  const known = text[at - 1] === '.' && start >= 0 && endOfRun(text, start, at - 1, ALPHANUMERIC) === at - 1
  return { start: known ? start : at, end, mask: MASK }
}

function between(text: string, at: number, end: number, before: RegExp): Finding | null {
  const start = before.exec(text.slice(Math.max(0, at - MAX_REACH_BACK), at))
  return start === null ? null : { start: at - start[0].length, end, mask: MASK }
}
