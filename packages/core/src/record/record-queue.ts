import type { ExchangeRecord } from '../storage/exchange-store.js'

const MAX_ROWS = 20_000
const MAX_BYTES = 64 * 1024 * 1024
/** What goes to the store at once. */
export const BATCH_ROWS = 500
export const BATCH_BYTES = 8 * 1024 * 1024
/** What a record takes beside its content, roughly. */
const ROW_BYTES = 1024
const NAME_BYTES = 64

/** Records that wait to be written, bounded by number and bytes. */
export class RecordQueue {
  #records: ExchangeRecord[] = []
  bytes = 0

  get rows(): number {
    return this.#records.length
  }

  /** Whether a whole batch waits. */
  get hasBatch(): boolean {
    return this.rows >= BATCH_ROWS || this.bytes >= BATCH_BYTES
  }

  /** Takes a record; false where the bounds are reached. A single one may be larger than they are. */
  push(record: ExchangeRecord): boolean {
    const bytes = sizeOf(record)
    if (this.rows >= MAX_ROWS || (this.rows > 0 && this.bytes + bytes > MAX_BYTES)) return false
    this.#records.push(record)
    this.bytes += bytes
    return true
  }

  /** The oldest records, as many as go into one batch: at least one where there is any. */
  peekBatch(): readonly ExchangeRecord[] {
    let bytes = 0
    let rows = 0
    for (const record of this.#records) {
      bytes += sizeOf(record)
      if (rows > 0 && (rows === BATCH_ROWS || bytes > BATCH_BYTES)) break
      rows += 1
    }
    return this.#records.slice(0, rows)
  }

  /** Removes the oldest. */
  drop(rows: number): void {
    for (const record of this.#records.splice(0, rows)) this.bytes -= sizeOf(record)
  }

  takeAll(): readonly ExchangeRecord[] {
    const records = this.#records
    this.#records = []
    this.bytes = 0
    return records
  }
}

function sizeOf({ content }: ExchangeRecord): number {
  if (content === null) return ROW_BYTES
  const { request, answer, parts, runs } = content
  const sealed = parts.reduce((sum, part) => sum + part.sealed.length, 0)
  const names = runs.reduce((sum, run) => sum + run.parts.length, 0)
  return ROW_BYTES + (request?.length ?? 0) + (answer?.length ?? 0) + sealed + NAME_BYTES * names
}
