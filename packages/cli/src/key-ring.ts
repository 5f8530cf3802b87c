import { createKeyRingKey, type KeyRing, parseKeyRing } from '@agent-prompt-train/core'
import type { Environment } from './environment.js'
import { type KeptSecret, openSecret } from './kept-secret.js'

const developmentKeyRing: KeptSecret = {
  name: 'key-ring',
  what: 'a key ring',
  remedy: 'put the right one back, or remove it and give up the bodies that it sealed',
  isValid(text) {
    try {
      parseKeyRing(text)
      return true
    } catch {
      return false
    }
  },
  make: () => `development:${createKeyRingKey().expose()}`,
}

/**
 * The key ring that seals bodies: that of ENCRYPTION_KEYS or, outside production, `key-ring` in the data folder, which is
 * made on the first start. Null where there is none.
 *
 * @throws ConfigurationError that names the file when it holds no key ring
 */
export function openKeyRing({
  keyRing,
  production,
  dataDir,
}: Pick<Environment, 'keyRing' | 'production' | 'dataDir'>): KeyRing | null {
  if (keyRing !== null || production) return keyRing
  return parseKeyRing(openSecret(dataDir, developmentKeyRing).text)
}
