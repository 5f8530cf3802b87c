import {
  type ClientKeyStore,
  ConfigurationError,
  type CredentialStore,
  type FileCredentialHealth,
  type KeyRing,
  sealedCredentialStore,
} from '@agent-prompt-train/core'
import { openFolder } from './credential-folder.js'
import type { OpenedDatabase } from './database.js'
import type { Environment } from './environment.js'

/** One place where `serve` looks for client keys and credentials: the folder of credential files, or a database. */
export interface Place {
  readonly kind: 'folder' | 'database'
  /** In words, without a secret: `the folder /srv/credentials`. */
  readonly name: string
  readonly clientKeys: ClientKeyStore
  /** As they are stored: sealed ones stay sealed. */
  readonly stored: CredentialStore
  /** Opened and sealed with ENCRYPTION_KEYS, where that is set. */
  readonly credentials: CredentialStore
  readonly keyRing: KeyRing | null
}

/** A place that the environment names and that does not open. */
export interface PlaceAway {
  readonly kind: Place['kind']
  /** Names the variable or file. */
  readonly error: ConfigurationError
}

/** All places that the environment names. */
export interface OpenedPlaces {
  /** In the order in which `serve` asks them. */
  readonly places: readonly Place[]
  readonly away: readonly PlaceAway[]
  /** What is wrong with the credential files. */
  health(): FileCredentialHealth
  close(): Promise<void>
}

/** Where there are no credential files, nothing is wrong with them. */
export const NO_FILES: FileCredentialHealth = { refused: [], loose: [] }

/** Opens the folder and the database; `makeFolder`: a folder that is to take what is new is made where it is not there. */
export async function openPlaces(environment: Environment, makeFolder: boolean): Promise<OpenedPlaces> {
  const { credentialsDir, databaseUrl, keyRing, allowPlain } = environment
  const away: PlaceAway[] = []
  const files = await reach('folder', away, () => openFolder(environment, makeFolder))
  const database = databaseUrl && (await reach('database', away, () => open(environment)))
  const toPlace = (kind: Place['kind'], name: string, clientKeys: ClientKeyStore, stored: CredentialStore): Place => ({
    ...{ kind, name, clientKeys, stored, keyRing },
    credentials: keyRing === null ? stored : sealedCredentialStore(stored, keyRing, { allowPlain }),
  })
  const folder = files && toPlace('folder', `the folder ${credentialsDir}`, files.clientKeys, files)
  const { description, storage } = database ?? {}
  const table = storage && toPlace('database', `the database ${description}`, storage.clientKeys, storage.credentials)
  return {
    places: [folder, table].filter((place) => place != null),
    away,
    health: () => files?.health() ?? NO_FILES,
    async close() {
      files?.close()
      await database?.close()
    },
  }
}

/** The database's driver is loaded where there is a database. */
async function open(environment: Environment): Promise<OpenedDatabase | null> {
  const { openDatabase } = await import('./database.js')
  return openDatabase(environment)
}

async function reach<Opened>(
  kind: Place['kind'],
  away: PlaceAway[],
  open: () => Opened | Promise<Opened>,
): Promise<Opened | null> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    away.push({ kind, error })
    return null
  }
}
