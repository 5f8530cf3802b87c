import { randomUUID } from 'node:crypto'

/** What the upstream's ids of its requests begin with. */
export const DEMONSTRATION_REQUEST = 'req_demonstration_'

/** The fields of a request that the demonstration looks at. */
export interface MessagesRequest {
  readonly model: string
  readonly max_tokens?: number
  readonly messages: readonly unknown[]
  readonly stream?: boolean
}

/** What `GET /v1/models` lists. */
export const demonstrationModels = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'].map((id) => ({
  type: 'model',
  id,
  display_name: `${id} (demonstration)`,
  created_at: '2026-10-07T00:00:00Z',
}))

const TEXT =
  'This is the demonstration upstream of Agent Prompt Train: no Claude model was called and nothing was billed. ' +
  'Your request went through the proxy with your client key, and this answer came back the same way. ' +
  'For answers from Claude, set ANTHROPIC_API_KEY (or add a credential file) and start again.'

/** Answers any request with the same text, and a usage that fits its size. */
export function demonstrationMessage(asked: MessagesRequest) {
  return {
    id: `msg_demonstration_${randomUUID().slice(0, 8)}`,
    type: 'message',
    role: 'assistant',
    model: asked.model,
    content: [{ type: 'text', text: TEXT }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: toTokens(JSON.stringify(asked.messages)),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: toTokens(TEXT),
      service_tier: 'standard',
    },
  }
}

/** The same message as the events of a stream, a few words at a time. */
export function* toEvents(message: ReturnType<typeof demonstrationMessage>) {
  const { content, stop_reason, stop_sequence, usage } = message
  const start = { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } }
  yield { type: 'message_start', message: start }
  yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  yield { type: 'ping' }
  for (const text of content[0]!.text.match(/(?:\S+\s*){1,4}/g)!) {
    yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
  }
  yield { type: 'content_block_stop', index: 0 }
  yield {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence },
    usage: { output_tokens: usage.output_tokens },
  }
  yield { type: 'message_stop' }
}

/** About four characters are one token. */
function toTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
