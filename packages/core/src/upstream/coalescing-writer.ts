import type { ResponseSink } from '../mountable.js'

/** How long a broken answer waits for a slow reader to take what had arrived before it broke. */
const DRAIN_MS = 30_000

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
  #listening = false
  #ended = false
  /** At least the last four bytes written, as far as there are so many. */
  #tail: Buffer = Buffer.alloc(0)

  constructor(sink: ResponseSink, onWritten: (chunk: Buffer) => void) {
    this.#sink = sink
    this.#onWritten = onWritten
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

  /**
   * Ends the answer as broken: what had arrived is written, then the connection is cut. `lastEvent` goes before the
   * cut where the bytes written so far end an event, so that it is read as one.
   */
  breakOff(lastEvent: string | null): void {
    this.#flush()
    this.#ended = true
    if (lastEvent !== null && endsEvent(this.#tail)) this.#sink.write(Buffer.from(lastEvent))
    const destroy = () => this.#sink.destroy()
    if (this.#paused) {
      this.#sink.on('drain', destroy)
      setTimeout(destroy, DRAIN_MS).unref()
    } else {
      // The sink hands its bytes to the socket at the end of this turn; destroyed now, they would be lost.
      setImmediate(destroy)
    }
  }

  #flush(): void {
    const chunk = this.#take()
    if (chunk === null) return
    if (!this.#sink.write(chunk)) this.#pause()
    this.#tail = chunk.length < 4 ? Buffer.concat([this.#tail, chunk]).subarray(-4) : chunk
    this.#onWritten(chunk)
  }

  #pause(): void {
    this.#paused = true
    this.#flow?.pause()
    // Most answers never fill the sink, so nobody listens before one does.
    if (this.#listening) return
    this.#listening = true
    this.#sink.on('drain', () => {
      if (!this.#paused) return
      this.#paused = false
      this.#flow?.resume()
    })
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
    if (writer.#chunks.length > 0) writer.#flush()
    else writer.#sink.flushHeaders()
  }
}

const { flushLater } = CoalescingWriter

function endsEvent(bytes: Buffer): boolean {
  const end = bytes.subarray(-4).toString('latin1')
  return end === '' || end.endsWith('\n\n') || end.endsWith('\r\n\r\n') || end.endsWith('\r\r')
}
