import type { AlertSink } from './alerts.js'
import { type Authenticate, clientKeyAuthentication } from './auth/authenticate.js'
import { createNoKeyNotice } from './auth/no-client-key.js'
import { sideClientKey } from './auth/pass-through.js'
import { type Clock, systemClock } from './clock.js'
import { resolveTokenUrl } from './credentials/oauth-options.js'
import type { ResolverSettings } from './credentials/resolve.js'
import { type AddressSet, createAddressSet } from './edge/addresses.js'
import type { FailureLimit } from './edge/auth-failures.js'
import { ConfigurationError } from './errors.js'
import { createLogger, type Logger, maskingLogger, unfailingLogger } from './logger.js'
import { optionsSchema } from './options-schema.js'
import type { ProxyOptions } from './proxy-options.js'
import { type Recording, recordSchema } from './recording.js'
import { toServiceUrl } from './service-url.js'
import type { ClientKeyLookup } from './storage/storage.js'
import { createDispatcher, type UpstreamDispatcher } from './upstream/dispatcher.js'
import type { Timeouts } from './upstream/forward.js'
import { type AllowHeaders, createHeaderGate, type HeaderGate } from './upstream/headers.js'
import type { BodyLimits } from './upstream/request-body.js'
import { createTargets, type Route, type Targets } from './upstream/target.js'

/** The options as the proxy uses them: checked, complete and compiled. */
export interface ResolvedOptions {
  readonly authenticate: Authenticate
  /** Stores whose client keys are accepted; none where the host authenticates. */
  readonly clientKeys: readonly ClientKeyLookup[]
  /** Called at each refused authentication. */
  readonly noticeNoKey: () => void
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
  /** Null where exchanges are not recorded. */
  readonly recording: Omit<Recording, 'alerts'> | null
  readonly logger: Logger
  readonly clock: Clock
  readonly origin: string
  /** Path of the upstream's base URL without trailing slash, put before each target. */
  readonly basePath: string
  readonly dispatcher: UpstreamDispatcher
  readonly ownsDispatcher: boolean
}

/**
 * Checks the options once and completes them; the caller's objects stay as they are.
 *
 * @throws ConfigurationError that names the option
 */
export function resolveOptions(options: ProxyOptions): ResolvedOptions {
  const parsed = optionsSchema.safeParse(options)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const at = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.')
    throw new ConfigurationError(
      at || 'options',
      issue.code === 'unrecognized_keys' ? 'is not an option' : issue.message,
    )
  }
  const { edge, timeouts, routes, allowHeaders, passThrough, record } = parsed.data
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
  const store = options.storage?.exchanges
  if (record !== undefined && store === undefined) {
    throw new ConfigurationError('record', 'needs storage.exchanges: there is nowhere to record')
  }
  return {
    authenticate:
      options.authenticate ?? clientKeyAuthentication(clientKeys, clock, passThrough ? sideClientKey : undefined),
    clientKeys,
    noticeNoKey: createNoKeyNotice(clientKeys, logger),
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
    recording: store === undefined ? null : { ...(record ?? recordSchema.parse({})), store, logger, clock },
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
    tokenUrl: resolveTokenUrl('oauth.tokenUrl', oauth.tokenUrl, upstream),
    clientId: oauth.clientId ?? null,
    allowSubscription: oauth.allowSubscriptionOAuth ?? false,
    spareStore: oauth.spareStore ?? null,
    tokenDispatcher: oauth.dispatcher ?? null,
    assertion: federation.assertion ?? null,
  }
}
