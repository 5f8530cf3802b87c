import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers an `Expect` that is none of RFC 9110 section 10.1.1. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { headers, body } = toAnswer('The expectation cannot be met.')
  response.writeHead(417, headers).end(body)
}

/** Answers bytes that are no request, as far as the connection still takes an answer. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, message] = toStatus(error.code)
  const { headers, body } = toAnswer(message)
  const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('')}\r\n${body}`)
}

function toStatus(code: string | undefined): [status: string, message: string] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return ['431 Request Header Fields Too Large', 'The request headers are too large.']
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['408 Request Timeout', 'The request did not arrive in time.']
  return ['400 Bad Request', 'The request is not valid HTTP.']
}

/** The API's error shape, as the proxy's own refusals have it: SDKs raise their own class then. */
function toAnswer(message: string): { readonly headers: Record<string, string | number>; readonly body: string } {
  const requestId = randomUUID()
  const body = JSON.stringify({
    type: 'error',
    error: { type: 'invalid_request_error', message },
    request_id: requestId,
  })
  return {
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-prompt-train-request-id': requestId,
      'request-id': requestId,
      'x-should-retry': 'false',
    },
    body,
  }
}
