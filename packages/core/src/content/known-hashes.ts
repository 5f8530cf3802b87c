const WORDS = 4
/** 4 MiB: the parts of some 600 conversations of 200 messages. */
const SLOTS = 2 ** 18

/**
 * Remembers which parts and nodes are stored, in memory that the threads share. Bounded: each hash has one slot, and
 * the last one there is remembered, so that something may be sent again, never left out. Days are told apart, because
 * stores keep each day's content complete in itself.
 */
export class KnownHashes {
  /** For the threads that read it. */
  readonly memory: SharedArrayBuffer
  readonly #table: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(SLOTS * WORDS * 4)) {
    this.memory = memory
    this.#table = new Int32Array(memory)
  }

  has(day: number, hash: string): boolean {
    const words = toWords(day, hash)
    const slot = this.#slotOf(words)
    return words.every((word, index) => this.#table[slot + index] === word)
  }

  add(day: number, hash: string): void {
    const words = toWords(day, hash)
    this.#table.set(words, this.#slotOf(words))
  }

  clear(): void {
    this.#table.fill(0)
  }

  #slotOf(words: Int32Array): number {
    return ((words[0]! >>> 0) % (this.#table.length / WORDS)) * WORDS
  }
}

function toWords(day: number, hash: string): Int32Array {
  const words = new Int32Array(WORDS)
  for (let i = 0; i < WORDS; i++) words[i] = Number.parseInt(hash.slice(8 * i, 8 * i + 8), 16)
  words[WORDS - 1]! ^= day
  return words
}
