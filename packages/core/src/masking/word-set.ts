/**
 * A set of words, asked of texts of which almost none is one of them: a table of first letter, last letter and length turns
 * most away before a text is hashed, or written in small letters. Words have less than 32 characters.
 */
export class WordSet {
  readonly #words: ReadonlySet<string>
  /** The lengths, each a bit, of the words that begin and end with two letters in either case. */
  readonly #lengths = new Int32Array(1 << 10)

  constructor(words: readonly string[]) {
    this.#words = new Set(words)
    for (const word of words) this.#lengths[ends(word)]! |= 1 << word.length
  }

  has(text: string): boolean {
    return this.#mayHold(text) && this.#words.has(text)
  }

  /** Whether the text in small letters is one of the words. */
  hasInAnyCase(text: string): boolean {
    return this.#mayHold(text) && this.#words.has(text.toLowerCase())
  }

  #mayHold(text: string): boolean {
    // Shifts count modulo 32.
    return text.length < 32 && ((this.#lengths[ends(text)]! >>> text.length) & 1) === 1
  }
}

const ends = (text: string): number => ((text.charCodeAt(0) & 31) << 5) | (text.charCodeAt(text.length - 1) & 31)
