import type { ResponseSink } from '../mountable.js'

/** What the writer needs of the upstream's side. */
export interface Flow {
  pause(): void
  resume(): void
}

/**
 * Writes on what one socket read brought in one write: the parser hands a read over in many small chunks, and a write
 * for each doubles the CPU of a stream. They are gathered until the read has been parsed, which takes no timer and adds
 * no delay. A sink that is full pauses the flow until it drains.
 */
export class CoalescingWriter {
  readonly #sink: ResponseSink
  readonly #onWritten: (chunk: Buffer) => void
  #flow: Flow | null = null
  #chunks: Buffer[] = []
  #scheduled = false
  #paused = false
  #ended = false

  constructor(sink: ResponseSink, onWritten: (chunk: Buffer) => void) {
    this.#sink = sink
    this.#onWritten = onWritten
    sink.on('drain', () => {
      if (!this.#paused) return
      this.#paused = false
      this.#flow?.resume()
    })
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** Begins after the head has been written: it goes out with the first bytes, or alone if none came with it. */
  begin(flow: Flow): void {
    this.#flow = flow
    this.#schedule()
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    if (!this.#scheduled) this.#schedule()
  }

  end(): void {
    this.#ended = true
    const chunk = this.#take()
    if (chunk === null) {
      this.#sink.end()
    } else {
      this.#sink.end(chunk)
      this.#onWritten(chunk)
    }
  }

  /** Writes what is gathered, now. */
  flush(): void {
    const chunk = this.#take()
    if (chunk === null) return
    if (!this.#sink.write(chunk)) {
      this.#paused = true
      this.#flow?.pause()
    }
    this.#onWritten(chunk)
  }

  #schedule(): void {
    this.#scheduled = true
    process.nextTick(flushLater, this)
  }

  #take(): Buffer | null {
    const chunks = this.#chunks
    if (chunks.length === 0) return null
    this.#chunks = []
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  static flushLater(writer: CoalescingWriter): void {
    writer.#scheduled = false
    if (writer.#ended || writer.#sink.closed) return
    if (writer.#chunks.length > 0) writer.flush()
    else writer.#sink.flushHeaders()
  }
}

const { flushLater } = CoalescingWriter
