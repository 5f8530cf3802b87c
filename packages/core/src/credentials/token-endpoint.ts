import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { isLoopback } from '../service-url.js'

/** What came of a request to a token endpoint. */
export type TokenAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter: string | null; readonly body: string }
  | { readonly kind: 'none'; readonly reason: 'unreachable' | 'unsent' | 'slow' | 'huge' | 'broken' }

/** Asks for tokens, at one URL. */
export interface TokenEndpoint {
  /**
   * Sends a grant (RFC 6749 section 4) as JSON. Follows no redirect, reads at most 64 KiB and waits at most 30 seconds.
   *
   * @param betas the `anthropic-beta` list
   * @param heldAt when the caller's lease was last known to be held, on the clock of `performance.now()`: nothing is
   * sent once the process has stood still for longer than it takes to lose one
   */
  ask(grant: Readonly<Record<string, string>>, betas: string, heldAt?: number): Promise<TokenAnswer>
  close(): Promise<void>
}

/** The beta that goes with every OAuth request. */
export const OAUTH_BETA = 'oauth-2025-04-20'

const ANSWER_MS = 30_000
const CONNECT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
/**
 * A process that stood still for this long may have been taken over since, and what it would send may be spent. Stores
 * take over after some 4 to 10 seconds.
 */
const MAX_STANDSTILL_MS = 3000
const TICK_MS = 500

/** Hosts that a refresh token or an assertion may go to without being named by the embedder. */
export const tokenHosts: readonly string[] = ['api.anthropic.com', 'platform.claude.com', 'console.anthropic.com']

/** Whether tokens may be sent there unasked: one of {@link tokenHosts} over https, or a loopback address. */
export function isTrustedTokenUrl(url: URL): boolean {
  return isLoopback(url) || (url.protocol === 'https:' && tokenHosts.includes(url.host))
}

/** Creates a token endpoint. A `dispatcher` is the caller's to close. */
export function createTokenEndpoint(url: URL, dispatcher: Dispatcher | null): TokenEndpoint {
  let own: Promise<Dispatcher> | null = null
  return {
    async ask(grant, betas, heldAt = performance.now()) {
      if (dispatcher === null) own ??= createAgent()
      const via = dispatcher ?? (await own!)
      return new Promise((resolve) => {
        const handler = new AnswerReader(heldAt, resolve)
        const request: Dispatcher.DispatchOptions = {
          origin: url.origin,
          path: url.pathname,
          method: 'POST',
          headers: {
            accept: 'application/json',
            'accept-encoding': 'identity',
            'content-type': 'application/json',
            'anthropic-beta': betas,
            'user-agent': 'agent-prompt-train',
          },
          body: JSON.stringify(grant),
        }
        try {
          via.dispatch(request, handler)
        } catch {
          handler.giveUp('unreachable')
        }
      })
    },
    async close() {
      // Whoever asked was told that it could not be loaded.
      const agent = await own?.catch(() => null)
      await agent?.destroy()
    },
  }
}

/** Loads undici, which is dear, only where something is asked. */
async function createAgent(): Promise<Dispatcher> {
  const { Agent } = await import('undici')
  // Calls are hours apart: a kept connection would be a dead one. No environment variable may switch verification off.
  return new Agent({ pipelining: 0, connect: { timeout: CONNECT_MS, rejectUnauthorized: true } })
}

class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: TokenAnswer) => void
  readonly #timer: NodeJS.Timeout
  readonly #ticker: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | null = null
  #aliveAt: number
  #stoodStill = false
  #size = 0
  #status = 0
  #retryAfter: string | null = null
  #done = false

  constructor(heldAt: number, resolve: (answer: TokenAnswer) => void) {
    this.#aliveAt = heldAt
    this.#resolve = resolve
    this.#tick()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#timer = setTimeout(() => this.giveUp(this.#controller === null ? 'unreachable' : 'slow'), ANSWER_MS)
  }

  /** The connection stands and the next thing to happen is the write. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    clearInterval(this.#ticker)
    this.#tick()
    if (this.#done || this.#stoodStill) this.giveUp('unsent')
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.#status = status
    this.#retryAfter = headers['retry-after'] ?? null
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size <= MAX_ANSWER_BYTES) this.#chunks.push(chunk)
    else this.giveUp('huge')
  }

  onResponseEnd(): void {
    this.#settle(this.#answer())
  }

  onResponseError(): void {
    this.giveUp(this.#controller === null ? 'unreachable' : 'broken')
  }

  giveUp(reason: (TokenAnswer & { kind: 'none' })['reason']): void {
    // An error is known by its status, whatever becomes of its page.
    this.#settle(this.#status >= 300 ? this.#answer() : { kind: 'none', reason })
    this.#controller?.abort(new Error('no more of the answer is wanted'))
  }

  #tick(): void {
    const now = performance.now()
    if (now - this.#aliveAt > MAX_STANDSTILL_MS) this.#stoodStill = true
    this.#aliveAt = now
  }

  #answer(): TokenAnswer {
    const body = Buffer.concat(this.#chunks).toString('utf8')
    return { kind: 'answer', status: this.#status, retryAfter: this.#retryAfter, body }
  }

  #settle(answer: TokenAnswer): void {
    if (this.#done) return
    this.#done = true
    clearTimeout(this.#timer)
    clearInterval(this.#ticker)
    this.#resolve(answer)
  }
}
