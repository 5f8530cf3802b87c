import { Readable } from 'node:stream'
import { ProxyError } from '../errors.js'

/** Bodies up to this size go up as one buffer: one write with the head, and what is needed to send them once more. */
export const SMALL_BODY_BYTES = 256 * 1024

/** How long a client may go on sending a body that nobody wants. */
const LINGER_MS = 5000

/** A client that left before its request was complete. Nobody is there to be told. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

export interface BodyLimits {
  readonly maxBytes: number
  /** How long the client may be silent within the body. */
  readonly idleMs: number
  /** How long the whole body may take. */
  readonly totalMs: number
}

/**
 * Opens the request's body for the way up: a Buffer where it is small, a stream where it is large, null where there is
 * none. A small body is complete before anything is sent, so a request that its own framing proves broken never
 * reaches the upstream. `onChunk` sees the bytes as they are read: those of a small body in one piece.
 *
 * @throws ProxyError `body_consumed` when something read the stream before us, or made text of its bytes
 * @throws ProxyError `body_too_large` as soon as that is known; a stream fails with it when it comes to light later
 * @throws ProxyError `request_timeout` when the client stops sending
 * @throws ClientGoneError when the client leaves
 */
export async function openRequestBody(
  body: Readable | Uint8Array | null,
  contentLength: number | null,
  limits: BodyLimits,
  onChunk: (chunk: Buffer) => void = ignore,
): Promise<Buffer | Readable | null> {
  const opened = await open(body, contentLength, limits, onChunk)
  if (Buffer.isBuffer(opened)) onChunk(opened)
  return opened
}

function open(
  body: Readable | Uint8Array | null,
  contentLength: number | null,
  limits: BodyLimits,
  onChunk: (chunk: Buffer) => void,
): Buffer | Readable | null | Promise<Buffer | Readable> {
  if (body === null) return null
  if (body instanceof Uint8Array) {
    if (body.byteLength > limits.maxBytes) throw new ProxyError('body_too_large')
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  }
  if (body.readableDidRead || body.readableEnded || body.readableEncoding !== null)
    throw new ProxyError('body_consumed')
  if (body.destroyed) throw new ClientGoneError()
  if (contentLength !== null && contentLength > limits.maxBytes) throw new ProxyError('body_too_large')
  if (contentLength !== null && contentLength > SMALL_BODY_BYTES)
    return new RequestBodyStream(body, [], limits, onChunk)
  return takeArrived(body, contentLength) ?? gather(body, contentLength, limits, onChunk)
}

/** The whole body at once where it came in with the head, as a small one does: no listener, timer or turn is spent. */
function takeArrived(source: Readable, contentLength: number | null): Buffer | null {
  if (contentLength === null || contentLength === 0 || source.readableLength !== contentLength) return null
  const bytes: unknown = source.read()
  // Reading alone leaves the request open: it ends, and node:http lets go of it, only when it flows on.
  source.resume()
  return Buffer.isBuffer(bytes) ? bytes : null
}

/** Collects a small body, or turns into a stream once it proves large. */
function gather(
  source: Readable,
  declared: number | null,
  limits: BodyLimits,
  onChunk: (chunk: Buffer) => void,
): Promise<Buffer | Readable> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const endsAt = performance.now() + limits.totalMs
    const timer = setTimeout(() => fail(new ProxyError('request_timeout')), limits.idleMs)
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > limits.maxBytes) return fail(new ProxyError('body_too_large'))
      if (size === declared) return succeed(toBuffer(chunks, size))
      if (performance.now() > endsAt) return fail(new ProxyError('request_timeout'))
      timer.refresh()
      if (size <= SMALL_BODY_BYTES) return
      source.pause()
      succeed(new RequestBodyStream(source, chunks, limits, onChunk))
    }
    const onEnd = () => succeed(toBuffer(chunks, size))
    const onGone = () => fail(new ClientGoneError())
    const release = () => {
      clearTimeout(timer)
      source.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      // A socket error after this point must not become an uncaught exception.
      source.on('error', ignore)
    }
    const succeed = (result: Buffer | Readable) => {
      release()
      resolve(result)
    }
    const fail = (error: Error) => {
      release()
      reject(error)
    }
    source.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}

/**
 * A large body on its way up. It stands between because undici destroys the body it is given when a request fails,
 * and destroying the client's own request would cut the connection that the answer has to take.
 */
class RequestBodyStream extends Readable {
  #source: Readable
  #size = 0
  #timer: NodeJS.Timeout
  #limits: BodyLimits
  #endsAt: number
  #onChunk: (chunk: Buffer) => void

  constructor(source: Readable, head: readonly Buffer[], limits: BodyLimits, onChunk: (chunk: Buffer) => void) {
    super({ highWaterMark: SMALL_BODY_BYTES })
    this.#source = source
    this.#limits = limits
    this.#endsAt = performance.now() + limits.totalMs
    this.#onChunk = onChunk
    this.#timer = setTimeout(() => this.#onSilence(), limits.idleMs)
    for (const chunk of head) this.#accept(chunk)
    // Nobody listens before the request is sent, nor after undici has let go of the body.
    this.on('error', ignore)
    source.on('data', this.#accept).on('end', this.#finish).on('close', this.#abandon).on('error', this.#abandon)
  }

  override _read(): void {
    this.#timer.refresh()
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#source.off('data', this.#accept).off('end', this.#finish).off('close', this.#abandon)
    // What the client still sends is read and dropped, so that it gets to reading the answer.
    this.#source.resume()
    callback(error)
  }

  #accept = (chunk: Buffer): void => {
    this.#timer.refresh()
    this.#size += chunk.length
    if (this.#size > this.#limits.maxBytes) return void this.destroy(new ProxyError('body_too_large'))
    if (performance.now() > this.#endsAt) return void this.destroy(new ProxyError('request_timeout'))
    this.#onChunk(chunk)
    if (!this.push(chunk)) this.#source.pause()
  }

  #onSilence(): void {
    // While the upstream takes nothing the client is held back by us, and its silence is ours.
    if (this.#source.isPaused()) this.#timer.refresh()
    else this.destroy(new ProxyError('request_timeout'))
  }

  #finish = (): void => {
    clearTimeout(this.#timer)
    this.push(null)
  }

  #abandon = (): void => {
    if (!this.#source.readableEnded) this.destroy(new ClientGoneError())
  }
}

/**
 * Leaves what a client still sends after its answer. It is read and dropped for a while, since a client that is cut off
 * while it writes may never read the answer; then the connection is cut.
 */
export function leaveRequestBody(body: Readable | Uint8Array | null): void {
  if (!(body instanceof Readable) || body.readableEnded || body.destroyed) return
  body.resume()
  const timer = setTimeout(() => body.destroy(), LINGER_MS).unref()
  body.on('error', ignore).once('close', () => clearTimeout(timer))
}

function toBuffer(chunks: Buffer[], size: number): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
}

function ignore(): void {}
