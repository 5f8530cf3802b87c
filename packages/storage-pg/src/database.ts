import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError } from '@agent-prompt-train/core'
import pgPromise, { type IBaseProtocol, type IConnected, type IDatabase } from 'pg-promise'
import type { IClient } from 'pg-promise/typescript/pg-subset.js'
import { type ConnectionFacts, parseConnectionString } from './connection.js'
import { columnTypes } from './rows.js'
import { isCut, toStoreError } from './store-error.js'
import { type PostgresTls, toSslOption } from './tls.js'

/** A pg-promise database object. */
export type PgDatabase = IDatabase<object>

/** Where the database is: its connection string, or a pg-promise object that stays yours to close. */
export type DatabaseSource =
  | {
      readonly connectionString: string
      /** TLS, where the connection string does not say it. @default as the connection string says */
      readonly ssl?: PostgresTls
      /** Most connections at once; one more listens. @default 10 */
      readonly poolSize?: number
      /** Longest that one statement may take, in milliseconds. @default 15_000 */
      readonly statementTimeoutMs?: number
    }
  | { readonly db: PgDatabase }

const CONNECT_TIMEOUT_MS = 3_000
/** The second time is for the idle connections that were cut with the first. */
const CUT_RETRY_MS = [10, 100]

const pgp = pgPromise({
  // Duplicate database objects are meant: a storage and a migration of the same database, say.
  noWarnings: true,
  error(error: unknown, { client }) {
    // A server that is silent leaves its statement under way for ever, and all that comes after on this connection
    // waits behind it.
    if (!(error instanceof Error) || error.message !== 'Query read timeout') return
    ;(client?.connection.stream as Socket | undefined)?.destroy()
  },
})

/** Fills `$<schema:name>` and the like in. */
export const format = pgp.as.format

/** Runs statements of one schema: on the pool, or within a transaction. */
export class Queries {
  readonly schema: string
  readonly #protocol: IBaseProtocol<object>
  readonly #texts: Map<string, string>

  constructor(protocol: IBaseProtocol<object>, schema: string, texts = new Map<string, string>()) {
    this.schema = schema
    this.#protocol = protocol
    this.#texts = texts
  }

  /**
   * Runs one statement, with `$1` … bound by the server and the schema's name filled in for `$<schema:name>`.
   *
   * @throws StorageError `unavailable`, `read_only` or `not_permitted`
   * @throws ConfigurationError when the schema is not there
   */
  async rows<Row>(statement: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      const text = this.#fill(statement)
      return await this.#protocol.any<Row>({ text, values: [...values], types: columnTypes } as never)
    } catch (error) {
      throw toStoreError(error, this.schema)
    }
  }

  /** The first row, or null. */
  async row<Row>(statement: string, values: readonly unknown[] = []): Promise<Row | null> {
    return (await this.rows<Row>(statement, values))[0] ?? null
  }

  /** Runs several statements, which take no values, at once. */
  async script(statements: string): Promise<void> {
    try {
      await this.#protocol.multi(this.#fill(statements))
    } catch (error) {
      throw toStoreError(error, this.schema)
    }
  }

  /** Runs `work` in one transaction; what it throws comes out as it is. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    let thrown: unknown
    try {
      return await this.#protocol.tx(async (transaction) => {
        try {
          return await work(new Queries(transaction, this.schema, this.#texts))
        } catch (error) {
          thrown = error
          throw error
        }
      })
    } catch (error) {
      throw error === thrown ? error : toStoreError(error, this.schema)
    }
  }

  /** The statements are constants of the source: as many as there are. */
  #fill(statement: string): string {
    let text = this.#texts.get(statement)
    if (text === undefined) {
      text = format(statement, { schema: this.schema })
      this.#texts.set(statement, text)
    }
    return text
  }
}

/** One schema of a database. */
export class Database extends Queries {
  /** Null where the embedder made the connection. */
  readonly facts: ConnectionFacts | null
  readonly #db: PgDatabase
  readonly #owned: boolean

  constructor(db: PgDatabase, schema: string, facts: ConnectionFacts | null) {
    super(db, schema)
    this.#db = db
    this.facts = facts
    this.#owned = facts !== null
  }

  /**
   * The same as {@link Queries.rows} for a statement that may run twice: it runs again where its connection was cut, which
   * says nothing of the database.
   */
  async repeatable<Row>(statement: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    for (const waitMs of CUT_RETRY_MS) {
      try {
        return await this.rows<Row>(statement, values)
      } catch (error) {
        if (!isCut(error)) throw error
        await sleep(waitMs)
      }
    }
    return this.rows<Row>(statement, values)
  }

  /** A connection of its own, outside the pool. `onLost` is called once when it breaks. */
  async dedicated(onLost: () => void): Promise<IConnected<object, IClient>> {
    try {
      return await this.#db.connect({ direct: true, onLost })
    } catch (error) {
      throw toStoreError(error, this.schema)
    }
  }

  /** Closes the pool, if it was opened here. */
  async close(): Promise<void> {
    if (this.#owned) await this.#db.$pool.end()
  }
}

/**
 * Opens one schema of a database; it connects with the first statement.
 *
 * @throws ConfigurationError when the source is wrong
 */
export function openDatabase(source: DatabaseSource, schema: string): Database {
  if (schema === '' || schema.includes('\0') || Buffer.byteLength(schema) > 63) {
    throw new ConfigurationError('schema', 'must be 1 to 63 bytes without U+0000')
  }
  if ('db' in source) return new Database(source.db, schema, null)
  const { facts, user, password, tls } = parseConnectionString(source.connectionString, source.ssl)
  const { poolSize = 10, statementTimeoutMs = 15_000 } = source
  const db = pgp({
    // All that node-postgres would else look up in the environment is given.
    host: facts.host,
    port: facts.port,
    database: facts.database,
    user,
    password: () => password.expose(),
    ssl: toSslOption(tls),
    application_name: 'prompt-train',
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // The server gives up first, so that a connection is not lost to a statement that is merely slow.
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 1_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
  } as never)
  // Idle connections that break say so on the pool, and an `error` event nobody hears ends the process. pg-promise stops
  // to listen when the pool is to end, which is when servers cut connections.
  db.$pool.on('error', () => {})
  return new Database(db, schema, facts)
}
