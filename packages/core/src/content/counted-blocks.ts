import { toCanonicalJson } from './canonical-json.js'
import type { ContentHash } from './content-hash.js'
import { type JsonObject, omit, toArray, toObject } from './json-members.js'

/** A block as it counts in a conversation, whoever added what to it on the way. */
export interface CountedBlock {
  readonly role: string
  /** Of its role and canonical JSON. */
  readonly digest: string
  /** Whether it calls a tool or brings its result. */
  readonly isTool: boolean
  readonly isThinking: boolean
}

const REMINDER = '<system-reminder>'
const REMINDER_END = '</system-reminder>'

/**
 * The blocks of a message that count: a string is a text block, reminders and cache_control go, and so does what is
 * empty then. Of blocks whose members are known only those count that a client sends back as they came. System messages
 * do not count: they change within a conversation.
 */
export function toCountedBlocks(message: unknown, hash: ContentHash): CountedBlock[] {
  const { role, content } = toObject(message) ?? {}
  if (role === 'system') return []
  return toBlocks(content).flatMap((block) => {
    const counted = toCounted(block)
    if (counted === null) return []
    const { type, id, tool_use_id: resultOf } = toObject(counted) ?? {}
    return {
      role: String(role),
      digest: digestBlock(String(role), counted, hash),
      isTool: typeof (resultOf ?? id) === 'string',
      isThinking: type === 'thinking' || type === 'redacted_thinking',
    }
  })
}

/** What a text block of this role would have for a digest. */
export function digestText(role: string, text: string, hash: ContentHash): string {
  return digestBlock(role, toCounted({ type: 'text', text }), hash)
}

/** The texts of a message that count, one for each block. */
export function toTexts(message: unknown): string[] {
  return toBlocks(toObject(message)?.content).flatMap((block) => {
    const { type, text } = toObject(block) ?? {}
    return type === 'text' && typeof text === 'string' ? (toCountedText(text) ?? []) : []
  })
}

/** A text without injected reminders and the space around it; null where nothing is left. */
export function toCountedText(text: string): string | null {
  const kept: string[] = []
  let from = 0
  for (let start = text.indexOf(REMINDER); start !== -1; start = text.indexOf(REMINDER, from)) {
    const end = text.indexOf(REMINDER_END, start)
    if (end === -1) break
    kept.push(text.slice(from, start).trim())
    from = end + REMINDER_END.length
  }
  kept.push(text.slice(from).trim())
  return kept.filter((piece) => piece !== '').join('\n') || null
}

function digestBlock(role: string, counted: unknown, hash: ContentHash): string {
  return hash.link('block', JSON.stringify(role), toCanonicalJson(counted))
}

function toBlocks(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : toArray(content)
}

function toCounted(block: unknown): unknown {
  const object = toObject(block)
  if (object === null) return block
  switch (object.type) {
    case 'text': {
      const text = typeof object.text === 'string' ? toCountedText(object.text) : null
      return text === null ? null : { type: 'text', text }
    }
    case 'thinking':
      return pick(object, 'type', 'thinking', 'signature')
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return pick(object, 'type', 'id', 'name', 'input')
    case 'tool_result':
      return {
        ...pick(object, 'type', 'tool_use_id'),
        content: toBlocks(object.content)
          .map(toCounted)
          .filter((inner) => inner !== null),
        ...(object.is_error === true && { is_error: true }),
      }
    default:
      return omit(object, 'cache_control')
  }
}

function pick(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(object, name) ? [[name, object[name]]] : [])))
}
