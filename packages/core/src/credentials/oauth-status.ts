import type { Dispatcher } from 'undici'
import { type Clock, systemClock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import { type Logger, silentLogger } from '../logger.js'
import { ANTHROPIC_API, toServiceUrl } from '../service-url.js'
import type { OAuthCredential } from '../storage/credential.js'
import type { CredentialStore } from '../storage/storage.js'
import { Freshness } from './freshness.js'
import { resolveTokenUrl } from './oauth-options.js'
import { createOwner, mayRefresh } from './oauth-refresh.js'
import { isInterrupted, needsLogin, pausedUntil } from './oauth-state.js'
import { refreshCredential } from './refresh-credential.js'
import { isSubscription } from './subscription.js'
import { createTokenEndpoint } from './token-endpoint.js'
import { storePair } from './unstored-pair.js'

/**
 * - `fresh`: serves, and is not due
 * - `due`: serves, and is refreshed next
 * - `paused`: the last refresh failed; nobody tries before `nextRefreshAt`
 * - `interrupted`: a refresh was begun and its end is not known; it is tried once more when the token stops serving
 * - `needs_login`: only a new login helps
 * - `not_renewable`: there is no refresh token; it serves until it expires
 */
export type OAuthState = 'fresh' | 'due' | 'paused' | 'interrupted' | 'needs_login' | 'not_renewable'

/** How the OAuth credential of one domain stands. Holds no token. Times are epoch milliseconds. */
export interface OAuthStatus {
  readonly domain: string
  readonly state: OAuthState
  /** Whether it counts as one of a subscription plan. */
  readonly subscription: boolean
  /** Null where it is not known. */
  readonly expiresAt: number | null
  /** Null where it is not known. */
  readonly refreshedAt: number | null
  /** The earliest time of the next refresh; null where there will be none. */
  readonly nextRefreshAt: number | null
  /** The last failure since the last success: an error code of RFC 6749 section 5.2, or ours. */
  readonly failure: { readonly at: number; readonly error: string } | null
}

/** What {@link refreshOAuth} takes. */
export interface RefreshOAuthOptions {
  readonly credentials: CredentialStore
  readonly domain: string
  /** Where tokens are refreshed. @default that of a proxy with this `upstream` */
  readonly tokenUrl?: string
  /** Base URL of the API, as the proxies that share the store have it. @default "https://api.anthropic.com" */
  readonly upstream?: string
  /** @default none is sent */
  readonly clientId?: string
  /** The spare place of the proxies that share the store (`oauth.spareStore`). @default none */
  readonly spareStore?: CredentialStore
  /** @default systemClock */
  readonly clock?: Clock
  /** @default silentLogger */
  readonly logger?: Logger
  /** An undici dispatcher for the token endpoint. Yours to close. @default one of our own */
  readonly dispatcher?: Dispatcher
}

/** A token call and what goes with it is over by then: nobody is at work on an older intent. */
const INTENT_MS = 60_000

/** The OAuth credentials of a store, by domain; other credentials are left out. */
export async function listOAuthStatus(
  credentials: Pick<CredentialStore, 'list' | 'find'>,
  clock: Clock = systemClock,
): Promise<readonly OAuthStatus[]> {
  const statuses: OAuthStatus[] = []
  for (const domain of await credentials.list()) {
    const credential = await credentials.find(domain)
    if (credential?.type === 'oauth') statuses.push(toStatus(domain, credential, clock))
  }
  return statuses
}

/**
 * Refreshes one domain's credential now, due or not, under the same rules as a proxy that shares the store: one at a
 * time, and none while a pause after a failure lasts. Gives how it stands then; null where the domain has no OAuth
 * credential.
 *
 * @throws ConfigurationError `tokenUrl` or `upstream` when it is not https (or http on a loopback address), and `tokenUrl`
 * when it is left out beside an upstream that is neither Anthropic's nor on loopback
 * @throws what the store throws; a new pair that it did not take has been tried twice
 */
export async function refreshOAuth(options: RefreshOAuthOptions): Promise<OAuthStatus | null> {
  const { credentials: store, domain, clientId = null, spareStore = null } = options
  const { clock = systemClock, logger = silentLogger } = options
  const endpoint = createTokenEndpoint(requireTokenUrl(options), options.dispatcher ?? null)
  const tools = { store, spareStore, endpoint, clientId, clock, logger, owner: createOwner() }
  const began = clock.now()
  try {
    const { stored, unstored, storeError } = await refreshCredential(tools, domain, {
      // What another process has refreshed since is as good.
      isWanted: (current) => (current.refresh.refreshedAt ?? 0) <= began && mayRefresh(current, clock.now(), true),
      mayTryAgain: ({ refresh }) => clock.now() - (refresh.intent?.startedAt ?? 0) > INTENT_MS,
    })
    const latest = unstored === null ? stored : await storePair(tools, domain, unstored)
    if (storeError !== null && unstored === null) throw storeError
    return latest === null ? null : toStatus(domain, latest, clock)
  } finally {
    await endpoint.close()
  }
}

function requireTokenUrl({ tokenUrl, upstream = ANTHROPIC_API }: RefreshOAuthOptions): URL {
  const url = resolveTokenUrl('tokenUrl', tokenUrl, toServiceUrl('upstream', upstream))
  if (url !== null) return url
  throw new ConfigurationError('tokenUrl', 'is not set, and the upstream is neither Anthropic’s nor on loopback')
}

function toStatus(domain: string, credential: OAuthCredential, clock: Clock): OAuthStatus {
  const { expiresAt, refresh } = credential
  const now = clock.now()
  const freshness = new Freshness(clock, expiresAt, refresh.refreshedAt, 0)
  const state = toState(credential, freshness, now)
  return {
    domain,
    state,
    subscription: isSubscription(credential),
    expiresAt,
    refreshedAt: refresh.refreshedAt,
    nextRefreshAt: toNextRefresh(credential, state, freshness, now),
    failure: refresh.failure === null ? null : { at: refresh.failure.at, error: refresh.failure.error },
  }
}

function toState(credential: OAuthCredential, freshness: Freshness, now: number): OAuthState {
  if (credential.refreshToken === null) return 'not_renewable'
  if (needsLogin(credential)) return 'needs_login'
  if (isInterrupted(credential)) return 'interrupted'
  if (now < pausedUntil(credential, now)) return 'paused'
  return freshness.left() > freshness.advisoryMs ? 'fresh' : 'due'
}

function toNextRefresh(
  credential: OAuthCredential,
  state: OAuthState,
  { advisoryMs, blockingMs }: Freshness,
  now: number,
): number | null {
  const { expiresAt } = credential
  if (state === 'paused') return pausedUntil(credential, now)
  if (expiresAt === null || state === 'needs_login' || state === 'not_renewable') return null
  const dueAt = expiresAt - (state === 'interrupted' ? blockingMs : advisoryMs)
  return Math.max(now, dueAt, pausedUntil(credential, now))
}
