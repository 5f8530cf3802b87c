import type { Clock } from '../clock.js'

/** Before its expiry a token is renewed in the background this early, less up to a quarter by chance. */
const ADVISORY_MS = 120_000
/** A token this close to its expiry could expire on the way up: requests wait for its renewal. */
const BLOCKING_MS = 30_000

/**
 * How long one token can still be used. Two clocks are asked and the shorter answer counts: a wall clock that steps
 * forth costs one early renewal, one that steps back costs none, because the time since the token was first seen is
 * known from the clock that does not step.
 */
export class Freshness {
  /** The token is due for renewal from this long before its expiry. */
  readonly advisoryMs: number
  /** It no longer serves without a try at renewal from this long before its expiry. */
  readonly blockingMs: number
  readonly #clock: Clock
  readonly #expiresAt: number
  readonly #deadline: number

  /**
   * @param issuedAt epoch milliseconds; null where it is not known
   * @param chance from 0 to 1: spreads the processes that share a token over the advisory window
   */
  constructor(clock: Clock, expiresAt: number | null, issuedAt: number | null, chance: number) {
    this.#clock = clock
    this.#expiresAt = expiresAt ?? Infinity
    this.#deadline = clock.monotonic() + this.#expiresAt - clock.now()
    // A token that lives shorter than the window would be renewed without end.
    const lifetimeMs = issuedAt === null || issuedAt >= this.#expiresAt ? Infinity : this.#expiresAt - issuedAt
    this.advisoryMs = Math.min(ADVISORY_MS, lifetimeMs / 2) * (1 - chance / 4)
    this.blockingMs = Math.min(BLOCKING_MS, lifetimeMs / 4)
  }

  /** Milliseconds to the expiry; Infinity where there is none. */
  left(): number {
    return Math.min(this.#expiresAt - this.#clock.now(), this.#deadline - this.#clock.monotonic())
  }
}
