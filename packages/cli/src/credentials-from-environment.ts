import { statSync } from 'node:fs'
import {
  ConfigurationError,
  type Credential,
  type CredentialLookup,
  type CredentialStore,
  type FileCredentialStore,
  fileCredentialStore,
  type Logger,
  sealedCredentialStore,
} from '@agent-prompt-train/core'
import type { Environment } from './environment.js'

/** The domain of ANTHROPIC_API_KEY, the development key and callers without a key. */
export const DEFAULT_DOMAIN = 'default'

/** The upstream credentials and client keys that the environment configures. */
export interface ConfiguredCredentials {
  /** One that can be written to where there is a folder, so that OAuth credentials are refreshed. */
  readonly store: CredentialLookup
  readonly hasCredential: boolean
  readonly hasClientKey: boolean
  close(): void
}

/**
 * Opens the credential folder, where there is one, and adds ANTHROPIC_API_KEY: as the credential of domain `default`,
 * which a file default.json overrides, and as that of files which hold client keys alone.
 *
 * @throws ConfigurationError that names the file or variable
 */
export async function openCredentials(environment: Environment, logger: Logger): Promise<ConfiguredCredentials> {
  const { anthropicApiKey: apiKey, credentialsDir } = environment
  const own: Credential | null = apiKey === null ? null : { type: 'api_key', apiKey }
  const files = isFolder(credentialsDir) ? openFiles(environment, own, logger) : null
  const opened = files === null ? null : await openSealed(files, environment)
  return {
    store: {
      ...opened,
      find: async (domain) => (await opened?.find(domain)) ?? (domain === DEFAULT_DOMAIN ? own : null),
    },
    hasCredential: own !== null || (files?.size.domains ?? 0) > 0,
    hasClientKey: (files?.size.clientKeys ?? 0) > 0,
    close: () => files?.close(),
  }
}

function openFiles(environment: Environment, own: Credential | null, logger: Logger): FileCredentialStore {
  return fileCredentialStore(environment.credentialsDir, {
    ...(own !== null && { defaultCredential: own }),
    permissions: environment.production ? 'enforce' : 'warn',
    logger,
  })
}

/** A wrong key shows at the start, not at the first request of a domain. */
async function openSealed(files: FileCredentialStore, { keyRing }: Environment): Promise<CredentialStore> {
  if (keyRing !== null) {
    const opened = sealedCredentialStore(files, keyRing)
    await opened.assertOpens().catch((error: unknown) => {
      if (!(error instanceof ConfigurationError)) throw error
      throw new ConfigurationError('ENCRYPTION_KEYS', error.message.slice(`${error.option}: `.length))
    })
    return opened
  }
  for (const domain of await files.list()) {
    const credential = await files.find(domain)
    if (credential?.type !== 'sealed') continue
    throw new ConfigurationError(
      'ENCRYPTION_KEYS',
      `is not set, and the credential of ${domain} is sealed with the key ${credential.ringKeyId}: set the key`,
    )
  }
  return files
}

function isFolder(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isDirectory()) {
    throw new ConfigurationError('CREDENTIALS_DIR', `${path} is not a folder: name the folder that holds the files`)
  }
  return stat !== undefined
}
