import { HttpResponse, http, type JsonBodyType, type RequestHandler } from 'msw'
import { toEvents, toEventText } from './event-stream.js'

/** A message as the API answers it. */
export interface Message {
  readonly type: 'message'
  readonly id: string
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[]
  readonly stop_reason: string
  readonly stop_sequence: string | null
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } & Readonly<Record<string, unknown>>
}

/** What of a request to `/v1/messages` decides the answer. */
export interface MessagesRequest {
  readonly stream?: boolean
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

export interface MessagesApiOptions {
  /** The one key that the API accepts, as `x-api-key` or as a bearer. */
  readonly apiKey: string
  readonly reply: Message | ((request: MessagesRequest) => Message)
}

/** Small and odd, so that chunks end within events, lines and UTF-8 sequences. */
const CHUNK_BYTES = 61

const answerHeaders = {
  'request-id': 'req_011CUpstreamAnswer',
  'anthropic-ratelimit-requests-limit': '50',
  'anthropic-ratelimit-requests-remaining': '49',
  'anthropic-ratelimit-requests-reset': '2026-11-24T12:00:00Z',
  'anthropic-ratelimit-unified-5h-utilization': '0.25',
}

const models = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5'].map((id) => ({
  type: 'model',
  id,
  display_name: id.replaceAll('-', ' '),
  created_at: '2026-08-01T00:00:00Z',
}))

/** The part of the Claude API that the proxy forwards, as msw handlers. */
export function messagesApi({ apiKey, reply }: MessagesApiOptions): RequestHandler[] {
  return [
    http.all('*', ({ request }) => {
      if (!request.headers.has('anthropic-version')) {
        return apiError(400, 'invalid_request_error', 'anthropic-version: header is required')
      }
      return presentedKeys(request).join() === apiKey ? undefined : invalidKey()
    }),
    http.post('*/v1/messages', async ({ request }) => {
      const body = (await request.clone().json()) as MessagesRequest
      const message = typeof reply === 'function' ? reply(body) : reply
      return body.stream === true ? eventStream(toEventText(toEvents(message))) : json(message)
    }),
    http.post('*/v1/messages/count_tokens', async ({ request }) => {
      return json({ input_tokens: (await request.clone().text()).length })
    }),
    http.get('*/v1/models', ({ request }) => {
      const { searchParams } = new URL(request.url)
      const start = models.findIndex(({ id }) => id === searchParams.get('after_id')) + 1
      const data = models.slice(start, start + Number(searchParams.get('limit') ?? 20))
      const has_more = start + data.length < models.length
      return json({ data, has_more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null })
    }),
    http.get('*/v1/models/:id', ({ params }) => {
      const model = models.find(({ id }) => id === params.id)
      return model === undefined ? apiError(404, 'not_found_error', `model: ${String(params.id)}`) : json(model)
    }),
  ]
}

/** An error answer in the API's shape. */
export function apiError(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const request_id = 'req_011CUpstreamError'
  return HttpResponse.json(
    { type: 'error', error: { type, message, details: { error_code: `${type}_code` } }, request_id },
    { status, headers: { ...answerHeaders, 'request-id': request_id, ...headers } },
  )
}

/** An event stream answer, sent in small chunks. */
export function eventStream(text: string): Response {
  const bytes = Buffer.from(text)
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Lets each chunk reach the socket by itself.
      await new Promise((resolve) => setImmediate(resolve))
      controller.enqueue(bytes.subarray(sent, sent + CHUNK_BYTES))
      sent += CHUNK_BYTES
      if (sent >= bytes.length) controller.close()
    },
  })
  return new HttpResponse(body, { headers: { ...answerHeaders, 'content-type': 'text/event-stream; charset=utf-8' } })
}

function json(body: JsonBodyType | Message): Response {
  return HttpResponse.json(body as JsonBodyType, { headers: answerHeaders })
}

function invalidKey(): Response {
  return apiError(401, 'authentication_error', 'invalid x-api-key')
}

function presentedKeys({ headers }: Request): string[] {
  return [headers.get('x-api-key'), headers.get('authorization')?.replace(/^Bearer /, '')].filter(
    (key) => typeof key === 'string',
  )
}
