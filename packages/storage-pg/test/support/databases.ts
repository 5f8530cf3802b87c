import { randomBytes } from 'node:crypto'
import pgPromise from 'pg-promise'

const pgp = pgPromise({ noWarnings: true })

/** A database of a test's own. */
export interface TestDatabase {
  /** As the superuser. */
  readonly url: string
  readonly db: pgPromise.IDatabase<object>
  /** The same as another role. */
  urlAs(role: string, password: string): string
  drop(): Promise<void>
}

/** The connection string with another database, and perhaps role, in it. */
export function urlOf(url: string, database: string, role?: string, password?: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  if (role !== undefined) changed.username = role
  if (password !== undefined) changed.password = password
  return changed.href
}

/** Runs one statement on a connection of its own. */
export async function query<Row>(url: string, statement: string, values?: unknown): Promise<Row[]> {
  const db = pgp({ connectionString: url, max: 1, ssl: false })
  try {
    return await db.any<Row>(statement, values)
  } finally {
    await db.$pool.end()
  }
}

/** Creates a database on the server of `url`: a copy of `template`, or an empty one. */
export async function createTestDatabase(url: string, template: string | null): Promise<TestDatabase> {
  const name = `prompt_train_test_${randomBytes(6).toString('hex')}`
  await query(url, `create database ${name} template ${template ?? 'template0'}`)
  const own = urlOf(url, name)
  const db = pgp({ connectionString: own, ssl: false })
  return {
    url: own,
    db,
    urlAs: (role, password) => urlOf(url, name, role, password),
    async drop() {
      await db.$pool.end()
      await query(url, `drop database ${name} with (force)`)
    },
  }
}
