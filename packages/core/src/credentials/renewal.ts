import type { Clock } from '../clock.js'
import type { ProxyError } from '../errors.js'
import type { Secret } from '../secret.js'
import type { OAuthCredential } from '../storage/credential.js'
import type { MaybePromise } from '../storage/storage.js'
import { within } from '../within.js'
import { Freshness } from './freshness.js'

/** Where the tokens of one domain come from. */
export interface TokenSource {
  /** The newest credential known, or null. */
  latest(): MaybePromise<OAuthCredential | null>
  /** Whether a renewal may be tried now. `urgent`: the token no longer serves without one. */
  mayRenew(credential: OAuthCredential | null, urgent: boolean): boolean
  /**
   * Tries to renew, unless `stale`, the access token that is due or was refused, has been replaced meanwhile. Never
   * rejects: `latest` tells what came of it.
   */
  renew(stale: Secret | null, urgent: boolean): Promise<void>
  /** What a client is told when there is no token to serve it with. */
  toProblem(credential: OAuthCredential | null): ProxyError
}

/** A renewal under way. */
interface Flight {
  readonly startedAt: number
  readonly done: Promise<void>
}

/** How long a renewal holds up requests that could be served without it. */
const PATIENCE_MS = 2000
/** How long it holds up those that could not. */
const WAIT_MS = 30_000
/** After a try that brought no new token. */
const PAUSE_MS = 5000
/** A refused token is replaced at most this often: where every token is refused, new ones do not help. */
const FORCED_MS = 60_000
/** How often the timer looks at a token that is due, and at one that is not. */
const DUE_CHECK_MS = 5000
const MAX_CHECK_MS = 3_600_000

/**
 * Keeps one domain's token fresh: in the background where there is time, else with requests waiting; one renewal at a
 * time, shared by all who wait.
 */
export class Renewal {
  readonly #source: TokenSource
  readonly #clock: Clock
  #seen: Secret | null = null
  #seenExpiry: number | null = null
  #freshness!: Freshness
  #flight: Flight | null = null
  #pausedUntil = 0
  /** A try that was not urgent may have let the token be: it holds no urgent one back. */
  #urgentPausedUntil = 0
  #forcedUntil = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(source: TokenSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /**
   * A credential that serves now: at once unless it is about to expire.
   *
   * @throws ProxyError `credential_unavailable` or `credential_refresh_failed` when there is none
   */
  use(credential: OAuthCredential | null): MaybePromise<OAuthCredential> {
    if (credential !== null) {
      const freshness = this.#watch(credential)
      const left = freshness.left()
      if (left > freshness.advisoryMs) return credential
      this.#begin(credential, left <= freshness.blockingMs)
      if (left > freshness.blockingMs) return credential
    } else {
      this.#begin(null, true)
    }
    return this.#await(credential)
  }

  /** What to use in place of a token that the upstream refused; null where there is nothing else to try. */
  async replace(refused: Secret): Promise<OAuthCredential | null> {
    await this.#settled(WAIT_MS)
    const other = await this.#otherThan(refused)
    if (other !== null) return other
    if (this.#clock.monotonic() >= this.#forcedUntil) {
      this.#begin(await this.#source.latest(), true)
      if (this.#flight !== null) this.#forcedUntil = this.#clock.monotonic() + FORCED_MS
    }
    await this.#settled(WAIT_MS)
    return this.#otherThan(refused)
  }

  /** Looks after the token from now on, without a request for it. */
  async tend(): Promise<void> {
    clearTimeout(this.#timer)
    const credential = await this.#source.latest()
    if (this.#closed || credential === null || credential.expiresAt === null) return
    const freshness = this.#watch(credential)
    const left = freshness.left()
    if (left <= freshness.advisoryMs) this.#begin(credential, left <= freshness.blockingMs)
    this.#arm()
  }

  /** Begins no renewal any more, and waits for the one under way: what it brings must be stored. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#flight?.done
  }

  async #await(credential: OAuthCredential | null, isLastTry = false): Promise<OAuthCredential> {
    const flight = this.#flight
    if (flight !== null) {
      const serves = credential !== null && this.#watch(credential).left() > 0
      const waited = this.#clock.monotonic() - flight.startedAt
      await this.#settled(serves ? PATIENCE_MS - waited : WAIT_MS)
    }
    const latest = await this.#source.latest()
    if (latest !== null && this.#watch(latest).left() > 0) return latest
    // What was under way may have begun before the token was in need of it.
    if (flight !== null && this.#flight !== flight && !isLastTry) {
      this.#begin(latest, true)
      return this.#await(latest, true)
    }
    throw this.#source.toProblem(latest)
  }

  async #otherThan(refused: Secret): Promise<OAuthCredential | null> {
    const latest = await this.#source.latest()
    if (latest === null || latest.accessToken.expose() === refused.expose()) return null
    return this.#watch(latest).left() > 0 ? latest : null
  }

  #begin(credential: OAuthCredential | null, urgent: boolean): void {
    if (this.#closed || this.#flight !== null) return
    if (this.#clock.monotonic() < (urgent ? this.#urgentPausedUntil : this.#pausedUntil)) return
    if (!this.#source.mayRenew(credential, urgent)) return
    this.#flight = { startedAt: this.#clock.monotonic(), done: this.#fly(credential?.accessToken ?? null, urgent) }
  }

  async #fly(stale: Secret | null, urgent: boolean): Promise<void> {
    let isNew = false
    try {
      await this.#source.renew(stale, urgent)
      const latest = await this.#source.latest()
      isNew = latest !== null && latest.accessToken.expose() !== stale?.expose()
      if (latest !== null) this.#watch(latest)
    } catch {
      // The store could not be read: the next request tells.
    }
    this.#flight = null
    if (!isNew) this.#pausedUntil = this.#clock.monotonic() + PAUSE_MS
    if (!isNew && urgent) this.#urgentPausedUntil = this.#pausedUntil
    this.#arm()
  }

  /** Until no renewal is under way, or for `ms`. */
  async #settled(ms: number): Promise<void> {
    if (this.#flight !== null && ms > 0) await within(ms, this.#flight.done)
  }

  #watch(credential: OAuthCredential): Freshness {
    const { accessToken, expiresAt, refresh } = credential
    if (accessToken === this.#seen) return this.#freshness
    const known = this.#seen?.expose() === accessToken.expose() && this.#seenExpiry === expiresAt
    this.#seen = accessToken
    this.#seenExpiry = expiresAt
    if (known) return this.#freshness
    this.#freshness = new Freshness(this.#clock, expiresAt, refresh.refreshedAt, Math.random())
    this.#arm()
    return this.#freshness
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#closed || this.#seen === null) return
    const early = this.#freshness.left() - this.#freshness.advisoryMs
    if (early === Infinity) return
    const delay = early > 0 ? Math.min(early, MAX_CHECK_MS) : DUE_CHECK_MS
    this.#timer = setTimeout(() => {
      this.tend().catch(() => this.#arm())
    }, delay).unref()
  }
}
