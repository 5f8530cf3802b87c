import type { LinkFacts } from '../storage/link-facts.js'
import type { AssembledAnswer } from './assemble-answer.js'
import type { ContentHash } from './content-hash.js'
import { type CountedBlock, digestText, toCountedText, toTexts } from './counted-blocks.js'
import { HistoryChain } from './history-chain.js'
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

/** An exchange whose messages were told apart. */
export interface LinkSource {
  readonly request: JsonObject
  /** For each message of the request. */
  readonly messageBlocks: readonly (readonly CountedBlock[])[]
  readonly answer: AssembledAnswer | null
  readonly answerBlocks: readonly CountedBlock[] | null
  readonly hash: ContentHash
}

/** What links an exchange to others. */
export function toLinkFacts({ request, messageBlocks, answer, answerBlocks, hash }: LinkSource): LinkFacts {
  const messages = toArray(request.messages)
  const { previous, thread } = readPrevious(request)
  const chain = new HistoryChain(hash, thread)
  for (const blocks of messageBlocks) chain.add(blocks)
  const link = (kind: string) => (text: string) => hash.link(kind, text)
  const firstUser = messages.find((message) => toObject(message)?.role === 'user' && toTexts(message).length > 0)
  const { user_id: user } = toObject(request.metadata) ?? {}
  const { id } = answer?.rest ?? {}
  return {
    history: chain.points(HISTORY_POINTS),
    answers: [
      ...new Set([
        ...chain.answered(answerBlocks ?? []),
        ...chain.answeredWith(joinBegun(messages, answer, hash), answerBlocks ?? []),
      ]),
    ],
    answerId: typeof id === 'string' ? hash.link('message', id) : null,
    previousAnswerId: previous === null ? null : hash.link('message', previous),
    user: typeof user === 'string' ? hash.link('user', user) : null,
    opening: firstUser === undefined ? null : hash.link('prompt', toTexts(firstUser).join('\n')),
    tasks: toTaskPrompts(answer).map(link('prompt')),
    summary: toSummary(messages, answer).map(link('passage')),
    carried: toCarried(messages).map(link('passage')),
  }
}

/** The text that the client began for the assistant and the one that the answer goes on with, as the one they become. */
function joinBegun(messages: readonly unknown[], answer: AssembledAnswer | null, hash: ContentHash): string | null {
  const last = messages.at(-1)
  if (answer === null || toObject(last)?.role !== 'assistant') return null
  const begun = toTexts(last).at(-1)
  const [more] = toTexts({ content: answer.message.content.slice(0, 1) })
  return begun === undefined || more === undefined ? null : digestText('assistant', begun + more, hash)
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
  const texts = messages.map((message) => [...toTexts(message), ...toCompactions(message)])
  return longestPassages((texts.find(({ length }) => length > 0) ?? []).join('\n'), CARRIED_PASSAGES)
}

/** What compaction blocks say. */
function toCompactions(message: unknown): string[] {
  return toArray(toObject(message)?.content).flatMap((block) => {
    const { type, content } = toObject(block) ?? {}
    return type === 'compaction' && typeof content === 'string' ? content : []
  })
}
