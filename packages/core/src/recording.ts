import * as z from 'zod'
import type { Alerts } from './alerts.js'
import type { Clock } from './clock.js'
import { createContentEncoder } from './content/encoder.js'
import { priceExchange } from './cost/price-exchange.js'
import { createPriceTable, type PriceRow, type PriceTable } from './cost/price-table.js'
import { ConfigurationError } from './errors.js'
import type { Exchange } from './exchange.js'
import type { KeyRing } from './key-ring/key-ring.js'
import { createSealer } from './key-ring/sealer.js'
import type { Logger } from './logger.js'
import { createRecorder, type Recorder } from './record/recorder.js'
import { openSpill, type Spill } from './record/spill.js'
import type { Cost, ExchangeStore, Retention } from './storage/exchange-store.js'

/** How exchanges are recorded. */
export interface RecordOptions {
  /** Whether bodies are recorded, which takes a key ring. @default true */
  readonly bodies?: boolean
  /** Seals bodies, and what is spilled. Without one no bodies are recorded. */
  readonly keyRing?: KeyRing
  /**
   * Where records wait while the store takes none. Processes may share it. Needs a key ring.
   * @default none: they wait in memory
   */
  readonly spillDir?: string
  /** Most bytes of the spill. @default 1_073_741_824 (1 GiB) */
  readonly spillBytes?: number
  /** Most bytes of one body; what is longer is recorded without it, and says so. @default 33_554_432 (32 MiB) */
  readonly maxBodyBytes?: number
  /** What the store is purged by: what is older is not taken out of the spill either. @default both null: for ever */
  readonly retention?: Partial<Retention>
  /** Prices that go before the list prices. @default none */
  readonly prices?: readonly PriceRow[]
}

const age = z.number().positive().nullable().default(null)

/** The shape of {@link RecordOptions}. */
export const recordSchema = z.strictObject({
  bodies: z.boolean().default(true),
  keyRing: z.custom<KeyRing>().optional(),
  spillDir: z.string().min(1).optional(),
  spillBytes: z
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
  maxBodyBytes: z
    .number()
    .int()
    .positive()
    .default(32 * 1024 ** 2),
  retention: z.strictObject({ recordsMs: age, bodiesMs: age }).prefault({}),
  prices: z.custom<readonly PriceRow[]>().optional(),
})

/** The built script of the encoder's threads, beside this one; null where a host is bundled as CommonJS, which knows no place. */
const HERE = import.meta.url
// By a name of its own, or webpack would take the script along without what it imports.
const WORKER = HERE ? new URL('./content/worker.js', HERE) : null

/** What a recorder is made of. */
export interface Recording extends z.output<typeof recordSchema> {
  readonly store: ExchangeStore
  readonly logger: Logger
  readonly clock: Clock
  readonly alerts: Alerts
}

/**
 * Creates the recorder that the options ask for.
 *
 * @throws ConfigurationError that names the option
 */
export function createRecording(recording: Recording): Recorder {
  const { store, bodies, keyRing, maxBodyBytes, retention, logger, clock, alerts } = recording
  const prices = createPriceTable(recording.prices)
  const encoder = bodies && keyRing !== undefined ? createContentEncoder({ keyRing, script: WORKER }) : null
  if (bodies && encoder === null) logger.warn({}, 'bodies are not recorded: there is no key ring')
  if (encoder?.threads === false)
    logger.debug({}, 'bodies are encoded in the main thread: the worker script is not there')
  return createRecorder({
    store,
    encoder,
    spill: toSpill(recording),
    maxBodyBytes,
    retention,
    clock,
    logger,
    price: (exchange, estimatedOutputTokens) => toCost(exchange, estimatedOutputTokens, prices),
    raise: (kind, subject, message) => alerts.raise(kind, subject, message),
  })
}

function toSpill({ keyRing, spillDir, spillBytes, clock, alerts }: Recording): Spill | null {
  if (spillDir === undefined) return null
  if (keyRing === undefined) {
    throw new ConfigurationError('record.spillDir', 'needs record.keyRing: what is spilled is sealed')
  }
  return openSpill({
    dir: spillDir,
    sealer: createSealer(keyRing, { clock }),
    clock,
    maxBytes: spillBytes,
    onKeyMissing: ({ message }) => alerts.raise('spill_key_missing', 'recorder', message),
  })
}

function toCost(
  { answer, startedAt, notional, aborted, broken }: Exchange,
  estimatedOutputTokens: number | null,
  prices: PriceTable,
): Cost | null {
  if (answer === null || answer.usage === null || answer.model === null) return null
  return priceExchange(
    {
      model: answer.model,
      usage: answer.usage,
      at: startedAt,
      refusedUnanswered: answer.stopReason === 'refusal' && answer.empty,
      notional,
      incomplete: aborted || broken || !answer.complete,
      estimatedOutputTokens: answer.stopReason === null ? estimatedOutputTokens : null,
    },
    prices,
  )
}
