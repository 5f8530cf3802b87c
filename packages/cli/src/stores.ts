import { basename } from 'node:path'
import {
  assertDomain,
  type ClientKeyStore,
  ConfigurationError,
  type CredentialStore,
  type FileCredentialHealth,
  type FileCredentialStore,
  type KeyRing,
  sealedCredentialStore,
} from '@agent-prompt-train/core'
import { openFolder } from './credential-folder.js'
import type { OpenedDatabase } from './database.js'
import { type Environment, readEnvironment } from './environment.js'

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

/** What commands that manage keys and credentials work on: all that `serve` reads. */
export interface Stores {
  /** In the order in which `serve` asks them. */
  readonly places: readonly Place[]
  /**
   * The place that has the domain's credential; for a domain without one, the place where new ones go.
   *
   * @throws ConfigurationError when the domain is not a host name, or its file is refused
   */
  placeOf(domain: string): Promise<Place>
  /** The places that have the client key; where none has, one that will say so. */
  placesOfKey(keyId: string): Promise<readonly [Place, ...Place[]]>
  /** What is wrong with the credential files. */
  health(): FileCredentialHealth
}

/** What {@link withStores} takes beside what is to be done. */
export interface StoresOptions {
  /** Whether a folder that is to take what is new is made where it is not there. @default false */
  readonly makeFolder?: boolean
  /** Whether files that are left out are told of. @default true */
  readonly tellProblems?: boolean
}

const NO_FILES: FileCredentialHealth = { refused: [], loose: [] }

/**
 * Opens the folder and the database that the environment names, for as long as `use` runs. A file that is broken is left out
 * and told of on standard error: it must not keep anybody from revoking the keys of another.
 *
 * @throws ConfigurationError that names the variable or file
 */
export async function withStores<T>(use: (stores: Stores) => Promise<T>, options: StoresOptions = {}): Promise<T> {
  const { makeFolder = false, tellProblems = true } = options
  const environment = readEnvironment({ isTerminal: false })
  const files = openFolder(environment, makeFolder)
  try {
    const database = environment.databaseUrl === null ? null : await open(environment)
    try {
      const health = () => files?.health() ?? NO_FILES
      if (tellProblems) tell(health())
      return await use(toStores(toPlaces(environment, files, database), environment.newSecretsIn, health))
    } finally {
      await database?.close()
    }
  } finally {
    files?.close()
  }
}

/** Every domain that has a credential, and where. One that has two is listed twice; the first is the one that serves. */
export async function listDomains(
  places: readonly Place[],
): Promise<readonly { readonly place: Place; readonly domain: string }[]> {
  const lists = await Promise.all(
    places.map(async (place) => (await place.stored.list()).map((domain) => ({ place, domain }))),
  )
  return lists.flat()
}

/**
 * Where and how a new credential is kept, in words. A database is read by more people than a folder of mode 700, and copied
 * into backups: a secret goes there sealed or not at all.
 *
 * @throws ConfigurationError for a secret that would stand in a database in the clear
 */
export function describeKeeping({ kind, name, keyRing }: Place, holdsSecret: boolean): string {
  if (keyRing !== null) return `in ${name}, sealed`
  if (kind === 'database' && holdsSecret) {
    throw new ConfigurationError(
      'ENCRYPTION_KEYS',
      `is not set, and ${name} takes credentials sealed alone: make a key with prompt-train keyring create`,
    )
  }
  return `in ${name}, in the clear, because ENCRYPTION_KEYS is not set`
}

/**
 * A running server keeps what it last read of a file that is refused now, and asks it first: what is changed for its domain
 * elsewhere would not count, and nobody be told.
 *
 * @throws ConfigurationError that names the file
 */
export function assertReadable(domain: string, { refused }: FileCredentialHealth): void {
  const names = [`${domain}.json`, `${domain}.credentials.json`]
  const broken = refused.find(({ file }) => names.includes(basename(file)))
  if (broken !== undefined) {
    throw new ConfigurationError(broken.file, `${broken.problem}: mend or remove the file; nothing was changed`)
  }
}

/** The database's driver is loaded where there is a database. */
async function open(environment: Environment): Promise<OpenedDatabase | null> {
  const { openDatabase } = await import('./database.js')
  return openDatabase(environment)
}

function toPlaces(
  { keyRing, allowPlain, credentialsDir }: Environment,
  files: FileCredentialStore | null,
  database: OpenedDatabase | null,
): readonly Place[] {
  const toPlace = (kind: Place['kind'], name: string, clientKeys: ClientKeyStore, stored: CredentialStore): Place => ({
    ...{ kind, name, clientKeys, stored, keyRing },
    credentials: keyRing === null ? stored : sealedCredentialStore(stored, keyRing, { allowPlain }),
  })
  const folder = files && toPlace('folder', `the folder ${credentialsDir}`, files.clientKeys, files)
  const { description, storage } = database ?? {}
  const table = storage && toPlace('database', `the database ${description}`, storage.clientKeys, storage.credentials)
  return [folder, table].filter((place) => place != null)
}

function toStores(places: readonly Place[], newSecretsIn: Place['kind'], health: Stores['health']): Stores {
  return {
    places,
    async placeOf(domain) {
      assertDomain(domain)
      assertReadable(domain, health())
      for (const place of places) if ((await place.stored.find(domain)) !== null) return place
      return places.find(({ kind }) => kind === newSecretsIn)!
    },
    async placesOfKey(keyId) {
      const holders: Place[] = []
      for (const place of places) if ((await place.clientKeys.find(keyId, '')) !== null) holders.push(place)
      const [first = places[0]!, ...others] = holders
      return [first, ...others]
    },
    health,
  }
}

function tell({ refused }: FileCredentialHealth): void {
  for (const { file, problem } of refused) process.stderr.write(`prompt-train: left out: ${file}: ${problem}\n`)
}
