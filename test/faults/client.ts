import { once } from 'node:events'
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { clientKey } from './scene.js'

export interface Sending {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** @default a connection for this request alone */
  readonly agent?: Agent
}

export interface Received {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** False where the connection broke off before the answer's end. */
  readonly complete: boolean
}

/** Starts `POST /v1/messages`, or what `sending` says, with a valid client key. */
export function open(origin: string, sending: Sending = {}): ClientRequest {
  const { method = 'POST', path = '/v1/messages', headers, agent = false } = sending
  const body = sending.body ?? (method === 'POST' ? '{"model":"claude-x"}' : undefined)
  const started = request(origin + path, {
    method,
    agent,
    headers: {
      'x-api-key': clientKey,
      'anthropic-version': '2023-06-01',
      ...(body !== undefined && !headers?.['transfer-encoding'] && { 'content-length': Buffer.byteLength(body) }),
      ...headers,
    },
  })
  started.end(body)
  return started
}

/** Rejects where the connection is lost before there is a head. */
export async function headOf(started: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(started, 'response')) as [IncomingMessage]
  return answer
}

/** Sends and reads to the end, or as far as the answer got. */
export async function send(origin: string, sending?: Sending): Promise<Received> {
  return read(await headOf(open(origin, sending)))
}

/** Reads an answer as far as it gets. */
export async function read(answer: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk))
  answer.on('error', () => {})
  await once(answer, 'close').catch(() => {})
  const { statusCode = 0, rawHeaders, headers, complete } = answer
  return { status: statusCode, rawHeaders, headers, body: Buffer.concat(chunks), complete }
}

/** The error object of an answer in the API's error shape. */
export function errorOf({ body }: Pick<Received, 'body'>): { readonly type: string; readonly message: string } {
  return JSON.parse(body.toString()).error
}
