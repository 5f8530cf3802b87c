import { KeyObject } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import { KeyRingError } from '../errors.js'
import { createDataKeys, type DataKeys } from './data-keys.js'
import { type KeyRing, type KeyWrapper, resolveKeyRing } from './key-ring.js'
import { type SealContext, type SealingKey, sealWith, toAdditionalData } from './seal.js'
import { parseSealedValue, type SealedHeader } from './sealed-value.js'
import { decrypt } from './xaes-256-gcm.js'

/** Seals data at rest, and opens it. */
export interface Sealer {
  /** Id of the ring's key that seals. */
  readonly currentKeyId: string
  /**
   * Seals `plaintext`, which grows by 44 bytes, the length of the key's id and that of a wrapped data key.
   *
   * @throws KeyRingError `key_unavailable` when the key management service is away and no data key is held
   */
  seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>
  /**
   * Opens what `seal` gave for the same purpose and id, by any key of the ring.
   *
   * @throws KeyRingError `key_unknown` when the ring has no key of the id it was sealed with
   * @throws KeyRingError `not_authentic` for what was changed, or sealed for something else or with another key
   * @throws KeyRingError `malformed` for a part of a sealed value, or none at all
   * @throws KeyRingError `key_unavailable` when the key management service fails
   */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>
  /**
   * The key that `seal` would use now, for work that another thread does.
   *
   * @throws KeyRingError `key_unavailable` as for `seal`
   */
  sealingKey(): Promise<SealingKey>
  /**
   * Resolves once `seal` needs no answer of the key management service: for what must not fail half-way.
   *
   * @throws KeyRingError `key_unavailable`
   */
  ready(): Promise<void>
}

/** What {@link createSealer} takes beside the ring. */
export interface SealerOptions {
  /** Ages the data keys of a key management service. @default systemClock */
  readonly clock?: Clock
}

const NO_BYTES = new Uint8Array(0)

/**
 * Creates a sealer: XAES-256-GCM with a fresh random nonce. The tag covers the purpose, the id and the id of the ring's
 * key with the content. The format is written down in docs/encryption.md.
 *
 * @throws ConfigurationError that names the key at fault
 */
export function createSealer(keyRing: KeyRing, options: SealerOptions = {}): Sealer {
  const { current, keys } = resolveKeyRing(keyRing)
  const clock = options.clock ?? systemClock
  const ring = new Map([...keys].map(([id, key]) => [id, toDataKeys(id, key, clock)]))
  const sealing = ring.get(current)!
  const sealingKey = async () => ({ ringKeyId: current, ...(await sealing.current()) })

  async function keyOf({ ringKeyId, wrappedKey }: SealedHeader, what: string): Promise<KeyObject> {
    const key = ring.get(ringKeyId)
    if (key === undefined) {
      throw new KeyRingError(
        'key_unknown',
        `The ${what} is sealed with ring key ${ringKeyId}, which is not in the key ring: add ${ringKeyId} back to it.`,
      )
    }
    return key.unwrap(wrappedKey)
  }

  return {
    currentKeyId: current,
    seal: async (plaintext, context) => sealWith(await sealingKey(), plaintext, context),
    sealingKey,
    async open(sealed, context) {
      const what = describe(context)
      const { ringKeyId, wrappedKey, header, nonce, content } = parseSealedValue(sealed, what)
      const key = await keyOf({ ringKeyId, wrappedKey }, what)
      const plaintext = decrypt(key, { nonce, additionalData: toAdditionalData(header, context), content })
      if (plaintext !== null) return plaintext
      throw new KeyRingError(
        'not_authentic',
        `The ${what} is not authentic: it was changed, was sealed for something else, or ring key ${ringKeyId} is another key than then.`,
      )
    },
    ready: async () => void (await sealing.current()),
  }
}

/**
 * Reads which key of the ring a value is sealed with, without opening it.
 *
 * @throws KeyRingError `malformed` for what is not a sealed value
 */
export function readRingKeyId(sealed: Uint8Array): string {
  return parseSealedValue(sealed, 'value').ringKeyId
}

/** A local key is its own data key, of which nothing is stored. */
function toDataKeys(id: string, key: KeyObject | KeyWrapper, clock: Clock): DataKeys {
  if (!(key instanceof KeyObject)) return createDataKeys(id, key, clock)
  return { current: async () => ({ key, wrappedKey: NO_BYTES }), unwrap: async () => key }
}

function describe({ purpose, id }: SealContext): string {
  return `${purpose} ${id}`
}
