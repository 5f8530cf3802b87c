import { type MaybePromise, StorageError } from '@agent-prompt-train/core'
import type { ChangeFeed } from './change-feed.js'

/** A row, numbered anew with each change to it. */
export interface Revised {
  readonly revision: number
}

/** Most rows held, found or known to be missing. */
const CAPACITY = 10_000
/** How long a row is taken to be missing, in milliseconds; a new row that the feed tells of ends it sooner. */
const MISSING_MS = 2_000
/** How long a database that does not answer is made up for by what it last said. */
const OUTAGE_MS = 600_000

/**
 * Holds the rows that serving has looked up, so that a request asks nothing of the database. The feed keeps them current:
 * a change is seen within 5 seconds. While the database does not answer, known rows are served as they were, for up to
 * 10 minutes; about unknown ones nothing is claimed.
 */
export class Mirror<Row extends Revised> {
  readonly #feed: ChangeFeed
  readonly #now: () => number
  readonly #read: (id: string) => Promise<Row | null>
  readonly #rows = new Map<string, Row>()
  /** When what was found to be missing. */
  readonly #missing = new Map<string, number>()
  readonly #reading = new Map<string, Promise<Row | null>>()
  /** Counts what was put in, so that an answer from before it is told apart. */
  #puts = 0

  constructor(feed: ChangeFeed, now: () => number, read: (id: string) => Promise<Row | null>) {
    this.#feed = feed
    this.#now = now
    this.#read = read
  }

  /** @throws StorageError `unavailable` when the row is not known and cannot be read */
  find(id: string): MaybePromise<Row | null> {
    if (this.#feed.state() === 'current') {
      const row = this.#rows.get(id)
      if (row !== undefined) return row
      if (this.#isMissing(id)) return null
    }
    return this.#find(id)
  }

  /** Takes over a row that is known to be stored. */
  put(id: string, row: Row): void {
    this.#puts++
    this.#missing.delete(id)
    const held = this.#rows.get(id)
    if (held !== undefined && held.revision > row.revision) return
    if (held === undefined && this.#rows.size >= CAPACITY) this.#rows.delete(this.#rows.keys().next().value!)
    this.#rows.set(id, row)
  }

  /** Takes over a change, if the row is held or was missing. */
  change(id: string, row: Row): void {
    if (this.#rows.has(id)) this.put(id, row)
    this.#puts++
    this.#missing.delete(id)
  }

  clear(): void {
    this.#puts++
    this.#rows.clear()
    this.#missing.clear()
  }

  async #find(id: string): Promise<Row | null> {
    await this.#feed.settle()
    const row = this.#rows.get(id)
    if (this.#feed.state() === 'down') {
      if (row !== undefined && this.#feed.ageMs() < OUTAGE_MS) return row
      throw new StorageError('unavailable', 'The database cannot be reached.')
    }
    if (row !== undefined) return row
    if (this.#isMissing(id)) return null
    return this.#readOnce(id)
  }

  #readOnce(id: string): Promise<Row | null> {
    let reading = this.#reading.get(id)
    if (reading === undefined) {
      reading = this.#readInto(id).finally(() => this.#reading.delete(id))
      this.#reading.set(id, reading)
    }
    return reading
  }

  async #readInto(id: string): Promise<Row | null> {
    const puts = this.#puts
    const row = await this.#read(id)
    if (row !== null) {
      this.put(id, row)
      return this.#rows.get(id) ?? row
    }
    const since = this.#rows.get(id)
    if (since !== undefined) return since
    if (puts === this.#puts) {
      if (this.#missing.size >= CAPACITY) this.#missing.delete(this.#missing.keys().next().value!)
      this.#missing.set(id, this.#now())
    }
    return null
  }

  #isMissing(id: string): boolean {
    const since = this.#missing.get(id)
    if (since === undefined) return false
    if (this.#now() - since < MISSING_MS) return true
    this.#missing.delete(id)
    return false
  }
}
