import { type ProxyError, type ProxyErrorCode, toErrorBody } from './errors.js'
import type { ResponseSink } from './mountable.js'

/** Behind these nothing more is read: we are going, or do not know all that was sent. */
const CLOSING: readonly ProxyErrorCode[] = ['draining', 'headers_too_many']

/** Answers a request that is not forwarded, in the API's error shape. */
export function sendRefusal(sink: ResponseSink, refusal: ProxyError, requestId: string): void {
  const text = toErrorBody(refusal, requestId)
  sink.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-prompt-train-request-id': requestId,
    // Where SDKs look for the id that their errors show.
    'request-id': requestId,
    ...(refusal.retryAfterMs !== null && { 'retry-after': String(Math.ceil(refusal.retryAfterMs / 1000)) }),
    ...(!refusal.retry && { 'x-should-retry': 'false' }),
    ...(CLOSING.includes(refusal.code) && { connection: 'close' }),
  })
  sink.end(text)
}
