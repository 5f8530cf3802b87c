import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'
import type { Secret } from '../secret.js'
import type { Credential, OAuthCredential } from '../storage/credential.js'
import type { CredentialLease, CredentialLookup, CredentialStore } from '../storage/storage.js'
import { digestToken, hasEnded, isInterrupted, isSameLogin, needsLogin, pausedUntil } from './oauth-state.js'
import { findSpare, type GrantedPair } from './spare.js'
import {
  classifyTokenAnswer,
  type GrantedTokens,
  type TokenFailure,
  type TokenOutcome,
  toWaitMs,
} from './token-answers.js'
import { OAUTH_BETA, type TokenEndpoint } from './token-endpoint.js'

/** What refreshing takes. */
export interface RefreshTools {
  readonly store: CredentialStore
  /** Where a pair goes that the store does not take; null where there is no such place. */
  readonly spareStore: CredentialStore | null
  readonly endpoint: TokenEndpoint
  /** Null where the endpoint asks for none. */
  readonly clientId: string | null
  readonly clock: Clock
  readonly logger: Logger
  /** This process, as `host:pid:random`. */
  readonly owner: string
}

/** Judges, from what is stored, whether a refresh is still wanted. */
export interface RefreshWish {
  isWanted(current: OAuthCredential): boolean
  /** Whether a token is tried once more whose refresh was interrupted, so that it may be spent. */
  mayTryAgain(current: OAuthCredential): boolean
}

/** What came of {@link refreshStored}. */
export interface Refreshed {
  /** What the store holds now; null where that is not known, or no OAuth credential. */
  readonly stored: OAuthCredential | null
  /** Set where tokens were granted and the store did not take them. */
  readonly unstored: GrantedPair | null
  /** Set where tokens were granted while somebody stored another login, which is left alone. */
  readonly superseded: GrantedPair | null
  /** Whether an interrupted refresh was claimed. */
  readonly claimed: boolean
  /** Whether what is stored now came from the spare place. */
  readonly recovered: boolean
  /** Why the endpoint granted nothing; null where it granted or was not asked. */
  readonly failure: TokenFailure | null
  /** What the store threw. */
  readonly storeError: unknown
}

const nothing = {
  stored: null,
  unstored: null,
  superseded: null,
  claimed: false,
  recovered: false,
  failure: null,
  storeError: null,
}

/**
 * Refreshes the stored credential of `domain` if that is still wanted once it is this process's turn. Never rejects.
 *
 * @param claims whether an interrupted refresh is claimed before it is tried again: a write, which shows that the store
 *   takes writes and so that whoever holds the pair can hand it in
 * @param onGranted is told of new tokens before they are stored
 */
export async function refreshStored(
  tools: RefreshTools,
  domain: string,
  wish: RefreshWish,
  claims: boolean,
  onGranted: (pair: GrantedPair) => void,
): Promise<Refreshed> {
  let pair: GrantedPair | null = null
  let outcomes: Partial<Refreshed> = {}

  async function change(current: Credential | null, lease: CredentialLease): Promise<Credential | null> {
    if (current?.type !== 'oauth' || current.refreshToken === null) return current
    const saved = await findSpare(tools.spareStore, domain, current)
    if (saved !== null) {
      outcomes = { recovered: true }
      return saved
    }
    if (!wish.isWanted(current)) return current
    if (isInterrupted(current)) {
      if (!wish.mayTryAgain(current)) return current
      if (claims && !hasEnded(current)) {
        outcomes = { claimed: true }
        return withOwner(current, tools.owner)
      }
    }
    const { clock } = tools
    const intent = { tokenDigest: digestToken(current.refreshToken), startedAt: clock.now(), owner: tools.owner }
    const begun: OAuthCredential = { ...current, refresh: { ...current.refresh, intent } }
    const heldAt = performance.now()
    await lease.save(begun)
    if (lease.signal.aborted) return current

    const outcome = await askForTokens(tools, current.refreshToken, heldAt)
    if (outcome.kind === 'granted') {
      pair = { spent: begun, credential: toCredential(current, outcome.tokens, clock.now()) }
      onGranted(pair)
    } else {
      outcomes = { failure: outcome.failure }
    }
    // Somebody who does not know of leases may have put another login there during the call: theirs is left alone.
    const found = await lease.read()
    if (!isSameLogin(found, current)) {
      outcomes = { stored: toOAuth(found), superseded: pair }
      return current
    }
    return outcome.kind === 'granted' ? pair!.credential : toFailed(begun, outcome.failure, clock.now())
  }

  try {
    const stored = await tools.store.update(domain, change)
    return { ...nothing, stored: toOAuth(stored), ...outcomes }
  } catch (storeError) {
    return { ...nothing, unstored: pair, failure: outcomes.failure ?? null, storeError }
  }
}

function toOAuth(credential: Credential | null): OAuthCredential | null {
  return credential?.type === 'oauth' ? credential : null
}

/** Whether credentials can be changed in it: all that refreshing needs. */
export function isStore(lookup: CredentialLookup): lookup is CredentialStore {
  return 'update' in lookup && 'list' in lookup
}

/** Names this process, as owner of the refreshes it begins. */
export function createOwner(): string {
  return `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
}

/** Whether the stored state lets a refresh be tried at all. `forced`: somebody asks for it by hand. */
export function mayRefresh(credential: OAuthCredential, now: number, forced = false): boolean {
  if (credential.refreshToken === null || now < pausedUntil(credential, now)) return false
  return forced || !needsLogin(credential)
}

function withOwner(current: OAuthCredential, owner: string): OAuthCredential {
  const { intent } = current.refresh
  return { ...current, refresh: { ...current.refresh, intent: intent && { ...intent, owner } } }
}

async function askForTokens(tools: RefreshTools, token: Secret, heldAt: number): Promise<TokenOutcome> {
  const { endpoint, clientId, clock } = tools
  const grant = { grant_type: 'refresh_token', refresh_token: token.expose() }
  const answer = await endpoint.ask(clientId === null ? grant : { ...grant, client_id: clientId }, OAUTH_BETA, heldAt)
  return classifyTokenAnswer(answer, clock.now())
}

function toCredential(current: OAuthCredential, tokens: GrantedTokens, now: number): OAuthCredential {
  return {
    ...current,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? current.refreshToken,
    expiresAt: now + tokens.lifetimeMs,
    refresh: { refreshedAt: now, intent: null, failure: null },
  }
}

function toFailed(begun: OAuthCredential, failure: TokenFailure, now: number): OAuthCredential {
  const { refreshedAt, intent, failure: earlier } = begun.refresh
  const waitMs = toWaitMs(failure, earlier === null ? 0 : earlier.retryAt - earlier.at)
  const { error, permanent, maybeSpent } = failure
  return {
    ...begun,
    refresh: {
      refreshedAt,
      intent: maybeSpent ? intent : null,
      failure: { at: now, error, permanent, retryAt: now + waitMs },
    },
  }
}
