import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { AlertSink } from './alerts.js'
import { type Authenticate, clientKeyAuthentication } from './auth/authenticate.js'
import { sideClientKey } from './auth/pass-through.js'
import { type Clock, systemClock } from './clock.js'
import type { Assertion } from './credentials/federation.js'
import { type OAuthOptions, oauthSchema, resolveTokenUrl } from './credentials/oauth-options.js'
import type { ResolverSettings } from './credentials/resolve.js'
import { type AddressSet, createAddressSet } from './edge/addresses.js'
import type { FailureLimit } from './edge/auth-failures.js'
import { ConfigurationError } from './errors.js'
import { createLogger, type Logger, maskingLogger, unfailingLogger } from './logger.js'
import { toServiceUrl } from './service-url.js'
import type { ClientKeyLookup, CredentialLookup } from './storage/storage.js'
import { createDispatcher } from './upstream/dispatcher.js'
import type { Timeouts } from './upstream/forward.js'
import { type AllowHeaders, createHeaderGate, type HeaderGate } from './upstream/headers.js'
import type { BodyLimits } from './upstream/request-body.js'
import { createTargets, defaultRoutes, type Route, type Targets } from './upstream/target.js'

/** What `createProxy` takes. */
export interface ProxyOptions {
  /** Where client keys and credentials are. Needed unless `credentials` and `authenticate` (or its own keys) do. */
  readonly storage?: { readonly clientKeys?: ClientKeyLookup; readonly credentials?: CredentialLookup }
  /** Upstream credentials. @default storage.credentials */
  readonly credentials?: CredentialLookup
  /**
   * Who a request comes from. @default client keys, from `storage.clientKeys` and those beside the credentials.
   * Give your own to let the host's session or JWT decide; `allowAnyone(domain)` lets in everybody.
   */
  readonly authenticate?: Authenticate
  /**
   * Forwards the caller's own `Authorization` as it came, in place of a stored credential; it is neither stored nor
   * logged. The client key is then in `x-prompt-train-key` or `x-api-key`. @default false
   */
  readonly passThrough?: boolean
  /** How OAuth credentials are refreshed, and which may be used. */
  readonly oauth?: OAuthOptions
  readonly federation?: {
    /** Gives the assertion for a domain whose federation credential names no file. @default none */
    readonly assertion?: Assertion
  }
  /** Where alerts go, beside the log. @default [] */
  readonly alerts?: readonly AlertSink[]
  /** Base URL of the API: https, or http on a loopback address. @default "https://api.anthropic.com" */
  readonly upstream?: string
  /** What may be called, each `"METHOD /path"`. @default defaultRoutes */
  readonly routes?: readonly Route[]
  /** Headers that may pass beside the built-in policy. @default none */
  readonly allowHeaders?: AllowHeaders
  readonly edge?: {
    /**
     * Whether the request's Host must be the domain of its client key, or fall under that domain where it is a wildcard
     * such as `*.example.com`. It only narrows: the key alone decides the domain. @default false
     */
    readonly checkHost?: boolean
    /** Addresses and CIDR blocks whose `X-Forwarded-For` is believed. @default [] */
    readonly trustedProxies?: readonly string[]
    /** Addresses and CIDR blocks that clients may come from; empty for anywhere. @default [] */
    readonly allow?: readonly string[]
    readonly limits?: {
      /** Largest request body. @default 33_554_432 (32 MiB, the API's own limit) */
      readonly bodyBytes?: number
      /** How long a client may be silent within its request body. @default 30_000 */
      readonly bodyIdleMs?: number
      /** How long a client may take over its whole request body. @default 300_000 */
      readonly bodyTotalMs?: number
      /**
       * How many failed authentications one address (an IPv6 /64), or one key id, has in `windowMs` before further
       * failures get 429; a good key works all the same. @default { max: 30, windowMs: 60_000 }
       */
      readonly authFailures?: Partial<FailureLimit>
    }
  }
  readonly timeouts?: Partial<Timeouts>
  /** Yours is wrapped by {@link maskingLogger}. @default createLogger() */
  readonly logger?: Logger
  /** @default systemClock */
  readonly clock?: Clock
  /** An undici dispatcher for the upstream, such as a ProxyAgent. Yours to close. @default a connection pool */
  readonly dispatcher?: Dispatcher
}

/** The options as the proxy uses them: checked, complete and compiled. */
export interface ResolvedOptions {
  readonly authenticate: Authenticate
  /** Stores whose client keys are accepted; none where the host authenticates. */
  readonly clientKeys: readonly ClientKeyLookup[]
  /** Null where callers bring their own. */
  readonly credentials: Omit<ResolverSettings, 'alerts'> | null
  readonly alertSinks: readonly AlertSink[]
  readonly targets: Targets
  readonly headers: HeaderGate
  readonly trustedProxies: AddressSet
  readonly allow: AddressSet
  readonly checkHost: boolean
  readonly authFailures: FailureLimit
  readonly bodyLimits: BodyLimits
  readonly timeouts: Timeouts
  readonly logger: Logger
  readonly clock: Clock
  readonly origin: string
  /** Path of the upstream's base URL without trailing slash, put before each target. */
  readonly basePath: string
  readonly dispatcher: Dispatcher
  readonly ownsDispatcher: boolean
}

const milliseconds = z.number().int().min(0).max(2_147_483_647)
const names = z.array(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a header name'))
const anything = z.custom<unknown>()

const schema = z.strictObject({
  storage: z.looseObject({}).optional(),
  credentials: anything.optional(),
  authenticate: z.function().optional(),
  passThrough: z.boolean().default(false),
  oauth: oauthSchema.optional(),
  federation: z.strictObject({ assertion: z.function().optional() }).optional(),
  alerts: z.array(anything).optional(),
  upstream: z.string().default('https://api.anthropic.com'),
  routes: z.array(z.string()).default([...defaultRoutes]),
  allowHeaders: z.strictObject({ request: names.optional(), response: names.optional() }).optional(),
  edge: z
    .strictObject({
      trustedProxies: z.array(z.string()).default([]),
      allow: z.array(z.string()).default([]),
      checkHost: z.boolean().default(false),
      limits: z
        .strictObject({
          bodyBytes: z
            .number()
            .int()
            .positive()
            .default(32 * 1024 * 1024),
          bodyIdleMs: milliseconds.positive().default(30_000),
          bodyTotalMs: milliseconds.positive().default(300_000),
          authFailures: z
            .strictObject({
              max: z.number().int().positive().default(30),
              windowMs: milliseconds.positive().default(60_000),
            })
            .prefault({}),
        })
        .prefault({}),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.positive().default(10_000),
      firstByteMs: milliseconds.default(600_000),
      idleMs: milliseconds.default(300_000),
      totalMs: milliseconds.default(0),
    })
    .prefault({}),
  logger: anything.optional(),
  clock: anything.optional(),
  dispatcher: anything.optional(),
})

/**
 * Checks the options once and completes them; the caller's objects stay as they are.
 *
 * @throws ConfigurationError that names the option
 */
export function resolveOptions(options: ProxyOptions): ResolvedOptions {
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const at = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.')
    throw new ConfigurationError(
      at || 'options',
      issue.code === 'unrecognized_keys' ? 'is not an option' : issue.message,
    )
  }
  const { edge, timeouts, routes, allowHeaders, passThrough } = parsed.data
  const clock = options.clock ?? systemClock
  const logger = unfailingLogger(options.logger === undefined ? createLogger() : maskingLogger(options.logger))
  const lookup = options.credentials ?? options.storage?.credentials
  if (lookup === undefined && !passThrough) {
    throw new ConfigurationError('credentials', 'is missing: give a credential store, or a storage that has one')
  }
  if (passThrough && options.credentials !== undefined) {
    throw new ConfigurationError('credentials', 'has no use together with passThrough: callers bring their own')
  }
  const upstream = toServiceUrl('upstream', parsed.data.upstream)
  const { origin, pathname } = upstream
  const clientKeys =
    options.authenticate === undefined ? toKeyStores(options.storage?.clientKeys, lookup?.clientKeys) : []
  return {
    authenticate:
      options.authenticate ?? clientKeyAuthentication(clientKeys, clock, passThrough ? sideClientKey : undefined),
    clientKeys,
    credentials: passThrough || lookup === undefined ? null : { lookup, clock, logger, ...toOAuth(options, upstream) },
    alertSinks: options.alerts ?? [],
    targets: createTargets(routes as Route[]),
    headers: createHeaderGate(allowHeaders as AllowHeaders | undefined),
    trustedProxies: createAddressSet(edge.trustedProxies, 'edge.trustedProxies'),
    allow: createAddressSet(edge.allow, 'edge.allow'),
    bodyLimits: {
      maxBytes: edge.limits.bodyBytes,
      idleMs: edge.limits.bodyIdleMs,
      totalMs: edge.limits.bodyTotalMs,
    },
    checkHost: edge.checkHost,
    authFailures: edge.limits.authFailures,
    timeouts,
    logger,
    clock,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    dispatcher: options.dispatcher ?? createDispatcher(origin, timeouts.connectMs),
    ownsDispatcher: options.dispatcher === undefined,
  }
}

function toKeyStores(...given: readonly (ClientKeyLookup | undefined)[]): readonly ClientKeyLookup[] {
  const stores = given.filter((store) => store !== undefined)
  if (stores.length > 0) return stores
  throw new ConfigurationError(
    'storage.clientKeys',
    'is missing, so nobody could be told from anybody: give a key store, or your own `authenticate`',
  )
}

function toOAuth({ oauth = {}, federation = {} }: ProxyOptions, upstream: URL) {
  return {
    tokenUrl: resolveTokenUrl(oauth, upstream),
    clientId: oauth.clientId ?? null,
    allowSubscription: oauth.allowSubscriptionOAuth ?? false,
    spareStore: oauth.spareStore ?? null,
    tokenDispatcher: oauth.dispatcher ?? null,
    assertion: federation.assertion ?? null,
  }
}
