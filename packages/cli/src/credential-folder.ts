import { statSync } from 'node:fs'
import { ConfigurationError, type FileCredentialStore, fileCredentialStore } from '@agent-prompt-train/core'
import type { Environment } from './environment.js'
import { makePrivateFolder } from './private-folder.js'

/**
 * Opens the folder of credential files for a command, with broken files left out. Null where there is none and none is
 * needed, because what is new goes elsewhere.
 *
 * @throws ConfigurationError that names the variable
 */
export function openFolder(environment: Environment, makeFolder: boolean): FileCredentialStore | null {
  const { credentialsDir, newSecretsIn, anthropicApiKey: apiKey, production } = environment
  const isNeeded = newSecretsIn === 'folder'
  if (isNeeded && makeFolder) makeCredentialFolder(credentialsDir)
  if (statSync(credentialsDir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    if (!isNeeded) return null
    throw new ConfigurationError('CREDENTIALS_DIR', `there is no folder ${credentialsDir}: add a credential first`)
  }
  return fileCredentialStore(credentialsDir, {
    ...(apiKey !== null && { defaultCredential: { type: 'api_key', apiKey } as const }),
    permissions: production ? 'enforce' : 'warn',
    broken: 'leave-out',
  })
}

function makeCredentialFolder(path: string): void {
  try {
    makePrivateFolder(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError(
      'CREDENTIALS_DIR',
      `${path} cannot be made (${code}): set a folder that can be written`,
    )
  }
}
