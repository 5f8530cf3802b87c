import { StorageError } from '@agent-prompt-train/core'
import type { Queries } from './database.js'

const DAYS_AHEAD = 7

/** Makes the partitions from yesterday to a week ahead, by the server's clock. For the owner role. */
export async function ensurePartitionsAhead(queries: Queries): Promise<void> {
  await queries.rows(
    `select $<schema:name>.ensure_partitions((now() at time zone 'UTC')::date + n)
    from generate_series(-1, $1::integer) as n`,
    [DAYS_AHEAD],
  )
}

/** Makes partitions as records come, so that a deployment that never purges does not run out of them. */
export class Partitions {
  readonly #queries: Queries
  readonly #asked = new Map<string, Promise<void>>()

  constructor(queries: Queries) {
    this.#queries = queries
  }

  /**
   * Sees that the day's partitions are there, once for each day of this process. Where they cannot be made, for want of
   * the right or of a quiet moment, the default partitions take the records.
   */
  ensure(day: string): Promise<void> {
    let asked = this.#asked.get(day)
    if (asked === undefined) {
      // A process sees few days; one that replays a year of records need not remember them all.
      if (this.#asked.size >= 16) this.#asked.clear()
      asked = this.#make(day)
      this.#asked.set(day, asked)
    }
    return asked
  }

  async #make(day: string): Promise<void> {
    try {
      await this.#queries.rows('select $<schema:name>.ensure_partitions($1::date)', [day])
    } catch (error) {
      if (error instanceof StorageError && error.code === 'unavailable') this.#asked.delete(day)
    }
  }
}
