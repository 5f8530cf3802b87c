import { ConfigurationError, ProxyError } from '../errors.js'

/**
 * A method and path that may go upstream, such as `"POST /v1/messages"`. A segment `:name` stands for any one segment.
 */
export type Route = `${string} /${string}`

/** What clients may call by default: nothing that lists, reads or changes what belongs to somebody else. */
export const defaultRoutes: readonly Route[] = [
  'POST /v1/messages',
  'POST /v1/messages/count_tokens',
  'GET /v1/models',
  'GET /v1/models/:id',
  'GET /api/hello',
  'HEAD /api/hello',
]

/** Judges targets against the routes it was made from. */
export interface Targets {
  /**
   * Judges the target as received, before any decoding (RFC 9112 section 3.2: origin form only).
   *
   * @throws ProxyError `target_malformed` when it is not in origin form or has a character that needs escaping
   * @throws ProxyError `target_not_allowed` when no route is exactly this
   */
  assertForwardable(method: string, target: string): void
}

/** No empty segment and no dot segment: what is put straight on the way must not become another path. */
const ROUTE = /^([A-Z]+) ((?:\/(?!\.{1,2}(?:\/|$))[\w.:-]+)+|\/)$/
/** Characters of RFC 3986 a target can have, less "#": a fragment is never sent. */
const TARGET = /^\/[\w\-.~!$&'()*+,;=:@/?%[\]]*$/
/** One path segment without escapes that is neither "." nor "..". */
const SEGMENT = '(?!\\.{1,2}(?:/|$))[\\w\\-.~:@]+'
/** Endpoints that act on the account behind the credential: no client's business whatever the routes say. */
const ACCOUNT_PATHS = ['/v1/organizations', '/v1/oauth', '/v1/vaults']

/**
 * Compiles routes.
 *
 * @throws ConfigurationError `routes` when an entry is not a method and path, or opens the account's own endpoints
 */
export function createTargets(routes: readonly Route[]): Targets {
  const exact = new Set<string>()
  const patterns: RegExp[] = []
  for (const route of routes) {
    const [, method, path] = ROUTE.exec(route) ?? []
    if (method === undefined || path === undefined) {
      throw new ConfigurationError('routes', `"${route}" is not a method and path such as "POST /v1/messages"`)
    }
    if (isAccountPath(path)) {
      throw new ConfigurationError('routes', `"${route}" would hand every client the account behind the credential`)
    }
    if (path.includes('/:')) patterns.push(toPattern(method, path))
    else exact.add(`${method} ${path}`)
  }
  return {
    assertForwardable(method, target) {
      if (!TARGET.test(target)) throw new ProxyError('target_malformed')
      const query = target.indexOf('?')
      const path = query === -1 ? target : target.slice(0, query)
      const route = `${method} ${path}`
      if (exact.has(route)) return
      if (isAccountPath(path) || !patterns.some((pattern) => pattern.test(route))) {
        throw new ProxyError('target_not_allowed')
      }
    },
  }
}

function isAccountPath(path: string): boolean {
  return ACCOUNT_PATHS.some((account) => path === account || path.startsWith(`${account}/`))
}

function toPattern(method: string, path: string): RegExp {
  const segments = path.split('/').map((part) => (part.startsWith(':') ? SEGMENT : part.replaceAll('.', '\\.')))
  return new RegExp(`^${method} ${segments.join('/')}$`)
}
