import type { Clock } from '../clock.js'
import type { ExchangeRecord, ExchangeStore, Retention } from '../storage/exchange-store.js'
import { within } from '../within.js'
import { Attempts } from './attempts.js'
import { RecordQueue } from './record-queue.js'
import type { Spill } from './spill.js'

/** How long records are gathered before they are written, unless there are enough for a batch. */
export const FLUSH_MS = 200
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5_000
/** After so many failures in a row, records are tried one by one: one that no store takes must not hold up the rest. */
const ISOLATE_AFTER = 5

/** What {@link ExchangeWriter} takes. */
export interface WriterOptions {
  readonly store: Pick<ExchangeStore, 'append'>
  /** Null where nothing is kept on disk. */
  readonly spill: Spill | null
  readonly clock: Clock
  readonly retention: Retention
  /** Called with how many records were lost, and why; `taken` where they had been taken before. */
  onLost(records: number, why: string, taken: boolean): void
  /** Called when the store stops taking records and when it takes them again. */
  onAway(away: boolean, error: unknown): void
}

/**
 * Writes records behind the requests, in order and in batches. While the store takes none they go to the spill, or wait
 * in memory where there is none; what is past the bounds is dropped and counted, the newest first, because what came
 * later may rest on what came before.
 */
export class ExchangeWriter {
  /** Records that were lost. */
  dropped = 0
  #away = false
  #closing = false
  #running: Promise<void> | null = null
  #retryAt = 0
  #retryMs = FIRST_RETRY_MS
  #failures = 0
  #wake: (() => void) | null = null
  readonly #queue = new RecordQueue()
  readonly #attempts: Attempts
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
    this.#attempts = new Attempts(options.store, options.spill !== null)
  }

  get away(): boolean {
    return this.#away
  }

  get queued(): number {
    return this.#queue.rows
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Takes a record; false where the bounds are reached and it is dropped. */
  add(record: ExchangeRecord): boolean {
    if (!this.#queue.push(record)) {
      this.#lose(1, 'the queue is full', false)
      return false
    }
    if (this.#queue.hasBatch && !this.#away) this.#wake?.()
    this.start()
    return true
  }

  /** Begins to write, which also replays what the spill holds. */
  start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = null
      if (this.#hasWork() && !this.#closing) this.start()
    })
  }

  /** Writes what is queued to the store or the spill; what neither takes by then is lost and counted. */
  async close(limitMs: number): Promise<void> {
    this.#closing = true
    this.#wake?.()
    const running = this.#running ?? this.#run()
    await within(limitMs, running)
    if (this.#queue.rows === 0) return
    const left = this.#queue.takeAll()
    if (this.#options.spill === null || !(await this.#options.spill.write(left))) {
      this.#lose(left.length, 'the process ended before the store took them')
    }
  }

  #hasWork(): boolean {
    return this.#queue.rows > 0 || (this.#options.spill?.waiting ?? 0) > 0
  }

  async #run(): Promise<void> {
    const { clock, spill } = this.#options
    while (this.#hasWork()) {
      // While the store is away, nothing but time brings the next try: a batch that waits would make this spin.
      if (this.#away || !(this.#closing || this.#queue.hasBatch)) await this.#sleep(FLUSH_MS)
      if (spill !== null && (this.#away || spill.waiting > 0)) await this.#spillQueue(spill)
      if (this.#away && clock.monotonic() < this.#retryAt) {
        if (this.#closing && spill !== null && this.#queue.rows === 0) return
        continue
      }
      if (spill !== null && spill.waiting > 0) await this.#replay(spill)
      else await this.#appendNext()
    }
  }

  async #appendNext(): Promise<void> {
    const batch = this.#queue.peekBatch()
    if (batch.length === 0) return
    if (await this.#append(batch)) {
      this.#queue.drop(batch.length)
    } else if (this.#options.spill !== null) {
      await this.#spillQueue(this.#options.spill)
    }
  }

  async #spillQueue(spill: Spill): Promise<void> {
    for (let batch = this.#queue.peekBatch(); batch.length > 0; batch = this.#queue.peekBatch()) {
      if (!(await spill.write(batch))) return
      this.#queue.drop(batch.length)
    }
  }

  /** Replays files for as long as new records may wait. */
  async #replay(spill: Spill): Promise<void> {
    const until = this.#options.clock.monotonic() + FLUSH_MS
    do {
      const batch = await spill.oldest().catch((error) => {
        this.#failed(error)
        return null
      })
      if (batch === null) return
      if (!(await this.#append(batch.records.flatMap((record) => this.#stillKept(record))))) return
      await batch.done()
      if (batch.damaged > 0) this.#lose(batch.damaged, 'a spill file is damaged and was set aside')
    } while (spill.waiting > 0 && this.#options.clock.monotonic() < until)
  }

  /** What is old enough to be purged is not stored first. */
  #stillKept(record: ExchangeRecord): ExchangeRecord[] {
    const { retention, clock } = this.#options
    const age = clock.now() - record.startedAt
    if (retention.recordsMs !== null && age > retention.recordsMs) return []
    if (retention.bodiesMs !== null && age > retention.bodiesMs) return [{ ...record, content: null }]
    return [record]
  }

  /** Whether the store has the records now, but for those that it alone among them refused. */
  async #append(records: readonly ExchangeRecord[]): Promise<boolean> {
    if (records.length === 0) return true
    try {
      await this.#attempts.append(records)
    } catch (error) {
      this.#failed(error)
      if (this.#failures % ISOLATE_AFTER !== 0) return false
      const refused = await this.#attempts.isolate(records)
      if (refused === null) return false
      this.#lose(refused, 'the store refuses them')
    }
    this.#failures = 0
    this.#retryMs = FIRST_RETRY_MS
    if (this.#away) this.#options.onAway(false, null)
    this.#away = false
    return true
  }

  #failed(error: unknown): void {
    this.#failures += 1
    this.#retryAt = this.#options.clock.monotonic() + this.#retryMs
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
    this.#options.onAway(true, error)
    this.#away = true
  }

  #lose(records: number, why: string, taken = true): void {
    this.dropped += records
    this.#options.onLost(records, why, taken)
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(end, ms)
      // A store that stays away must not keep a process alive that has nothing else to do.
      if (this.#away) timer.unref()
      this.#wake = end
    })
  }
}
