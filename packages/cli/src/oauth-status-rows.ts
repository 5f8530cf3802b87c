import { listOAuthStatus, type OAuthStatus } from '@agent-prompt-train/core'
import type { OAuthSettings } from './environment.js'
import type { Place } from './places.js'
import { RefusedError } from './prompt.js'
import { findSealProblem } from './seal-problem.js'
import { toTable } from './table.js'
import { toIso, toMoment, toSpan } from './times.js'

const HEADER = ['DOMAIN', 'STATE', 'SUBSCRIPTION', 'EXPIRES IN', 'LAST REFRESH', 'NEXT REFRESH', 'LAST FAILURE']

/** How the OAuth credential of a domain stands. @throws RefusedError when it has none, or one that does not open */
export async function findOAuthStatus(place: Place, domain: string): Promise<OAuthStatus> {
  const problem = await findSealProblem(place, domain)
  if (problem !== null) throw new RefusedError(`${domain}: ${problem}`)
  const { find } = place.credentials
  const [status] = await listOAuthStatus({ list: async () => [domain], find })
  if (status !== undefined) return status
  throw new RefusedError(`${domain} has no OAuth credential: prompt-train oauth login --domain ${domain}`)
}

/** Whether `serve` uses the credential and refreshes it. */
export function isAllowed({ subscription }: OAuthStatus, { allowSubscription }: OAuthSettings): boolean {
  return allowSubscription || !subscription
}

/** A status for scripts. */
export function toStatusJson(status: OAuthStatus, settings: OAuthSettings): object {
  const { domain, state, subscription, expiresAt, refreshedAt, nextRefreshAt, failure } = status
  return {
    domain,
    state,
    subscription,
    allowed: isAllowed(status, settings),
    expiresAt: toIso(expiresAt),
    refreshedAt: toIso(refreshedAt),
    nextRefreshAt: toIso(nextRefreshAt),
    failure: failure && { at: toIso(failure.at), error: failure.error },
  }
}

/** Statuses for people. */
export function toStatusTable(statuses: readonly OAuthStatus[], settings: OAuthSettings, now: number): string {
  return toTable(
    HEADER,
    statuses.map((status) => toCells(status, settings, now)),
  )
}

function toCells(status: OAuthStatus, settings: OAuthSettings, now: number): string[] {
  const { domain, state, subscription, expiresAt, refreshedAt, nextRefreshAt, failure } = status
  const use = isAllowed(status, settings) ? '' : ', not used'
  return [
    domain,
    state,
    subscription ? `yes${use}` : 'no',
    expiresAt === null ? 'not known' : expiresAt <= now ? 'expired' : toSpan(expiresAt - now),
    refreshedAt === null ? 'not known' : toMoment(refreshedAt, now),
    nextRefreshAt === null ? 'none' : toMoment(nextRefreshAt, now),
    failure === null ? '-' : `${failure.error}, ${toMoment(failure.at, now)}`,
  ]
}
