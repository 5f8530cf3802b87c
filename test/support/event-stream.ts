import type { Message } from './messages-api.js'

/** One server-sent event of the Messages API: its data, whose `type` is also the event's name. */
export type StreamEvent = { readonly type: string } & Readonly<Record<string, unknown>>

/** Deltas are this long, so that a text takes several and a tool's JSON is cut at odd places. */
const DELTA_CHARACTERS = 7

/** The events that make up a message, pings included. */
export function toEvents(message: Message): StreamEvent[] {
  const { content, stop_reason, stop_sequence, usage } = message
  return [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...usage, output_tokens: 1 },
      },
    },
    { type: 'ping' },
    ...content.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: toShell(block) },
      ...toDeltas(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: { output_tokens: usage.output_tokens } },
    { type: 'message_stop' },
  ]
}

/** The text of events as the API sends it. */
export function toEventText(events: readonly StreamEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

function toShell(block: Message['content'][number]): Record<string, unknown> {
  switch (block.type) {
    case 'text':
      return { ...block, text: '' }
    case 'thinking':
      return { ...block, thinking: '', signature: '' }
    case 'tool_use':
      return { ...block, input: {} }
    default:
      return block
  }
}

function toDeltas(block: Message['content'][number]): Record<string, unknown>[] {
  switch (block.type) {
    case 'text':
      return cut(block.text as string).map((text) => ({ type: 'text_delta', text }))
    case 'thinking':
      return [
        ...cut(block.thinking as string).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ]
    case 'tool_use':
      return ['', ...cut(JSON.stringify(block.input))].map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      }))
    default:
      return []
  }
}

/** Cuts by characters rather than code units: a lone surrogate would not survive UTF-8. */
function cut(text: string): string[] {
  const characters = [...text]
  const count = Math.ceil(characters.length / DELTA_CHARACTERS)
  return Array.from({ length: count }, (_, i) =>
    characters.slice(i * DELTA_CHARACTERS, (i + 1) * DELTA_CHARACTERS).join(''),
  )
}
