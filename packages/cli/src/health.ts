import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers GET and HEAD of `/health`, for load balancers and orchestrators. False for every other request. */
export function answerHealth(
  application: { health(): object & { readonly status: 'ok' | 'draining' } },
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (request.url !== '/health' && !request.url?.startsWith('/health?')) return false
  const health = application.health()
  const body = `${JSON.stringify(health)}\n`
  response.writeHead(health.status === 'ok' ? 200 : 503, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-prompt-train-request-id': randomUUID(),
  })
  response.end(body)
  return true
}
