import { createHash } from 'node:crypto'
import type { Secret } from '../secret.js'
import type { Credential, OAuthCredential } from '../storage/credential.js'

/** A failure recorded this much later than now was recorded by a clock that has been set back since. */
const CLOCK_SLACK_MS = 60_000

/** SHA-256 of a refresh token, as it is stored of one that is about to be spent. */
export function digestToken(token: Secret): string {
  return createHash('sha256').update(token.expose()).digest('hex')
}

/** Whether a refresh with the credential's own token was begun, and what is stored is not what it brought. */
export function isBegun({ refreshToken, refresh: { intent } }: OAuthCredential): boolean {
  return intent !== null && refreshToken !== null && digestToken(refreshToken) === intent.tokenDigest
}

/** Whether a refresh with the credential's token was begun and nobody knows whether the token was spent. */
export function isInterrupted(credential: OAuthCredential): boolean {
  return credential.refresh.failure?.permanent !== true && isBegun(credential)
}

/** Whether an interrupted refresh is known to have brought nothing, so that nobody holds a pair of it. */
export function hasEnded({ refresh: { intent, failure } }: OAuthCredential): boolean {
  return intent !== null && failure !== null && failure.at >= intent.startedAt
}

/** Whether only a new login helps. A failure of an earlier token counts no more once the token has been replaced. */
export function needsLogin(credential: OAuthCredential): boolean {
  const { intent, failure } = credential.refresh
  return failure?.permanent === true && (intent === null || isBegun(credential))
}

/** Epoch milliseconds before which no process tries again; 0 where nothing holds it back. */
export function pausedUntil(credential: OAuthCredential, now: number): number {
  const { failure } = credential.refresh
  if (failure === null || now < failure.at - CLOCK_SLACK_MS || now >= failure.retryAt) return 0
  return failure.permanent && !needsLogin(credential) ? 0 : failure.retryAt
}

/** Whether both hold the same tokens. */
export function isSameLogin(a: Credential | null, b: OAuthCredential): a is OAuthCredential {
  return (
    a?.type === 'oauth' &&
    a.accessToken.expose() === b.accessToken.expose() &&
    a.refreshToken?.expose() === b.refreshToken?.expose()
  )
}
