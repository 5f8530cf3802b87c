import type { Socket } from 'node:net'
import { type RawRequest, type RawUpstream, serveRawUpstream } from '../support/raw-upstream.js'
import { canaries, everyCanary } from './canaries.js'

const half = Math.floor(canaries.answer.value.length / 2)

/** An answer that names secrets in its text, and in every field that is recorded beside it. */
export const message = JSON.stringify({
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: `claude ${canaries.answer.value}`,
  content: [{ type: 'text', text: everyCanary }],
  stop_reason: canaries.answer.value,
  usage: { input_tokens: 3, output_tokens: 7, service_tier: canaries.upstreamKey.value },
})

const opening = toEvents(
  {
    type: 'message_start',
    message: { id: 'msg_02', type: 'message', role: 'assistant', model: 'claude-b', content: [], usage: {} },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  // A secret that no one delta holds.
  toDelta(`The setting is ${canaries.answer.value.slice(0, half)}`),
  toDelta(`${canaries.answer.value.slice(half)}\nand ${canaries.upstreamKey.value.slice(0, 20)}`),
  toDelta(`${canaries.upstreamKey.value.slice(20)}\n`),
)

/** An event stream whose deltas cut secrets. */
export const eventStream =
  opening +
  toEvents(
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  )

/** The upstream's error, which quotes the credential that it was sent and one that it was not. */
export const echo = JSON.stringify({
  type: 'error',
  error: {
    type: `invalid_${canaries.upstreamKey.value}`,
    message: `x-api-key: ${canaries.upstreamKey.value}; ${everyCanary}`,
  },
})

const errorEvent = toEvents({ type: 'error', error: { type: canaries.upstreamKey.value, message: everyCanary } })
const inHeader = everyCanary.replaceAll('\n', ' ')

type Script = (socket: Socket) => void

/** What the upstream does, by the name in the request's `metadata.user_id`. */
const scripts = {
  message: (socket) => socket.write(toHttp('200 OK', message)),
  stream: (socket) => socket.write(toHttp('200 OK', eventStream, 'text/event-stream')),
  errorEvent: (socket) => socket.write(toHttp('200 OK', opening + errorEvent, 'text/event-stream')),
  echo: (socket) => socket.write(toHttp('400 Bad Request', echo)),
  notFound: (socket) => socket.write(toHttp('404 Not Found', echo)),
  limited: (socket) => socket.write(toHttp('429 Too Many Requests', echo, 'application/json', 'retry-after: 1\r\n')),
  overloaded: (socket) => socket.write(toHttp('529 Overloaded', echo)),
  unauthorized: (socket) => socket.write(toHttp('401 Unauthorized', echo)),
  redirect: (socket) =>
    socket.write(toHttp('307 Temporary Redirect', echo, 'text/plain', `location: http://127.0.0.1/?${inHeader}\r\n`)),
  garbage: (socket) => socket.end(`${everyCanary}\r\n\r\n`),
  badHeader: (socket) => socket.end(`HTTP/1.1 200 OK\r\n${canaries.upstreamKey.value}\r\n\r\n`),
  badChunk: (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${canaries.upstreamKey.value}\r\n\r\n`),
  resetBefore: (socket) => socket.resetAndDestroy(),
  resetWithin: (socket) => {
    socket.write(openStream())
    setTimeout(() => socket.destroy(), 50)
  },
  silent: () => {},
  stalled: (socket) => socket.write(openStream()),
} as const satisfies Record<string, Script>

export type ScriptName = keyof typeof scripts

/** Serves each request as its own metadata asks. */
export function startUpstream(): Promise<RawUpstream> {
  return serveRawUpstream(({ socket, text }: RawRequest) => {
    const [, name = ''] = /"user_id":"(\w+)"/.exec(text) ?? []
    scripts[name as ScriptName](socket)
  })
}

function openStream(): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n${opening}`
}

function toHttp(status: string, body: string, type = 'application/json', headers = ''): string {
  const length = Buffer.byteLength(body)
  // The id of the request is shown in logs and records: an upstream may put anything there.
  const id = `request-id: req_${canaries.upstreamKey.value}\r\nx-debug: ${inHeader}\r\nset-cookie: ${canaries.cookie.value}\r\n`
  return `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${headers}${id}\r\n${body}`
}

function toDelta(text: string): object {
  return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
}

function toEvents(...events: readonly object[]): string {
  return events
    .map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}
