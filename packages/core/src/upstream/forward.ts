import type { OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ProxyError, toErrorBody } from '../errors.js'
import type { ResponseSink } from '../mountable.js'
import { CoalescingWriter } from './coalescing-writer.js'
import { isStaleSocketError, type UpstreamDispatcher } from './dispatcher.js'
import { isEventStream } from './headers.js'
import { ClientGoneError } from './request-body.js'
import { toUpstreamError } from './upstream-error.js'

/** A connection that was stale shows it within a round trip; later, the upstream may have been at work on it. */
const STALE_SOCKET_MS = 1000

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
  readonly dispatcher: Pick<UpstreamDispatcher, 'dispatch'>
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | Readable | null
  /** The length that the client declared, so that a streamed body goes up framed as it came. */
  readonly contentLength: number | null
  readonly timeouts: Timeouts
  /** Whether the credential is ours: a 401 then says nothing of the client, and fails with `credential_refused`. */
  readonly isOwnCredential: boolean
  readonly requestId: string
  readonly toClientHeaders: (rawHeaders: readonly (Buffer | string)[], requestId: string) => OutgoingHttpHeaders
}

/** How an exchange with the upstream ended once an answer had begun; an error tells why it broke off. */
export type ForwardEnd = 'complete' | 'aborted' | ProxyError

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

  constructor(request: UpstreamRequest, sink: ResponseSink, observer: AnswerObserver) {
    this.#request = request
    this.#sink = sink
    this.#observer = observer
    this.#writer = new CoalescingWriter(sink, (chunk) => observer.onChunk(chunk))
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    sink.on('close', () => this.#abandon())
    const { totalMs } = request.timeouts
    if (totalMs > 0) this.#totalTimer = setTimeout(() => this.#fail(new ProxyError('upstream_timeout')), totalMs)
  }

  start(): void {
    const { dispatcher, origin, method, path, headers, body, contentLength, timeouts } = this.#request
    const declares = contentLength !== null && body !== null && !Buffer.isBuffer(body)
    this.#startedAt = performance.now()
    try {
      dispatcher.dispatch(
        {
          origin,
          method: method as Dispatcher.HttpMethod,
          path,
          headers: declares ? [...headers, 'content-length', String(contentLength)] : headers,
          body,
          headersTimeout: timeouts.firstByteMs,
          bodyTimeout: timeouts.idleMs,
          reset: this.#replayed,
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
    if (status >= 300 && status < 400 && status !== 304) {
      this.#fail(new ProxyError('upstream_redirect'))
      return
    }
    if (status === 401 && this.#request.isOwnCredential) {
      this.#fail(new ProxyError('credential_refused'))
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
      this.#fail(toUpstreamError(error))
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
    const { requestId } = this.#request
    this.#writer.breakOff(this.#eventStream ? `event: error\ndata: ${toErrorBody(error, requestId)}\n\n` : null)
    this.#finish(error)
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
      isStaleSocketError(error, this.#startedAt)
    )
  }
}
