import { basename } from 'node:path'
import { assertDomain, ConfigurationError, type FileCredentialHealth } from '@agent-prompt-train/core'
import { readEnvironment } from './environment.js'
import { NO_FILES, type OpenedPlaces, openPlaces, type Place, type PlaceAway } from './places.js'

/** What commands that manage keys and credentials work on: all that `serve` reads. */
export interface Stores extends Pick<OpenedPlaces, 'places' | 'away' | 'health'> {
  /**
   * The place that has the domain's credential; for a domain without one, the place where new ones go.
   *
   * @throws ConfigurationError when the domain is not a host name, its file is refused, or a place is away that may have it
   */
  placeOf(domain: string): Promise<Place>
  /**
   * The places that have the client key; where none has, one that will say so.
   *
   * @throws ConfigurationError when none has it and a place is away that may
   */
  placesOfKey(keyId: string): Promise<readonly [Place, ...Place[]]>
}

/** What {@link withStores} takes beside what is to be done. */
export interface StoresOptions {
  /** Whether a folder that is to take what is new is made where it is not there. @default false */
  readonly makeFolder?: boolean
  /** Whether files that are left out are told of. @default true */
  readonly tellProblems?: boolean
  /** Whether to go on with the place that opens where the other does not, and tell of that. @default false */
  readonly allowAway?: boolean
}

/**
 * Opens the folder and the database that the environment names, for as long as `use` runs. A file that is broken is left out
 * and told of on standard error: it must not keep anybody from revoking the keys of another.
 *
 * @throws ConfigurationError that names the variable or file
 */
export async function withStores<T>(use: (stores: Stores) => Promise<T>, options: StoresOptions = {}): Promise<T> {
  const { makeFolder = false, tellProblems = true, allowAway = false } = options
  const environment = readEnvironment({ isTerminal: false })
  const opened = await openPlaces(environment, makeFolder)
  try {
    const stores = allowAway ? withoutRefusedFolder(opened, environment.credentialsDir) : opened
    const [first] = stores.away
    if (first !== undefined && !(allowAway && stores.places.length > 0)) throw first.error
    for (const { error } of stores.away) warn(`not reached: ${error.message}: keys there were neither seen nor changed`)
    if (tellProblems) for (const { file, problem } of stores.health().refused) warn(`left out: ${file}: ${problem}`)
    return await use(toStores(stores, environment.newSecretsIn))
  } finally {
    await opened.close()
  }
}

/** A folder that is refused as a whole shows none of its keys, and a running server goes on with them: it is as good as away. */
function withoutRefusedFolder(opened: OpenedPlaces, folder: string): OpenedPlaces {
  const refused = opened.health().refused.find(({ file }) => file === folder)
  if (refused === undefined) return opened
  return {
    ...opened,
    places: opened.places.filter(({ kind }) => kind !== 'folder'),
    away: [...opened.away, { kind: 'folder', error: new ConfigurationError(folder, refused.problem) }],
    health: () => NO_FILES,
  }
}

/** What was not reached, for scripts; nothing where all was. */
export function toAwayJson(away: readonly PlaceAway[]): object {
  return away.length === 0
    ? {}
    : { notReached: away.map(({ kind, error }) => ({ place: kind, problem: error.message })) }
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

function toStores({ places, away, health }: OpenedPlaces, newSecretsIn: Place['kind']): Stores {
  return {
    places,
    away,
    health,
    async placeOf(domain) {
      assertDomain(domain)
      assertReadable(domain, health())
      for (const place of places) if ((await place.stored.find(domain)) !== null) return place
      assertNoneAway(away, `a credential of ${domain}`)
      return places.find(({ kind }) => kind === newSecretsIn)!
    },
    async placesOfKey(keyId) {
      const holders: Place[] = []
      for (const place of places) if ((await place.clientKeys.find(keyId, '')) !== null) holders.push(place)
      if (holders.length === 0) assertNoneAway(away, isKeyId(keyId) ? `the client key ${keyId}` : 'that client key')
      const [first = places[0]!, ...others] = holders
      return [first, ...others]
    },
  }
}

function assertNoneAway([first]: readonly PlaceAway[], sought: string): void {
  if (first === undefined) return
  const { kind, error } = first
  throw new ConfigurationError(
    error.option,
    `${sought} may stand in the ${kind}, which was not reached: mend that and run this again; nothing was changed`,
  )
}

/** Who has no id at hand may give the whole key, which must not be printed. */
const isKeyId = (text: string): boolean => /^[0-9A-Za-z]{8}$/.test(text)

function warn(message: string): void {
  process.stderr.write(`prompt-train: ${message}\n`)
}
