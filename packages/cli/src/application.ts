import {
  allowAnyone,
  type ClientKeyLookup,
  ConfigurationError,
  type CredentialLookup,
  createProxy,
  type Logger,
  memoryStorage,
  type OAuthOptions,
  type ProxyApp,
  type ProxyOptions,
  toServiceUrl,
} from '@agent-prompt-train/core'
import { type ConfiguredCredentials, DEFAULT_DOMAIN, openCredentials } from './credentials-from-environment.js'
import { startDemonstrationUpstream } from './demonstration-upstream.js'
import { openDevelopmentKey } from './development-key.js'
import type { Environment, OAuthSettings } from './environment.js'
import { nameVariable } from './name-variable.js'
import { type ConfiguredStorage, openStorage } from './recording.js'
import type { Access } from './welcome.js'

/** The proxy as the environment wants it. */
export interface Application {
  readonly proxy: ProxyApp
  /** The upstream, in words. */
  readonly upstream: string
  readonly access: Access
  /** What /health shows: counts and states, no names. */
  health(): object & { readonly status: 'ok' | 'draining' }
  /** Closes what was opened beside the proxy, once the proxy is closed. */
  close(): Promise<void>
}

interface Upstream {
  readonly credentials: CredentialLookup
  readonly url: string | null
  readonly description: string
  /** Go before the list prices. */
  readonly prices: readonly PriceRow[]
  close(): void
}

type PriceRow = NonNullable<NonNullable<ProxyOptions['record']>['prices']>[number]

/** Nothing is billed for the demonstration, whatever model it is asked for. */
const FREE: PriceRow = { pattern: '^', input: 0, output: 0, cache_write_5m: 0, cache_write_1h: 0, cache_read: 0 }

/**
 * Puts the proxy together.
 *
 * @throws ConfigurationError that names the variable or file and how to mend it
 */
export async function createApplication(environment: Environment, logger: Logger): Promise<Application> {
  const storage = await openStorage(environment, logger)
  const configured = await openCredentials(environment, storage.database, logger)
  const upstream = configured.hasCredential
    ? toConfiguredUpstream(configured, environment)
    : await toDemonstration(configured, environment, logger)
  const { access, clientKeys, authenticate } = await openAccess(environment, configured, storage, upstream.credentials)
  const proxy = build({
    authenticate,
    storage: { clientKeys, exchanges: storage.exchanges },
    record: storage.record && { ...storage.record, prices: upstream.prices },
    credentials: upstream.credentials,
    ...(upstream.url !== null && { upstream: upstream.url }),
    oauth: toOAuthOptions(environment.oauth),
    edge: toEdgeOptions(environment),
    logger,
  })
  return {
    proxy,
    upstream: upstream.description,
    access,
    health: () => ({ ...proxy.health(), credentialFiles: configured.health() }),
    async close() {
      upstream.close()
      await storage.close()
    },
  }
}

function toConfiguredUpstream({ store, close }: ConfiguredCredentials, { upstream: url }: Environment): Upstream {
  return { credentials: store, url, description: url ?? 'https://api.anthropic.com', prices: [], close }
}

async function toDemonstration(
  { store, close }: ConfiguredCredentials,
  environment: Environment,
  logger: Logger,
): Promise<Upstream> {
  const remedy = `set ANTHROPIC_API_KEY, or put a credential file into ${environment.credentialsDir}`
  if (environment.production) {
    throw new ConfigurationError('ANTHROPIC_API_KEY', `no upstream credential is configured: ${remedy}`)
  }
  // It is not used now; whoever adds the credential should not find it wrong only then.
  if (environment.upstream !== null) toServiceUrl('CLAUDE_API_BASE_URL', environment.upstream)
  const demonstration = await startDemonstrationUpstream()
  const ignored = environment.upstream === null ? '' : '; without one, CLAUDE_API_BASE_URL is not used'
  logger.warn(
    {},
    `demonstration upstream: no upstream credential is configured, so no Claude model is called: ${remedy}, and start again${ignored}`,
  )
  return {
    credentials: {
      ...store,
      find: async (domain) =>
        (await store.find(domain)) ?? (domain === DEFAULT_DOMAIN ? demonstration.credential : null),
    },
    url: demonstration.address,
    prices: [FREE],
    description: 'demonstration: no Claude model is called; set ANTHROPIC_API_KEY for real answers',
    close() {
      demonstration.close()
      close()
    },
  }
}

function toOAuthOptions({ tokenUrl, clientId, allowSubscription }: OAuthSettings): OAuthOptions {
  return {
    ...(tokenUrl !== null && { tokenUrl }),
    ...(clientId !== null && { clientId }),
    allowSubscriptionOAuth: allowSubscription,
  }
}

function toEdgeOptions(environment: Environment): NonNullable<ProxyOptions['edge']> {
  const { trustedProxies, ipAllowlist: allow, checkHost, authFailuresPerMinute: max } = environment
  return { trustedProxies, allow, checkHost, limits: { authFailures: { max, windowMs: 60_000 } } }
}

interface Callers {
  readonly access: Access
  readonly authenticate?: ProxyOptions['authenticate']
  readonly clientKeys?: ClientKeyLookup | undefined
}

async function openAccess(
  environment: Environment,
  { hasClientKey }: ConfiguredCredentials,
  { database }: ConfiguredStorage,
  credentials: CredentialLookup,
): Promise<Callers> {
  if (environment.clientAuth && hasClientKey) return { access: { by: 'own-key' }, clientKeys: database?.clientKeys }
  const remedy =
    'make one with "prompt-train keys create --domain DOMAIN", or with "prompt-train auth generate-key" and put its digest ' +
    `into a credential file in ${environment.credentialsDir}`
  if (environment.production) throw new ConfigurationError('CREDENTIALS_DIR', `no client key is configured: ${remedy}`)
  if ((await credentials.find(DEFAULT_DOMAIN)) === null) {
    throw new ConfigurationError(
      'CREDENTIALS_DIR',
      `no client key is in use and no credential is for domain "${DEFAULT_DOMAIN}", so nobody could be served: ` +
        `${remedy}, or set ANTHROPIC_API_KEY`,
    )
  }
  if (!environment.clientAuth) return { access: { by: 'anyone' }, authenticate: allowAnyone(DEFAULT_DOMAIN) }
  const { file, record } = openDevelopmentKey(environment.dataDir, DEFAULT_DOMAIN)
  return { access: { by: 'key-file', file }, clientKeys: memoryStorage({ clientKeys: [record] }).clientKeys }
}

const VARIABLES = new Map([
  ['upstream', 'CLAUDE_API_BASE_URL'],
  ['edge.trustedProxies', 'TRUSTED_PROXIES'],
  ['edge.allow', 'IP_ALLOWLIST'],
  ['oauth.tokenUrl', 'OAUTH_TOKEN_URL'],
])

/** Creates the proxy; an option that it refuses is named by the variable it came from. */
function build(options: ProxyOptions): ProxyApp {
  try {
    return createProxy(options)
  } catch (error) {
    throw nameVariable(error, VARIABLES)
  }
}
