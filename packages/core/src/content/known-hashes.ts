const WORDS = 4
/** 4 MiB of hashes: the parts and runs of some 800 conversations of 200 messages. */
const HASHES = 2 ** 18
/** Hashes that share a place. With one alone, two that fall together would push each other out turn after turn. */
const WAYS = 8

/**
 * Remembers which parts and runs are stored, in memory that the threads share. Bounded: where a place is full one of
 * its hashes is forgotten, so that something may be sent again, never left out. Days are told apart, because stores
 * keep each day's content complete in itself.
 */
export class KnownHashes {
  /** For the threads that read it. */
  readonly memory: SharedArrayBuffer
  readonly #table: Int32Array
  #nextWay = 0

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HASHES * WORDS * 4)) {
    this.memory = memory
    this.#table = new Int32Array(memory)
  }

  has(day: number, hash: string): boolean {
    return this.#find(toWords(day, hash)) !== -1
  }

  add(day: number, hash: string): void {
    const words = toWords(day, hash)
    if (this.#find(words) !== -1) return
    const place = this.#placeOf(words)
    const free = this.#find(EMPTY, place)
    this.#nextWay = (this.#nextWay + 1) % WAYS
    this.#table.set(words, free === -1 ? place + this.#nextWay * WORDS : free)
  }

  clear(): void {
    this.#table.fill(0)
  }

  #find(words: Int32Array, place = this.#placeOf(words)): number {
    const table = this.#table
    for (let at = place; at < place + WAYS * WORDS; at += WORDS) {
      if (table[at] !== words[0] || table[at + 1] !== words[1]) continue
      if (table[at + 2] === words[2] && table[at + 3] === words[3]) return at
    }
    return -1
  }

  #placeOf(words: Int32Array): number {
    return ((words[0]! >>> 0) % (this.#table.length / WORDS / WAYS)) * WORDS * WAYS
  }
}

const EMPTY = new Int32Array(WORDS)
/** Of the hash that is looked at now: a large request looks at thousands, in the thread that serves. */
const current = new Int32Array(WORDS)

function toWords(day: number, hash: string): Int32Array {
  for (let i = 0; i < WORDS; i++) current[i] = Number.parseInt(hash.slice(8 * i, 8 * i + 8), 16)
  current[WORDS - 1]! ^= day
  return current
}
