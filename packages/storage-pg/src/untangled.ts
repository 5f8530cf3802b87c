import type { Database, Queries } from './database.js'
import { PostgresError } from './store-error.js'

/** Serialization failure, deadlock, and a partition made between the choice of one and the insertion. */
const CLASHES = new Set(['40001', '40P01', '23514'])
const ATTEMPTS = 3

/** Runs `work` in one transaction, and again where it got entangled with those of others. */
export async function untangled<T>(database: Database, work: (queries: Queries) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction(work)
    } catch (error) {
      const clash = error instanceof PostgresError && CLASHES.has(error.code ?? '')
      if (!clash || attempt === ATTEMPTS) throw error
    }
  }
}
