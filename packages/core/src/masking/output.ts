/** Parts that are put together at once: what is only chained stays alive, and the collector carries it about. */
const PARTS = 1024

/** The masked text of a run. */
export class Output {
  #text = ''
  #parts: string[] | null = null

  add(before: string, mask: string): void {
    this.#parts ??= []
    this.#parts.push(before, mask)
    if (this.#parts.length >= PARTS) {
      this.#text += this.#parts.join('')
      this.#parts.length = 0
    }
  }

  /** The whole, with `rest` behind it. */
  end(rest: string): string {
    return this.#parts === null ? rest : this.#text + this.#parts.join('') + rest
  }
}
