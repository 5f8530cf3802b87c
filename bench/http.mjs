/**
 * What the reader tells of each message.
 * @typedef {object} MessageListener
 * @property {(head: string) => void} onHead
 * @property {(piece: Buffer) => void} onBody
 * @property {() => void} onEnd
 */

/**
 * Reads the HTTP/1.1 messages of one connection. Upstream and load generator share a core and must not be what is
 * measured, so it does nothing that the scripts can do without: the head stays one text, a body is counted in pieces.
 */
export class MessageReader {
  #listener
  /** @type {Buffer | null} */
  #rest = null
  /** @type {(bytes: Buffer, at: number) => number} Takes one element; -1 asks for more bytes. */
  #step = this.#head
  #left = 0

  /** @param {MessageListener} listener */
  constructor(listener) {
    this.#listener = listener
  }

  /** @param {Buffer} bytes */
  push(bytes) {
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = null
    let at = 0
    while (at < all.length) {
      const next = this.#step(all, at)
      if (next === -1) {
        this.#rest = all.subarray(at)
        return
      }
      at = next
    }
  }

  #head(bytes, at) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) return -1
    const head = bytes.latin1Slice(at, end)
    this.#listener.onHead(head)
    this.#left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#step = this.#chunkSize
    else if (this.#left > 0) this.#step = this.#body
    else this.#listener.onEnd()
    return end + 4
  }

  #body(bytes, at) {
    const end = this.#take(bytes, at)
    if (this.#left === 0) this.#finish()
    return end
  }

  #chunkSize(bytes, at) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return -1
    this.#left = Number.parseInt(bytes.latin1Slice(at, end), 16)
    this.#step = this.#left === 0 ? this.#trailer : this.#chunk
    return end + 2
  }

  #chunk(bytes, at) {
    const end = this.#take(bytes, at)
    if (this.#left === 0) this.#step = this.#chunkEnd
    return end
  }

  #chunkEnd(bytes, at) {
    if (bytes.length < at + 2) return -1
    this.#step = this.#chunkSize
    return at + 2
  }

  #trailer(bytes, at) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return -1
    if (end === at) this.#finish()
    return end + 2
  }

  #take(bytes, at) {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#listener.onBody(bytes.subarray(at, end))
    return end
  }

  #finish() {
    this.#step = this.#head
    this.#listener.onEnd()
  }
}
