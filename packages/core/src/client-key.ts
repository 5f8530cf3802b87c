import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Clock, systemClock } from './clock.js'
import type { ClientKey } from './storage/storage.js'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const KEY_ID_LENGTH = 8
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const PREFIX_LENGTH = 'cnp_live_'.length
const KEY_LENGTH = PREFIX_LENGTH + KEY_ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH
const KEY_PATTERN = /^cnp_(?:live|test)_[0-9A-Za-z]{46}$/

/** What {@link createClientKey} takes. */
export interface ClientKeyOptions {
  /** The tenant the key belongs to. */
  readonly domain: string
  /** What people call the key. @default null */
  readonly label?: string | null
  /** Epoch milliseconds after which the key is refused. @default null */
  readonly expiresAt?: number | null
  /** The word in the key's prefix. @default "live" */
  readonly environment?: 'live' | 'test'
  /** @default systemClock */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Makes a client key: `cnp_live_` + key id (8 base62) + secret (32 base62, 190 bits) + CRC-32 checksum (6 base62).
 * The key is shown here and never again; the record holds its digest.
 */
export function createClientKey(options: ClientKeyOptions): { readonly key: string; readonly record: ClientKey } {
  const { domain, label = null, expiresAt = null, environment = 'live', clock = systemClock } = options
  const unsigned = `cnp_${environment}_${randomBase62(KEY_ID_LENGTH + SECRET_LENGTH)}`
  const key = unsigned + checksum(unsigned)
  return { key, record: toClientKey(key, { domain, label, expiresAt, createdAt: clock.now() }) }
}

/** The record of a key that already exists: what may be stored of it. */
export function toClientKey(
  key: string,
  facts: Pick<ClientKey, 'domain' | 'label' | 'expiresAt' | 'createdAt'>,
): ClientKey {
  return {
    ...facts,
    keyId: toKeyId(key),
    digest: digestClientKey(key),
    lastFour: key.slice(-4),
    revokedAt: null,
    replacedBy: null,
  }
}

/** Whether `text` has the form and checksum of a client key: refuses junk without a look-up. */
export function isClientKey(text: string): boolean {
  return (
    text.length === KEY_LENGTH &&
    KEY_PATTERN.test(text) &&
    checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
  )
}

/** The public part of a well-formed client key. */
export function toKeyId(key: string): string {
  return key.slice(PREFIX_LENGTH, PREFIX_LENGTH + KEY_ID_LENGTH)
}

/** SHA-256 of the whole key, 64 lower-case hex characters. */
export function digestClientKey(key: string): string {
  return hash('sha256', key, 'hex')
}

function checksum(unsigned: string): string {
  let rest = crc32(unsigned)
  let text = ''
  while (text.length < CHECKSUM_LENGTH) {
    text = BASE62[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}

function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    // 248 is the largest multiple of 62 in a byte: what lies above would favour the first characters.
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += BASE62[byte % 62]
  }
  return text
}
