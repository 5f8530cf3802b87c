import type { OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ProxyError, type ProxyErrorCode, toErrorBody } from '../errors.js'
import type { ResponseSink } from '../mountable.js'
import { CoalescingWriter } from './coalescing-writer.js'
import { isReusedSocketError } from './dispatcher.js'
import { isEventStream } from './headers.js'
import { ClientGoneError } from './request-body.js'

/** A connection that was stale shows it within a round trip; later, the upstream may have been at work on it. */
const STALE_SOCKET_MS = 1000

/** How long a broken answer waits for a slow reader to take what had arrived before it broke. */
const DRAIN_MS = 30_000

/** Limits on one upstream request, in milliseconds; 0 switches a limit off. */
export interface Timeouts {
  /** Until a connection stands. @default 10_000 */
  readonly connectMs: number
  /** From the request's last byte to the answer's head. @default 600_000 */
  readonly firstByteMs: number
  /** Silence within the answer. @default 300_000 */
  readonly idleMs: number
  /** The whole answer. @default 0 */
  readonly totalMs: number
}

/** Where the bytes of an answer are looked at, after they have been written on. */
export interface AnswerObserver {
  onHead(status: number, headers: OutgoingHttpHeaders): void
  onChunk(chunk: Buffer): void
}

export interface UpstreamRequest {
  readonly dispatcher: Dispatcher
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | Readable | null
  readonly timeouts: Timeouts
  readonly requestId: string
  readonly toClientHeaders: (rawHeaders: readonly (Buffer | string)[], requestId: string) => OutgoingHttpHeaders
}

/** How an exchange with the upstream ended once nothing more could be thrown at the client. */
export type ForwardEnd = 'complete' | 'aborted' | 'broken'

/** An upstream request under way. */
export interface Forwarding {
  /** @throws ProxyError as long as no byte has been answered */
  readonly ended: Promise<ForwardEnd>
  /** Ends it from our side: with `error` as the answer where none has begun, else by breaking the answer off. */
  stop(error: ProxyError): void
}

/** Sends the request up and its answer, as it arrives, to `sink`. */
export function forward(request: UpstreamRequest, sink: ResponseSink, observer: AnswerObserver): Forwarding {
  const forwarding = new Forward(request, sink, observer)
  forwarding.start()
  return forwarding
}

class Forward implements Forwarding, Dispatcher.DispatchHandler {
  readonly ended: Promise<ForwardEnd>
  readonly #request: UpstreamRequest
  readonly #sink: ResponseSink
  readonly #observer: AnswerObserver
  readonly #writer: CoalescingWriter
  #settle!: { resolve(end: ForwardEnd): void; reject(error: Error): void }
  #controller: Dispatcher.DispatchController | null = null
  #done = false
  #answering = false
  #replayed = false
  #startedAt = 0
  #totalTimer: NodeJS.Timeout | undefined
  #eventStream = false
  #tail: Buffer = Buffer.alloc(0)

  constructor(request: UpstreamRequest, sink: ResponseSink, observer: AnswerObserver) {
    this.#request = request
    this.#sink = sink
    this.#observer = observer
    this.#writer = new CoalescingWriter(sink, (chunk) => {
      this.#tail = chunk.length < 4 ? Buffer.concat([this.#tail, chunk]).subarray(-4) : chunk
      observer.onChunk(chunk)
    })
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    sink.on('close', () => this.#abandon())
    const { totalMs } = request.timeouts
    if (totalMs > 0) this.#totalTimer = setTimeout(() => this.#fail(new ProxyError('upstream_timeout')), totalMs)
  }

  start(): void {
    const { dispatcher, method, path, headers, body, timeouts } = this.#request
    this.#startedAt = performance.now()
    try {
      dispatcher.dispatch(
        {
          method: method as Dispatcher.HttpMethod,
          path,
          headers,
          body,
          headersTimeout: timeouts.firstByteMs,
          bodyTimeout: timeouts.idleMs,
        },
        this,
      )
    } catch (cause) {
      this.#fail(new ProxyError('internal', { cause }))
    }
  }

  stop(error: ProxyError): void {
    this.#fail(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#done) controller.abort(new ClientGoneError())
  }

  /** The first byte of an answer has arrived: from here on nothing is sent again. */
  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#done || status < 200) return
    this.#answering = true
    if (status >= 300 && status < 400) {
      this.#fail(new ProxyError('upstream_redirect'))
      return
    }
    const { rawHeaders } = controller as { rawHeaders?: (Buffer | string)[] }
    const headers = this.#request.toClientHeaders(rawHeaders ?? [], this.#request.requestId)
    this.#eventStream = isEventStream(headers) && !('content-encoding' in headers)
    this.#observer.onHead(status, headers)
    this.#sink.writeHead(status, headers)
    this.#writer.begin(controller)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#done) this.#writer.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#done) return
    this.#writer.end()
    this.#finish('complete')
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#done) return
    if (this.#isReplayable(error)) {
      this.#replayed = true
      this.start()
    } else if (error instanceof ClientGoneError) {
      this.#abandon()
    } else {
      this.#fail(error instanceof ProxyError ? error : new ProxyError(toCode(error), { cause: error }))
    }
  }

  /** The client has left: nothing it asked for is generated any longer. */
  #abandon(): void {
    if (this.#done) return
    this.#finish('aborted')
    this.#controller?.abort(new ClientGoneError())
  }

  #fail(error: ProxyError): void {
    if (this.#done) return
    if (this.#sink.headersSent) {
      this.#breakOff(error)
    } else {
      this.#done = true
      clearTimeout(this.#totalTimer)
      this.#settle.reject(error)
    }
    this.#controller?.abort(error)
  }

  /** Ends an answer that has begun as broken. A clean end would pass for a complete message. */
  #breakOff(error: ProxyError): void {
    this.#writer.flush()
    if (this.#eventStream && endsEvent(this.#tail)) {
      this.#sink.write(Buffer.from(`event: error\ndata: ${toErrorBody(error, this.#request.requestId)}\n\n`))
    }
    this.#finish('broken')
    const destroy = () => this.#sink.destroy()
    if (this.#writer.isPaused) {
      // A reader that has fallen behind gets what the upstream had sent, if it reads on at all.
      this.#sink.on('drain', destroy)
      setTimeout(destroy, DRAIN_MS).unref()
    } else {
      // The sink hands its bytes to the socket at the end of this turn; destroyed now, they would be lost.
      setImmediate(destroy)
    }
  }

  #finish(end: ForwardEnd): void {
    this.#done = true
    clearTimeout(this.#totalTimer)
    this.#settle.resolve(end)
  }

  #isReplayable(error: Error): boolean {
    return (
      !this.#replayed &&
      !this.#answering &&
      (this.#request.body === null || Buffer.isBuffer(this.#request.body)) &&
      performance.now() - this.#startedAt < STALE_SOCKET_MS &&
      isReusedSocketError(error)
    )
  }
}

function toCode(error: Error): ProxyErrorCode {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return 'upstream_timeout'
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EMFILE':
      return 'upstream_unreachable'
    default:
      return 'upstream_broken'
  }
}

function endsEvent(bytes: Buffer): boolean {
  const tail = bytes.subarray(-4).toString('latin1')
  return tail === '' || tail.endsWith('\n\n') || tail.endsWith('\r\n\r\n') || tail.endsWith('\r\r')
}
