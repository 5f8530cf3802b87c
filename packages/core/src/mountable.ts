import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

/** One client request, in the cheapest form its host already has. */
export interface InboundRequest {
  readonly method: string
  /** Path and query as received, mount path cut off. Never decoded or normalised. */
  readonly path: string
  /** Where the host mounted us, without trailing slash: `""` or `"/claude"`. */
  readonly mountPath: string
  /** Name, value, name, value … as received: duplicates and order are evidence. */
  readonly rawHeaders: readonly string[]
  /** The same, lower-case and joined as node:http does, for look-ups. */
  readonly headers: IncomingHttpHeaders
  /** Untouched bytes; null for GET and HEAD. */
  readonly body: Readable | Uint8Array | null
  /** The peer of the socket, never a forwarded header. */
  readonly remoteAddress: string | undefined
  /**
   * What the host calls the request: Express `req`, Hono `c`, node:http `IncomingMessage`, a web `Request`.
   * For your own `authenticate` (a session, a verified JWT); the proxy itself never reads it.
   */
  readonly hostRequest: unknown
}

/** Where an answer is written. A node:http ServerResponse is one already, with no wrapper. */
export interface ResponseSink {
  readonly headersSent: boolean
  readonly closed: boolean
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown
  /** Sends the head at once, for an answer whose first byte is still to come. */
  flushHeaders(): void
  /** False asks the writer to wait for "drain". */
  write(chunk: Uint8Array): boolean
  end(chunk?: string | Uint8Array): unknown
  destroy(error?: Error): unknown
  on(event: 'drain' | 'close', listener: () => void): unknown
}

/** What `Mountable.fetch` takes beside the standard `RequestInit`. */
export interface MountableFetchInit extends RequestInit {
  /** Path prefix to cut off the URL's path. @default "" */
  readonly mountPath?: string
  /** The peer's address, where the host knows it. */
  readonly remoteAddress?: string | undefined
  /** See {@link InboundRequest.hostRequest}. @default the `Request` itself */
  readonly hostRequest?: unknown
}

/** Anything an adapter can mount: the proxy and the dashboard are both this. */
export interface Mountable {
  /** Answers `request` on `sink`. Never rejects: every failure becomes an answer or a closed connection. */
  handle(request: InboundRequest, sink: ResponseSink): Promise<void>
  /** The same over web standards. Also what an in-process Anthropic client takes as its `fetch` option. */
  fetch(request: Request | string | URL, init?: MountableFetchInit): Promise<Response>
}
