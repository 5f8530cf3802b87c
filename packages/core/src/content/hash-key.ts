import { createSecretKey, hkdfSync, KeyObject, randomBytes } from 'node:crypto'
import { type KeyRing, resolveKeyRing } from '../key-ring/key-ring.js'

const KEY_BYTES = 32

/**
 * Derives the key that content is named with from the ring's current key (HKDF, RFC 5869). Another current key names
 * all content anew: what is resent then is stored once more. Where the current key is kept by a key management service
 * it cannot be derived from, so the names of each process are its own.
 */
export function createHashKey(keyRing: KeyRing): KeyObject {
  const { current, keys } = resolveKeyRing(keyRing)
  const key = keys.get(current)
  if (!(key instanceof KeyObject)) return createSecretKey(randomBytes(KEY_BYTES))
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'agent-prompt-train content-hash', KEY_BYTES)))
}
