import { statSync } from 'node:fs'
import {
  ConfigurationError,
  type Credential,
  type CredentialLookup,
  type CredentialStore,
  type FileCredentialStore,
  fileCredentialStore,
  KeyRingError,
  type Logger,
  sealedCredentialStore,
} from '@agent-prompt-train/core'
import { chainCredentials } from './chained-credentials.js'
import type { Environment } from './environment.js'
import type { ConfiguredStorage } from './recording.js'

/** The domain of ANTHROPIC_API_KEY, the development key and callers without a key. */
export const DEFAULT_DOMAIN = 'default'

/** The upstream credentials and client keys that the environment configures. */
export interface ConfiguredCredentials {
  /** One that can be written to where there is a folder or database, so that OAuth credentials are refreshed. */
  readonly store: CredentialLookup
  readonly hasCredential: boolean
  readonly hasClientKey: boolean
  /** How many credential files are refused, and how many are open to other users. */
  health(): { readonly refused: number; readonly loose: number }
  close(): void
}

/**
 * Opens the credential folder, where there is one, puts those of the database behind it, and adds ANTHROPIC_API_KEY: as the
 * credential of domain `default`, which the others override, and as that of files which hold client keys alone.
 *
 * @throws ConfigurationError that names the file or variable
 */
export async function openCredentials(
  environment: Environment,
  database: ConfiguredStorage['database'],
  logger: Logger,
): Promise<ConfiguredCredentials> {
  const { anthropicApiKey: apiKey, keyRing, allowPlain } = environment
  const own: Credential | null = apiKey === null ? null : { type: 'api_key', apiKey }
  const files = hasFolder(environment) ? openFiles(environment, own, logger) : null
  const opened = files === null ? null : await openSealed(files, environment)
  const stored =
    keyRing !== null && database !== null
      ? sealedCredentialStore(database.credentials, keyRing, { allowPlain })
      : database?.credentials
  const ownOf = (domain: string) => (domain === DEFAULT_DOMAIN ? own : null)
  const [first, ...others] = [opened, stored].filter((store) => store != null)
  const chained = first === undefined ? { find: ownOf } : chainCredentials([first, ...others], ownOf)
  return {
    store: { ...chained, ...(files !== null && { clientKeys: files.clientKeys }) },
    hasCredential: own !== null || (files?.size.domains ?? 0) > 0 || ((await stored?.list()) ?? []).length > 0,
    hasClientKey: (files?.size.clientKeys ?? 0) > 0 || ((await database?.clientKeys.list()) ?? []).length > 0,
    health() {
      const { refused, loose } = files?.health() ?? { refused: [], loose: [] }
      return { refused: refused.length, loose: loose.length }
    },
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
async function openSealed(files: FileCredentialStore, { keyRing, allowPlain }: Environment): Promise<CredentialStore> {
  if (keyRing !== null) {
    const opened = sealedCredentialStore(files, keyRing, { allowPlain })
    await opened.assertOpens().catch((error: unknown) => {
      if (!(error instanceof ConfigurationError)) throw error
      const variable = isPlain(error) ? 'ALLOW_PLAIN_CREDENTIALS' : 'ENCRYPTION_KEYS'
      throw new ConfigurationError(variable, error.message.slice(`${error.option}: `.length))
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

function isPlain({ cause }: ConfigurationError): boolean {
  return cause instanceof KeyRingError && cause.code === 'not_sealed'
}

/** A misspelt folder must not end in a server without its credentials. */
function hasFolder({ credentialsDir: path, credentialsDirGiven }: Environment): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined && credentialsDirGiven) {
    throw new ConfigurationError(
      'CREDENTIALS_DIR',
      `there is no folder ${path}: mend the path, or make it with mkdir -m 700, or leave the variable out`,
    )
  }
  if (stat !== undefined && !stat.isDirectory()) {
    throw new ConfigurationError('CREDENTIALS_DIR', `${path} is not a folder: name the folder that holds the files`)
  }
  return stat !== undefined
}
