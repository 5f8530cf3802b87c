import type { Clock } from '../clock.js'
import type { Exchange, ExchangeBodies } from '../exchange.js'
import { type Logger, toLoggedError } from '../logger.js'
import type { Cost, ExchangeRecord, ExchangeStore, Retention, StoredContent } from '../storage/exchange-store.js'
import { within } from '../within.js'
import { ExchangeDraft } from './exchange-draft.js'
import type { ByteBudget } from './kept-bytes.js'
import { KnownContent } from './known-content.js'
import type { Spill } from './spill.js'
import { type EncodedBodies, toRecord } from './to-record.js'
import { ExchangeWriter } from './writer.js'

/** How long exchanges are gathered before they are encoded together. */
const GATHER_MS = 50
const GATHER_ROWS = 64
const GATHER_BYTES = 1024 * 1024
/** Bodies of all exchanges under way and not yet encoded. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024
/** Exchanges that wait to be encoded. */
const MAX_DRAFTS = 20_000
const ADOPT_MS = 30_000

/** What encodes bodies for the recorder. */
export interface BodyEncoder {
  encode(batch: readonly ExchangeBodies[]): Promise<readonly (EncodedBodies | null)[]>
  remember(record: ExchangeRecord): void
  forget(): void
  close(): Promise<void>
}

/** How recording stands. */
export interface RecorderHealth {
  /** `away`: the store takes no records, and they wait in the spill or in memory; `dropping`: some are lost since. */
  readonly status: 'ok' | 'away' | 'dropping'
  /** Records in memory that are not stored yet. */
  readonly queued: number
  readonly queuedBytes: number
  /** Records that wait on disk. */
  readonly spilled: number
  /** Records that were lost since the start. */
  readonly dropped: number
  /** Code or name of the store's last error; null while all is well. */
  readonly lastError: string | null
}

/** What {@link createRecorder} takes. */
export interface RecorderOptions {
  readonly store: ExchangeStore
  /** Null where bodies are not recorded. */
  readonly encoder: BodyEncoder | null
  readonly spill: Spill | null
  readonly maxBodyBytes: number
  readonly retention: Retention
  readonly clock: Clock
  readonly logger: Logger
  price(exchange: Exchange, estimatedOutputTokens: number | null): Cost | null
  /** Tells a person of what is wrong: at most once for each state that lasts. */
  raise(kind: string, subject: string, message: string): void
}

/** Records exchanges behind the requests. */
export interface Recorder {
  /** Whether bodies are kept. */
  readonly keepsBodies: boolean
  /** Opens the draft that an exchange's bodies are kept in while it lives. */
  open(exchange: Exchange, rawHeaders: readonly string[]): ExchangeDraft
  /** Takes the draft of an exchange that has ended. Does no work of its own and never throws. */
  record(draft: ExchangeDraft): void
  health(): RecorderHealth
  /** Encodes and writes what is there, to the store or the spill; what neither takes within the limit is counted. */
  close(limitMs: number): Promise<void>
}

const NOTHING = { content: null, modelAsked: null, links: null, estimatedOutputTokens: null }

/** Creates the recorder. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { store, encoder, spill, clock, logger, retention, raise } = options
  const budget: ByteBudget = { left: MAX_KEPT_BYTES }
  const encoding = new Set<Promise<void>>()
  let drafts: ExchangeDraft[] = []
  let draftBytes = 0
  /** Drafts that are gathered or being encoded. */
  let waiting = 0
  let gatherTimer: NodeJS.Timeout | undefined
  let lastError: string | null = null
  let turnedAway = 0

  const known = new KnownContent(options)
  const writer = new ExchangeWriter({
    store: {
      async append(records) {
        const report = await store.append(records)
        if (report) known.heed(records, report)
      },
    },
    spill,
    clock,
    retention,
    onLost(records, why, taken) {
      if (taken) known.forget()
      raise('records_dropped', 'recorder', `${records} exchange records were lost: ${why}.`)
    },
    onAway(away, error) {
      lastError = away ? toName(error) : null
      if (away === writer.away) return
      if (!away) return logger.info({}, 'exchange records are stored again')
      const where = spill === null ? 'in memory' : 'in the spill folder'
      raise('records_not_stored', 'recorder', `The exchange store takes no records: they wait ${where}.`)
      logger.warn({ error: toLoggedError(error) }, 'exchange records are not stored')
    },
  })

  function gather(): void {
    clearTimeout(gatherTimer)
    gatherTimer = undefined
    const batch = drafts
    drafts = []
    draftBytes = 0
    if (batch.length === 0) return
    const work = encode(batch).finally(() => {
      encoding.delete(work)
      waiting -= batch.length
    })
    encoding.add(work)
  }

  async function encode(batch: readonly ExchangeDraft[]): Promise<void> {
    const bodies = batch.map((draft) => (encoder === null ? null : draft.toBodies()))
    const { generation } = known
    const encoded = await encodeBodies(bodies.filter((item) => item !== null))
    let next = 0
    for (const [index, draft] of batch.entries()) {
      const record = toRecord(draft, bodies[index] === null ? NOTHING : encoded[next++]!, options)
      draft.release()
      if (writer.add(record)) known.remember(record, generation)
    }
  }

  /** Where encoding fails, that there were bodies is all that is kept of them. */
  async function encodeBodies(batch: readonly ExchangeBodies[]) {
    const lost = { ...NOTHING, content: NO_CONTENT }
    if (encoder === null || batch.length === 0) return []
    try {
      const results = await encoder.encode(batch)
      const failed = results.filter((result) => result === null).length
      if (failed > 0) logger.error({ exchanges: failed }, 'bodies could not be encoded')
      return results.map((result) => result ?? lost)
    } catch (error) {
      logger.error({ exchanges: batch.length, error: toLoggedError(error) }, 'bodies could not be encoded')
      raise('bodies_not_recorded', 'recorder', 'Bodies could not be encoded: exchanges are recorded without them.')
      return batch.map(() => lost)
    }
  }

  async function adopt(): Promise<void> {
    await spill?.adopt()
    if ((spill?.waiting ?? 0) > 0) writer.start()
  }

  void adopt()
  const adoptTimer = spill === null ? undefined : setInterval(adopt, ADOPT_MS).unref()

  return {
    keepsBodies: encoder !== null,
    open: (exchange, rawHeaders) =>
      new ExchangeDraft(exchange, rawHeaders, encoder === null ? 0 : options.maxBodyBytes, budget),
    record(draft) {
      if (waiting >= MAX_DRAFTS) {
        turnedAway += 1
        draft.release()
        raise('records_dropped', 'recorder', 'Exchange records were lost: they come faster than they can be encoded.')
        return
      }
      waiting += 1
      draftBytes += draft.bytes
      drafts.push(draft)
      if (drafts.length >= GATHER_ROWS || draftBytes >= GATHER_BYTES) gather()
      else gatherTimer ??= setTimeout(gather, GATHER_MS)
    },
    health() {
      const dropped = writer.dropped + turnedAway
      return {
        status: !writer.away ? 'ok' : dropped > 0 ? 'dropping' : 'away',
        queued: waiting + writer.queued,
        queuedBytes: MAX_KEPT_BYTES - budget.left + writer.queuedBytes,
        spilled: spill?.records ?? 0,
        dropped,
        lastError,
      }
    },
    async close(limitMs) {
      const until = clock.monotonic() + limitMs
      clearInterval(adoptTimer)
      gather()
      await within(limitMs, Promise.all(encoding))
      turnedAway += waiting
      await writer.close(Math.max(0, until - clock.monotonic()))
      await spill?.close()
      await encoder?.close()
    },
  }
}

const NO_CONTENT: StoredContent = {
  request: null,
  tip: null,
  runs: [],
  parts: [],
  references: [],
  answer: null,
  truncated: true,
}

/** What may be shown of an error: never its text. */
function toName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return String((error as NodeJS.ErrnoException).code ?? error.name)
}
