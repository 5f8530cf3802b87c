import type { LinkFacts } from '../storage/exchange-store.js'
import type { AssembledAnswer } from './assemble-answer.js'
import type { ContentHash } from './content-hash.js'
import { type CountedBlock, toCountedBlocks, toCountedText, toTexts } from './counted-blocks.js'
import { type JsonObject, toArray, toObject } from './json-members.js'
import { longestPassages } from './passages.js'

/** As many turns may be missing from the records before a conversation falls apart. */
const HISTORY_POINTS = 10
/** The tools that agents start sub-agents with. */
const SUB_AGENT_TOOLS = new Set(['Task', 'Agent'])
const MOST_TASKS = 32
const SUMMARY_PASSAGES = 8
/** What is written around a summary may have long passages of its own. */
const CARRIED_PASSAGES = 24
/** A history that begins with a summary is new, and so short. */
const MOST_MESSAGES_AFTER_SUMMARY = 8
/** What a summary is asked for with, and what it is called. */
const SUMMARY_WORDS = /summar|compact|condens/i

/** What links the exchange of this request and answer to others. */
export function toLinkFacts(request: JsonObject, answer: AssembledAnswer | null, hash: ContentHash): LinkFacts {
  const messages = toArray(request.messages)
  const { previous, thread } = readPrevious(request)
  const chain = new HistoryChain(hash, thread)
  for (const message of messages) chain.add(message)
  const link = (kind: string) => (text: string) => hash.link(kind, text)
  const firstUser = messages.find((message) => toObject(message)?.role === 'user' && toTexts(message).length > 0)
  const { user_id: user } = toObject(request.metadata) ?? {}
  const { id } = answer?.rest ?? {}
  return {
    history: chain.points(HISTORY_POINTS),
    answers: answer === null ? [] : chain.answered(answer.message),
    answerId: typeof id === 'string' ? hash.link('message', id) : null,
    previousAnswerId: previous === null ? null : hash.link('message', previous),
    user: typeof user === 'string' ? hash.link('user', user) : null,
    opening: firstUser === undefined ? null : hash.link('prompt', toTexts(firstUser).join('\n')),
    tasks: toTaskPrompts(answer).map(link('prompt')),
    summary: toSummary(messages, answer).map(link('passage')),
    carried: toCarried(messages).map(link('passage')),
  }
}

/** Digests of a history that grows block by block: how blocks are divided into messages does not matter. */
class HistoryChain {
  readonly #hash: ContentHash
  readonly #points: string[] = []
  #at: string
  #turn = new Turn('')
  /** A text of the assistant at the end, which its answer goes on with, and the history before it. */
  #begun: { readonly before: string; readonly text: string } | null = null

  constructor(hash: ContentHash, begin: string) {
    this.#hash = hash
    this.#at = begin
  }

  add(message: unknown): void {
    for (const block of toCountedBlocks(message)) {
      if (block.role !== this.#turn.role) this.#turn = new Turn(block.role)
      if (this.#turn.hasHad(block)) continue
      const before = this.#at
      this.#at = this.#next(before, block)
      this.#begun = block.role === 'assistant' ? toBegun(before, block) : null
    }
    if (this.#at !== this.#points.at(-1)) this.#points.push(this.#at)
  }

  /** The history as of each of the last messages, the last one first. */
  points(most: number): string[] {
    return this.#points.slice(-most).reverse()
  }

  /** The history with the answer after it, as it came and without its thinking; none where nothing of it counts. */
  answered(message: AssembledAnswer['message']): string[] {
    const turn = new Turn('assistant')
    const blocks = toCountedBlocks({ ...message, role: turn.role }).filter((block) => !turn.hasHad(block))
    const [first, ...rest] = blocks
    if (first === undefined) return []
    const spoken = blocks.filter(({ isThinking }) => !isThinking)
    const ends = new Set([this.#after(this.#at, blocks)])
    if (spoken.length > 0) ends.add(this.#after(this.#at, spoken))
    const joined = this.#begun === null ? null : joinTexts(this.#begun.text, first)
    if (joined !== null) ends.add(this.#after(this.#begun!.before, [joined, ...rest]))
    return [...ends]
  }

  #after(before: string, blocks: readonly CountedBlock[]): string {
    return blocks.reduce((at, block) => this.#next(at, block), before)
  }

  #next(before: string, { role, text }: CountedBlock): string {
    return this.#hash.link('history', before, `/${role}/`, text)
  }
}

/** Blocks of one role in a row. */
class Turn {
  readonly role: string
  readonly #tools = new Set<string>()

  constructor(role: string) {
    this.role = role
  }

  /** Whether it is a tool block that this turn has had: clients send some twice. */
  hasHad({ isTool, text }: CountedBlock): boolean {
    if (!isTool) return false
    const had = this.#tools.has(text)
    this.#tools.add(text)
    return had
  }
}

function toBegun(before: string, { text }: CountedBlock) {
  const block = JSON.parse(text) as unknown
  const { type, text: begun } = toObject(block) ?? {}
  return type === 'text' && typeof begun === 'string' ? { before, text: begun } : null
}

function joinTexts(begun: string, { text, ...block }: CountedBlock): CountedBlock | null {
  const { type, text: more } = toObject(JSON.parse(text) as unknown) ?? {}
  return type === 'text' ? { ...block, text: JSON.stringify({ text: begun + String(more), type }) } : null
}

/** A thread that is kept on the server is continued without its history. */
function readPrevious({ thread, diagnostics }: JsonObject): { previous: string | null; thread: string } {
  const continued = toObject(thread)?.previous_message_id
  if (typeof continued === 'string') return { previous: continued, thread: continued }
  const diagnosed = toObject(diagnostics)?.previous_message_id
  return { previous: typeof diagnosed === 'string' ? diagnosed : null, thread: '' }
}

function toTaskPrompts(answer: AssembledAnswer | null): string[] {
  const prompts = (answer?.message.content ?? []).flatMap((block) => {
    const { type, name, input } = toObject(block) ?? {}
    const prompt = toObject(input)?.prompt
    if (type !== 'tool_use' || !SUB_AGENT_TOOLS.has(String(name)) || typeof prompt !== 'string') return []
    return toCountedText(prompt) ?? []
  })
  return prompts.slice(0, MOST_TASKS)
}

/** An answer sums up a conversation where one was had, and a summary was asked for, or it says that it is one. */
function toSummary(messages: readonly unknown[], answer: AssembledAnswer | null): string[] {
  if (answer === null) return []
  const compacted = toCompactions(answer.message)
  if (compacted.length > 0) return longestPassages(compacted.join('\n'), SUMMARY_PASSAGES)
  if (!messages.some((message) => toObject(message)?.role === 'assistant')) return []
  const wish = messages.findLast((message) => toObject(message)?.role === 'user')
  const said = toTexts(answer.message).join('\n')
  if (![...toTexts(wish), said].some((text) => SUMMARY_WORDS.test(text))) return []
  return longestPassages(withinSummaryTag(said), SUMMARY_PASSAGES)
}

/** Agents think aloud before the summary, and leave that out when they go on from it. */
function withinSummaryTag(text: string): string {
  const start = text.indexOf('<summary>')
  const end = text.lastIndexOf('</summary>')
  return start === -1 ? text : text.slice(start, end > start ? end : undefined)
}

function toCarried(messages: readonly unknown[]): string[] {
  if (messages.length > MOST_MESSAGES_AFTER_SUMMARY) return []
  const first = messages.find((message) => toCountedBlocks(message).length > 0)
  return longestPassages([...toTexts(first), ...toCompactions(first)].join('\n'), CARRIED_PASSAGES)
}

/** What compaction blocks say. */
function toCompactions(message: unknown): string[] {
  return toArray(toObject(message)?.content).flatMap((block) => {
    const { type, content } = toObject(block) ?? {}
    return type === 'compaction' && typeof content === 'string' ? content : []
  })
}
