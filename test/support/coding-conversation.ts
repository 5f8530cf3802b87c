import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** One request of the conversation and the answer it gets, as their bodies. */
export interface Turn {
  readonly request: string
  /** A stream of server-sent events. */
  readonly answer: string
}

/** What {@link codingConversation} makes. */
export interface ConversationOptions {
  /** @default 100 */
  readonly turns?: number
  /** About how much each turn adds to the history. @default 9_000 */
  readonly turnCharacters?: number
}

/**
 * Makes a conversation as a coding agent leads one: 30 KB of tools and 15 KB of system prompt with every request, a
 * first block that differs in each, files read and edited (those of undici), and cache_control on the last two
 * user messages, so that it moves with each turn. Grows from about 100 KB to about 1 MB; always the same.
 */
export function* codingConversation({
  turns = 100,
  turnCharacters = 9_000,
}: ConversationOptions = {}): Generator<Turn> {
  const source = readSources()
  let at = 0
  const take = (characters: number) => {
    if (at + characters > source.length) at = 0
    at += characters
    return source.slice(at - characters, at)
  }
  const tools = Array.from({ length: 16 }, (_, index) => toTool(index, take(1_300)))
  const guide = take(15_000)
  const messages: Message[] = [
    { role: 'user', content: [text(take(45_000)), text('Read the sources, find what is slow, and mend it.')] },
  ]
  for (let turn = 0; turn < turns; turn++) {
    const edits = turn % 4 === 3
    const read = Math.round(turnCharacters * (edits ? 0.25 : 1.15) * (0.5 + ((turn * 7) % 11) / 10))
    const id = `toolu_${hash(turn)}`
    const words = `${take(220).replace(/\s+/g, ' ')} So the next step is to look at part ${turn}.`
    const input = edits
      ? { file_path: `/repository/src/part-${turn}.ts`, old_string: take(500), new_string: take(700) }
      : { file_path: `/repository/src/part-${turn}.ts`, offset: turn * 40, limit: 200 }
    const content = [text(words), { type: 'tool_use', id, name: edits ? 'Edit' : 'Read', input }]
    yield {
      request: JSON.stringify({
        model: 'claude-opus-4-6',
        max_tokens: 32_000,
        stream: true,
        metadata: { user_id: `user_${hash(-1)}_session_${hash(-2)}` },
        system: [
          text(`x-billing: version=2.1.86; entry=cli; check=${hash(turn).slice(0, 5)};`),
          { ...text(guide), cache_control: { type: 'ephemeral' } },
        ],
        tools,
        messages: withCacheControl(messages),
      }),
      answer: toEventStream(turn, content),
    }
    messages.push({ role: 'assistant', content })
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: numbered(take(read)) }] })
  }
}

interface Message {
  readonly role: string
  readonly content: readonly object[]
}

function text(value: string): object {
  return { type: 'text', text: value }
}

function toTool(index: number, description: string): object {
  const properties = { file_path: { type: 'string', description: `Path ${index}` }, limit: { type: 'number' } }
  return {
    name: `Tool${index}`,
    description,
    input_schema: { type: 'object', properties, required: ['file_path'], additionalProperties: false },
  }
}

/** As `cat -n` prints it. */
function numbered(lines: string): string {
  return lines
    .split('\n')
    .map((line, index) => `${String(index + 1).padStart(6)}\t${line}`)
    .join('\n')
}

function withCacheControl(messages: readonly Message[]): Message[] {
  const last = messages.length - 1
  return messages.map((message, index) => {
    if (message.role !== 'user' || index < last - 2) return message
    const content = message.content.map((block, at) =>
      at === message.content.length - 1 ? { ...block, cache_control: { type: 'ephemeral' } } : block,
    )
    return { ...message, content }
  })
}

function toEventStream(turn: number, content: readonly object[]): string {
  const usage = { input_tokens: 4, cache_read_input_tokens: 20_000 + turn * 2_300, output_tokens: 3 }
  const events: object[] = [
    {
      type: 'message_start',
      message: {
        id: `msg_${hash(turn)}`,
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-6',
        content: [],
        usage,
      },
    },
  ]
  for (const [index, block] of content.entries()) {
    const { text: words, input, ...head } = block as { text?: string; input?: object }
    const start = input === undefined ? { ...head, text: '' } : { ...head, input: {} }
    events.push({ type: 'content_block_start', index, content_block: start })
    const whole = input === undefined ? words! : JSON.stringify(input)
    for (let from = 0; from < whole.length; from += 25) {
      const piece = whole.slice(from, from + 25)
      const delta =
        input === undefined ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece }
      events.push({ type: 'content_block_delta', index, delta })
    }
    events.push({ type: 'content_block_stop', index })
  }
  events.push({
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 210 },
  })
  events.push({ type: 'message_stop' })
  return events
    .map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

/** Random-looking and always the same, as ids are. */
function hash(seed: number): string {
  let state = (seed + 1_000) * 2_654_435_761
  return Array.from({ length: 24 }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e37) >>> 0
    return 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789'[state % 58]
  }).join('')
}

function readSources(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('undici/package.json'))
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(?:lib|docs|types)\b.*\.(?:js|ts|md)$/.test(path) && !path.includes('node_modules'))
    .sort()
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .filter((source) => source.length < 100_000)
    .join('\n')
}
