import type { Dispatcher } from 'undici'
import type { AlertSink } from './alerts.js'
import type { Authenticate } from './auth/authenticate.js'
import type { Clock } from './clock.js'
import type { Assertion } from './credentials/federation.js'
import type { OAuthOptions } from './credentials/oauth-options.js'
import type { FailureLimit } from './edge/auth-failures.js'
import type { Logger } from './logger.js'
import type { RecordOptions } from './recording.js'
import type { ExchangeStore } from './storage/exchange-store.js'
import type { ClientKeyLookup, CredentialLookup } from './storage/storage.js'
import type { Timeouts } from './upstream/forward.js'
import type { AllowHeaders } from './upstream/headers.js'
import type { Route } from './upstream/target.js'

/** Each may be left out, or be undefined, as what comes from the environment may be. */
type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** What `createProxy` takes. */
export interface ProxyOptions {
  /** Where client keys and credentials are. Needed unless `credentials` and `authenticate` (or its own keys) do. */
  readonly storage?:
    | {
        readonly clientKeys?: ClientKeyLookup | undefined
        readonly credentials?: CredentialLookup | undefined
        /** Where exchanges are recorded; without it they are not. */
        readonly exchanges?: ExchangeStore | undefined
      }
    | undefined
  /** Upstream credentials. @default storage.credentials */
  readonly credentials?: CredentialLookup | undefined
  /**
   * Who a request comes from. @default client keys, from `storage.clientKeys` and those beside the credentials.
   * Give your own to let the host's session or JWT decide; `allowAnyone(domain)` lets in everybody.
   */
  readonly authenticate?: Authenticate | undefined
  /**
   * Forwards the caller's own `Authorization` as it came, in place of a stored credential; it is neither stored nor
   * logged. The client key is then in `x-prompt-train-key` or `x-api-key`. @default false
   */
  readonly passThrough?: boolean | undefined
  /** How OAuth credentials are refreshed, and which may be used. */
  readonly oauth?: OAuthOptions | undefined
  readonly federation?:
    | {
        /** Gives the assertion for a domain whose federation credential names no file. @default none */
        readonly assertion?: Assertion | undefined
      }
    | undefined
  /** Where alerts go, beside the log. @default [] */
  readonly alerts?: readonly AlertSink[] | undefined
  /** Base URL of the API: https, or http on a loopback address. @default "https://api.anthropic.com" */
  readonly upstream?: string | undefined
  /** What may be called, each `"METHOD /path"`. @default defaultRoutes */
  readonly routes?: readonly Route[] | undefined
  /** Headers that may pass beside the built-in policy. @default none */
  readonly allowHeaders?: AllowHeaders | undefined
  readonly edge?:
    | {
        /**
         * Whether the request's Host must be the domain of its client key, or fall under that domain where it is a wildcard
         * such as `*.example.com`. It only narrows: the key alone decides the domain. @default false
         */
        readonly checkHost?: boolean | undefined
        /** Addresses and CIDR blocks whose `X-Forwarded-For` is believed. @default [] */
        readonly trustedProxies?: readonly string[] | undefined
        /** Addresses and CIDR blocks that clients may come from; empty for anywhere. @default [] */
        readonly allow?: readonly string[] | undefined
        readonly limits?:
          | {
              /** Largest request body. @default 33_554_432 (32 MiB, the API's own limit) */
              readonly bodyBytes?: number | undefined
              /** How long a client may be silent within its request body. @default 30_000 */
              readonly bodyIdleMs?: number | undefined
              /** How long a client may take over its whole request body. @default 300_000 */
              readonly bodyTotalMs?: number | undefined
              /**
               * How many failed authentications one address (an IPv6 /64), or one key id, has in `windowMs` before further
               * failures get 429; a good key works all the same. @default { max: 30, windowMs: 60_000 }
               */
              readonly authFailures?: Optional<FailureLimit> | undefined
            }
          | undefined
      }
    | undefined
  /** How exchanges are recorded in `storage.exchanges`. */
  readonly record?: RecordOptions | undefined
  readonly timeouts?: Optional<Timeouts> | undefined
  /** Yours is wrapped by {@link maskingLogger}. @default createLogger() */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** An undici dispatcher for the upstream, such as a ProxyAgent. Yours to close. @default a connection pool */
  readonly dispatcher?: Dispatcher | undefined
}
