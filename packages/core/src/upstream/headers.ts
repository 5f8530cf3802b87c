import type { OutgoingHttpHeaders } from 'node:http'
import type { UsableCredential } from '../storage/credential.js'

/**
 * What crosses the proxy, by lower-case name; a name that ends in "*" stands for all that begin so. Whatever is not
 * listed stays behind: the host application's cookies, Origin, Referer, forwarded addresses and every foreign
 * credential on the way up; cookies, CORS, HSTS and the edge's own headers on the way down.
 */
export const headerPolicy = {
  request: {
    allow: [
      'accept',
      // Versions and betas go up verbatim, and unknown ones too: header and body fields come in pairs.
      'anthropic-*',
      'content-encoding',
      'content-type',
      'traceparent',
      'tracestate',
      'user-agent',
      'x-app',
      'x-claude-code-*',
      'x-stainless-*',
    ],
    // They choose an account, a workspace or a person, which the credential alone does.
    deny: ['anthropic-organization-id', 'anthropic-user-profile-id', 'anthropic-workspace-id'],
  },
  response: {
    allow: [
      'anthropic-*',
      'content-encoding',
      'content-length',
      'content-type',
      'request-id',
      'retry-after',
      'retry-after-ms',
      'x-should-retry',
    ],
    // They tell a client whose account it uses.
    deny: ['anthropic-organization-id', 'anthropic-workspace-id'],
  },
} as const

/** Names that no configuration lets through: credentials, framing and hop-by-hop headers (RFC 9110 section 7.6.1). */
const NEVER = new Set(
  (
    'authorization x-api-key proxy-authorization proxy-authenticate proxy-connection cookie set-cookie host connection ' +
    'keep-alive te trailer transfer-encoding upgrade http2-settings expect accept-encoding x-prompt-train-request-id ' +
    'x-prompt-train-key'
  ).split(' '),
)

const OAUTH_BETA = 'oauth-2025-04-20'
/** Names seen before, by their spelling, so that most look-ups are one map access. Bounded: clients choose the names. */
const MAX_REMEMBERED = 500

/** Extra names beside {@link headerPolicy}, such as `"x-corp-trace"` or `"anthropic-workspace-id"`. */
export interface AllowHeaders {
  /** @default [] */
  readonly request?: readonly string[]
  /** @default [] */
  readonly response?: readonly string[]
}

/** Carries headers over, each way, by {@link headerPolicy} and the host's additions. */
export interface HeaderGate {
  /** The upstream request's headers as name, value, … The credential goes in last, so that nothing strips it. */
  toUpstream(rawHeaders: readonly string[], credential: UsableCredential): string[]
  /** The client answer's headers. */
  toClient(rawHeaders: readonly (Buffer | string)[], requestId: string): OutgoingHttpHeaders
}

/** Creates the gate. */
export function createHeaderGate(extra: AllowHeaders = {}): HeaderGate {
  const requestName = createNameFilter(headerPolicy.request, extra.request, ['content-length'])
  const responseName = createNameFilter(headerPolicy.response, extra.response, [])

  return {
    toUpstream(rawHeaders, credential) {
      const nominated = connectionNominated(rawHeaders)
      const headers: string[] = []
      let betaAt = -1
      for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = requestName(rawHeaders[i]!)
        if (name === null || (nominated?.has(name) && name !== 'content-type')) continue
        if (name === 'anthropic-beta') betaAt = headers.length + 1
        headers.push(name, rawHeaders[i + 1]!)
      }
      // The bytes pass untouched, so the upstream must not choose a coding that only we asked for.
      headers.push('accept-encoding', 'identity')
      if (credential.type === 'api_key') {
        headers.push('x-api-key', credential.apiKey.expose())
      } else if (credential.type === 'passed') {
        if (credential.authorization !== null) headers.push('authorization', credential.authorization.expose())
      } else {
        if (betaAt === -1) headers.push('anthropic-beta', OAUTH_BETA)
        else if (!listsBeta(headers)) headers[betaAt] = appendBeta(headers[betaAt]!)
        headers.push('authorization', `Bearer ${credential.accessToken.expose()}`)
      }
      return headers
    },

    toClient(rawHeaders, requestId) {
      const headers: OutgoingHttpHeaders = {}
      for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = responseName(toText(rawHeaders[i]!))
        if (name === null) continue
        const value = toText(rawHeaders[i + 1]!)
        const earlier = headers[name]
        headers[name] = earlier === undefined ? value : ([] as string[]).concat(earlier as string | string[], value)
      }
      if (isEventStream(headers)) {
        // Keeps compression middleware and buffering reverse proxies from holding events back.
        headers['cache-control'] = 'no-cache, no-transform'
        headers['x-accel-buffering'] = 'no'
      }
      headers['x-prompt-train-request-id'] = requestId
      return headers
    },
  }
}

/** Whether an answer with this head is a stream of server-sent events. */
export function isEventStream(headers: OutgoingHttpHeaders): boolean {
  return String(headers['content-type']).toLowerCase().startsWith('text/event-stream')
}

/** Maps a header name as spelled on the wire to its lower-case form if it may pass, else null. */
function createNameFilter(
  policy: { readonly allow: readonly string[]; readonly deny: readonly string[] },
  extra: readonly string[] = [],
  framing: readonly string[],
): (name: string) => string | null {
  const named = extra.map((name) => name.toLowerCase())
  const allowed = [...policy.allow, ...named]
  const exact = new Set(allowed.filter((name) => !name.endsWith('*')))
  const prefixes = allowed.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const denied = new Set(policy.deny.filter((name) => !named.includes(name)))
  const remembered = new Map<string, string | null>()

  return (name) => {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const lower = name.toLowerCase()
    const passes =
      !NEVER.has(lower) &&
      !framing.includes(lower) &&
      !denied.has(lower) &&
      (exact.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix)))
    const verdict = passes ? lower : null
    if (remembered.size < MAX_REMEMBERED) remembered.set(name, verdict)
    return verdict
  }
}

/** Names that a Connection header declares hop-by-hop, or null where there are none, as nearly always. */
function connectionNominated(rawHeaders: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 10 || rawHeaders[i]!.toLowerCase() !== 'connection') continue
    const value = rawHeaders[i + 1]!.toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    names ??= new Set()
    for (const name of value.split(',')) names.add(name.trim())
  }
  return names
}

function listsBeta(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'anthropic-beta') continue
    if (headers[i + 1]!.split(',').some((beta) => beta.trim() === OAUTH_BETA)) return true
  }
  return false
}

function appendBeta(list: string): string {
  return list.trim() === '' ? OAUTH_BETA : `${list},${OAUTH_BETA}`
}

function toText(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1')
}
