import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { type Credential, Secret } from '@agent-prompt-train/core'
import {
  DEMONSTRATION_REQUEST,
  demonstrationMessage,
  demonstrationModels,
  type MessagesRequest,
  toEvents,
} from './demonstration-answers.js'

/** Long enough to be seen, short enough not to be waited for. */
const DELTA_MS = 50

/** Stands in for the Anthropic API where no upstream credential is configured, so that a first try works. */
export interface DemonstrationUpstream {
  readonly address: string
  /** What the proxy presents to it. Not a secret. */
  readonly credential: Credential
  close(): void
}

/** Starts it on a loopback port of its own. */
export async function startDemonstrationUpstream(): Promise<DemonstrationUpstream> {
  const server = createServer((request, response) => {
    // A client that leaves within its body is nobody's error.
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credential: { type: 'api_key', apiKey: new Secret('FAKE-for-the-demonstration-upstream') },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('request-id', `${DEMONSTRATION_REQUEST}${randomUUID().slice(0, 8)}`)
  const path = request.url!.split('?')[0]!
  const route = `${request.method} ${path}`
  if (route === 'HEAD /api/hello' || route === 'GET /api/hello') return void response.end()
  if (route === 'GET /v1/models') return sendJson(response, 200, toModelList())
  if (route.startsWith('GET /v1/models/')) {
    const model = demonstrationModels.find(({ id }) => path === `/v1/models/${id}`)
    return model ? sendJson(response, 200, model) : sendError(response, 404, 'model not found')
  }
  if (route !== 'POST /v1/messages' && route !== 'POST /v1/messages/count_tokens') {
    return sendError(response, 404, 'not found')
  }
  const asked = parse(await readText(request), route)
  if (typeof asked === 'string') return sendError(response, 400, asked)
  const message = demonstrationMessage(asked)
  if (route === 'POST /v1/messages/count_tokens') {
    return sendJson(response, 200, { input_tokens: message.usage.input_tokens })
  }
  return asked.stream === true ? sendStream(response, toEvents(message)) : sendJson(response, 200, message)
}

/** The request, or what is wrong with it, worded as the API does. */
function parse(text: string, route: string): MessagesRequest | string {
  let body: Partial<MessagesRequest> | null
  try {
    body = JSON.parse(text)
  } catch {
    return 'The request body is not valid JSON.'
  }
  if (typeof body !== 'object' || body === null) return 'The request body must be a JSON object.'
  if (typeof body.model !== 'string') return 'model: Field required'
  if (!Array.isArray(body.messages)) return 'messages: Field required'
  if (body.messages.length === 0) return 'messages: at least one message is required'
  if (route === 'POST /v1/messages' && typeof body.max_tokens !== 'number') return 'max_tokens: Field required'
  return body as MessagesRequest
}

function toModelList(): object {
  const ids = demonstrationModels.map(({ id }) => id)
  return { data: demonstrationModels, has_more: false, first_id: ids[0], last_id: ids.at(-1) }
}

async function sendStream(response: ServerResponse, events: Iterable<{ readonly type: string }>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  for (const event of events) {
    if (event.type === 'content_block_delta') await new Promise((resolve) => setTimeout(resolve, DELTA_MS))
    if (response.destroyed) return
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  response.end()
}

function sendError(response: ServerResponse, status: 400 | 404, problem: string): void {
  const type = status === 400 ? 'invalid_request_error' : 'not_found_error'
  const requestId = response.getHeader('request-id')
  sendJson(response, status, {
    type: 'error',
    error: { type, message: `${problem} (demonstration upstream)` },
    request_id: requestId,
  })
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
