import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'
import type { AppendReport, ExchangeRecord } from '../storage/exchange-store.js'

/** Least time between two reports that are heeded: gaps of one conversation have those of all others sent anew. */
const HEED_MS = 10_000

/** What {@link KnownContent} takes. */
export interface KnownContentOptions {
  /** What leaves out of content what it remembers; null where bodies are not recorded. */
  readonly encoder: { remember(record: ExchangeRecord): void; forget(): void } | null
  readonly clock: Clock
  readonly logger: Logger
}

/** What counts as stored, so that later content may rest on it, until some of it turns out not to be. */
export class KnownContent {
  /** Another one after each time that all was forgotten. */
  generation = 0
  /** Only gaps in what began from then on say that what is known now is wrong. */
  #heedFrom: number
  readonly #options: KnownContentOptions

  constructor(options: KnownContentOptions) {
    this.#options = options
    this.#heedFrom = options.clock.now()
  }

  /** Remembers a record that will be stored, unless all was forgotten since `generation`, when it was to be encoded. */
  remember(record: ExchangeRecord, generation: number): void {
    // It may rest on what was lost meanwhile: then nothing may rest on it.
    if (generation === this.generation) this.#options.encoder?.remember(record)
  }

  /** What comes next brings everything anew. */
  forget(): void {
    this.generation += 1
    this.#heedFrom = this.#options.clock.now() + HEED_MS
    this.#options.encoder?.forget()
  }

  /**
   * Forgets where the store tells of gaps in what rests on what is known now. Records that began before it was last
   * forgotten may rest on what was known then: without this, each batch of a long spill would have everything sent anew.
   */
  heed(records: readonly ExchangeRecord[], { incomplete }: AppendReport): void {
    const lacking = new Set(incomplete)
    const gaps = records.filter((record) => lacking.has(record.requestId) && record.startedAt >= this.#heedFrom)
    if (gaps.length === 0) return
    this.forget()
    this.#options.logger.warn(
      { exchanges: gaps.length },
      'stored content that exchanges rest on is gone: it is sent anew',
    )
  }
}
