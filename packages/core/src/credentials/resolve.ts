import type { Dispatcher } from 'undici'
import type { Alerts } from '../alerts.js'
import type { Clock } from '../clock.js'
import { ProxyError } from '../errors.js'
import { type Logger, toLoggedError } from '../logger.js'
import type {
  ApiKeyCredential,
  Credential,
  FederationCredential,
  OAuthCredential,
  UsableCredential,
} from '../storage/credential.js'
import { type CredentialLookup, type CredentialStore, isPromise, type MaybePromise } from '../storage/storage.js'
import { within } from '../within.js'
import { type Assertion, FederationSource, type FederationTools } from './federation.js'
import { createOwner, isStore } from './oauth-refresh.js'
import { OAuthSource, type OAuthSourceTools } from './oauth-source.js'
import { Renewal } from './renewal.js'
import { sendable } from './sendable.js'
import { isSubscription } from './subscription.js'
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.js'

/** How the credentials stand. */
export interface CredentialHealth {
  /** OAuth credentials that only a new login helps. */
  readonly needLogin: number
  /** Refreshed credentials that could not be stored and are held in memory alone. */
  readonly notStored: number
}

/** Finds what to present upstream, and keeps it fresh. */
export interface CredentialResolver {
  /**
   * Resolves a domain to a credential that can be sent now: at once where the store answers at once and nothing is
   * about to expire.
   *
   * @throws ProxyError `credential_unavailable` when there is none, or none that renewing would help
   * @throws ProxyError `credential_refresh_failed` when it has expired and could not be renewed just now
   */
  resolve(domain: string): MaybePromise<UsableCredential>
  /** What to send in place of a credential that the upstream answered 401 to; null where there is nothing else. */
  replace(domain: string, refused: UsableCredential): Promise<UsableCredential | null>
  health(): CredentialHealth
  /** Ends all timers and waits for refreshes under way, so that no new token is dropped. */
  close(): Promise<void>
}

/** What {@link createCredentialResolver} takes. */
export interface ResolverSettings {
  readonly lookup: CredentialLookup
  /** Null where no token endpoint may be asked. */
  readonly tokenUrl: URL | null
  readonly clientId: string | null
  readonly allowSubscription: boolean
  readonly spareStore: CredentialStore | null
  readonly tokenDispatcher: Dispatcher | null
  readonly assertion: Assertion | null
  readonly clock: Clock
  readonly alerts: Alerts
  readonly logger: Logger
}

interface Entry {
  readonly source: OAuthSource | FederationSource
  readonly renewal: Renewal
}

/** Longer than a token call and a store that is taken over last together. */
const CLOSE_MS = 45_000
/** How often the store is asked which domains it holds: one that is new is looked after from then on. */
const LIST_MS = 60_000

/** Creates the resolver and begins to look after the credentials that the store can list. */
export function createCredentialResolver(settings: ResolverSettings): CredentialResolver {
  const { lookup, alerts, logger, clock } = settings
  const endpoint = settings.tokenUrl && createTokenEndpoint(settings.tokenUrl, settings.tokenDispatcher)
  const tools = toTools(settings, endpoint)
  /** One for each domain whose credential is renewed. */
  const entries = new Map<string, Entry>()

  function use(domain: string, found: Credential | null): MaybePromise<UsableCredential> {
    const used = toUsable(domain, found)
    return isPromise(used) ? used.then((credential) => sendable(domain, credential)) : sendable(domain, used)
  }

  function toUsable(domain: string, found: Credential | null): MaybePromise<ApiKeyCredential | OAuthCredential> {
    switch (found?.type) {
      case 'api_key':
        forget(domain)
        return found
      case 'oauth':
        return useOAuth(domain, found)
      case 'federation': {
        const { source, renewal } = federation(domain, found)
        return renewal.use(source.token)
      }
      default:
        forget(domain)
        throw new ProxyError('credential_unavailable')
    }
  }

  function useOAuth(domain: string, found: OAuthCredential): MaybePromise<OAuthCredential> {
    if (!tools.isAllowed(found)) {
      alerts.raise('subscription_not_allowed', domain, NOT_ALLOWED)
      throw new ProxyError('credential_unavailable')
    }
    const { source, renewal } = oauth(domain)
    return renewal.use(source.view(found))
  }

  function oauth(domain: string): { source: OAuthSource; renewal: Renewal } {
    const entry = entries.get(domain)
    if (entry?.source instanceof OAuthSource) return entry as { source: OAuthSource; renewal: Renewal }
    return enter(domain, new OAuthSource(domain, tools))
  }

  function federation(domain: string, found: FederationCredential): { source: FederationSource; renewal: Renewal } {
    const entry = entries.get(domain)
    if (entry?.source instanceof FederationSource && entry.source.isOf(found)) {
      return entry as { source: FederationSource; renewal: Renewal }
    }
    return enter(domain, new FederationSource(domain, found, tools))
  }

  function enter<Source extends Entry['source']>(domain: string, source: Source) {
    forget(domain)
    const entry = { source, renewal: new Renewal(source, clock) }
    entries.set(domain, entry)
    return entry
  }

  function forget(domain: string): void {
    const entry = entries.get(domain)
    if (entry === undefined || (entry.source instanceof OAuthSource && entry.source.isUnstored)) return
    entries.delete(domain)
    void close(entry)
  }

  let isClosed = false
  let nextListing: NodeJS.Timeout | undefined
  /** Domains whose credential could not be read when they were last looked after. */
  const unreadable = new Set<string>()

  /** A domain that nobody asks for is kept fresh too, and a refresh that a crash interrupted comes to light. */
  async function tendAll(store: CredentialStore): Promise<void> {
    try {
      for (const domain of await store.list()) if (!isClosed) await tend(domain)
    } catch (error) {
      logger.warn({ error: toLoggedError(error) }, 'credentials could not be listed')
    }
    if (!isClosed) nextListing = setTimeout(() => void tendAll(store), LIST_MS).unref()
  }

  async function tend(domain: string): Promise<void> {
    try {
      const found = await lookup.find(domain)
      if (found?.type === 'oauth' && !isClosed) await oauth(domain).renewal.tend()
      unreadable.delete(domain)
    } catch (error) {
      if (!unreadable.has(domain)) logger.warn({ domain, error: toLoggedError(error) }, 'credential could not be read')
      unreadable.add(domain)
    }
  }

  if (isStore(lookup)) void tendAll(lookup)

  return {
    resolve(domain) {
      const found = lookup.find(domain)
      return isPromise(found) ? found.then((credential) => use(domain, credential)) : use(domain, found)
    },
    async replace(domain, refused) {
      if (refused.type !== 'oauth') return null
      const other = await entries.get(domain)?.renewal.replace(refused.accessToken)
      return other == null ? null : sendable(domain, other)
    },
    health() {
      const sources = [...entries.values()]
        .map(({ source }) => source)
        .filter((source) => source instanceof OAuthSource)
      return {
        needLogin: sources.filter(({ needsLogin }) => needsLogin).length,
        notStored: sources.filter(({ isUnstored }) => isUnstored).length,
      }
    },
    async close() {
      isClosed = true
      clearTimeout(nextListing)
      await within(CLOSE_MS, Promise.all([...entries.values()].map(close)))
      await endpoint?.close()
    },
  }
}

function toTools(settings: ResolverSettings, endpoint: TokenEndpoint | null): OAuthSourceTools & FederationTools {
  const { lookup, clientId, spareStore, clock, logger, allowSubscription } = settings
  const noEndpoint = endpoint === null && 'oauth.tokenUrl is not set, and the upstream is not one of Anthropic’s hosts'
  const noUpdate = !isStore(lookup) && 'the credential store cannot be written to'
  const owner = createOwner()
  return {
    ...settings,
    endpoint,
    refresh:
      endpoint !== null && isStore(lookup)
        ? { store: lookup, spareStore, endpoint, clientId, clock, logger, owner }
        : null,
    obstacle: noEndpoint || noUpdate || null,
    isAllowed: (credential) => allowSubscription || !isSubscription(credential),
  }
}

async function close({ source, renewal }: Entry): Promise<void> {
  await renewal.close()
  if (source instanceof OAuthSource) await source.close()
}

const NOT_ALLOWED =
  'The credential counts as one of a subscription plan, which is not used unless oauth.allowSubscriptionOAuth is set: see docs/oauth.md'
