import type { Message, MessagesRequest } from '../support/messages-api.js'

export const MODEL = 'claude-opus-5-5'
export const MAX_TOKENS = 1024
export const SYSTEM = 'You are the harbour master of Büsum.'
export const QUESTION = 'When is high tide? ⚓'
export const ANSWER = 'Hochwasser ist um sechs Uhr. 🌊 満潮は六時です。'
export const FOLLOW_UP = 'Set an alarm half an hour before.'
export const ANSWER_TO_TOOL = 'The alarm is set: 05:30 ✔'
export const THINKING = 'A look at the tide table first … 潮'
/** Opaque, and refused by the API when a single character is lost on the way back. */
export const SIGNATURE = `EqQB${'Ab+/9='.repeat(20)}==`
/** Long enough for a request to reach the upstream on a busy machine. */
export const TIMEOUT_MS = 500
export const BETAS = ['context-1m-2025-08-07', 'interleaved-thinking-2025-05-14', 'not-yet-known-2031-01-01']
export const IMAGE_URL = 'https://images.test/harbour.png'
/** Large enough that its request goes up as a stream and not as one buffer. */
export const IMAGE_BASE64 = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 131) % 251)).toString('base64')

export const ALARM = { at: '05:30', note: 'Flut „groß“ 🌊', repeat: [1, 2.5, null], deep: { 'key "quoted"': true } }
export const alarmTool = {
  name: 'set_alarm',
  description: 'Sets an alarm.',
  schema: {
    type: 'object' as const,
    properties: {
      at: { type: 'string' },
      note: { type: 'string' },
      repeat: { type: 'array' },
      deep: { type: 'object' },
    },
    required: ['at'],
  },
}
export const ALARM_RESULT = 'alarm set ⏰'

export const plainReply = message('msg_01Plain', [{ type: 'text', text: ANSWER }], 'end_turn')

const toolReply = message(
  'msg_01Tool',
  [
    { type: 'text', text: ANSWER },
    { type: 'tool_use', id: 'toolu_01Alarm', name: alarmTool.name, input: ALARM },
  ],
  'tool_use',
)

const thinkingReply = message(
  'msg_01Thinking',
  [
    { type: 'thinking', thinking: THINKING, signature: SIGNATURE },
    { type: 'text', text: ANSWER },
  ],
  'end_turn',
)

/** Asks for the alarm, and acknowledges the result that the client sends back. */
export const replyWithTool = (request: MessagesRequest): Message =>
  request.messages.length === 1 ? toolReply : closing

/** Thinks, and answers the turn after. */
export const replyWithThinking = (request: MessagesRequest): Message =>
  request.messages.length === 1 ? thinkingReply : closing

const closing = message('msg_01Closing', [{ type: 'text', text: ANSWER_TO_TOOL }], 'end_turn')

function message(id: string, content: Message['content'], stop_reason: string): Message {
  return {
    type: 'message',
    id,
    role: 'assistant',
    model: MODEL,
    content,
    stop_reason,
    stop_sequence: null,
    usage: {
      input_tokens: 412,
      cache_creation_input_tokens: 1500,
      cache_read_input_tokens: 9000,
      cache_creation: { ephemeral_5m_input_tokens: 1200, ephemeral_1h_input_tokens: 300 },
      output_tokens: 188,
      service_tier: 'standard',
    },
  }
}
