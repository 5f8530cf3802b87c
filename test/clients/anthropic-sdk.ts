import type Anthropic from '@anthropic-ai/sdk'
import type { ClientOptions } from '@anthropic-ai/sdk'
import * as given from './messages.js'
import type { Client, ErrorFacts, Play, Seat } from './scenario.js'

/** The constructor of one major of the SDK; both have all that is used here. */
export type Sdk = new (options: ClientOptions) => Anthropic

type Params = Anthropic.MessageCreateParamsNonStreaming

const params: Params = {
  model: given.MODEL,
  max_tokens: given.MAX_TOKENS,
  system: [{ type: 'text', text: given.SYSTEM, cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: given.QUESTION }],
}
const tools: Anthropic.Tool[] = [
  {
    name: given.alarmTool.name,
    description: given.alarmTool.description,
    input_schema: given.alarmTool.schema,
  },
]
const thinking: Anthropic.ThinkingConfigParam = { type: 'adaptive' }

/** How one major of the Anthropic SDK plays every scenario. */
export function anthropicSdk(name: string, sdk: Sdk, errorNames: Readonly<Record<number, string>>): Client {
  const open = ({ baseURL, apiKey, fetch }: Seat, options: ClientOptions = {}) =>
    new sdk({ baseURL, apiKey, fetch, maxRetries: 0, ...options })

  const create =
    (options?: ClientOptions): Play =>
    async (seat) =>
      withRequestId(await open(seat, options).messages.create(params))

  const iterate: Play = async (seat) => {
    for await (const event of await open(seat).messages.create({ ...params, stream: true })) seat.events.push(event)
  }

  /** Tells the upstream when the one delta of its opening is there. */
  const iterateOpening: Play = async (seat) => {
    for await (const event of await open(seat).messages.create({ ...params, stream: true })) {
      seat.events.push(event)
      if (event.type === 'content_block_delta') seat.stage.saw()
    }
  }

  return {
    name,
    errorName: (status) => errorNames[status] ?? 'unexpected',
    toErrorFacts,
    plays: {
      create: create({ maxRetries: 2 }),
      'raw stream': iterate,
      async 'stream helper'(seat) {
        const stream = open(seat).messages.stream(params)
        stream.on('text', (delta, snapshot) => seat.events.push({ delta, snapshot }))
        return withRequestId(await stream.finalMessage())
      },
      async tools(seat) {
        const client = open(seat)
        const stream = client.messages.stream({ ...params, tools })
        stream.on('inputJson', (partialJson, snapshot) => seat.events.push({ partialJson, snapshot }))
        const asked = await stream.finalMessage()
        const call = asked.content.find((block) => block.type === 'tool_use')
        const answered = await client.messages.create({
          ...params,
          tools,
          messages: [
            ...params.messages,
            { role: 'assistant', content: asked.content },
            {
              role: 'user',
              content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: given.ALARM_RESULT }],
            },
          ],
        })
        return { asked, answered }
      },
      async thinking(seat) {
        const client = open(seat)
        const thought = await client.messages.stream({ ...params, thinking }).finalMessage()
        const answered = await client.messages.create({
          ...params,
          thinking,
          messages: [
            ...params.messages,
            { role: 'assistant', content: thought.content },
            { role: 'user', content: given.FOLLOW_UP },
          ],
        })
        return { thought, answered }
      },
      images: async (seat) =>
        open(seat).messages.create({
          ...params,
          messages: [
            {
              role: 'user',
              content: [
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: given.IMAGE_BASE64 } },
                { type: 'image', source: { type: 'url', url: given.IMAGE_URL } },
                { type: 'text', text: given.QUESTION },
              ],
            },
          ],
        }),
      'count tokens': async (seat) => {
        const { model, messages } = params
        return open(seat).messages.countTokens({ model, messages, system: given.SYSTEM })
      },
      async models(seat) {
        const { models } = open(seat)
        const ids: string[] = []
        for await (const model of models.list({ limit: 2 })) ids.push(model.id)
        const missing = await models.retrieve('claude-none').catch(toErrorFacts)
        return { ids, one: await models.retrieve('claude-haiku-5'), missing }
      },
      betas: async (seat) => open(seat).beta.messages.create({ ...params, betas: given.BETAS }),
      'custom headers': create({
        defaultHeaders: {
          'X-Corp-Trace': 'trace-7',
          'X-Claude-Code-Session-Id': 'session-7',
          'X-Internal-Note': 'stays here',
        },
      }),
      'retry after 429': create({ maxRetries: 2 }),
      'retry after 529': create({ maxRetries: 2 }),
      'retries used up': create({ maxRetries: 1 }),
      timeout: create({ timeout: given.TIMEOUT_MS }),
      'abort before the answer': async (seat) =>
        open(seat).messages.create(params, { signal: seat.stage.abort.signal }),
      async 'abort within the stream'(seat) {
        const { signal } = seat.stage.abort
        for await (const event of await open(seat).messages.create({ ...params, stream: true }, { signal })) {
          seat.events.push(event)
          if (event.type === 'content_block_delta') seat.stage.abort.abort()
        }
      },
      'error event': iterate,
      'cut between events': iterateOpening,
      'cut within an event': iterateOpening,
      'end without message_stop': iterate,
      'error 400': create(),
      'error 403': create(),
      'error 404': create(),
      'error 413': create(),
      'error 429': create(),
      'error 500': create(),
      'error 529': create(),
    },
  }
}

function withRequestId(message: Anthropic.Message & { _request_id?: string | null }): unknown {
  return { message, requestId: message._request_id }
}

function toErrorFacts(error: Error): ErrorFacts {
  const { status, type, error: body, requestID } = error as Error & Readonly<Record<string, unknown>>
  return { name: error.constructor.name, message: error.message, status, type, body, requestID }
}
