import { createClientKey } from '../client-key.js'
import { type Clock, systemClock } from '../clock.js'
import { ClientKeyError, ConfigurationError } from '../errors.js'
import type { ClientKey, ClientKeyStore } from '../storage/storage.js'

/** Also of keys known by their digest alone. */
const KEY_ID = /^[0-9A-Za-z]{8}$/

/** How a client key stands: `overlap` is good until its end and has a successor, `replaced` is the same after that end. */
export type ClientKeyState = 'good' | 'overlap' | 'replaced' | 'expired' | 'revoked'

/** What {@link rotateClientKey} takes: how long, or until when, the old key still works. */
export type RotateOptions = (
  | { readonly overlapMs: number; readonly endsAt?: never }
  | { /** Epoch milliseconds. */ readonly endsAt: number; readonly overlapMs?: never }
) & {
  /** What people call the successor. @default the old key's label */
  readonly label?: string | null
  /** Epoch milliseconds. @default as long from now as the old key was made for; null where that had no end */
  readonly expiresAt?: number | null
  /** @default systemClock */
  readonly clock?: Pick<Clock, 'now'>
}

/** What {@link rotateClientKey} gives. */
export interface Rotation {
  /** The successor, shown here and never again. */
  readonly key: string
  readonly record: ClientKey
  /** The old key with its end and its successor's id. */
  readonly replaced: ClientKey
}

/** Tells how a key stands at `now`, epoch milliseconds. */
export function clientKeyState(key: ClientKey, now: number): ClientKeyState {
  const { revokedAt, expiresAt, replacedBy } = key
  if (revokedAt !== null && revokedAt <= now) return 'revoked'
  if (expiresAt !== null && expiresAt <= now) return replacedBy === null ? 'expired' : 'replaced'
  return replacedBy === null ? 'good' : 'overlap'
}

/**
 * Makes a successor for a key, in the same domain, and gives the old key an end; both work in between. The old key
 * never ends later than it would have. A process that dies between the two steps leaves a successor whose secret
 * nobody knows, and an old key that can be rotated again: no caller is ever locked out.
 *
 * @throws ClientKeyError `key_unknown`, or `key_revoked`, `key_expired`, `key_replaced` for a key that is no longer good
 * @throws ConfigurationError `overlapMs` or `endsAt` when it is negative or in the past
 */
export async function rotateClientKey(store: ClientKeyStore, keyId: string, options: RotateOptions): Promise<Rotation> {
  const { clock = systemClock } = options
  const now = clock.now()
  const endsAt = toEnd(options, now)
  const old = await store.find(keyId, '')
  if (old === null) throw unknown(keyId)
  assertGood(old, now)
  const { label = old.label, expiresAt = sameLifetime(old, now) } = options
  const { key, record } = createClientKey({ domain: old.domain, label, expiresAt, clock })
  await store.add(record)
  try {
    const replaced = await store.update(keyId, (current) => {
      // Another rotation may have come first.
      assertGood(current, now)
      return { ...current, expiresAt: Math.min(current.expiresAt ?? Infinity, endsAt), replacedBy: record.keyId }
    })
    if (replaced === null) throw unknown(keyId)
    return { key, record, replaced }
  } catch (error) {
    // Nobody has seen the successor; where even this fails, it is a key that nobody knows.
    await store.update(record.keyId, (current) => ({ ...current, revokedAt: now })).catch(() => {})
    throw error
  }
}

/**
 * Revokes one key, or every key of a domain, and tells how many: those revoked before are not counted. It counts at
 * once through the same store, and within 5 seconds elsewhere.
 *
 * @throws ClientKeyError `key_unknown` when there is no key with this id
 */
export async function revokeClientKeys(
  store: ClientKeyStore,
  which: { readonly keyId: string } | { readonly domain: string },
  { clock = systemClock }: { readonly clock?: Pick<Clock, 'now'> } = {},
): Promise<number> {
  const revokedAt = clock.now()
  if ('keyId' in which) {
    const ended = await endKey(store, which.keyId, revokedAt)
    if (ended === null) throw unknown(which.keyId)
    return ended ? 1 : 0
  }
  let revoked = 0
  // Until a pass finds none: a key may be made while others are being revoked.
  for (let before = -1; revoked > before; ) {
    before = revoked
    for (const { keyId } of await store.list(which.domain)) if (await endKey(store, keyId, revokedAt)) revoked++
  }
  return revoked
}

/** Whether the key was live until now; null where there is no such key. A revocation that lies ahead is brought forward. */
async function endKey(store: ClientKeyStore, keyId: string, revokedAt: number): Promise<boolean | null> {
  let wasLive = false
  const key = await store.update(keyId, (current) => {
    wasLive = (current.revokedAt ?? Infinity) > revokedAt
    return wasLive ? { ...current, revokedAt } : current
  })
  return key === null ? null : wasLive
}

function toEnd({ overlapMs, endsAt }: RotateOptions, now: number): number {
  const end = endsAt ?? now + overlapMs!
  if (!(end >= now)) {
    throw new ConfigurationError(
      endsAt === undefined ? 'overlapMs' : 'endsAt',
      'is before now: say how long the old key still works, 0 for not at all',
    )
  }
  return end
}

function assertGood(key: ClientKey, now: number): void {
  const state = clientKeyState(key, now)
  if (state === 'good') return
  const { keyId, replacedBy } = key
  const remedy = 'create a new key instead'
  if (state === 'revoked') throw new ClientKeyError('key_revoked', `Key ${keyId} is revoked: ${remedy}.`)
  if (state === 'expired') throw new ClientKeyError('key_expired', `Key ${keyId} has expired: ${remedy}.`)
  throw new ClientKeyError('key_replaced', `Key ${keyId} was rotated already: rotate its successor ${replacedBy}.`)
}

function sameLifetime({ createdAt, expiresAt }: ClientKey, now: number): number | null {
  return createdAt === null || expiresAt === null ? null : now + (expiresAt - createdAt)
}

function unknown(keyId: string): ClientKeyError {
  // Who has no id at hand may give the whole key.
  const problem = KEY_ID.test(keyId) ? `with the id ${keyId}` : 'with that id, which is 8 letters and digits'
  return new ClientKeyError('key_unknown', `There is no client key ${problem}.`)
}
