import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.js'
import type { Secret } from '../secret.js'
import type { Credential, OAuthCredential } from '../storage/credential.js'
import type { CredentialLease, CredentialLookup, CredentialStore } from '../storage/storage.js'
import { digestToken, isInterrupted, isSameLogin, needsLogin, pausedUntil } from './oauth-state.js'
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
  /** This process, as `host:pid:random`. */
  readonly owner: string
}

/** Judges, from what is stored, whether a refresh is still wanted. */
export interface RefreshWish {
  isWanted(current: OAuthCredential): boolean
  /**
   * What is to be done where the refresh was interrupted and the token may be spent: `leave` it, `try` it once more, or
   * `claim` it, which shows that the store takes writes again and so that whoever holds the pair can hand it in.
   */
  judgeInterrupted(current: OAuthCredential): 'leave' | 'claim' | 'try'
}

/** What came of {@link refreshStored}. */
export interface Refreshed {
  /** What the store holds now; null where that is not known, or no OAuth credential. */
  readonly stored: OAuthCredential | null
  /** Set where tokens were granted and the store did not take them. */
  readonly unstored: GrantedPair | null
  /** Whether an interrupted refresh was claimed. */
  readonly claimed: boolean
  /** Whether what is stored now came from the spare place. */
  readonly recovered: boolean
  /** Why the endpoint granted nothing; null where it granted or was not asked. */
  readonly failure: TokenFailure | null
  /** What the store threw. */
  readonly storeError: unknown
}

const nothing = { stored: null, unstored: null, claimed: false, recovered: false, failure: null }

/**
 * Refreshes the stored credential of `domain` if that is still wanted once it is this process's turn. Never rejects.
 * `onGranted` is told of new tokens before they are stored.
 */
export async function refreshStored(
  tools: RefreshTools,
  domain: string,
  wish: RefreshWish,
  onGranted: (pair: GrantedPair) => void = () => {},
): Promise<Refreshed> {
  let pair: GrantedPair | null = null
  let failure: TokenFailure | null = null
  let recovered = false
  let replaced = false
  let claimed = false

  async function change(current: Credential | null, lease: CredentialLease): Promise<Credential | null> {
    if (current?.type !== 'oauth' || current.refreshToken === null || !wish.isWanted(current)) return current
    if (isInterrupted(current)) {
      const saved = await findSpare(tools.spareStore, domain, current)
      recovered = saved !== null
      if (saved !== null) return saved
      const verdict = wish.judgeInterrupted(current)
      claimed = verdict === 'claim'
      if (claimed) return withOwner(current, tools.owner)
      if (verdict === 'leave') return current
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
      return pair.credential
    }
    failure = outcome.failure
    // Somebody who does not know of leases may have replaced the token: theirs is left alone.
    replaced = failure.permanent && !isSameLogin(await tools.store.find(domain), current)
    if (replaced) return current
    return toFailed(begun, failure, clock.now())
  }

  try {
    const stored = await tools.store.update(domain, change)
    if (replaced) return { ...nothing, storeError: null }
    return {
      ...nothing,
      stored: stored?.type === 'oauth' ? stored : null,
      claimed,
      recovered,
      failure,
      storeError: null,
    }
  } catch (storeError) {
    return { ...nothing, unstored: pair, failure, storeError }
  }
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
