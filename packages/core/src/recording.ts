import { z } from 'zod'
import type { Clock } from './clock.js'
import { createContentEncoder } from './content/encoder.js'
import { ConfigurationError } from './errors.js'
import type { KeyRing } from './key-ring/key-ring.js'
import { createSealer } from './key-ring/sealer.js'
import type { Logger } from './logger.js'
import { createRecorder, type Recorder } from './record/recorder.js'
import { openSpill } from './record/spill.js'
import type { ExchangeStore, Retention } from './storage/exchange-store.js'

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
})

/** The built script of the encoder's threads, beside this one. */
const WORKER = new URL('./content/worker.js', import.meta.url)
/** The same is told once in so long. */
const TOLD_MS = 60_000

/**
 * Creates the recorder that the options ask for.
 *
 * @throws ConfigurationError that names the option
 */
export function createRecording(
  { bodies, keyRing, spillDir, spillBytes, maxBodyBytes, retention }: z.output<typeof recordSchema>,
  { store, logger, clock }: { readonly store: ExchangeStore; readonly logger: Logger; readonly clock: Clock },
): Recorder {
  if (spillDir !== undefined && keyRing === undefined) {
    throw new ConfigurationError('record.spillDir', 'needs record.keyRing: what is spilled is sealed')
  }
  const encoder = bodies && keyRing !== undefined ? createContentEncoder({ keyRing, script: WORKER }) : null
  if (bodies && encoder === null) logger.warn({}, 'bodies are not recorded: there is no key ring')
  if (encoder?.threads === false)
    logger.debug({}, 'bodies are encoded in the main thread: the worker script is not there')
  const spill =
    spillDir === undefined
      ? null
      : openSpill({ dir: spillDir, sealer: createSealer(keyRing!, { clock }), clock, maxBytes: spillBytes })
  return createRecorder({
    store,
    encoder,
    spill,
    maxBodyBytes,
    retention,
    clock,
    logger,
    price: () => null,
    raise: createTeller(logger, clock),
  })
}

/** Logs what a person should see to, each kind once a minute. */
function createTeller(logger: Logger, clock: Clock) {
  const told = new Map<string, number>()
  return (kind: string, subject: string, message: string) => {
    const now = clock.monotonic()
    if (now - (told.get(kind) ?? -Infinity) < TOLD_MS) return
    told.set(kind, now)
    logger.error({ kind, subject }, message)
  }
}
