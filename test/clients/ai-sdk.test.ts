import { createAnthropic } from '@ai-sdk/anthropic'
import {
  APICallError,
  generateText,
  isStepCount,
  jsonSchema,
  type ModelMessage,
  RetryError,
  type StepResult,
  streamText,
  type ToolSet,
  tool,
} from 'ai'
import * as given from './messages.js'
import type { Client, ErrorFacts, Play, Seat } from './scenario.js'
import { describeClient } from './suite.js'

type CallOptions = Partial<Parameters<typeof generateText>[0]>
type StreamOptions = Partial<Parameters<typeof streamText>[0]>

const question: ModelMessage = { role: 'user', content: given.QUESTION }
const onlyMessages = { lacks: 'the provider calls /v1/messages alone' }

const common = ({ baseURL, apiKey, fetch }: Seat) => ({
  model: createAnthropic({ baseURL: `${baseURL}/v1`, apiKey, fetch })(given.MODEL),
  instructions: given.SYSTEM,
  maxOutputTokens: given.MAX_TOKENS,
  maxRetries: 0,
  messages: [question],
})

const generate =
  (options?: CallOptions): Play =>
  async (seat) => {
    const { steps } = await generateText({ ...common(seat), ...options } as Parameters<typeof generateText>[0])
    return steps.map(toStepFacts)
  }

/** Plays a stream to its end and keeps each part; what the SDK reports as a part rather than throw is thrown here. */
async function stream(seat: Seat, options?: StreamOptions, onPart?: (type: string) => void): Promise<unknown[]> {
  const result = streamText({ ...common(seat), onError: () => {}, ...options } as Parameters<typeof streamText>[0])
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error
    seat.events.push(toPartFacts(part))
    onPart?.(part.type)
  }
  return (await result.steps).map(toStepFacts)
}

const streamOpening: Play = (seat) =>
  stream(seat, {}, (type) => {
    if (type === 'text-delta') seat.stage.saw()
  })

const client: Client = {
  name: 'ai with @ai-sdk/anthropic',
  errorName: () => 'AI_APICallError',
  toErrorFacts,
  plays: {
    create: generate({ maxRetries: 2 }),
    'stream helper': (seat) => stream(seat),
    'raw stream': (seat) => stream(seat, { include: { rawChunks: true } }),
    tools: (seat) =>
      stream(seat, {
        stopWhen: isStepCount(2),
        tools: {
          [given.alarmTool.name]: tool({
            description: given.alarmTool.description,
            inputSchema: jsonSchema(given.alarmTool.schema),
            execute: async () => given.ALARM_RESULT,
          }),
        },
      }),
    async thinking(seat) {
      const options: StreamOptions = { providerOptions: { anthropic: { thinking: { type: 'adaptive' } } } }
      const thought = streamText({ ...common(seat), ...options } as Parameters<typeof streamText>[0])
      const { messages } = await thought.response
      const followUp: ModelMessage = { role: 'user', content: given.FOLLOW_UP }
      const answered = await generate({ ...options, messages: [question, ...messages, followUp] } as CallOptions)(seat)
      return { thought: (await thought.steps).map(toStepFacts), answered }
    },
    images: generate({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'file', data: given.IMAGE_BASE64, mediaType: 'image/png' },
            { type: 'file', data: new URL(given.IMAGE_URL), mediaType: 'image/png' },
            { type: 'text', text: given.QUESTION },
          ],
        },
      ],
    } as CallOptions),
    'count tokens': onlyMessages,
    models: onlyMessages,
    betas: generate({ providerOptions: { anthropic: { anthropicBeta: given.BETAS } } }),
    'custom headers': generate({
      headers: {
        'X-Corp-Trace': 'trace-7',
        'X-Claude-Code-Session-Id': 'session-7',
        'X-Internal-Note': 'stays here',
      },
    }),
    'retry after 429': generate({ maxRetries: 2 }),
    'retry after 529': generate({ maxRetries: 2 }),
    'retries used up': generate({ maxRetries: 1 }),
    timeout: generate({ timeout: given.TIMEOUT_MS }),
    'abort before the answer': (seat) => generate({ abortSignal: seat.stage.abort.signal })(seat),
    'abort within the stream': (seat) =>
      stream(seat, { abortSignal: seat.stage.abort.signal }, (type) => {
        if (type === 'text-delta') seat.stage.abort.abort()
      }),
    'error event': (seat) => stream(seat),
    'cut between events': streamOpening,
    'cut within an event': streamOpening,
    'end without message_stop': (seat) => stream(seat),
    'error 400': generate(),
    'error 403': generate(),
    'error 404': generate(),
    'error 413': generate(),
    'error 429': generate(),
    'error 500': generate(),
    'error 529': generate(),
  },
}

function toStepFacts(step: StepResult<ToolSet>): unknown {
  const { text, content, usage, finishReason, rawFinishReason, warnings, providerMetadata } = step
  const { id, modelId } = step.response
  return toPlain({ id, modelId, text, content, usage, finishReason, rawFinishReason, warnings, providerMetadata })
}

/** A stream's part without what the SDK measures or makes up by itself. */
function toPartFacts(part: { readonly type: string }): unknown {
  if (part.type === 'start-step' || part.type === 'finish-step') return { type: part.type }
  return toPlain(part)
}

function toErrorFacts(error: Error): ErrorFacts {
  if (RetryError.isInstance(error)) {
    const { reason, errors, message } = error
    return { ...toErrorFacts(error.lastError as Error), retries: { reason, message, attempts: errors.length } }
  }
  const { name, message } = error
  if (!APICallError.isInstance(error)) return { name, message }
  const { statusCode, isRetryable, responseBody, data } = error
  return toPlain({ name, message, statusCode, isRetryable, responseBody, data }) as ErrorFacts
}

/** Plain data, less the random ids that the SDK gives to texts of a second step. */
function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/"aitxt-\w+"/g, '"aitxt"'))
}

describeClient(client)
