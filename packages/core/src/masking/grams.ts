const ANY = Array.from({ length: 32 }, (_, code) => code)

/**
 * Tells whether four characters are those with which one of a list of words begins, or ends: a test that almost all places
 * fail. Letters in either case are one. Each entry is a set of 32 letters in the bits of one number: the first table tells
 * which third letters follow a pair and stays in the nearest cache, so that a busy process need not fetch the second.
 */
export class GramTable {
  readonly #thirds = new Int32Array(1 << 10)
  readonly #fourths = new Int32Array(1 << 15)

  /** A word of less than four characters stands for all that begin with it, or end. */
  constructor(words: Iterable<string>, side: 'start' | 'end') {
    for (const word of words) {
      const [first, second, third, fourth] = [0, 1, 2, 3].map((at) => {
        const code = word.charCodeAt(side === 'start' ? at : word.length - 1 - at)
        return Number.isNaN(code) ? ANY : [code]
      }) as [number[], number[], number[], number[]]
      for (const a of first)
        for (const b of second) for (const c of third) for (const d of fourth) this.#add(a, b, c, d)
    }
  }

  #add(first: number, second: number, third: number, fourth: number): void {
    const pair = ((first & 31) << 5) | (second & 31)
    this.#thirds[pair]! |= 1 << third
    this.#fourths[(pair << 5) | (third & 31)]! |= 1 << fourth
  }

  /** Takes the codes of the characters from the outside in: the last one first where the table is one of ends. */
  has(first: number, second: number, third: number, fourth: number): boolean {
    const pair = ((first & 31) << 5) | (second & 31)
    // Shifts count modulo 32.
    if (((this.#thirds[pair]! >>> third) & 1) === 0) return false
    return ((this.#fourths[(pair << 5) | (third & 31)]! >>> fourth) & 1) === 1
  }
}
