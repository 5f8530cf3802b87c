import { createHash } from 'node:crypto'
import { type Clock, type Logger, StorageError } from '@agent-prompt-train/core'
import type { Database } from './database.js'

/** Reads what has changed in the last `seconds`, and takes it over. */
export type TakeChanges = (seconds: number) => Promise<void>

/** Whether what was taken over can be relied on: `down` where the database does not answer. */
export type FeedState = 'current' | 'behind' | 'down'

const POLL_MS = 2_000
/** A poll that takes longer is one that failed: requests may be waiting for it. */
const POLL_TIMEOUT_MS = 2_000
/** Below the 5 seconds of the contract by the time that a statement may take. */
const CURRENT_MS = 4_000
/** Transactions become visible a little after the time they carry. */
const OVERLAP_SECONDS = 60
const LISTEN_RETRY_MS = { first: 500, most: 10_000 }

/** The channel on which a schema's changes are told. */
export function changeChannel(schema: string): string {
  return `prompt_train_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`
}

/**
 * Follows the changes that other processes make: at once by LISTEN, and by polling behind it, for connections that died
 * without a word and for poolers that pass no notifications on. Starts with the first reader.
 */
export class ChangeFeed {
  readonly #database: Database
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #takers: TakeChanges[] = []
  #lastGood = Number.NEGATIVE_INFINITY
  #failed = false
  #polling: Promise<void> | null = null
  /** What the takers do, which may outlast a poll: no second one is set on a database that is silent. */
  #taking: Promise<boolean> | null = null
  #again = false
  #timer: NodeJS.Timeout | null = null
  #listenTimer: NodeJS.Timeout | null = null
  #listener: { done(): unknown } | null = null
  #started = false
  #closed = false

  constructor(database: Database, clock: Clock, logger: Logger) {
    this.#database = database
    this.#clock = clock
    this.#logger = logger
  }

  onChanges(take: TakeChanges): void {
    this.#takers.push(take)
  }

  state(): FeedState {
    if (this.#clock.monotonic() - this.#lastGood < CURRENT_MS) return 'current'
    return this.#failed ? 'down' : 'behind'
  }

  /** How long ago the database last answered, in milliseconds. */
  ageMs(): number {
    return this.#clock.monotonic() - this.#lastGood
  }

  /** Starts with the first call. Waits for a poll while the feed is behind; not while it is down. */
  async settle(): Promise<void> {
    if (this.#closed) throw new StorageError('unavailable', 'The storage is closed.')
    if (!this.#started) {
      this.#started = true
      void this.#listen(LISTEN_RETRY_MS.first)
      this.#timer = setInterval(() => void this.poll(), POLL_MS).unref()
    }
    if (this.state() === 'behind') await this.poll()
  }

  /** Polls; a call while a poll is under way has another one follow, for what came after that one looked. */
  poll(): Promise<void> {
    if (this.#polling !== null) this.#again = true
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null
      if (!this.#again || this.#closed) return
      this.#again = false
      void this.poll()
    })
    return this.#polling
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    if (this.#listenTimer !== null) clearTimeout(this.#listenTimer)
    await this.#polling
    await this.#listener?.done()
  }

  async #poll(): Promise<void> {
    const begun = this.#clock.monotonic()
    const fresh = this.#taking === null
    this.#taking ??= this.#take(begun).finally(() => {
      this.#taking = null
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, POLL_TIMEOUT_MS, false)
    })
    const good = (await Promise.race([this.#taking, late])) && fresh
    clearTimeout(timer)
    if (good) this.#lastGood = begun
    if (good === this.#failed && !this.#closed) this.#tell(good)
    this.#failed = !good
  }

  async #take(begun: number): Promise<boolean> {
    const missedSeconds = Number.isFinite(this.#lastGood) ? Math.ceil((begun - this.#lastGood) / 1000) : 0
    try {
      await Promise.all(this.#takers.map((take) => take(missedSeconds + OVERLAP_SECONDS)))
      return true
    } catch {
      return false
    }
  }

  #tell(good: boolean): void {
    if (good) this.#logger.info({}, 'the database answers again')
    else this.#logger.error({}, 'the database does not answer: client keys and credentials are served as last known')
  }

  async #listen(retryMs: number): Promise<void> {
    const retry = () => {
      this.#listener = null
      if (this.#closed) return
      const next = Math.min(retryMs * 2, LISTEN_RETRY_MS.most)
      // Jitter: the servers of one database lose it at the same moment.
      this.#listenTimer = setTimeout(() => void this.#listen(next), retryMs * (0.5 + Math.random())).unref()
    }
    try {
      const connection = await this.#database.dedicated(() => {
        retryMs = LISTEN_RETRY_MS.first
        retry()
      })
      if (this.#closed) return void connection.done()
      this.#listener = connection
      connection.client.on('notification', () => void this.poll())
      await connection.none('listen $1:name', [changeChannel(this.#database.schema)])
      await this.poll()
    } catch {
      if (this.#listener === null) retry()
    }
  }
}
