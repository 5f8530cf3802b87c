/** Words to look for before a place: an expression for them, the length of the longest, and how far before. */
export interface Words {
  readonly pattern: RegExp
  readonly longest: number
  readonly reach: number
}

/**
 * Tells whether one of some words stands before a place. It is asked of one place after another and searches each part of the
 * text once, however many ask.
 */
export class WordsBefore {
  readonly #words: Words
  /** Up to where was searched. */
  #searched = 0
  /** Where the last word that was found begins. */
  #last = Number.NEGATIVE_INFINITY

  constructor(words: Words) {
    this.#words = words
  }

  precede(text: string, at: number): boolean {
    const { pattern, longest, reach } = this.#words
    // The last place may have cut a word.
    const from = Math.max(0, at - reach, this.#searched - longest)
    const part = text.slice(from, at)
    pattern.lastIndex = 0
    for (let found = pattern.exec(part); found !== null; found = pattern.exec(part)) {
      this.#last = from + found.index
      pattern.lastIndex = found.index + 1
    }
    this.#searched = at
    return this.#last >= at - reach
  }

  /** Forgets so many characters that the scan has given away. */
  shift(characters: number): void {
    this.#searched -= characters
    this.#last -= characters
  }
}
