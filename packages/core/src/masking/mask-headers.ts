import { MASK } from './finding.js'
import { toKey } from './key-names.js'
import { maskText } from './mask-text.js'

/** What headers look like before or after parsing. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | number | undefined>>

/** Names that end like a credential's and say nothing secret. */
const INNOCENT = /^(?:sec-websocket-key|sec-websocket-accept|surrogate-key|authentication-info|cookie2)$/i
/** Fails closed: a header that could carry a credential by its name is taken to. */
const SUSPECT =
  /auth|token|secret|passw|credential|cookie|api-?key|(?:^|[-_])key$|session|signature|assertion|jwt|bearer|csrf|xsrf|prompt-train-key/i

/** Masks the values of `[name, value, name, value …]`, as node:http's `rawHeaders`. */
export function maskHeaders(headers: readonly string[]): string[]
/** Masks the values of an object of headers. The argument stays as it is. */
export function maskHeaders<Fields extends HeaderFields>(headers: Fields): Fields
export function maskHeaders(headers: readonly string[] | HeaderFields): string[] | HeaderFields {
  if (Array.isArray(headers)) {
    return headers.map((value: string, index) => (index % 2 === 0 ? value : maskHeader(headers[index - 1], value)))
  }
  const masked: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(headers as HeaderFields)) {
    masked[name] = Array.isArray(value)
      ? value.map((item: string) => maskHeader(name, item))
      : typeof value === 'string'
        ? maskHeader(name, value)
        : value
  }
  return masked as HeaderFields
}

function maskHeader(name: string, value: string): string {
  const kind = toKey(name)?.kind ?? null
  if (!SUSPECT.test(name) && (kind === null || kind === 'pair')) return maskText(value)
  // Tells how much may still be asked, or which session, not by which right.
  if (
    INNOCENT.test(name) ||
    /ratelimit|^anthropic-|-tokens?-(?:limit|remaining|reset)$|^access-control-|session-id$/i.test(name)
  ) {
    return maskText(value)
  }
  if (value === '' || value.includes(MASK)) return value
  const scheme = /^(Bearer|Basic|Digest|Negotiate|Token|AWS4-HMAC-SHA256) +(?=\S)/i.exec(value)
  return scheme !== null ? `${scheme[1]} ${MASK}` : MASK
}
