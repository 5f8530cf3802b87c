import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { type Authenticate, clientKeyAuthentication } from './auth/authenticate.js'
import { type Clock, systemClock } from './clock.js'
import { type AddressSet, createAddressSet } from './edge/addresses.js'
import { ConfigurationError } from './errors.js'
import { createLogger, type Logger, unfailingLogger } from './logger.js'
import type { Recorder } from './record/recorder.js'
import { createRecording, type RecordOptions, recordSchema } from './recording.js'
import type { ExchangeStore } from './storage/exchange-store.js'
import type { ClientKeyLookup, CredentialLookup } from './storage/storage.js'
import { createDispatcher } from './upstream/dispatcher.js'
import type { Timeouts } from './upstream/forward.js'
import { type AllowHeaders, createHeaderGate, type HeaderGate } from './upstream/headers.js'
import type { BodyLimits } from './upstream/request-body.js'
import { createTargets, defaultRoutes, type Route, type Targets } from './upstream/target.js'

/** What `createProxy` takes. */
export interface ProxyOptions {
  /** Where client keys and credentials are. Needed unless `credentials` and `authenticate` (or its own keys) do. */
  readonly storage?: {
    readonly clientKeys?: ClientKeyLookup
    readonly credentials?: CredentialLookup
    /** Where exchanges are recorded; without it they are not. */
    readonly exchanges?: ExchangeStore
  }
  /** Upstream credentials. @default storage.credentials */
  readonly credentials?: CredentialLookup
  /**
   * Who a request comes from. @default client keys, from `storage.clientKeys` and those beside the credentials.
   * Give your own to let the host's session or JWT decide; `allowAnyone(domain)` lets in everybody.
   */
  readonly authenticate?: Authenticate
  /** Base URL of the API: https, or http on a loopback address. @default "https://api.anthropic.com" */
  readonly upstream?: string
  /** What may be called, each `"METHOD /path"`. @default defaultRoutes */
  readonly routes?: readonly Route[]
  /** Headers that may pass beside the built-in policy. @default none */
  readonly allowHeaders?: AllowHeaders
  readonly edge?: {
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
    }
  }
  /** How exchanges are recorded in `storage.exchanges`. */
  readonly record?: RecordOptions
  readonly timeouts?: Partial<Timeouts>
  /** @default createLogger() */
  readonly logger?: Logger
  /** @default systemClock */
  readonly clock?: Clock
  /** An undici dispatcher for the upstream, such as a ProxyAgent. Yours to close. @default a connection pool */
  readonly dispatcher?: Dispatcher
}

/** The options as the proxy uses them: checked, complete and compiled. */
export interface ResolvedOptions {
  readonly authenticate: Authenticate
  readonly credentials: CredentialLookup
  readonly targets: Targets
  readonly headers: HeaderGate
  readonly trustedProxies: AddressSet
  readonly allow: AddressSet
  readonly bodyLimits: BodyLimits
  readonly timeouts: Timeouts
  /** Null where exchanges are not recorded. */
  readonly recorder: Recorder | null
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
  upstream: z.string().default('https://api.anthropic.com'),
  routes: z.array(z.string()).default([...defaultRoutes]),
  allowHeaders: z.strictObject({ request: names.optional(), response: names.optional() }).optional(),
  edge: z
    .strictObject({
      trustedProxies: z.array(z.string()).default([]),
      allow: z.array(z.string()).default([]),
      limits: z
        .strictObject({
          bodyBytes: z
            .number()
            .int()
            .positive()
            .default(32 * 1024 * 1024),
          bodyIdleMs: milliseconds.positive().default(30_000),
          bodyTotalMs: milliseconds.positive().default(300_000),
        })
        .prefault({}),
    })
    .prefault({}),
  record: recordSchema.optional(),
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
  const { upstream, edge, timeouts, routes, allowHeaders, record } = parsed.data
  const clock = options.clock ?? systemClock
  const credentials = options.credentials ?? options.storage?.credentials
  if (credentials === undefined) {
    throw new ConfigurationError('credentials', 'is missing: give a credential store, or a storage that has one')
  }
  const { origin, pathname } = toUpstream(upstream)
  const logger = unfailingLogger(options.logger ?? createLogger())
  const store = options.storage?.exchanges
  if (record !== undefined && store === undefined) {
    throw new ConfigurationError('record', 'needs storage.exchanges: there is nowhere to record')
  }
  return {
    authenticate: options.authenticate ?? byClientKey(options.storage?.clientKeys, credentials, clock),
    credentials,
    targets: createTargets(routes as Route[]),
    headers: createHeaderGate(allowHeaders as AllowHeaders | undefined),
    trustedProxies: createAddressSet(edge.trustedProxies, 'edge.trustedProxies'),
    allow: createAddressSet(edge.allow, 'edge.allow'),
    bodyLimits: {
      maxBytes: edge.limits.bodyBytes,
      idleMs: edge.limits.bodyIdleMs,
      totalMs: edge.limits.bodyTotalMs,
    },
    timeouts,
    recorder: store === undefined ? null : createRecording(record ?? recordSchema.parse({}), { store, logger, clock }),
    logger,
    clock,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    dispatcher: options.dispatcher ?? createDispatcher(origin, timeouts.connectMs),
    ownsDispatcher: options.dispatcher === undefined,
  }
}

function byClientKey(own: ClientKeyLookup | undefined, credentials: CredentialLookup, clock: Clock): Authenticate {
  const stores = [own, credentials.clientKeys].filter((store) => store !== undefined)
  if (stores.length === 0) {
    throw new ConfigurationError(
      'storage.clientKeys',
      'is missing, so nobody could be told from anybody: give a key store, or your own `authenticate`',
    )
  }
  return clientKeyAuthentication(stores, clock)
}

function toUpstream(text: string): URL {
  // The text may hold a password: it is not quoted, and URL's own error, which quotes it, is dropped.
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigurationError('upstream', 'is not an https URL such as https://api.anthropic.com')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(
      'upstream',
      'must be an origin with at most a path: no user, password, query or fragment',
    )
  }
  if (url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw new ConfigurationError('upstream', 'must use https: plain http is accepted for loopback addresses only')
  }
  return url
}
