import type { CountedBlock } from './counted-blocks.js'

/** What is remembered of a document, so that one that is resent costs a look-up. */
export interface SeenDocument {
  readonly name: string
  readonly bytes: number
  /** Empty where it is no message. */
  readonly blocks: readonly CountedBlock[]
}

const MAX_DOCUMENTS = 20_000
/** About 100 bytes each; a message may be cut into any number. */
const MAX_BLOCKS = 200_000

/** Documents by what was sent, the latest ones, within bounds that no client can move. */
export class SeenDocuments {
  readonly #documents = new Map<string, SeenDocument>()
  #blocks = 0

  get(sent: string): SeenDocument | undefined {
    return this.#documents.get(sent)
  }

  /** Remembers a document that is not remembered yet. */
  add(sent: string, document: SeenDocument): void {
    this.#documents.set(sent, document)
    this.#blocks += document.blocks.length
    for (const [oldest, { blocks }] of this.#documents) {
      if (this.#documents.size <= MAX_DOCUMENTS && this.#blocks <= MAX_BLOCKS) break
      this.#documents.delete(oldest)
      this.#blocks -= blocks.length
    }
  }
}
