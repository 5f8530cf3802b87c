import { createHash, randomBytes } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { type Clock, systemClock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import { toServiceUrl } from '../service-url.js'
import { neverRefreshed, type OAuthCredential } from '../storage/credential.js'
import { isSubscriptionLogin } from './subscription.js'
import { classifyTokenAnswer } from './token-answers.js'
import { createTokenEndpoint, OAUTH_BETA } from './token-endpoint.js'

/** What {@link createOAuthLogin} takes. Nothing is assumed: what a login is made with is its owner's to know. */
export interface OAuthLoginOptions {
  /** The page where the person agrees. */
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly clientId: string
  /**
   * Where the page sends the person with the code (RFC 6749 section 4.1.1).
   * @default none is sent: the one that the client is registered with
   */
  readonly redirectUri?: string
  /** @default none are asked for: the client's own */
  readonly scopes?: readonly string[]
  /** @default systemClock */
  readonly clock?: Clock
  /** An undici dispatcher for the token endpoint. Yours to close. @default one of our own */
  readonly dispatcher?: Dispatcher
}

/** A login under way: open {@link OAuthLogin.url}, agree, and give what the page shows to {@link OAuthLogin.finish}. */
export interface OAuthLogin {
  readonly url: string
  /**
   * Exchanges the pasted `code#state`, or the address that the browser was sent to, for a credential.
   *
   * @throws OAuthLoginError when the text is not of this login, or the token endpoint refuses it
   */
  finish(pasted: string): Promise<OAuthCredential>
}

/** Why a login failed; the message is for the person and tells no secret. */
export class OAuthLoginError extends Error {
  override readonly name = 'OAuthLoginError'
}

/**
 * Begins a login by authorization code with PKCE (RFC 7636, S256).
 *
 * @throws ConfigurationError `authorizeUrl` or `tokenUrl` when it is not https (or http on a loopback address)
 */
export function createOAuthLogin(options: OAuthLoginOptions): OAuthLogin {
  const { clientId, scopes = [], clock = systemClock, dispatcher = null } = options
  const redirect = options.redirectUri === undefined ? null : { redirect_uri: options.redirectUri }
  const authorizeUrl = toServiceUrl('authorizeUrl', options.authorizeUrl)
  const tokenUrl = toServiceUrl('tokenUrl', options.tokenUrl)
  if (clientId === '') throw new ConfigurationError('clientId', 'is empty')
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(32).toString('base64url')
  const url = new URL(authorizeUrl)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  url.search = new URLSearchParams({
    // Asks the page to show the code where it cannot hand it over.
    code: 'true',
    client_id: clientId,
    response_type: 'code',
    ...redirect,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state,
  }).toString()

  return {
    url: url.href,
    async finish(pasted) {
      const code = toCode(pasted, state)
      const grant = {
        grant_type: 'authorization_code',
        code,
        state,
        client_id: clientId,
        ...redirect,
        code_verifier: verifier,
      }
      const endpoint = createTokenEndpoint(tokenUrl, dispatcher)
      const answer = await endpoint.ask(grant, OAUTH_BETA).finally(() => endpoint.close())
      const now = clock.now()
      const outcome = classifyTokenAnswer(answer, now)
      if (outcome.kind === 'failed') {
        throw new OAuthLoginError(
          `The token endpoint gave no credential (${outcome.failure.error}). Begin the login anew.`,
        )
      }
      const { accessToken, refreshToken, lifetimeMs, scopes: granted } = outcome.tokens
      return {
        type: 'oauth',
        accessToken,
        refreshToken,
        expiresAt: now + lifetimeMs,
        subscription: isSubscriptionLogin(granted ?? scopes, authorizeUrl),
        refresh: { ...neverRefreshed, refreshedAt: now },
      }
    },
  }
}

function toCode(pasted: string, state: string): string {
  const text = pasted.trim()
  const query = URL.canParse(text) ? new URL(text).searchParams : null
  const [code, given] = query === null ? text.split('#') : [query.get('code'), query.get('state')]
  if (!code || !given)
    throw new OAuthLoginError('Paste the whole text that the page shows, code and state: code#state.')
  // The state ties the answer to this login: another one's code must not be taken for ours (RFC 6749 section 10.12).
  if (given !== state)
    throw new OAuthLoginError('The pasted text is of another login. Use the page that was opened last.')
  return code
}
