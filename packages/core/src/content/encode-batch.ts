import type { KeyObject } from 'node:crypto'
import type { ExchangeBodies } from '../exchange.js'
import type { SealingKey } from '../key-ring/seal.js'
import type { StoredContent } from '../storage/exchange-store.js'
import { type EncodedContent, encodeContent } from './encode-content.js'
import { KnownHashes } from './known-hashes.js'
import { SeenDocuments } from './seen-documents.js'

/** Work for one thread: it can be posted. */
export interface EncodingTask {
  readonly batch: readonly ExchangeBodies[]
  readonly hashKey: KeyObject
  readonly sealingKey: SealingKey
  readonly known: SharedArrayBuffer
}

/** For each exchange its content, or null where encoding it failed. */
export type EncodedBatch = readonly (EncodedContent | null)[]

/** Creates what a thread does with its tasks. It remembers between them what it has masked. */
export function createBatchEncoding(): (task: EncodingTask) => EncodedBatch {
  const documents = new SeenDocuments()
  return ({ batch, hashKey, sealingKey, known }) => {
    const context = { hashKey, sealingKey, known: new KnownHashes(known), documents }
    return batch.map((bodies) => {
      try {
        const { content, ...seen } = encodeContent(bodies, context)
        return { ...seen, content: detach(content) }
      } catch {
        return null
      }
    })
  }
}

/** With arrays of their own: what is a view of a larger one is posted with all of it. */
function detach(content: StoredContent): StoredContent {
  return {
    ...content,
    request: content.request && new Uint8Array(content.request),
    answer: content.answer && new Uint8Array(content.answer),
    parts: content.parts.map(({ hash, sealed }) => ({ hash, sealed: new Uint8Array(sealed) })),
  }
}
