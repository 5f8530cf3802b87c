import { type JsonObject, toArray, toObject } from './json-members.js'

/** An answer as one message, whether it came whole or as a stream. */
export interface AssembledAnswer {
  /** As a client sends it back with its next request, so that both are stored once. */
  readonly message: { readonly role: unknown; readonly content: readonly unknown[] }
  /** Everything else that the answer said: id, model, usage, how it ended, events of unknown kinds. */
  readonly rest: JsonObject
}

/** Takes a message that came whole apart; null where the answer is none. */
export function takeMessage(answer: unknown): AssembledAnswer | null {
  const object = toObject(answer)
  if (object?.type !== 'message' || !Array.isArray(object.content)) return null
  const { role, content, ...rest } = object
  return { message: { role, content: content as unknown[] }, rest }
}

/** Puts a message together again. */
export function joinMessage({ message, rest }: AssembledAnswer): JsonObject {
  return { ...rest, ...message }
}

/**
 * Assembles the message that a stream of server-sent events described, as far as it came: deltas are joined, so that a
 * secret which was cut between two of them is whole again and can be masked. `parse` gives undefined for what is not
 * to be had as JSON. Null where the stream is none of a message.
 */
export function assembleStream(text: string, parse: (text: string) => unknown): AssembledAnswer | null {
  let message: JsonObject | null = null
  const blocks: OpenBlock[] = []
  const others: unknown[] = []
  let stopped = false
  for (const data of readEvents(text)) {
    const event = toObject(parse(data))
    if (event?.type === 'message_start') {
      message ??= { ...toObject(event.message) }
    } else if (event?.type === 'content_block_start' && typeof event.index === 'number') {
      blocks.push({ index: event.index, block: { ...toObject(event.content_block) }, input: '', texts: new Map() })
    } else if (event?.type === 'content_block_delta') {
      const open = blocks.findLast(({ index }) => index === event.index)
      if (open === undefined || !addDelta(open, toObject(event.delta))) others.push(event)
    } else if (event?.type === 'message_delta' && message !== null) {
      const { type: _type, delta, usage, ...more } = event
      Object.assign(message, toObject(delta), more, {
        usage: { ...toObject(message.usage), ...withoutNulls(toObject(usage)) },
      })
    } else if (event?.type === 'message_stop') {
      stopped = true
    } else if (event === null) {
      others.push(data)
    } else if (event.type !== 'ping' && event.type !== 'content_block_stop') {
      others.push(event)
    }
  }
  if (message === null) return null
  const { role, content, ...rest } = message
  const ended = stopped ? {} : { complete: false }
  const streamed = blocks.map((open) => closeBlock(open, parse))
  return {
    message: { role, content: [...toArray(content), ...streamed] },
    rest: { ...rest, ...ended, ...(others.length > 0 && { other_events: others }) },
  }
}

interface OpenBlock {
  readonly index: number
  readonly block: JsonObject
  /** The text of a tool's input as JSON, joined from its pieces. */
  input: string
  /** Pieces by the member they belong to. */
  readonly texts: Map<string, string[]>
}

/** Which member of a block each kind of delta continues. */
const CONTINUED: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
}

/** False for a delta of an unknown kind. */
function addDelta(open: OpenBlock, delta: JsonObject | null): boolean {
  if (delta?.type === 'input_json_delta' && typeof delta.partial_json === 'string') {
    open.input += delta.partial_json
    return true
  }
  if (delta?.type === 'citations_delta') {
    open.block.citations = [...toArray(open.block.citations), delta.citation]
    return true
  }
  const member = CONTINUED[String(delta?.type)]
  const piece = member === undefined ? undefined : delta![member]
  if (typeof piece !== 'string') return false
  const pieces = open.texts.get(member!)
  if (pieces === undefined) open.texts.set(member!, [piece])
  else pieces.push(piece)
  return true
}

function closeBlock({ block, input, texts }: OpenBlock, parse: (text: string) => unknown): JsonObject {
  for (const [member, pieces] of texts) block[member] = `${block[member] ?? ''}${pieces.join('')}`
  if (input === '') return block
  const parsed = parse(input)
  // A stream that broke off leaves half an input: it is shown as the text it is.
  return { ...block, input: parsed === undefined ? input : parsed }
}

function withoutNulls(object: JsonObject | null): JsonObject {
  return Object.fromEntries(Object.entries(object ?? {}).filter(([, value]) => value !== null))
}

/** The data of each event (WHATWG HTML, "Interpreting an event stream"), that of one cut off at the end included. */
function* readEvents(text: string): Generator<string> {
  let lines: string[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (line === '' && lines.length > 0) {
      yield lines.join('\n')
      lines = []
    }
  }
  if (lines.length > 0) yield lines.join('\n')
}
