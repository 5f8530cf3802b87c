import { ConfigurationError, StorageError } from '../errors.js'
import type { ExchangeRecord, ExchangeStore } from '../storage/exchange-store.js'

/** How long the store may take: what waits in memory is lost with the process, so with a spill patience is short. */
const PATIENCE_WITH_SPILL_MS = 2_000
const PATIENCE_MS = 30_000
/** A store that answers nothing is given no more calls than these. */
const MAX_UNANSWERED = 3
/** So many refusals in a row, and none taken, say that the store is away. */
const MAX_REFUSALS = 20

/** Thrown where the store has not answered in time: whether the records are stored nobody knows. */
export class StoreSilentError extends Error {
  override readonly name = 'StoreSilentError'
  readonly code = 'store_silent'
}

/** Calls a store that may fail, or never answer. */
export class Attempts {
  readonly #store: Pick<ExchangeStore, 'append'>
  readonly #patienceMs: number
  #unanswered = 0

  constructor(store: Pick<ExchangeStore, 'append'>, hasSpill: boolean) {
    this.#store = store
    this.#patienceMs = hasSpill ? PATIENCE_WITH_SPILL_MS : PATIENCE_MS
  }

  /**
   * Appends the records. They may be given again after a failure: the store ignores those it has.
   *
   * @throws StoreSilentError when there is no answer in time
   * @throws what the store throws
   */
  async append(records: readonly ExchangeRecord[]): Promise<void> {
    if (this.#unanswered >= MAX_UNANSWERED) throw new StoreSilentError()
    this.#unanswered += 1
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreSilentError()), this.#patienceMs)
    })
    const answer = this.#call(records).finally(() => {
      this.#unanswered -= 1
    })
    try {
      await Promise.race([answer, silence])
    } finally {
      clearTimeout(timer)
      answer.catch(() => {})
    }
  }

  /** Appends the records one by one: how many the store refused while it took others; null where the store is at fault. */
  async isolate(records: readonly ExchangeRecord[]): Promise<number | null> {
    let refused = 0
    let taken = 0
    for (const record of records) {
      try {
        await this.append([record])
        taken += 1
      } catch (error) {
        refused += 1
        if (isOfStore(error) || (taken === 0 && refused >= MAX_REFUSALS)) return null
      }
    }
    return taken === 0 ? null : refused
  }

  /** A store that throws at once fails as one that rejects does. */
  async #call(records: readonly ExchangeRecord[]): Promise<void> {
    await this.#store.append(records)
  }
}

/** Whether an error is about the store, whatever the record: its silence, an outdated schema, or the rights of its role. */
function isOfStore(error: unknown): boolean {
  if (error instanceof StorageError) return error.code === 'not_permitted' || error.code === 'read_only'
  return error instanceof StoreSilentError || error instanceof ConfigurationError
}
