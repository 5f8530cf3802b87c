import type { Dispatcher } from 'undici'
import * as z from 'zod'
import { toServiceUrl } from '../service-url.js'
import type { CredentialStore } from '../storage/storage.js'
import { isTrustedTokenUrl } from './token-endpoint.js'

/** How OAuth credentials are refreshed, and which may be used. */
export interface OAuthOptions {
  /**
   * Where tokens are refreshed and assertions exchanged: https, or http on a loopback address.
   * @default `/v1/oauth/token` of the upstream, where that is one of Anthropic's hosts or a loopback address
   */
  readonly tokenUrl?: string
  /** The client id that the login was made with. @default none is sent */
  readonly clientId?: string
  /**
   * Uses credentials of subscription plans. They are meant for their owner's own use of Anthropic's apps; read
   * docs/oauth.md first. @default false
   */
  readonly allowSubscriptionOAuth?: boolean
  /** Where a refreshed credential goes that the credential store does not take. @default none: memory alone */
  readonly spareStore?: CredentialStore
  /** An undici dispatcher for the token endpoint, such as a ProxyAgent. Yours to close. @default one of our own */
  readonly dispatcher?: Dispatcher
}

/** The shape of {@link OAuthOptions}. */
export const oauthSchema = z.strictObject({
  tokenUrl: z.string().optional(),
  clientId: z.string().min(1).optional(),
  allowSubscriptionOAuth: z.boolean().default(false),
  spareStore: z.custom<unknown>().optional(),
  dispatcher: z.custom<unknown>().optional(),
})

/**
 * The token endpoint's URL; null where none was named and the upstream is not known to be Anthropic's, so that no
 * refresh token goes to whatever host stands in for the API.
 *
 * @param option what `tokenUrl` is called where the caller takes it
 * @throws ConfigurationError that names `option`
 */
export function resolveTokenUrl(option: string, tokenUrl: string | undefined, upstream: URL): URL | null {
  if (tokenUrl !== undefined) return toServiceUrl(option, tokenUrl)
  const url = new URL(`${upstream.origin}${upstream.pathname.replace(/\/+$/, '')}/v1/oauth/token`)
  return isTrustedTokenUrl(url) ? url : null
}
