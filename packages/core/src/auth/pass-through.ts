import { ProxyError } from '../errors.js'
import { Secret } from '../secret.js'
import type { PassedCredential } from '../storage/credential.js'

const CLIENT_KEY = /\bcnp_(?:live|test)_/

/**
 * The client key of a request whose `Authorization` is the caller's own credential: in `x-prompt-train-key`, else in
 * `x-api-key`; null where it is missing or given twice over.
 */
export function sideClientKey(rawHeaders: readonly string[]): string | null {
  const own = onlyValue(rawHeaders, 'x-prompt-train-key')
  return own === undefined ? (onlyValue(rawHeaders, 'x-api-key') ?? null) : own
}

/**
 * Takes the caller's own credential from `Authorization`, as it came.
 *
 * @throws ProxyError `authentication_failed` when it is a client key, which must not leave, or is given twice
 */
export function passedCredential(rawHeaders: readonly string[]): PassedCredential {
  const value = onlyValue(rawHeaders, 'authorization')
  if (value === null || (value !== undefined && CLIENT_KEY.test(value))) throw new ProxyError('authentication_failed')
  return { type: 'passed', authorization: value === undefined ? null : new Secret(value) }
}

/** The value of a header's only line; undefined where there is none, null where there are several. */
function onlyValue(rawHeaders: readonly string[], name: string): string | null | undefined {
  let value: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== name.length || rawHeaders[i]!.toLowerCase() !== name) continue
    if (value !== undefined) return null
    value = rawHeaders[i + 1]!
  }
  return value
}
