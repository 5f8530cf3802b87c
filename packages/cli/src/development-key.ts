import { join } from 'node:path'
import { type ClientKey, createClientKey, isClientKey, toClientKey } from '@agent-prompt-train/core'
import { type KeptSecret, openSecret } from './kept-secret.js'

const LABEL = 'development'

/** The client key that `serve` makes for itself where none is configured. */
export interface DevelopmentKey {
  /** The file that holds the key, absolute. */
  readonly file: string
  readonly record: ClientKey
}

const clientKey: KeptSecret = {
  name: 'client-key',
  what: 'a client key',
  remedy: 'remove it, and a new one is made',
  isValid: isClientKey,
  make: () => createClientKey({ domain: LABEL }).key,
}

/** Where the key is kept. */
export function developmentKeyFile(dataDir: string): string {
  return join(dataDir, clientKey.name)
}

/**
 * Opens `client-key` in the data folder, or makes it on the first start.
 *
 * @throws ConfigurationError that names the file when it is not what this function writes
 */
export function openDevelopmentKey(dataDir: string, domain: string): DevelopmentKey {
  const { file, text } = openSecret(dataDir, clientKey)
  return { file, record: toClientKey(text, { domain, label: LABEL, createdAt: null, expiresAt: null }) }
}
