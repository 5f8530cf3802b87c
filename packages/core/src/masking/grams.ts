const ANY = Array.from({ length: 32 }, (_, code) => code)

/**
 * Tells whether four characters are those with which one of a list of words begins, or ends: a test that almost all places
 * fail. Letters in either case are one. The first two are looked up in a table that stays in the nearest cache.
 */
export class GramTable {
  readonly #pairs = new Uint8Array(1 << 10)
  readonly #grams = new Uint8Array(1 << 20)

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
    const pair = pairOf(first, second)
    this.#pairs[pair] = 1
    this.#grams[(pair << 10) | pairOf(third, fourth)] = 1
  }

  /** Takes the codes of the characters from the outside in: the last one first where the table is one of ends. */
  has(first: number, second: number, third: number, fourth: number): boolean {
    const pair = pairOf(first, second)
    return this.#pairs[pair] === 1 && this.#grams[(pair << 10) | pairOf(third, fourth)] === 1
  }
}

const pairOf = (first: number, second: number): number => ((first & 31) << 5) | (second & 31)
