import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { cutMountPath } from './mount-path.js'
import type { InboundRequest, Mountable, MountableFetchInit } from './mountable.js'
import { type RespondOptions, WebSink } from './web-sink.js'

/** Gives any `handle` a `fetch`: a web Request in, a web Response out, streamed. */
export function toFetch(handle: Mountable['handle']): Mountable['fetch'] {
  return async (input, init = {}) => {
    const { mountPath, remoteAddress, hostRequest, ...standard } = init
    // As it is where that is possible: a Request whose body was read cannot be made into another.
    const request =
      input instanceof Request && Object.keys(standard).length === 0 ? input : new Request(input, standard)
    const { signal } = request
    signal.throwIfAborted()
    const inbound = fromRequest(request, { mountPath, remoteAddress, hostRequest })
    // Whoever produces the body learns of it when nobody reads on: no socket's end tells them here.
    const dropBody = () => void (inbound.body as Readable | null)?.destroy()
    signal.addEventListener('abort', dropBody, { once: true })
    return respond({ handle: (_, sink) => handle(inbound, sink).then(dropBody) }, inbound, {
      onGone: (leave) => signal.addEventListener('abort', () => leave(signal.reason), { once: true }),
    })
  }
}

/**
 * Lets `app` answer `request` with one web Response that is fed chunk by chunk. For adapters of hosts that want a
 * Response. Rejects only when the client has left or the connection was cut before there was one.
 */
export function respond(
  app: Pick<Mountable, 'handle'>,
  request: InboundRequest,
  options: RespondOptions = {},
): Promise<Response> {
  const sink = new WebSink(request.method === 'HEAD', options)
  void app.handle(request, sink)
  return sink.response
}

function fromRequest(
  request: Request,
  init: { [K in 'mountPath' | 'remoteAddress' | 'hostRequest']: MountableFetchInit[K] | undefined },
): InboundRequest {
  const { mountPath = '', remoteAddress, hostRequest = request } = init
  const url = request.url
  const hostAt = url.indexOf('//') + 2
  const pathAt = url.indexOf('/', hostAt)
  const target = url.slice(pathAt).split('#', 1)[0]!
  const rawHeaders: string[] = []
  const headers: IncomingHttpHeaders = {}
  for (const [name, value] of request.headers) {
    // Nothing has checked it against the body, as a server's parser does.
    if (name === 'content-length') continue
    rawHeaders.push(name, value)
    if (name !== 'set-cookie') headers[name] = value
  }
  if (headers.host === undefined) {
    // A Request has it in its URL alone.
    headers.host = url.slice(hostAt, pathAt)
    rawHeaders.push('host', headers.host)
  }
  return {
    method: request.method,
    path: cutMountPath(target, mountPath),
    mountPath,
    rawHeaders,
    headers,
    body: toBody(request),
    remoteAddress,
    hostRequest,
  }
}

function toBody(request: Request): Readable | null {
  if (request.bodyUsed) return consumed()
  return request.body === null ? null : Readable.fromWeb(request.body as NodeReadableStream)
}

/** Stands for a body that something read before us, as node:http shows one. */
function consumed(): Readable {
  const stream = new Readable({ read() {} })
  stream.push('consumed')
  stream.read()
  return stream
}
