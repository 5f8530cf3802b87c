import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Tinypool from 'tinypool'
import type { ExchangeBodies, KeptBody } from '../exchange.js'
import type { KeyRing } from '../key-ring/key-ring.js'
import { createSealer } from '../key-ring/sealer.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { createBatchEncoding, type EncodedBatch, type EncodingTask } from './encode-batch.js'
import { toDayNumber } from './encode-content.js'
import { createHashKey } from './hash-key.js'
import { KnownHashes } from './known-hashes.js'

/** A thread that has had no work for so long ends. */
const IDLE_MS = 60_000
const MAX_THREADS = 4
/** What is copied at once: new memory costs more than the copy does. */
const SLICE_BYTES = 512 * 1024

/** Makes stored content of bodies, away from the thread that serves requests. */
export interface ContentEncoder {
  /** Whether threads do the work; else it is done where it is asked for. */
  readonly threads: boolean
  /** @throws KeyRingError `key_unavailable` */
  encode(batch: readonly ExchangeBodies[]): Promise<EncodedBatch>
  /** Tells that the record will be stored: what its content held is not encoded again on its day. */
  remember(record: ExchangeRecord): void
  /** Takes all that back, after something that was to be stored was lost. */
  forget(): void
  close(): Promise<void>
}

/** What {@link createContentEncoder} takes. */
export interface ContentEncoderOptions {
  readonly keyRing: KeyRing
  /** The script of the threads; where it is not there, as in a bundled host, the work is done in this thread. */
  readonly script: URL | null
}

/**
 * Creates the encoder.
 *
 * @throws ConfigurationError that names the key at fault
 */
export function createContentEncoder({ keyRing, script }: ContentEncoderOptions): ContentEncoder {
  const sealer = createSealer(keyRing)
  const hashKey = createHashKey(keyRing)
  const known = new KnownHashes()
  const pool = script?.protocol === 'file:' && existsSync(fileURLToPath(script)) ? createPool(script) : null
  const encodeHere = createBatchEncoding()

  return {
    threads: pool !== null,
    async encode(batch) {
      const sealingKey = await sealer.sealingKey()
      const task: EncodingTask = { batch, hashKey, sealingKey, known: known.memory }
      if (pool === null) return encodeHere(task)
      const { bodies, transferList } = await toPostable(batch)
      return pool.run({ ...task, batch: bodies }, { transferList })
    },
    remember({ startedAt, content }) {
      const day = toDayNumber(startedAt)
      for (const { hash } of content?.parts ?? []) known.add(day, hash)
      for (const { id } of content?.runs ?? []) known.add(day, id)
    },
    forget: () => known.clear(),
    close: async () => pool?.destroy(),
  }
}

function createPool(script: URL): Tinypool {
  return new Tinypool({
    filename: script.href,
    runtime: 'worker_threads',
    minThreads: 0,
    maxThreads: Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1)),
    idleTimeout: IDLE_MS,
  })
}

/** Bodies in memory of their own, which changes hands: a view of a larger buffer is posted with all of that. */
async function toPostable(batch: readonly ExchangeBodies[]) {
  const transferList: ArrayBuffer[] = []
  const toOne = async (body: KeptBody | null): Promise<KeptBody | null> => {
    if (body === null || body.chunks.length === 0) return body
    const bytes = await join(body.chunks)
    transferList.push(bytes.buffer)
    return { ...body, chunks: [bytes] }
  }
  const bodies: ExchangeBodies[] = []
  for (const item of batch) {
    bodies.push({ ...item, request: await toOne(item.request), answer: await toOne(item.answer) })
  }
  return { bodies, transferList }
}

/** Copies the chunks into one array, a slice in each turn of the event loop. */
async function join(chunks: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  let copied = 0
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += SLICE_BYTES) {
      const slice = chunk.subarray(from, from + SLICE_BYTES)
      bytes.set(slice, at)
      at += slice.length
      copied += slice.length
      if (copied < SLICE_BYTES) continue
      copied = 0
      await setImmediate()
    }
  }
  return bytes
}
