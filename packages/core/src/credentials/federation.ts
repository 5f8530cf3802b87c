import { readFile } from 'node:fs/promises'
import type { Alerts } from '../alerts.js'
import type { Clock } from '../clock.js'
import { ProxyError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Secret } from '../secret.js'
import { type FederationCredential, neverRefreshed, type OAuthCredential } from '../storage/credential.js'
import type { CredentialLookup, MaybePromise } from '../storage/storage.js'
import type { TokenSource } from './renewal.js'
import { classifyTokenAnswer, type TokenFailure, toWaitMs } from './token-answers.js'
import { OAUTH_BETA, type TokenEndpoint } from './token-endpoint.js'

/** Gives the assertion (a JWT of the host's identity provider) for a domain, anew for each exchange. */
export type Assertion = (domain: string) => MaybePromise<string>

/** What exchanging assertions takes. */
export interface FederationTools {
  readonly lookup: CredentialLookup
  /** Null where no endpoint may be asked; then `obstacle` says why. */
  readonly endpoint: TokenEndpoint | null
  readonly obstacle: string | null
  /** Null where assertions come from files alone. */
  readonly assertion: Assertion | null
  readonly clock: Clock
  readonly alerts: Alerts
  readonly logger: Logger
}

const FEDERATION_BETA = 'oidc-federation-2026-04-01'
/** The token endpoint takes no longer ones. */
const MAX_ASSERTION_BYTES = 16 * 1024

/** The token that one domain's assertion is exchanged for (RFC 7523): held in memory alone, never stored. */
export class FederationSource implements TokenSource {
  readonly #domain: string
  readonly #tools: FederationTools
  readonly #credential: FederationCredential
  #token: OAuthCredential | null = null
  #failedUntil = 0
  #waitMs = 0

  constructor(domain: string, credential: FederationCredential, tools: FederationTools) {
    this.#domain = domain
    this.#credential = credential
    this.#tools = tools
  }

  /** Whether the stored credential is still the one that this was made from. */
  isOf(credential: FederationCredential): boolean {
    return credential === this.#credential || JSON.stringify(credential) === JSON.stringify(this.#credential)
  }

  /** The token in memory; null before the first exchange. */
  get token(): OAuthCredential | null {
    return this.#token
  }

  async latest(): Promise<OAuthCredential | null> {
    const found = await this.#tools.lookup.find(this.#domain)
    return found?.type === 'federation' && this.isOf(found) ? this.#token : null
  }

  mayRenew(): boolean {
    return this.#tools.clock.monotonic() >= this.#failedUntil
  }

  async renew(stale: Secret | null): Promise<void> {
    // Whoever asked first has replaced it.
    if (this.#token !== null && this.#token.accessToken !== stale) return
    const { clock, alerts, logger } = this.#tools
    const domain = this.#domain
    try {
      const failure = await this.#exchange()
      if (failure === null) {
        this.#waitMs = 0
        return
      }
      this.#waitMs = toWaitMs(failure, this.#waitMs)
      this.#failedUntil = clock.monotonic() + this.#waitMs
      logger.warn({ domain, reason: failure.error }, 'federation exchange failed')
      alerts.raise(
        'federation_failing',
        domain,
        `No token is given for the assertion of this domain (${failure.error})`,
      )
    } catch (error) {
      const reason = error instanceof AssertionError ? error.message : 'the assertion callback failed'
      logger.warn({ domain, reason }, 'federation exchange failed')
      alerts.raise('federation_failing', domain, `There is no assertion to exchange: ${reason}`)
    }
  }

  toProblem(): ProxyError {
    return new ProxyError('credential_refresh_failed')
  }

  async #exchange(): Promise<TokenFailure | null> {
    const { endpoint, obstacle, clock } = this.#tools
    if (endpoint === null) throw new AssertionError(obstacle ?? 'no token endpoint')
    const { federationRuleId, organizationId, serviceAccountId, workspaceId } = this.#credential
    const grant = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await this.#readAssertion(),
      federation_rule_id: federationRuleId,
      organization_id: organizationId,
      service_account_id: serviceAccountId,
      ...(workspaceId !== null && { workspace_id: workspaceId }),
    }
    const answer = await endpoint.ask(grant, `${OAUTH_BETA},${FEDERATION_BETA}`)
    const now = clock.now()
    const outcome = classifyTokenAnswer(answer, now)
    if (outcome.kind === 'failed') return outcome.failure
    this.#token = {
      type: 'oauth',
      accessToken: outcome.tokens.accessToken,
      refreshToken: null,
      expiresAt: now + outcome.tokens.lifetimeMs,
      refresh: { ...neverRefreshed, refreshedAt: now },
    }
    return null
  }

  async #readAssertion(): Promise<string> {
    const { assertionFile } = this.#credential
    const { assertion } = this.#tools
    if (assertionFile === null && assertion === null) {
      throw new AssertionError('give the credential an assertion file, or the proxy the option federation.assertion')
    }
    const text = assertionFile === null ? await assertion!(this.#domain) : await readAssertionFile(assertionFile)
    const trimmed = text.trim()
    if (trimmed === '') throw new AssertionError('the assertion is empty')
    if (Buffer.byteLength(trimmed) > MAX_ASSERTION_BYTES) throw new AssertionError('the assertion is over 16 KiB')
    return trimmed
  }
}

/** Why there is no assertion; the message holds nothing of one. */
class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

async function readAssertionFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new AssertionError(`the assertion file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
