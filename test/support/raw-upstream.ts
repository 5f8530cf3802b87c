import { createServer, type Socket } from 'node:net'
import { listen } from './listen-raw.js'

/** One request as the upstream's socket brought it. */
export interface RawRequest {
  readonly socket: Socket
  /** Counts connections from 0. */
  readonly connection: number
  /** Head and body, undecoded. */
  readonly text: string
}

export interface RawUpstream {
  readonly origin: string
  /** Requests whose last byte has arrived. */
  readonly requests: readonly RawRequest[]
  /** Every connection that was accepted. */
  readonly sockets: readonly Socket[]
  close(): Promise<void>
}

/** Serves `answer`, which writes to the socket what it likes, HTTP or not. */
export async function serveRawUpstream(answer: (request: RawRequest) => void): Promise<RawUpstream> {
  const requests: RawRequest[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1
    let received = ''
    // The proxy cuts connections as it sees fit.
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      for (let end = endOfRequest(received); end !== -1; end = endOfRequest(received)) {
        const request = { socket, connection, text: received.slice(0, end) }
        received = received.slice(end)
        requests.push(request)
        answer(request)
      }
    })
  })
  const { origin, close } = await listen(server, sockets)
  return { origin, requests, sockets, close }
}

/** Index behind the first whole request in `text`, or -1. */
function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return -1
  const bodyAt = headEnd + 4
  const head = text.slice(0, bodyAt).toLowerCase()
  if (head.includes('\r\ntransfer-encoding: chunked\r\n')) {
    const end = text.indexOf('0\r\n\r\n', bodyAt)
    return end === -1 ? -1 : end + 5
  }
  const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1] ?? 0)
  return text.length >= bodyAt + length ? bodyAt + length : -1
}
