import type { Clock } from '../clock.js'
import { ProxyError } from '../errors.js'
import { toAddressBlock } from './addresses.js'

/** How many failed authentications there may be. */
export interface FailureLimit {
  /** Failures of one address, or of one key id, in one window. */
  readonly max: number
  readonly windowMs: number
}

/** Counts failed authentications. */
export interface FailureThrottle {
  /** Counts a failure, and gives what the client is told: 401, or 429 once its address or the key id is over the limit. */
  fail(clientAddress: string | null, keyId: string | null): ProxyError
}

/** What is remembered at once of each kind: about 10 MB when full, however many addresses an attacker has. */
const MAX_WINDOWS = 65_536

/**
 * Throttles failures by client address and by key id. Good keys are not held up by the failures of others: whoever
 * calls has judged the key first, and asks here only about a failure.
 */
export function createFailureThrottle(limit: FailureLimit, clock: Pick<Clock, 'monotonic'>): FailureThrottle {
  const byAddress = new FailureWindows(limit)
  const byKeyId = new FailureWindows(limit)
  return {
    fail(clientAddress, keyId) {
      const now = clock.monotonic()
      const address = clientAddress === null ? 'unknown' : toAddressBlock(clientAddress)
      const waitMs = Math.max(byAddress.fail(address, now), keyId === null ? 0 : byKeyId.fail(keyId, now))
      if (waitMs === 0) return new ProxyError('authentication_failed')
      return new ProxyError('authentication_throttled', { retryAfterMs: waitMs })
    },
  }
}

/** Failures by name, in windows that begin with a name's first failure. */
class FailureWindows {
  readonly #limit: FailureLimit
  /** In the order in which the windows end, so that the first is the one to forget. */
  readonly #windows = new Map<string, { readonly endsAt: number; failures: number }>()

  constructor(limit: FailureLimit) {
    this.#limit = limit
  }

  /** Counts a failure; milliseconds until the window ends where it was one too many, else 0. */
  fail(name: string, now: number): number {
    const { max, windowMs } = this.#limit
    const open = this.#windows.get(name)
    if (open !== undefined && open.endsAt > now) return ++open.failures > max ? open.endsAt - now : 0
    this.#windows.delete(name)
    this.#windows.set(name, { endsAt: now + windowMs, failures: 1 })
    if (this.#windows.size > MAX_WINDOWS) this.#windows.delete(this.#windows.keys().next().value!)
    return 0
  }
}
