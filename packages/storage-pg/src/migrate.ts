import { ConfigurationError, type Logger, silentLogger } from '@agent-prompt-train/core'
import { type DatabaseSource, openDatabase, type Queries } from './database.js'
import { migrations } from './migrations/index.js'
import { ensurePartitionsAhead } from './partitions.js'

/** What `migrate` and `assertMigrated` take beside the database. */
export type MigrateOptions = DatabaseSource & {
  /** @default "prompt_train" */
  readonly schema?: string
  /** Where a newer, compatible schema is warned of. @default silent */
  readonly logger?: Logger
}

/** How long a step of the schema's history may take: large tables are rewritten in it. */
const MIGRATION_TIMEOUT_MS = 3_600_000

const latest = migrations.at(-1)!.id

/**
 * Brings the schema up to date and makes partitions for the days to come; returns the names of the steps taken. The only
 * function that runs DDL: give it the owner role. Safe to run in many processes at once, and again.
 *
 * @throws ConfigurationError when the schema is newer than this code and breaks with it
 * @throws StorageError `not_permitted` when the role may not create it
 */
export async function migrate({
  schema = 'prompt_train',
  logger = silentLogger,
  ...source
}: MigrateOptions): Promise<readonly string[]> {
  const database = openDatabase({ statementTimeoutMs: MIGRATION_TIMEOUT_MS, ...source }, schema)
  try {
    return await database.transaction(async (queries) => {
      // The first to come migrates, the others wait and find it done. The lock goes with the transaction.
      await queries.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`prompt-train migrate ${schema}`])
      await createHistory(queries)
      const applied = await appliedMigrations(queries)
      assertKnown(applied, schema, logger)
      const missing = migrations.filter(({ id }) => !applied.some((step) => step.id === id))
      for (const { id, name, breaking, sql } of missing) {
        await queries.script(sql)
        await queries.rows('insert into $<schema:name>.migrations (id, name, breaking) values ($1, $2, $3)', [
          id,
          name,
          breaking,
        ])
      }
      await ensurePartitionsAhead(queries)
      return missing.map(({ name }) => name)
    })
  } finally {
    await database.close()
  }
}

/**
 * Checks that the schema is one that this code can work on: for servers that start without the right to migrate.
 *
 * @throws ConfigurationError when it is missing, older, or newer and breaking
 * @throws StorageError `unavailable` when the database cannot be reached
 */
export async function assertMigrated({
  schema = 'prompt_train',
  logger = silentLogger,
  ...source
}: MigrateOptions): Promise<void> {
  const database = openDatabase(source, schema)
  try {
    const applied = await appliedMigrations(database)
    if (!applied.some(({ id }) => id >= latest)) throw outdated(schema)
    assertKnown(applied, schema, logger)
  } finally {
    await database.close()
  }
}

interface AppliedMigration {
  readonly id: number
  readonly name: string
  readonly breaking: boolean
}

/** An existing schema is left alone, for roles that may create tables in it but no schemas. */
async function createHistory(queries: Queries): Promise<void> {
  const exists = await queries.row('select from pg_namespace where nspname = $1', [queries.schema])
  if (exists === null) await queries.rows('create schema $<schema:name>')
  await queries.rows(`create table if not exists $<schema:name>.migrations (
    id integer primary key,
    name text not null,
    breaking boolean not null,
    applied_at timestamptz not null default clock_timestamp()
  )`)
}

function appliedMigrations(queries: Queries): Promise<readonly AppliedMigration[]> {
  return queries.rows<AppliedMigration>('select id, name, breaking from $<schema:name>.migrations order by id')
}

function assertKnown(applied: readonly AppliedMigration[], schema: string, logger: Logger): void {
  const newer = applied.filter(({ id }) => id > latest)
  if (newer.length === 0) return
  const { name } = newer.at(-1)!
  if (newer.some(({ breaking }) => breaking)) {
    throw new ConfigurationError('database', `schema "${schema}" is newer than this version (${name}): upgrade`)
  }
  logger.warn({ schema, migration: name }, 'the database schema is newer than this version, and compatible')
}

function outdated(schema: string): ConfigurationError {
  return new ConfigurationError('database', `schema "${schema}" is out of date: run \`prompt-train migrate\``)
}
