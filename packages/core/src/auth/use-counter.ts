import type { Clock } from '../clock.js'
import { type Logger, toLoggedError } from '../logger.js'
import type { ClientKey, ClientKeyLookup, ClientKeyStore, ClientKeyUse } from '../storage/storage.js'
import { within } from '../within.js'

/** Counts the use of client keys, off the request path. */
export interface UseCounter {
  /** Counts one accepted request. */
  count(key: ClientKey, clientAddress: string | null): void
  /** Stores what is left, within 5 seconds or not at all. Nothing is counted after it. */
  close(): Promise<void>
}

/** What {@link createUseCounter} takes. */
export interface UseCounterOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const FLUSH_MS = 5000
const OVERLAP_NOTICE_MS = 3_600_000
/** More keys than this at once are a mistake; counting must not fill the memory while the store is away. */
const MAX_KEYS = 100_000

type UseStore = Pick<ClientKeyStore, 'addUses'>
type Counted = { -readonly [K in keyof ClientKeyUse]: ClientKeyUse[K] }

/**
 * Counts in memory and adds to the stores every 5 seconds. Every store is told of every key, and passes over those it
 * does not keep. The use of a key that has a successor is logged once an hour, so that nobody removes it too early.
 */
export function createUseCounter(stores: readonly ClientKeyLookup[], options: UseCounterOptions): UseCounter {
  const { clock, logger } = options
  const ledgers = stores.filter(countsUses).map((store) => new Ledger(store, logger))
  /** When the use of each key in overlap was last logged. */
  const noticed = new Map<string, number>()

  function notice(
    { keyId, domain, replacedBy, expiresAt }: ClientKey,
    clientAddress: string | null,
    now: number,
  ): void {
    if (now - (noticed.get(keyId) ?? -Infinity) < OVERLAP_NOTICE_MS) return
    if (noticed.size === MAX_KEYS) noticed.clear()
    noticed.set(keyId, now)
    const endsAt = expiresAt === null ? null : new Date(expiresAt).toISOString()
    logger.warn({ keyId, domain, replacedBy, endsAt, clientAddress }, 'client key in overlap used')
  }

  return {
    count(key, clientAddress) {
      const now = clock.now()
      if (key.replacedBy !== null) notice(key, clientAddress, now)
      for (const ledger of ledgers) ledger.count(key.keyId, clientAddress, now)
    },
    async close() {
      await Promise.all(ledgers.map((ledger) => ledger.close()))
    },
  }
}

/** What one store has still to be told. */
class Ledger {
  readonly #store: UseStore
  readonly #logger: Logger
  #pending = new Map<string, Counted>()
  #sending = new Map<string, Counted>()
  /** Runs on to the end of its flush, so that a slow store is not asked twice at once. */
  #timer: NodeJS.Timeout | null = null
  #flushed: Promise<void> = Promise.resolve()
  #failing = false
  #closed = false
  #lost = 0

  constructor(store: UseStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  count(keyId: string, lastAddress: string | null, lastUsedAt: number): void {
    const use = this.#pending.get(keyId)
    if (use !== undefined) {
      use.requests++
      use.lastUsedAt = lastUsedAt
      use.lastAddress = lastAddress
    } else if (this.#pending.size < MAX_KEYS) {
      this.#pending.set(keyId, { keyId, requests: 1, lastUsedAt, lastAddress })
      this.#timer ??= this.#flushLater()
    } else {
      this.#lost++
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await within(
      FLUSH_MS,
      this.#flushed.then(() => this.#flush()),
    )
    for (const uses of [this.#sending, this.#pending]) {
      for (const { requests } of uses.values()) this.#lost += requests
    }
    if (this.#lost > 0) this.#logger.error({ requests: this.#lost }, 'use of client keys lost')
  }

  #flushLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#flushed = this.#flush()
    }, FLUSH_MS).unref()
  }

  async #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#sending = this.#pending
    this.#pending = new Map()
    try {
      if (this.#sending.size > 0) await this.#store.addUses([...this.#sending.values()])
      this.#failing = false
    } catch (error) {
      const keys = this.#sending.size
      if (!this.#failing)
        this.#logger.warn({ keys, error: toLoggedError(error) }, 'use of client keys not stored: kept')
      this.#failing = true
      this.#takeBack(this.#sending)
    }
    this.#sending = new Map()
    this.#timer = this.#pending.size === 0 || this.#closed ? null : this.#flushLater()
  }

  /** What could not be stored, with what was counted meanwhile added. */
  #takeBack(uses: Map<string, Counted>): void {
    for (const [keyId, later] of this.#pending) {
      uses.set(keyId, { ...later, requests: later.requests + (uses.get(keyId)?.requests ?? 0) })
    }
    this.#pending = uses
  }
}

function countsUses(store: ClientKeyLookup): store is ClientKeyLookup & UseStore {
  return 'addUses' in store
}
