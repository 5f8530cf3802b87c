import { existsSync, statSync } from 'node:fs'
import { ConfigurationError, type FileCredentialStore, fileCredentialStore } from '@agent-prompt-train/core'
import { developmentKeyFile } from './development-key.js'
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
    const mend = environment.credentialsDirGiven ? 'mend the path, or add a credential first' : 'add a credential first'
    const problem = `there is no folder ${credentialsDir}: ${mend}`
    throw new ConfigurationError('CREDENTIALS_DIR', `${problem}${describeDevelopment(environment)}`)
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

/** What serve works with where nothing is configured: it has been started, and no command shows its key. */
function describeDevelopment({ dataDir, production, anthropicApiKey }: Environment): string {
  const file = developmentKeyFile(dataDir)
  if (production || !existsSync(file)) return ''
  const upstream = anthropicApiKey === null ? 'the demonstration upstream' : 'ANTHROPIC_API_KEY'
  return ` (prompt-train credentials add); without one serve uses ${upstream} and the client key in ${file}`
}
