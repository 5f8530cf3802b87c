const WIDTH = 37

/** In a function, as bundlers make variables of a module's constants: those are loaded and checked at each use. */
function createColumns() {
  // Letters in small, digits; 0 for what ends the walk, -1 for what stands between the words of a name. As long as there are
  // codes: a look-up needs no check of its bounds.
  const columns = new Int8Array(1 << 16)
  for (let digit = 0; digit < 10; digit++) columns[48 + digit] = 1 + digit
  for (let letter = 0; letter < 26; letter++) columns[65 + letter] = columns[97 + letter] = 11 + letter
  for (const character of '_-.$') columns[character.charCodeAt(0)] = -1
  return (code: number): number => columns[code]!
}

const columnOf = createColumns()

/** Whether a character stands between the words of a name: `_`, `-`, `.` and `$`. */
export const isJoiner = (code: number): boolean => columnOf(code) === -1

/**
 * Tells in which lists of words a name ends, in any spelling, by one walk from its end: names come from clients, and each may
 * be new. A list is one bit.
 */
export class WordEnds {
  /** A trie of the words from their last letter on: where each letter leads from each node, 0 for nowhere. */
  readonly #next: number[] = new Array(WIDTH).fill(0)
  /** Of each node: the lists of the words that it completes. */
  readonly #ends: number[] = [0]
  readonly #wholes: number[] = [0]

  /** Adds a list of words in which a name may end; where `whole` is true, each counts only if it is all of the name. */
  add(list: number, words: readonly string[], whole = false): void {
    for (const word of words) {
      let node = 0
      for (let at = word.length - 1; at >= 0; at--) {
        const step = node * WIDTH + columnOf(word.charCodeAt(at))
        if (this.#next[step] === 0) {
          this.#next[step] = this.#ends.length
          this.#ends.push(0)
          this.#wholes.push(0)
          for (let column = 0; column < WIDTH; column++) this.#next.push(0)
        }
        node = this.#next[step]!
      }
      if (whole) this.#wholes[node]! |= list
      else this.#ends[node]! |= list
    }
  }

  /** The lists in which the part of `name` before `end` ends. */
  listsOf(name: string, end: number): number {
    let lists = 0
    let node = 0
    for (let at = end - 1; at >= 0; at--) {
      const column = columnOf(name.charCodeAt(at))
      if (column < 0) continue
      node = this.#next[node * WIDTH + column]!
      if (node === 0) return lists
      lists |= this.#ends[node]!
    }
    return lists | this.#wholes[node]!
  }

  /** Where the longest word of a list begins in which the part of `name` before `end` ends; `end` where there is none. */
  startOf(list: number, name: string, end: number): number {
    let start = end
    let node = 0
    for (let at = end - 1; at >= 0; at--) {
      const column = columnOf(name.charCodeAt(at))
      if (column < 0) continue
      node = this.#next[node * WIDTH + column]!
      if (node === 0) return start
      if ((this.#ends[node]! & list) !== 0) start = at
    }
    return start
  }
}
