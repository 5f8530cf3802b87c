import type { KeptBody } from '../exchange.js'

/** How much of bodies is kept until they are recorded, by all exchanges together. */
export interface ByteBudget {
  left: number
}

/** Keeps a body's chunks, without a copy, up to a limit of its own and the common budget. */
export class KeptBytes {
  readonly #chunks: Uint8Array[] = []
  readonly #budget: ByteBudget
  #left: number
  #bytes = 0
  #truncated = false

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#left = maxBytes
    this.#budget = budget
  }

  /** How many bytes are kept. */
  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): void {
    const room = Math.min(this.#left, this.#budget.left)
    if (this.#truncated || chunk.length > room) {
      this.#truncated = true
      return
    }
    this.#left -= chunk.length
    this.#budget.left -= chunk.length
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
  }

  /** What was kept of a body of at least `declared` bytes; null where nothing came. */
  toBody(coding: string | null, declared = 0): KeptBody | null {
    if (this.#chunks.length === 0 && !this.#truncated) return null
    return { chunks: this.#chunks, truncated: this.#truncated || this.#bytes < declared, coding }
  }

  /** Gives back to the budget what was taken of it; what still comes is not kept. */
  release(): void {
    this.#truncated = true
    this.#budget.left += this.#bytes
    this.#bytes = 0
    this.#chunks.length = 0
  }
}
