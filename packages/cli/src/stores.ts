import { mkdirSync, statSync } from 'node:fs'
import {
  type ClientKeyStore,
  ConfigurationError,
  type CredentialStore,
  type FileCredentialHealth,
  fileCredentialStore,
  type KeyRing,
  sealedCredentialStore,
} from '@agent-prompt-train/core'
import { type Environment, readEnvironment } from './environment.js'

/** What commands that manage keys and credentials work on: the same as `serve` reads. */
export interface Stores {
  readonly clientKeys: ClientKeyStore
  /** As they are stored: sealed ones stay sealed. */
  readonly stored: CredentialStore
  /** Opened and sealed with ENCRYPTION_KEYS, where that is set. */
  readonly credentials: CredentialStore
  readonly keyRing: KeyRing | null
  health(): FileCredentialHealth
}

/** What {@link withStores} takes beside what is to be done. */
export interface StoresOptions {
  /** Whether a folder that is not there is made. @default false */
  readonly makeFolder?: boolean
  /** Whether files that are left out are told of. @default true */
  readonly tellProblems?: boolean
}

/**
 * Opens the stores that the environment names, for as long as `use` runs. A file that is broken is left out and told of on standard
 * error: it must not keep anybody from revoking the keys of another.
 *
 * @throws ConfigurationError that names the variable or file
 */
export async function withStores<T>(use: (stores: Stores) => Promise<T>, options: StoresOptions = {}): Promise<T> {
  const environment = readEnvironment({ isTerminal: false })
  const files = openFolder(environment, options)
  try {
    const { keyRing } = environment
    const { refused } = files.health()
    for (const { file, problem } of options.tellProblems === false ? [] : refused)
      process.stderr.write(`prompt-train: left out: ${file}: ${problem}\n`)
    return await use({
      clientKeys: files.clientKeys,
      stored: files,
      credentials: keyRing === null ? files : sealedCredentialStore(files, keyRing),
      keyRing,
      health: () => files.health(),
    })
  } finally {
    files.close()
  }
}

/**
 * The key ring of ENCRYPTION_KEYS, for commands that cannot do without.
 *
 * @throws ConfigurationError when it is not set
 */
export function requireKeyRing({ keyRing }: Stores): KeyRing {
  if (keyRing !== null) return keyRing
  throw new ConfigurationError('ENCRYPTION_KEYS', 'is not set: make a key with prompt-train keyring create')
}

function openFolder(
  { credentialsDir, anthropicApiKey: apiKey, production }: Environment,
  { makeFolder }: StoresOptions,
) {
  if (makeFolder) mkdirSync(credentialsDir, { recursive: true, mode: 0o700 })
  if (statSync(credentialsDir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ConfigurationError('CREDENTIALS_DIR', `there is no folder ${credentialsDir}: add a credential first`)
  }
  return fileCredentialStore(credentialsDir, {
    ...(apiKey !== null && { defaultCredential: { type: 'api_key', apiKey } as const }),
    permissions: production ? 'enforce' : 'warn',
    broken: 'leave-out',
  })
}
