import { type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http'
import type { ResponseSink } from './mountable.js'

/** What is buffered for a reader that is slower than the upstream before the upstream is paused. */
const HIGH_WATER_BYTES = 64 * 1024

/** How {@link respond} and its host tell each other that the connection is over. */
export interface RespondOptions {
  /** Is given, once, what the host calls when the connection is over, well or not. */
  readonly onGone?: (leave: (reason?: unknown) => void) => void
  /** Cuts the client's connection, where the host can. @default the Response's body fails */
  readonly cut?: () => void
}

/** A ResponseSink that becomes a web Response at its head. */
export class WebSink implements ResponseSink {
  readonly response: Promise<Response>
  headersSent = false
  closed = false
  #bodyless: boolean
  readonly #cut: (() => void) | undefined
  readonly #listeners: { drain: (() => void)[]; close: (() => void)[] } = { drain: [], close: [] }
  #settle!: { resolve(response: Response): void; reject(reason: unknown): void }
  /** Until the Response is made of it. */
  #head: { readonly status: number; readonly headers: Record<string, string> | [string, string][] } | null = null
  /** Chunks not yet asked for. Kept here and not in the stream: a stream that fails drops what it holds. */
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #full = false
  #ended = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(headOnly: boolean, { onGone, cut }: RespondOptions) {
    this.#bodyless = headOnly
    this.#cut = cut
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    onGone?.((reason) => this.#leave(reason))
  }

  writeHead(status: number, headers: OutgoingHttpHeaders): void {
    this.#bodyless ||= status === 204 || status === 205 || status === 304
    const init = toHeadersInit(headers)
    assertHead(status, init)
    this.#head = { status, headers: init }
    this.headersSent = true
    // A small answer comes whole in the same turn: it needs no stream, which costs more than all else of it.
    queueMicrotask(() => this.#open())
  }

  flushHeaders(): void {
    // The Response stands at the end of the turn that the head came in.
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed || this.#bodyless) return true
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.byteLength
    this.#wake?.()
    this.#full = this.#queuedBytes >= HIGH_WATER_BYTES
    return !this.#full
  }

  end(chunk?: string | Uint8Array): void {
    if (chunk !== undefined) this.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    this.#ended = true
    // In a turn of its own, as a socket's end is: whoever ends an answer has still to note that it is complete.
    if (this.#bodyless || this.#head !== null) queueMicrotask(() => this.#close())
    else this.#wake?.()
  }

  destroy(error: Error = new Error('The answer broke off.')): void {
    if (this.#ended || this.#failure !== null) return
    this.#open()
    this.#failure = error
    this.#settle.reject(error)
    this.#wake?.()
    this.#close()
  }

  on(event: 'drain' | 'close', listener: () => void): void {
    this.#listeners[event].push(listener)
  }

  #open(): void {
    if (this.#head === null) return
    const head = this.#head
    this.#head = null
    try {
      const body = this.#bodyless ? null : this.#ended ? this.#takeAll() : this.#openStream()
      this.#settle.resolve(new Response(body as never, head))
    } catch (error) {
      // Nobody called this: what a host's own Response does not take must not end the process.
      this.#settle.reject(error)
      this.#close()
    }
  }

  #takeAll(): Uint8Array {
    const chunks = this.#queue
    this.#queue = []
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #openStream(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      { pull: (controller) => this.#pull(controller), cancel: () => this.#leave(undefined) },
      { highWaterMark: 0 },
    )
  }

  #pull(controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> {
    if (this.#queue.length === 0 && !this.#ended && this.#failure === null) {
      return new Promise<void>((resolve) => {
        this.#wake = resolve
      }).then(() => {
        this.#wake = null
        return this.#pull(controller)
      })
    }
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.byteLength
      controller.enqueue(chunk)
    }
    if (this.#queue.length === 0) {
      if (this.#ended) return this.#complete(controller)
      if (this.#failure !== null) return this.#break(controller, this.#failure)
      this.#drain()
    }
  }

  #complete(controller: ReadableStreamDefaultController<Uint8Array>): void {
    controller.close()
    this.#close()
  }

  #break(controller: ReadableStreamDefaultController<Uint8Array>, failure: Error): void {
    if (this.#cut === undefined) controller.error(failure)
    else this.#cut()
  }

  #drain(): void {
    if (!this.#full) return
    this.#full = false
    for (const listener of this.#listeners.drain) listener()
  }

  /** The reader is gone. */
  #leave(reason: unknown): void {
    if (this.closed) return
    this.#open()
    this.#failure = reason instanceof Error ? reason : new Error('The reader left.')
    this.#queue = []
    this.#settle.reject(reason)
    this.#wake?.()
    this.#close()
  }

  #close(): void {
    if (this.closed) return
    this.closed = true
    for (const listener of this.#listeners.close) listener()
  }
}

/** Whoever answers learns at once what a Response would refuse: there is no head yet, and another can be given. */
function assertHead(status: number, headers: Record<string, string> | [string, string][]): void {
  if (!(status >= 200 && status <= 599)) throw new RangeError(`${status} is the status of no Response`)
  for (const [name, value] of Array.isArray(headers) ? headers : Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
}

/** A plain record where it can be one: hosts such as @hono/node-server write it out without building Headers. */
function toHeadersInit(headers: OutgoingHttpHeaders): Record<string, string> | [string, string][] {
  const entries = Object.entries(headers)
  if (entries.some(([, value]) => Array.isArray(value))) {
    return entries.flatMap(([name, value]) => [value].flat().map((item): [string, string] => [name, String(item)]))
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
