import type { Alerts } from '../alerts.js'
import type { Clock } from '../clock.js'
import { ProxyError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Secret } from '../secret.js'
import type { Credential, OAuthCredential } from '../storage/credential.js'
import { type CredentialLookup, isPromise, type MaybePromise } from '../storage/storage.js'
import { Freshness } from './freshness.js'
import { mayRefresh, type Refreshed, type RefreshTools, type RefreshWish } from './oauth-refresh.js'
import { isBegun, isInterrupted, isSameLogin, needsLogin } from './oauth-state.js'
import { refreshCredential } from './refresh-credential.js'
import type { TokenSource } from './renewal.js'
import { findSpare, type GrantedPair } from './spare.js'
import { UnstoredPair } from './unstored-pair.js'

/** What every domain's source works with. */
export interface OAuthSourceTools {
  readonly lookup: CredentialLookup
  /** Null where nothing can be refreshed; then `obstacle` says why. */
  readonly refresh: RefreshTools | null
  readonly obstacle: string | null
  isAllowed(credential: OAuthCredential): boolean
  readonly clock: Clock
  readonly alerts: Alerts
  readonly logger: Logger
}

/** A store that takes longer than this to take a pair is as good as away. */
const STORE_MS = 5000
/** A token that was refused though it is this new, by whichever process, is not replaced: new ones do not help. */
const FORCED_MS = 60_000

/** The stored OAuth credential of one domain, renewed with its refresh token. */
export class OAuthSource implements TokenSource {
  readonly #domain: string
  readonly #tools: OAuthSourceTools
  /**
   * What is known here and does not show in the store yet: it lags, or does not take it. It counts for as long as the
   * store shows one of the pairs that it took the place of; anything else is newer, whatever time it names.
   */
  #ahead: { readonly insteadOf: readonly (Credential | null)[]; readonly credential: OAuthCredential } | null = null
  #unstored: UnstoredPair | null = null
  #seen: OAuthCredential | null = null
  #toldObstacle = false

  constructor(domain: string, tools: OAuthSourceTools) {
    this.#domain = domain
    this.#tools = tools
  }

  get needsLogin(): boolean {
    return this.#seen !== null && needsLogin(this.#seen)
  }

  /** Whether a pair of tokens is held in memory alone. */
  get isUnstored(): boolean {
    return this.#unstored !== null
  }

  latest(): MaybePromise<OAuthCredential | null> {
    const found = this.#tools.lookup.find(this.#domain)
    return isPromise(found) ? found.then((credential) => this.view(credential)) : this.view(found)
  }

  /** The newest credential known, given what the store shows. */
  view(found: Credential | null): OAuthCredential | null {
    if (found?.type !== 'oauth') return null
    if (this.#ahead !== null) {
      const { insteadOf, credential } = this.#ahead
      if (insteadOf.some((before) => isSameLogin(before, found))) return credential
      this.#ahead = null
    }
    this.#seen = found
    return found
  }

  mayRenew(credential: OAuthCredential | null, urgent: boolean): boolean {
    const { refresh, isAllowed, clock } = this.#tools
    if (credential === null || credential.refreshToken === null || !isAllowed(credential)) return false
    if (refresh === null) {
      this.#tellObstacle()
      return false
    }
    // A pair must be stored before it is spent for the next one.
    if (this.#unstored !== null) return false
    if (this.#mayLieSpare(credential)) return true
    if (!mayRefresh(credential, clock.now())) return false
    return urgent || refresh.spareStore !== null || !isInterrupted(credential)
  }

  async renew(stale: Secret | null, urgent: boolean): Promise<void> {
    const tools = this.#tools.refresh
    if (tools === null) return
    const shown = await this.#tools.lookup.find(this.#domain)
    // A store that lags may have more than one earlier pair still to show.
    const before = [shown, this.view(shown)]
    // It takes no turn to see that there is nothing: a dead login stays one until somebody logs in.
    const isDead = shown?.type === 'oauth' && this.#mayLieSpare(shown)
    if (isDead && (await findSpare(tools.spareStore, this.#domain, shown)) === null) return
    let late: NodeJS.Timeout | undefined
    const onGranted = (pair: GrantedPair) => {
      late = setTimeout(() => this.#serveFromMemory(pair, before), STORE_MS)
    }
    try {
      const refreshed = await refreshCredential(
        tools,
        this.#domain,
        this.#toWish(stale, urgent, tools.clock),
        onGranted,
      )
      const held = refreshed.unstored && new UnstoredPair(this.#domain, refreshed.unstored, tools)
      const stored = held === null ? refreshed.stored : await this.#handIn(held, before)
      if (stored !== null) await this.#show(stored, before)
      this.#tell(refreshed, urgent)
    } finally {
      clearTimeout(late)
    }
  }

  toProblem(credential: OAuthCredential | null): ProxyError {
    const renewable = credential !== null && credential.refreshToken !== null && this.#tools.refresh !== null
    return new ProxyError(renewable && !needsLogin(credential) ? 'credential_refresh_failed' : 'credential_unavailable')
  }

  /** Makes a last attempt to store what is held in memory alone. */
  async close(): Promise<void> {
    await this.#unstored?.close()
  }

  /** Whether the login is dead, and what its token was spent for may lie in the spare place. */
  #mayLieSpare(credential: OAuthCredential): boolean {
    return (this.#tools.refresh?.spareStore ?? null) !== null && needsLogin(credential) && isBegun(credential)
  }

  #toWish(stale: Secret | null, urgent: boolean, clock: Clock): RefreshWish {
    const isStale = (current: OAuthCredential) => current.accessToken.expose() === stale?.expose()
    // The time may come of a clock that is ahead of ours.
    const isNew = ({ refresh: { refreshedAt } }: OAuthCredential) =>
      refreshedAt !== null && Math.abs(clock.now() - refreshedAt) < FORCED_MS
    const toFreshness = ({ expiresAt, refresh }: OAuthCredential) =>
      new Freshness(clock, expiresAt, refresh.refreshedAt, 0)
    return {
      isWanted(current) {
        const freshness = toFreshness(current)
        const isDue = freshness.left() <= freshness.advisoryMs || (isStale(current) && !isNew(current))
        return isDue && mayRefresh(current, clock.now())
      },
      mayTryAgain(current) {
        const freshness = toFreshness(current)
        return isStale(current) ? urgent : freshness.left() <= freshness.blockingMs
      },
    }
  }

  #tell({ stored, failure }: Refreshed, urgent: boolean): void {
    const { alerts, logger } = this.#tools
    const domain = this.#domain
    if (failure === null) return
    logger.warn({ domain, reason: failure.error, maybeSpent: failure.maybeSpent }, 'oauth refresh failed')
    if (failure.permanent) {
      if (stored === null || needsLogin(stored)) alerts.raise('credential_needs_login', domain, NEEDS_LOGIN)
    } else if (failure.waitMs >= 60_000) {
      alerts.raise('credential_refresh_refused', domain, `${REFUSED} (${failure.error})`)
    } else if (urgent) {
      alerts.raise('credential_refresh_failing', domain, `${FAILING} (${failure.error})`)
    }
  }

  /**
   * Gives the store once more what it did not take; a holder that was only fenced off is done then, and nobody is
   * alarmed. Else the pair serves from memory until the store takes it.
   */
  async #handIn(held: UnstoredPair, before: readonly (Credential | null)[]): Promise<OAuthCredential | null> {
    if (await held.store()) return held.stored
    this.#unstored = held
    this.#serveFromMemory(held.pair, before)
    void held.keepTrying().then(() => {
      this.#unstored = null
      if (held.stored !== null) this.#ahead = { insteadOf: [held.pair.spent, ...before], credential: held.stored }
    })
    return null
  }

  #serveFromMemory(pair: GrantedPair, before: readonly (Credential | null)[]): void {
    this.#ahead = { insteadOf: [pair.spent, ...before], credential: pair.credential }
    this.#tools.alerts.raise('credential_not_stored', this.#domain, NOT_STORED)
  }

  /** Lets what is stored count where the store still shows what it did before. */
  async #show(stored: OAuthCredential, before: readonly (Credential | null)[]): Promise<void> {
    const found = await this.#tools.lookup.find(this.#domain)
    this.#seen = stored
    if (found?.type !== 'oauth' || isSameLogin(found, stored)) return
    if (before.some((each) => isSameLogin(each, found))) this.#ahead = { insteadOf: before, credential: stored }
  }

  #tellObstacle(): void {
    if (this.#toldObstacle) return
    this.#toldObstacle = true
    this.#tools.logger.warn({ domain: this.#domain, reason: this.#tools.obstacle }, 'oauth credential is not refreshed')
  }
}

const NEEDS_LOGIN = 'The refresh token is spent, revoked or expired. Log in again with: prompt-train oauth login'
const REFUSED = 'The token endpoint refuses to refresh this credential: check oauth.tokenUrl and oauth.clientId'
const FAILING = 'The access token is about to expire or has expired, and the token endpoint does not renew it'
const NOT_STORED =
  'A refreshed credential could not be stored and is held in memory alone: it is lost if the process ends. Mend the credential store'
