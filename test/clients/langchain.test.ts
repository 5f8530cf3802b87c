import { ChatAnthropic, type ChatAnthropicInput } from '@langchain/anthropic'
import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  type ToolMessage,
} from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import * as given from './messages.js'
import type { Client, ErrorFacts, Play, Seat } from './scenario.js'
import { describeClient } from './suite.js'

const question = [new SystemMessage(given.SYSTEM), new HumanMessage(given.QUESTION)]
const onlyMessages = { lacks: 'the model class calls /v1/messages alone' }

const open = ({ baseURL, apiKey, fetch }: Seat, { clientOptions, ...options }: ChatAnthropicInput = {}) =>
  new ChatAnthropic({
    model: given.MODEL,
    maxTokens: given.MAX_TOKENS,
    maxRetries: 0,
    apiKey,
    anthropicApiUrl: baseURL,
    clientOptions: { fetch, ...clientOptions },
    ...options,
  })

const invoke =
  (options?: ChatAnthropicInput, messages: BaseMessage[] = question): Play =>
  async (seat) =>
    toFacts(await open(seat, options).invoke(messages))

const stream: Play = async (seat) => {
  for await (const chunk of await open(seat).stream(question)) {
    seat.events.push(toFacts(chunk))
    if (chunk.text !== '') seat.stage.saw()
  }
}

const client: Client = {
  name: '@langchain/anthropic',
  errorName: (status) => errorNames[status] ?? 'unexpected',
  toErrorFacts,
  plays: {
    create: invoke({ maxRetries: 2 }),
    'raw stream': stream,
    'stream helper': async (seat) => toFacts(await collect(await open(seat).stream(question))),
    async tools(seat) {
      const alarm = tool(async () => given.ALARM_RESULT, given.alarmTool)
      const model = open(seat).bindTools([alarm])
      const asked = await collect(await model.stream(question))
      const result = (await alarm.invoke(asked.tool_calls![0]!)) as ToolMessage
      return { asked: toFacts(asked), answered: toFacts(await model.invoke([...question, asked, result])) }
    },
    async thinking(seat) {
      const model = open(seat, { thinking: { type: 'adaptive' } })
      const thought = await collect(await model.stream(question))
      const answered = await model.invoke([...question, thought, new HumanMessage(given.FOLLOW_UP)])
      return { thought: toFacts(thought), answered: toFacts(answered) }
    },
    images: invoke({}, [
      new HumanMessage({
        content: [
          { type: 'image_url', image_url: { url: `data:image/png;base64,${given.IMAGE_BASE64}` } },
          { type: 'image_url', image_url: { url: given.IMAGE_URL } },
          { type: 'text', text: given.QUESTION },
        ],
      }),
    ]),
    'count tokens': { lacks: 'getNumTokens estimates without asking the API' },
    models: onlyMessages,
    betas: invoke({ betas: given.BETAS }),
    'custom headers': invoke({
      clientOptions: {
        defaultHeaders: {
          'X-Corp-Trace': 'trace-7',
          'X-Claude-Code-Session-Id': 'session-7',
          'X-Internal-Note': 'stays here',
        },
      },
    }),
    'retry after 429': invoke({ maxRetries: 2 }),
    'retry after 529': invoke({ maxRetries: 2 }),
    'retries used up': invoke({ maxRetries: 1 }),
    timeout: invoke({ clientOptions: { timeout: given.TIMEOUT_MS } }),
    'abort before the answer': async (seat) =>
      toFacts(await open(seat).invoke(question, { signal: seat.stage.abort.signal })),
    async 'abort within the stream'(seat) {
      const { abort } = seat.stage
      for await (const chunk of await open(seat).stream(question, { signal: abort.signal })) {
        seat.events.push(toFacts(chunk))
        if (chunk.text !== '') abort.abort()
      }
    },
    'error event': stream,
    'cut between events': stream,
    'cut within an event': stream,
    'end without message_stop': stream,
    'error 400': invoke(),
    'error 403': invoke(),
    'error 404': invoke(),
    'error 413': invoke(),
    'error 429': invoke(),
    'error 500': invoke(),
    'error 529': invoke(),
  },
}

const errorNames: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  413: 'APIError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  529: 'InternalServerError',
}

async function collect(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | null = null
  for await (const chunk of chunks) whole = whole === null ? chunk : whole.concat(chunk)
  return whole!
}

function toFacts(message: AIMessage | AIMessageChunk): unknown {
  const { id, content, tool_calls, invalid_tool_calls, usage_metadata, response_metadata, additional_kwargs } = message
  return { id, content, tool_calls, invalid_tool_calls, usage_metadata, response_metadata, additional_kwargs }
}

function toErrorFacts(error: Error): ErrorFacts {
  const { status, type, error: body, requestID, lc_error_code } = error as Error & Readonly<Record<string, unknown>>
  return { name: error.constructor.name, message: error.message, status, type, body, requestID, lc_error_code }
}

describeClient(client)
