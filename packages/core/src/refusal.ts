import { type ProxyError, toErrorBody } from './errors.js'
import type { ResponseSink } from './mountable.js'

/** Answers a request that is not forwarded, in the API's error shape. */
export function sendRefusal(sink: ResponseSink, refusal: ProxyError, requestId: string): void {
  const text = toErrorBody(refusal, requestId)
  sink.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-prompt-train-request-id': requestId,
    ...(refusal.retryAfterMs !== null && { 'retry-after': String(Math.ceil(refusal.retryAfterMs / 1000)) }),
    ...(!refusal.retry && { 'x-should-retry': 'false' }),
    ...(refusal.code === 'draining' && { connection: 'close' }),
  })
  sink.end(text)
}
