import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.js'
import type { Secret } from '../secret.js'
import type {
  Credential,
  CredentialLease,
  CredentialLookup,
  CredentialStore,
  OAuthCredential,
} from '../storage/storage.js'
import { digestToken, isInterrupted, isSameLogin, needsLogin, pausedUntil } from './oauth-state.js'
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
  /** Whether a token that may already be spent is to be tried all the same: the access token no longer serves. */
  isUrgent(current: OAuthCredential): boolean
}

/** A pair of tokens that the store has not taken yet, and the credential whose token was spent for it. */
export interface GrantedPair {
  readonly spent: OAuthCredential
  readonly credential: OAuthCredential
}

/** What came of {@link refreshStored}. */
export interface Refreshed {
  /** What the store holds now; null where that is not known, or no OAuth credential. */
  readonly stored: OAuthCredential | null
  /** Set where tokens were granted and the store did not take them. */
  readonly unstored: GrantedPair | null
  /** What is stored, where its refresh was interrupted and it is not urgent to try once more. */
  readonly leftAlone: OAuthCredential | null
  /** Whether what is stored now came from the spare place. */
  readonly recovered: boolean
  /** Why the endpoint granted nothing; null where it granted or was not asked. */
  readonly failure: TokenFailure | null
  /** What the store threw. */
  readonly storeError: unknown
}

const nothing = { stored: null, unstored: null, leftAlone: null, recovered: false, failure: null }

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
  let leftAlone: OAuthCredential | null = null

  async function change(current: Credential | null, lease: CredentialLease): Promise<Credential | null> {
    if (current?.type !== 'oauth' || current.refreshToken === null || !wish.isWanted(current)) return current
    if (isInterrupted(current)) {
      const saved = await findSpare(tools, domain, current)
      recovered = saved !== null
      if (saved !== null) return saved
      leftAlone = wish.isUrgent(current) ? null : current
      if (leftAlone !== null) return current
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
      leftAlone,
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

/**
 * Stores a pair that could not be stored before, unless something newer is stored by now; gives what is. A holder that
 * was fenced off hands in what it holds in the same way: as long as the token it spent is the stored one, nothing newer
 * is overwritten.
 *
 * @throws what the store throws
 */
export async function storePair(
  tools: RefreshTools,
  domain: string,
  pair: GrantedPair,
): Promise<OAuthCredential | null> {
  const stored = await tools.store.update(domain, (current) =>
    isSameLogin(current, pair.spent) ? pair.credential : current,
  )
  return stored?.type === 'oauth' ? stored : null
}

/** Stores the pair in the spare place, with the intent by which it is found again. */
export async function storeSpare(
  tools: RefreshTools,
  domain: string,
  { spent, credential }: GrantedPair,
): Promise<void> {
  const { intent } = spent.refresh
  await tools.spareStore?.update(domain, () => ({ ...credential, refresh: { ...credential.refresh, intent } }))
}

/** Removes what the spare place still holds of the domain. */
export async function clearSpare({ spareStore }: RefreshTools, domain: string): Promise<void> {
  if (spareStore !== null && (await spareStore.find(domain)) !== null) await spareStore.update(domain, () => null)
}

/** The pair that an interrupted refresh brought and only the spare place took, or null. */
async function findSpare({ spareStore }: RefreshTools, domain: string, current: OAuthCredential) {
  const saved = (await spareStore?.find(domain)) ?? null
  if (saved?.type !== 'oauth' || saved.refresh.intent?.tokenDigest !== current.refresh.intent?.tokenDigest) return null
  return { ...saved, refresh: { ...saved.refresh, intent: null } }
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
