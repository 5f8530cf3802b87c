/** Parts that are copied together at once. */
const PARTS = 1024

/**
 * The masked text of a run. Many small parts are copied into one text as they come: chained they would all stay alive, and
 * the collector would carry them about. A few, which may be long, are chained.
 */
export class Output {
  #text = ''
  readonly #parts: string[] = []

  add(before: string, mask: string): void {
    this.#parts.push(before, mask)
    if (this.#parts.length < PARTS) return
    this.#text += this.#parts.join('')
    this.#parts.length = 0
  }

  /** The whole, with `rest` behind it. */
  end(rest: string): string {
    let text = this.#text
    for (const part of this.#parts) text += part
    return text + rest
  }
}
