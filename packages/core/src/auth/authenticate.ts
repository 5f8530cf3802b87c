import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digestClientKey, isClientKey, toKeyId } from '../client-key.js'
import type { Clock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import type { InboundRequest } from '../mountable.js'
import type { ClientKey, ClientKeyLookup, MaybePromise } from '../storage/storage.js'

/** Who sends a request: decides the credential that is used and whom the exchange is recorded for. */
export interface Identity {
  /** The tenant. */
  readonly domain: string
  /** The client key's public id, or your own id for the caller; null where nobody in particular is known. */
  readonly keyId: string | null
  /** The record of the client key, where one was presented: its use is counted. */
  readonly clientKey?: ClientKey
}

/** Judges a request: an identity, or null to refuse it with 401. */
export type Authenticate = (request: InboundRequest) => MaybePromise<Identity | null>

const CLIENT_KEY_PREFIX = /^cnp_(?:live|test)_/
const BEARER = /^bearer +/i
/** Judged when no key is found, so that an unknown key takes the time of a wrong one. No key has this digest. */
const NOBODY: Pick<ClientKey, 'digest' | 'expiresAt' | 'revokedAt'> = {
  digest: randomBytes(32).toString('hex'),
  expiresAt: null,
  revokedAt: null,
}

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
    let found: ClientKey | null = null
    for (const store of stores) found ??= await store.find(keyId, digest)
    const { digest: expected, expiresAt, revokedAt } = found ?? NOBODY
    const now = clock.now()
    const matches = isSameDigest(digest, expected)
    const current = (expiresAt ?? Infinity) > now && (revokedAt ?? Infinity) > now
    return found !== null && matches && current ? { domain: found.domain, keyId, clientKey: found } : null
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

/** Holds a host's own `authenticate` to its word: a credential is chosen by what it returns. */
export function assertIdentity(identity: Identity): void {
  if (typeof identity.domain === 'string' && identity.domain !== '') return
  throw new ConfigurationError('authenticate', 'must return { domain, keyId } or null')
}

/** The id of the client key in a request, whoever's it is; null where there is none that is well formed. */
export function presentedKeyId(rawHeaders: readonly string[]): string | null {
  const key = presentedClientKey(rawHeaders)
  return key !== null && isClientKey(key) ? toKeyId(key) : null
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
