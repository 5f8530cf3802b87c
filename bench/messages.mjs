// What is sent and what is answered. A request's body says in its model's name which answer it wants and how long the
// body is: not every proxy passes a query, unknown headers or the order of fields on.

export const UPSTREAM_KEY = 'sk-ant-api03-FAKE-bench'

/** As the SDK for JavaScript sends them. */
const REQUEST_HEADERS = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate',
  'accept-language': '*',
  'anthropic-version': '2023-06-01',
  'content-type': 'application/json',
  'user-agent': 'Anthropic/JS 0.60.0',
  'x-stainless-arch': 'x64',
  'x-stainless-lang': 'js',
  'x-stainless-os': 'Linux',
  'x-stainless-package-version': '0.60.0',
  'x-stainless-retry-count': '0',
  'x-stainless-runtime': 'node',
  'x-stainless-runtime-version': 'v20.20.0',
  'x-stainless-timeout': '600',
}

/** As the API answers over HTTP/1.1. */
const ANSWER_HEAD = [
  'HTTP/1.1 200 OK',
  'Date: Mon, 01 Jan 2024 00:00:00 GMT',
  'Connection: keep-alive',
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].flatMap((what) => [
    `anthropic-ratelimit-${what}-limit: 400000`,
    `anthropic-ratelimit-${what}-remaining: 399000`,
    `anthropic-ratelimit-${what}-reset: 2024-01-01T00:00:00Z`,
  ]),
  'request-id: req_bench0000000000000000000',
  'strict-transport-security: max-age=31536000; includeSubDomains; preload',
  'anthropic-organization-id: 00000000-0000-0000-0000-000000000000',
  'Server: cloudflare',
  'via: 1.1 google',
  'cf-cache-status: DYNAMIC',
  'X-Robots-Tag: none',
  'CF-RAY: 0000000000000000-FRA',
].join('\r\n')

/**
 * A whole request.
 * @param {{ script: 'json' | 'burst' | 'paced', events?: number, bodyBytes: number, headers: Record<string, string> }} wanted
 */
export function toRequest({ script, events = 0, bodyBytes, headers }) {
  const body = toBody(script, events, bodyBytes)
  const fields = { host: '127.0.0.1', ...REQUEST_HEADERS, ...headers, 'content-length': body.length }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST /v1/messages HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}

let stamped = 0

/** Makes a request's message unlike all before: what was seen before costs a recorder less. */
export function stamp(request) {
  request.write(String(++stamped).padStart(12, '0'), request.length - END_OF_BODY.length - 12, 'latin1')
}

const END_OF_BODY = '"}]}'

function toBody(script, events, bytes) {
  const toText = (content) =>
    JSON.stringify({
      model: `claude-bench-${script}-${events}-${bytes}`,
      max_tokens: 1024,
      stream: script !== 'json',
      messages: [{ role: 'user', content }],
    })
  return Buffer.from(toText('y'.repeat(bytes - toText('').length)))
}

/** What {@link toRequest} wrote into a body, read from the body's beginning; null where it is not so. */
export function readScript(text) {
  const [, script, events, bodyBytes] = /"model":"claude-bench-([a-z]+)-(\d+)-(\d+)"/.exec(text) ?? []
  return script === undefined ? null : { script, events: Number(events), bodyBytes: Number(bodyBytes) }
}

const message = Buffer.from(
  JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-1-20250805',
    content: [{ type: 'text', text: 'x'.repeat(700) }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 412, cache_creation_input_tokens: 0, cache_read_input_tokens: 9000, output_tokens: 188 },
  }),
)

export const jsonAnswer = Buffer.concat([
  Buffer.from(`${ANSWER_HEAD}\r\nContent-Type: application/json\r\nContent-Length: ${message.length}\r\n\r\n`),
  message,
])

/** A stream's parts, framed for the wire. */
export const streamHead = Buffer.from(
  `${ANSWER_HEAD}\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n`,
)
const start = event('message_start', {
  message: {
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-1-20250805',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 412, cache_creation_input_tokens: 0, cache_read_input_tokens: 9000, output_tokens: 1 },
  },
})
const blockStart = event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
const blockStop = event('content_block_stop', { index: 0 })
const end = event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 188 } })
const stop = event('message_stop', {})
const opening = start + blockStart
const closing = blockStop + end + stop

export const streamOpening = frame(opening)
export const streamClosing = Buffer.concat([frame(closing), Buffer.from('0\r\n\r\n')])
export const tenDeltas = Buffer.concat(Array(10).fill(frame(delta(' a few more words'))))

const STAMP_LENGTH = 16
const STAMP_MARK = '"@'

/** A delta that carries when it was sent, so that its way can be timed. The clock is one for all processes. */
export function stampedDelta() {
  return frame(delta(toStampText(nowMicros())))
}

/** How long ago the stamps in `piece` were written, in milliseconds, each to `onAge`. */
export function readStamps(piece, onAge) {
  for (let at = piece.indexOf(STAMP_MARK); at !== -1; at = piece.indexOf(STAMP_MARK, at + 2)) {
    onAge((nowMicros() - Number(piece.latin1Slice(at + 2, at + 2 + STAMP_LENGTH))) / 1000)
  }
}

/** Bytes of an answer's body. */
export function answerBytes({ script, events = 0 }) {
  if (script === 'json') return message.length
  const one = delta(script === 'burst' ? ' a few more words' : toStampText(0))
  return opening.length + events * one.length + closing.length
}

function nowMicros() {
  return Number(process.hrtime.bigint() / 1000n)
}

function toStampText(micros) {
  return `@${String(micros).padStart(STAMP_LENGTH, '0')}`
}

function delta(text) {
  return event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
}

function event(type, fields) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function frame(text) {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`)
}
