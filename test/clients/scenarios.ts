import { errorTable } from '@agent-prompt-train/core'
import { http } from 'msw'
import { toEvents, toEventText } from '../support/event-stream.js'
import { apiError, eventStream, messagesApi } from '../support/messages-api.js'
import { answerWith } from '../support/msw-upstream.js'
import type { Answer } from '../support/scripted-upstream.js'
import * as messages from './messages.js'
import type { Scenario, Stage } from './scenario.js'

const replies =
  (reply: Parameters<typeof messagesApi>[0]['reply']): Scenario['answer'] =>
  (_stage, apiKey) =>
    answerWith(...messagesApi({ apiKey, reply }))

const plain = replies(messages.plainReply)

/** An error with everything that clients read from one. */
const failure = (status: number, type: string, headers: Record<string, string> = {}) =>
  apiError(status, type, `Upstream says „${type}“ ✋`, headers)

const failing = (status: number, type: string, headers?: Record<string, string>): Scenario => ({
  answer: () => answerWith(http.all('*', () => failure(status, type, headers))),
  fails: true,
  status,
  shows: [type],
  requests: 1,
})

/** For the clients that read milliseconds, and for the one that retries only on a hint in seconds. */
const soon = { 'retry-after-ms': '1', 'retry-after': '0' }

const failsOnce = (status: number, type: string): Scenario => ({
  answer: (_stage, apiKey) =>
    answerWith(
      http.post('*/v1/messages', () => failure(status, type, soon), { once: true }),
      ...messagesApi({ apiKey, reply: messages.plainReply }),
    ),
  fails: false,
  shows: [messages.ANSWER],
  requests: 2,
})

const events = toEvents(messages.plainReply)
/** Up to the first delta. */
const openingText = toEventText(events.slice(0, 4))

/** Sends the opening of a stream, lets the client see it, and goes on with `then`. */
const opening =
  (then: (response: Parameters<Answer>[1], stage: Stage) => unknown, more = ''): Scenario['answer'] =>
  (stage) =>
  async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_011COpening' })
    response.write(openingText + more)
    await then(response, stage)
  }

const cut = async (response: Parameters<Answer>[1], stage: Stage) => {
  await stage.seen
  response.destroy()
}

export const scenarios = {
  create: { answer: plain, fails: false, shows: [messages.ANSWER], requests: 1 },
  'stream helper': { answer: plain, fails: false, shows: [messages.ANSWER], requests: 1 },
  'raw stream': { answer: plain, fails: false, shows: ['end_turn'], requests: 1 },
  tools: {
    answer: replies(messages.replyWithTool),
    fails: false,
    shows: [messages.ALARM.note, messages.ANSWER_TO_TOOL],
    requests: 2,
  },
  thinking: {
    answer: replies(messages.replyWithThinking),
    fails: false,
    shows: [messages.THINKING, messages.SIGNATURE, messages.ANSWER_TO_TOOL],
    requests: 2,
  },
  images: { answer: plain, fails: false, shows: [messages.ANSWER], requests: 1 },
  'count tokens': { answer: plain, fails: false, shows: ['input_tokens'], requests: 1 },
  // Three models in pages of two, one by its id, and one that does not exist.
  models: { answer: plain, fails: false, shows: ['claude-haiku-5', 'NotFoundError'], requests: 4 },
  betas: {
    answer: plain,
    fails: false,
    shows: [messages.ANSWER],
    requests: 1,
    carries: { 'anthropic-beta': messages.BETAS.join(',') },
  },
  'custom headers': {
    answer: plain,
    fails: false,
    shows: [messages.ANSWER],
    requests: 1,
    carries: { 'x-corp-trace': 'trace-7', 'x-claude-code-session-id': 'session-7' },
    dropped: ['x-internal-note'],
  },
  'retry after 429': failsOnce(429, 'rate_limit_error'),
  'retry after 529': failsOnce(529, 'overloaded_error'),
  'retries used up': {
    ...failing(529, 'overloaded_error', soon),
    requests: 2,
  },
  timeout: { answer: () => () => {}, fails: true, requests: 1, leaves: true },
  'abort before the answer': {
    answer: (stage) => () => stage.abort.abort(),
    fails: true,
    requests: 1,
    leaves: true,
  },
  'abort within the stream': { answer: opening(() => {}), requests: 1, leaves: true },
  'error event': {
    answer: () =>
      answerWith(
        http.post('*/v1/messages', () => {
          const error = { type: 'overloaded_error', message: 'Overloaded ✋' }
          return eventStream(openingText + toEventText([{ type: 'error', error }]))
        }),
      ),
    fails: true,
    shows: ['Overloaded ✋'],
    requests: 1,
  },
  'cut between events': {
    answer: opening(cut),
    fails: true,
    requests: 1,
    cut: [errorTable.upstream_broken.message],
  },
  'cut within an event': {
    answer: opening(cut, 'event: content_block_delta\ndata: {"type":"content_bl'),
    fails: true,
    requests: 1,
    cut: [],
  },
  'end without message_stop': {
    answer: opening((response) => response.end()),
    requests: 1,
  },
  'error 400': failing(400, 'invalid_request_error', { 'x-should-retry': 'false' }),
  'error 403': failing(403, 'permission_error'),
  'error 404': failing(404, 'not_found_error'),
  'error 413': failing(413, 'request_too_large'),
  'error 429': failing(429, 'rate_limit_error', { 'retry-after': '17', 'x-should-retry': 'true' }),
  'error 500': failing(500, 'api_error'),
  'error 529': failing(529, 'overloaded_error', { 'retry-after': '3' }),
} as const satisfies Record<string, Scenario>
