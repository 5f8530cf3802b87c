import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the upstream saw it. */
export interface RecordedRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  /** Resolves with the whole body. */
  readonly body: Promise<Buffer>
  /** Resolves when the exchange is over for the upstream, by a clean end or not. */
  readonly closed: Promise<void>
}

/** Writes the upstream's answer. */
export type StubAnswer = (response: ServerResponse, request: RecordedRequest) => unknown

/** A scripted upstream on a real socket of the loopback interface. */
export interface StubUpstream {
  readonly origin: string
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** Resolves with the next request, or one that came before anybody waited. */
  nextRequest(): Promise<RecordedRequest>
  close(): Promise<void>
}

/** Starts an upstream that answers each request with `answer`. */
export async function stubUpstream(answer: StubAnswer): Promise<StubUpstream> {
  const requests: RecordedRequest[] = []
  const waiting: ((request: RecordedRequest) => void)[] = []
  let taken = 0

  const server = createServer((incoming, response) => {
    const request = record(incoming, response)
    requests.push(request)
    const next = waiting.shift()
    if (next !== undefined) {
      taken++
      next(request)
    }
    void answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    nextRequest() {
      const ready = requests[taken]
      if (ready === undefined) return new Promise((resolve) => waiting.push(resolve))
      taken++
      return Promise.resolve(ready)
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function record(incoming: IncomingMessage, response: ServerResponse): RecordedRequest {
  const chunks: Buffer[] = []
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    rawHeaders: incoming.rawHeaders,
    headers: incoming.headers,
    body: new Promise((resolve) => {
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)))
    }),
    closed: new Promise((resolve) => response.on('close', resolve)),
  }
}
