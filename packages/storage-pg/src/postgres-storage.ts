import { type Clock, type Logger, type Storage, silentLogger, systemClock } from '@agent-prompt-train/core'
import { ChangeFeed } from './change-feed.js'
import { PostgresClientKeys } from './client-keys.js'
import type { ConnectionFacts } from './connection.js'
import { PostgresCredentials } from './credentials.js'
import { type DatabaseSource, openDatabase } from './database.js'
import { PostgresExchanges } from './exchanges.js'

/** What {@link createPostgresStorage} takes beside the database. */
export type PostgresStorageOptions = DatabaseSource & {
  /** @default "prompt_train" */
  readonly schema?: string
  /** @default silent */
  readonly logger?: Logger
  /** @default systemClock */
  readonly clock?: Clock
}

/** Storage in Postgres, shared by as many processes as you like. */
export interface PostgresStorage extends Storage {
  readonly exchanges: PostgresExchanges
  /** What may be shown of the connection; null where you made it yourself. */
  readonly connection: ConnectionFacts | null
  /** Closes what was opened here: not a `db` that you gave. */
  close(): Promise<void>
}

/**
 * Creates storage in Postgres. It connects with the first call, and runs no DDL: run `migrate` before.
 *
 * @throws ConfigurationError when an option is wrong; the text shows nothing of a connection string
 */
export function createPostgresStorage(options: PostgresStorageOptions): PostgresStorage {
  const { schema = 'prompt_train', logger = silentLogger, clock = systemClock, ...source } = options
  const database = openDatabase(source, schema)
  const feed = new ChangeFeed(database, clock, logger)
  let closing: Promise<void> | null = null

  async function close(): Promise<void> {
    await feed.close()
    await database.close()
  }

  return {
    clientKeys: new PostgresClientKeys(database, feed, clock),
    credentials: new PostgresCredentials(database, feed, clock),
    exchanges: new PostgresExchanges(database),
    connection: database.facts,
    close() {
      closing ??= close()
      return closing
    },
  }
}
