import { toLoggedError } from '../logger.js'
import type { OAuthCredential } from '../storage/credential.js'
import type { RefreshTools } from './oauth-refresh.js'
import { isSameLogin } from './oauth-state.js'
import { clearSpare, type GrantedPair, storeSpare } from './spare.js'

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 2000

/** A pair of tokens that the store did not take: the only copy of a login, until it does. */
export class UnstoredPair {
  readonly pair: GrantedPair
  /** What the store holds, once it has taken the pair or was found to hold something newer. */
  stored: OAuthCredential | null = null
  readonly #domain: string
  readonly #tools: RefreshTools
  readonly #closing = new AbortController()
  #isSpared = false
  #isLogged = false
  #ended: Promise<void> = Promise.resolve()

  constructor(domain: string, pair: GrantedPair, tools: RefreshTools) {
    this.#domain = domain
    this.pair = pair
    this.#tools = tools
  }

  /** Tries once; true when the store has it, or something newer. */
  async store(): Promise<boolean> {
    const domain = this.#domain
    try {
      this.stored = await storePair(this.#tools, domain, this.pair)
      const isOurs = this.stored?.accessToken.expose() === this.pair.credential.accessToken.expose()
      this.#tools.logger.info({ domain, superseded: !isOurs }, 'refreshed credential stored after all')
    } catch (error) {
      if (!this.#isLogged)
        this.#tools.logger.error({ domain, error: toLoggedError(error) }, 'refreshed credential not stored')
      this.#isLogged = true
      await this.#spare()
      return false
    }
    if (this.#isSpared) await clearSpare(this.#tools.spareStore, domain).catch(() => {})
    return true
  }

  /** Tries until the store takes it, at growing intervals; ends early when closed. */
  keepTrying(): Promise<void> {
    this.#ended = this.#try()
    return this.#ended
  }

  /** Ends the tries with a last one. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#ended
  }

  async #try(): Promise<void> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
      await this.#pause(waitMs * (1 + Math.random() / 4))
      if ((await this.store()) || this.#closing.signal.aborted) return
    }
  }

  /** For `ms`, or until closed. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, signal.aborted ? 0 : ms).unref()
      signal.addEventListener('abort', end)
    })
  }

  async #spare(): Promise<void> {
    if (this.#isSpared || this.#tools.spareStore === null) return
    try {
      await storeSpare(this.#tools.spareStore, this.#domain, this.pair)
      this.#isSpared = true
      this.#tools.logger.warn({ domain: this.#domain }, 'refreshed credential stored in the spare place')
    } catch (error) {
      this.#tools.logger.error({ domain: this.#domain, error: toLoggedError(error) }, 'spare place failed too')
    }
  }
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
