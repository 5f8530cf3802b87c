import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { cutMountPath } from './mount-path.js'
import type { InboundRequest, Mountable } from './mountable.js'

/** What {@link fromIncoming} takes beside the request. */
export interface FromIncomingOptions {
  /** Where the host mounted the app, cut off the path. @default "" */
  readonly mountPath?: string
  /** See {@link InboundRequest.hostRequest}. @default the incoming message */
  readonly hostRequest?: unknown
}

/** What frameworks add to an incoming message. */
type FrameworkMessage = IncomingMessage & {
  readonly originalUrl?: string
  readonly rawBody?: unknown
  readonly body?: unknown
}

/** Views a node:http request, also one that a framework has extended, as an {@link InboundRequest}. Nothing is copied. */
export function fromIncoming(incoming: IncomingMessage, options: FromIncomingOptions = {}): InboundRequest {
  return new IncomingRequest(incoming, options.mountPath ?? '', options.hostRequest ?? incoming)
}

/** Makes a node:http request listener of an app: `http.createServer(toNodeListener(proxy))`. */
export function toNodeListener(
  app: Mountable,
  options: Pick<FromIncomingOptions, 'mountPath'> = {},
): (incoming: IncomingMessage, response: ServerResponse) => void {
  return (incoming, response) => void app.handle(fromIncoming(incoming, options), response)
}

class IncomingRequest implements InboundRequest {
  readonly method: string
  readonly path: string
  readonly mountPath: string
  readonly hostRequest: unknown
  readonly #incoming: FrameworkMessage
  #body: Readable | Uint8Array | null | undefined

  constructor(incoming: FrameworkMessage, mountPath: string, hostRequest: unknown) {
    this.#incoming = incoming
    this.method = incoming.method ?? ''
    this.mountPath = mountPath
    this.path = cutMountPath(incoming.originalUrl ?? incoming.url ?? '', mountPath)
    this.hostRequest = hostRequest
  }

  get rawHeaders(): readonly string[] {
    return this.#incoming.rawHeaders
  }

  /** Node builds these on first use, which costs: most of a request is judged on the raw ones. */
  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers
  }

  get remoteAddress(): string | undefined {
    return this.#incoming.socket.remoteAddress
  }

  /** Settled once: what has been read here is not what a body parser read before us. */
  get body(): Readable | Uint8Array | null {
    if (this.#body === undefined) {
      const hasNone = this.method === 'GET' || this.method === 'HEAD'
      this.#body = hasNone ? null : (keptBytes(this.#incoming) ?? this.#incoming)
    }
    return this.#body
  }
}

/** The exact bytes, where a body parser before us kept them: `rawBody` of its verify hook, or express.raw()'s body. */
function keptBytes(incoming: FrameworkMessage): Uint8Array | null {
  if (!incoming.readableDidRead) return null
  // A parser unpacks a coded body before it keeps it: what it kept is not what the client sent.
  if ((incoming.headers['content-encoding'] ?? 'identity') !== 'identity') return null
  if (incoming.rawBody instanceof Uint8Array) return incoming.rawBody
  return incoming.body instanceof Uint8Array ? incoming.body : null
}
