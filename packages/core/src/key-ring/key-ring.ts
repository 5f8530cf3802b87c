import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import * as z from 'zod'
import { ConfigurationError } from '../errors.js'
import { Secret } from '../secret.js'
import { RING_KEY_ID } from './sealed-value.js'

export const KEY_BYTES = 32
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/
/** 32 random bytes have fewer distinct values than this once in more than 2^80 keys. */
const LEAST_DISTINCT_BYTES = 12
const HOW_TO_MAKE = 'make one with prompt-train keyring create'

/**
 * Wraps data keys in a key management service (AWS KMS Encrypt and Decrypt, Cloud KMS, Vault transit). It sees data
 * keys, never what they seal, and is asked rarely: keys are kept in memory for an hour.
 */
export interface KeyWrapper {
  /** Encrypts a data key of 32 bytes; at most 4096 bytes come back. */
  wrap(dataKey: Uint8Array): Promise<Uint8Array>
  /** Decrypts what `wrap` gave, by whichever process. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>
}

/** A key of the ring: 32 random bytes, as they are or as base64 text, or a key management service. */
export type RingKey = Secret | string | Uint8Array | KeyWrapper

/** The keys that data at rest is sealed with. */
export interface KeyRing {
  /** Id of the key that seals; every key opens. */
  readonly current: string
  /** Keys by id: 1 to 32 letters, digits, `_` and `-`. An id names one key for good: it is stored with what the key sealed. */
  readonly keys: Readonly<Record<string, RingKey>>
}

/** A key ring as the sealer uses it: checked, local keys in a form that does not print. */
export interface ResolvedKeyRing {
  readonly current: string
  readonly keys: ReadonlyMap<string, KeyObject | KeyWrapper>
}

const isWrapper = (value: unknown): value is KeyWrapper =>
  ['wrap', 'unwrap'].every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function')

const schema = z.strictObject({
  current: z.string(),
  keys: z.record(
    z.string(),
    z.custom<RingKey>(
      (value) =>
        typeof value === 'string' || value instanceof Secret || value instanceof Uint8Array || isWrapper(value),
      `is not a key: ${HOW_TO_MAKE}`,
    ),
  ),
})

/**
 * Checks a key ring.
 *
 * @throws ConfigurationError that names the key by its id (`keyRing.keys.k1`), never a value
 */
export function resolveKeyRing(keyRing: KeyRing): ResolvedKeyRing {
  const parsed = schema.safeParse(keyRing)
  if (!parsed.success) {
    const { path, message, code } = parsed.error.issues[0]!
    throw new ConfigurationError(
      // A ring with ids and keys mixed up has keys for names.
      ['keyRing', ...path.filter((name) => RING_KEY_ID.test(String(name)))].join('.'),
      code === 'custom' ? message : 'is not of the form { current: "k1", keys: { k1: … } }',
    )
  }
  const keys = new Map<string, KeyObject | KeyWrapper>()
  for (const [id, given] of Object.entries(parsed.data.keys)) {
    if (!RING_KEY_ID.test(id)) {
      throw new ConfigurationError('keyRing.keys', 'has an id that is not 1 to 32 letters, digits, "_" and "-"')
    }
    const key = isWrapper(given) ? given : toLocalKey(`keyRing.keys.${id}`, given)
    for (const [other, earlier] of keys) {
      if (isWrapper(key) || isWrapper(earlier) || !key.equals(earlier)) continue
      throw new ConfigurationError(`keyRing.keys.${id}`, `is the same key as ${other}: ${HOW_TO_MAKE}`)
    }
    keys.set(id, key)
  }
  if (!keys.has(parsed.data.current)) {
    throw new ConfigurationError('keyRing.current', 'names no key of keyRing.keys')
  }
  return { current: parsed.data.current, keys }
}

/** Makes a key: 32 random bytes as base64. */
export function createKeyRingKey(): Secret {
  return new Secret(randomBytes(KEY_BYTES).toString('base64'))
}

/**
 * Reads the text form of a key ring, `k1:<base64>,k2:<base64>`: the first key is the current one.
 *
 * @param name what the text is called in errors
 * @throws ConfigurationError that names the entry by its place, never its text
 */
export function parseKeyRing(text: string, name = 'ENCRYPTION_KEYS'): KeyRing {
  const entries = text.split(',').map((entry, index) => {
    const [, id, value] = /^\s*([^:\s]*)\s*:\s*(\S*)\s*$/.exec(entry) ?? []
    if (id === undefined || value === undefined || !RING_KEY_ID.test(id)) {
      throw new ConfigurationError(name, `entry ${index + 1} is not of the form k1:<base64>: ${HOW_TO_MAKE}`)
    }
    toLocalKey(`${name} entry ${index + 1}`, value)
    return [id, new Secret(value)] as const
  })
  const ids = entries.map(([id]) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new ConfigurationError(name, `has two keys with the id ${twice}`)
  return { current: ids[0]!, keys: Object.fromEntries(entries) }
}

/**
 * The text form that {@link parseKeyRing} reads, the current key first. It holds the keys: for where they are kept, and
 * nowhere else.
 *
 * @throws ConfigurationError for a key that is not a local one
 */
export function formatKeyRing(keyRing: KeyRing): string {
  const { current, keys } = resolveKeyRing(keyRing)
  const ids = [current, ...[...keys.keys()].filter((id) => id !== current)]
  return ids.map((id) => `${id}:${exportKey(id, keys.get(id)!)}`).join(',')
}

function exportKey(id: string, key: KeyObject | KeyWrapper): string {
  if (isWrapper(key)) {
    throw new ConfigurationError(`keyRing.keys.${id}`, 'is kept by a key management service and has no text form')
  }
  return key.export().toString('base64')
}

function toLocalKey(name: string, given: Secret | string | Uint8Array): KeyObject {
  const bytes = given instanceof Uint8Array ? given : decode(given instanceof Secret ? given.expose() : given)
  if (bytes?.length !== KEY_BYTES) {
    throw new ConfigurationError(name, `is not 32 bytes, nor the base64 of 32 bytes: ${HOW_TO_MAKE}`)
  }
  if (new Set(bytes).size < LEAST_DISTINCT_BYTES || bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    throw new ConfigurationError(name, `is text or a pattern, not random bytes: ${HOW_TO_MAKE}`)
  }
  return createSecretKey(bytes)
}

function decode(text: string): Buffer | null {
  return BASE64_KEY.test(text.trim()) ? Buffer.from(text.trim(), 'base64') : null
}
