import { ALPHANUMERIC, isHex, WORD } from './characters.js'
import { codeAt, endOfRun, isAt } from './codes.js'
import { type Finding, MASK } from './finding.js'

/** How far before the place that gives it away a key may begin. */
export const MAX_REACH_BACK = 48

const ENTRA_REST = /[\w~.-]{31,34}(?![\w~.-])/y

/** Microsoft Entra client secrets: three characters, a digit, `Q~`, 31 to 34 more (learn.microsoft.com). */
export function findEntraSecret(text: string, at: number): Finding | null {
  if (codeAt(at - 1) !== 81) return null
  ENTRA_REST.lastIndex = at + 1
  return ENTRA_REST.test(text) ? between(text, at, ENTRA_REST.lastIndex, /(?<![\w~.-])[\w~.]{3}\dQ$/) : null
}

/** `1234567890:AA…` (core.telegram.org/bots). */
export function findTelegramBot(text: string, at: number): Finding | null {
  if (codeAt(at + 1) !== 65 || codeAt(at + 2) !== 65) return null
  const end = endOfRun(at + 1, at + 64, WORD)
  return end - at >= 33 && end - at <= 40 ? between(text, at, end, /(?<![\w])(?:bot)?\d{6,16}$/) : null
}

/** The `_mmk` of MaxMind's keys. */
export const findMaxMindKey = (text: string, at: number): Finding | null =>
  text.startsWith('_mmk', at) ? between(text, at, at + 4, /[A-Za-z0-9]{6}_[A-Za-z0-9]{29}$/) : null

const MAIL_REST = /-(?:us\d{1,2}|[a-f0-9]{8}-[a-f0-9]{8})(?![\w-])/y

/** Mailchimp's `<32 hex>-us12` and Mailgun's `<32 hex>-<8 hex>-<8 hex>`. */
export function findMailKey(text: string, at: number): Finding | null {
  if (!isHex(codeAt(at - 1))) return null
  MAIL_REST.lastIndex = at
  return MAIL_REST.test(text) ? between(text, at, MAIL_REST.lastIndex, /(?<!\w)[a-f0-9]{32}$/) : null
}

/** HCP Terraform: `<14>.atlasv1.<60 to 70>` (developer.hashicorp.com). */
export function findTerraform(text: string, at: number): Finding | null {
  if (!text.startsWith('atlasv1.', at)) return null
  let end = at + 8
  while (end < at + 108 && (isAt(end, WORD) || codeAt(end) === 61)) end++
  if (end - at < 48) return null
  const start = at - 15
  const known = codeAt(at - 1) === 46 && start >= 0 && endOfRun(start, at - 1, ALPHANUMERIC) === at - 1
  return { start: known ? start : at, end, mask: MASK }
}

function between(text: string, at: number, end: number, before: RegExp): Finding | null {
  const start = before.exec(text.slice(Math.max(0, at - MAX_REACH_BACK), at))
  return start === null ? null : { start: at - start[0].length, end, mask: MASK }
}
