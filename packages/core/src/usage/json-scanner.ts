const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
/** A longer member is not one that anybody asks for. */
const MAX_MEMBER_BYTES = 1024 * 1024

/** A member to pick. */
interface Wanted {
  readonly name: string
  /** A longer value is left out. */
  readonly maxBytes: number
}

/**
 * Picks members out of a JSON object's top level while its bytes pass, without keeping or parsing the rest: an answer's
 * usage stands beside megabytes of text. Strings are skipped from quote to quote.
 */
export class JsonScanner {
  readonly members = new Map<string, unknown>()
  /** By the key as it is written. */
  readonly #wanted: ReadonlyMap<string, Wanted>
  #depth = 0
  #inString = false
  #escaped = false
  /** The key whose value is being read; null while a key is. */
  #key: string | null = null
  #maxBytes = MAX_MEMBER_BYTES
  /** Pieces of the key or wanted value being read; null while it is skipped. */
  #pieces: Buffer[] | null = null
  #size = 0

  constructor(wanted: ReadonlyMap<string, Wanted>) {
    this.#wanted = wanted
  }

  /** The keys to pick, prepared once for all scanners; of those in `short` the value only where it is that short, in bytes. */
  static keys(names: readonly string[], short: Readonly<Record<string, number>> = {}): ReadonlyMap<string, Wanted> {
    const wanted = names.map((name): [string, number] => [name, MAX_MEMBER_BYTES])
    return new Map(
      [...wanted, ...Object.entries(short)].map(([name, maxBytes]) => [JSON.stringify(name), { name, maxBytes }]),
    )
  }

  push(chunk: Buffer): void {
    const length = chunk.length
    let from = 0
    let backslash = -2
    let i = 0
    while (i < length) {
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false
          i++
          continue
        }
        if (backslash !== -1 && backslash < i) backslash = chunk.indexOf(BACKSLASH, i)
        const quote = chunk.indexOf(QUOTE, i)
        if (backslash !== -1 && (quote === -1 || backslash < quote)) {
          this.#escaped = true
          i = backslash + 1
          continue
        }
        if (quote === -1) break
        this.#inString = false
        i = quote + 1
        continue
      }
      const byte = chunk[i]!
      if (byte === QUOTE) {
        this.#inString = true
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++this.#depth === 1) {
          this.#begin()
          from = i + 1
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (this.#depth-- === 1) this.#endValue(chunk.subarray(from, i))
      } else if (this.#depth === 1 && byte === COLON) {
        this.#endKey(chunk.subarray(from, i))
        from = i + 1
      } else if (this.#depth === 1 && byte === COMMA) {
        this.#endValue(chunk.subarray(from, i))
        this.#begin()
        from = i + 1
      }
      i++
    }
    if (this.#pieces !== null && from < length) this.#keep(chunk.subarray(from))
  }

  #begin(): void {
    this.#key = null
    this.#maxBytes = MAX_MEMBER_BYTES
    this.#pieces = []
    this.#size = 0
  }

  #endKey(last: Buffer): void {
    const written = this.#text(last)?.trim()
    const wanted = written === undefined ? undefined : this.#wanted.get(written)
    this.#begin()
    this.#key = wanted?.name ?? ''
    if (wanted === undefined) this.#pieces = null
    else this.#maxBytes = wanted.maxBytes
  }

  #endValue(last: Buffer): void {
    if (this.#key === null || this.#pieces === null) return
    const value = this.#parse(last)
    if (value !== undefined) this.members.set(this.#key, value)
    this.#pieces = null
  }

  #keep(piece: Buffer): void {
    if (this.#pieces === null) return
    this.#size += piece.length
    if (this.#size > this.#maxBytes) this.#pieces = null
    else this.#pieces.push(piece)
  }

  #parse(last: Buffer): unknown {
    const text = this.#text(last)
    if (text === null) return undefined
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  }

  #text(last: Buffer): string | null {
    if (this.#pieces === null) return null
    if (this.#pieces.length === 0) return last.length > this.#maxBytes ? null : last.toString('utf8')
    this.#keep(last)
    return this.#pieces === null ? null : Buffer.concat(this.#pieces).toString('utf8')
  }
}
