import type { StoredContent } from '../storage/exchange-store.js'
import { toWindow, unpack } from './packed.js'

/** The parts of one exchange, unsealed: unpacks them in order, as each may need those before. */
export class OpenParts {
  /** How many were asked for and are not there. */
  missing = 0
  readonly #packed: ReadonlyMap<string, Uint8Array>
  readonly #references: readonly string[]
  /** The documents of the messages; null for one that is missing. */
  readonly #messages: (Uint8Array | null)[]

  /**
   * @param packed the parts by hash
   * @param messages how many messages the request had
   */
  constructor({ runs, references }: StoredContent, packed: ReadonlyMap<string, Uint8Array>, messages: number) {
    const parts = runs.flatMap((run) => run.parts)
    this.#packed = packed
    this.#references = references
    // Runs lead from the tip backwards: where some are missing, the first ones are.
    this.#messages = Array.from({ length: Math.max(0, messages - parts.length) }, () => null)
    for (const part of parts) this.#messages.push(this.#unpack(part))
  }

  /** The messages, null for each that is missing. */
  messages(): unknown[] {
    return this.#messages.map((document) => this.#toValue(document))
  }

  /** The value of a reference by its place; null for one that is missing. */
  referred(reference: number): unknown {
    return this.#toValue(this.#unpack(this.#references[reference]))
  }

  #unpack(hash: string | undefined): Uint8Array | null {
    const packed = hash === undefined ? undefined : this.#packed.get(hash)
    if (packed === undefined) return null
    const unpacked = unpack(packed, (messages) => {
      const before = this.#messages.slice(-messages)
      return before.length === messages && before.every((document) => document !== null) ? toWindow(before) : null
    })
    return unpacked?.bytes ?? null
  }

  #toValue(document: Uint8Array | null): unknown {
    if (document !== null) return parse(document)
    this.missing += 1
    return null
  }
}

/** The JSON value of a stored document. */
export function parse(document: Uint8Array): unknown {
  return JSON.parse(Buffer.from(document.buffer, document.byteOffset, document.length).toString('utf8'))
}
