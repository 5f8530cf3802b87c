import { randomBytes } from 'node:crypto'
import pgPromise from 'pg-promise'

const pgp = pgPromise({ noWarnings: true })

/** Tests kill connections and stop servers: that an idle one of their own breaks is no failure. */
function connect(connectionString: string): pgPromise.IDatabase<object> {
  const db = pgp({ connectionString, max: 4, ssl: false })
  db.$pool.on('error', () => {})
  return db
}

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
  const db = connect(url)
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
  const db = connect(own)
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
