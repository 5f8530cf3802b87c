import { timingSafeEqual } from 'node:crypto'
import { digestClientKey, isClientKey, toKeyId } from '../client-key.js'
import type { Clock } from '../clock.js'
import { ProxyError } from '../errors.js'
import type { InboundRequest } from '../mountable.js'
import type { ClientKeyLookup, MaybePromise } from '../storage/storage.js'

/** Who sends a request: decides the credential that is used and whom the exchange is recorded for. */
export interface Identity {
  /** The tenant. */
  readonly domain: string
  /** The client key's public id, or your own id for the caller; null where nobody in particular is known. */
  readonly keyId: string | null
}

/** Judges a request: an identity, or null to refuse it with 401. */
export type Authenticate = (request: InboundRequest) => MaybePromise<Identity | null>

const CLIENT_KEY_PREFIX = /^cnp_(?:live|test)_/
const BEARER = /^bearer +/i
/** Compared against when no key is found, so that an unknown key takes the time of a wrong one. */
const NO_DIGEST = '0'.repeat(64)

/** Authenticates by the client key that `present` finds among the raw headers, looked up in `stores` in order. */
export function clientKeyAuthentication(
  stores: readonly ClientKeyLookup[],
  clock: Clock,
  present: (rawHeaders: readonly string[]) => string | null = presentedClientKey,
): Authenticate {
  return async (request) => {
    const key = present(request.rawHeaders)
    if (key === null || !isClientKey(key)) return null
    const keyId = toKeyId(key)
    const digest = digestClientKey(key)
    for (const store of stores) {
      const found = await store.find(keyId, digest)
      const matches = isSameDigest(digest, found?.digest ?? NO_DIGEST)
      if (found === null) continue
      const now = clock.now()
      const current = (found.expiresAt ?? Infinity) > now && (found.revokedAt ?? Infinity) > now
      return matches && current ? { domain: found.domain, keyId } : null
    }
    return null
  }
}

/**
 * Authenticates everybody as `domain`, without a key. For development, and for hosts whose own middleware has already
 * turned strangers away.
 */
export function allowAnyone(domain: string): Authenticate {
  const identity: Identity = { domain, keyId: null }
  return () => identity
}

/** Runs `authenticate`; whatever the reason for a refusal, the client sees one and the same 401. */
export async function authenticateRequest(authenticate: Authenticate, request: InboundRequest): Promise<Identity> {
  const identity = await authenticate(request)
  if (identity === null) throw new ProxyError('authentication_failed')
  return identity
}

/**
 * The one client key in `Authorization: Bearer` or `x-api-key`, or null. Judged on the raw lines, because hosts differ
 * in how they join or drop duplicates: a repeated line, or two different client keys, is nobody's.
 */
function presentedClientKey(rawHeaders: readonly string[]): string | null {
  let authorization: string | null = null
  let apiKey: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== null) return null
      authorization = rawHeaders[i + 1]!
    } else if (name.length === 9 && name.toLowerCase() === 'x-api-key') {
      if (apiKey !== null) return null
      apiKey = rawHeaders[i + 1]!
    }
  }
  const bearer = authorization !== null && BEARER.test(authorization) ? authorization.replace(BEARER, '') : null
  const first = bearer !== null && CLIENT_KEY_PREFIX.test(bearer) ? bearer : null
  const second = apiKey !== null && CLIENT_KEY_PREFIX.test(apiKey) ? apiKey : null
  if (first !== null && second !== null && first !== second) return null
  return first ?? second
}

function isSameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex')
  const right = Buffer.from(b, 'hex')
  return left.length === right.length && timingSafeEqual(left, right)
}
