import { createSecretKey, randomBytes } from 'node:crypto'
import { type EncodingContext, encodeContent } from '../../src/content/encode-content.js'
import { KnownHashes } from '../../src/content/known-hashes.js'
import { SeenDocuments } from '../../src/content/seen-documents.js'
import type { LinkedConversations } from '../../src/conversations/link-conversations.js'
import type { ExchangeRecord } from '../../src/storage/exchange-store.js'

/** A content block or message of a transcript. */
export type Block = Readonly<Record<string, unknown>>
export interface Message {
  readonly role: string
  readonly content: string | readonly Block[]
}

/** Who asks, as records tell it. */
export type Asker = Partial<
  Pick<ExchangeRecord, 'domain' | 'keyId' | 'clientAddress' | 'sessionId' | 'agentId' | 'parentAgentId'>
>

/** One request of a transcript. */
export interface Asked {
  readonly messages: readonly Message[]
  /** Blocks of the answer; null for none. */
  readonly answer: readonly Block[] | null
  /** The request that it truly follows in its conversation, or that called for it; null where it begins one. */
  readonly follows: string | null
  readonly asker?: Asker
  /** Further members of the request. */
  readonly request?: Block
  /** Facts of the record that are not as usual. */
  readonly record?: Partial<ExchangeRecord>
  /** When it begins, in milliseconds; a second after the one before unless given. */
  readonly at?: number
}

const context: EncodingContext = {
  hashKey: createSecretKey(randomBytes(32)),
  sealingKey: { ringKeyId: 'k1', key: createSecretKey(randomBytes(32)), wrappedKey: new Uint8Array(0) },
  known: new KnownHashes(),
  documents: new SeenDocuments(),
}

/** 10 March 2026, noon UTC. */
export const START = Date.UTC(2026, 2, 10, 12)

/** A text block. */
export const text = (value: string): Block => ({ type: 'text', text: value })
/** A message of the user. */
export const user = (...content: readonly (string | Block)[]): Message => ({
  role: 'user',
  content: content.map(toBlock),
})
/** A message of the assistant. */
export const assistant = (...content: readonly (string | Block)[]): Message => ({
  role: 'assistant',
  content: content.map(toBlock),
})
/** A call of a sub-agent. */
export const task = (id: string, prompt: string, name = 'Task'): Block => ({
  type: 'tool_use',
  id,
  name,
  input: { description: 'a part of the work', prompt, subagent_type: 'general-purpose' },
})

const toBlock = (block: string | Block): Block => (typeof block === 'string' ? text(block) : block)

/** Exchanges as a recorder makes them of what was sent, with what is true of them. */
export class Transcripts {
  readonly records: ExchangeRecord[] = []
  /** What each truly follows, by request id. */
  readonly truth = new Map<string, string | null>()
  #at = START
  #count = 0
  readonly #name: string

  /** @param name begins the request ids */
  constructor(name = 'r') {
    this.#name = name
  }

  /** Records one request and its answer, and gives the request's id. */
  ask({ messages, answer, follows, asker = {}, request = {}, record = {}, at }: Asked): string {
    const requestId = `${this.#name}-${String(this.#count++).padStart(4, '0')}`
    this.#at = at === undefined ? this.#at + 1_000 : START + at
    const body = { model: 'claude-a', max_tokens: 9, ...request, messages }
    const said = { id: `msg_${requestId}`, type: 'message', role: 'assistant', model: 'claude-a', content: answer }
    const kept = (value: unknown) => ({ chunks: [Buffer.from(JSON.stringify(value))], truncated: false, coding: null })
    const { links } = encodeContent(
      {
        requestId,
        startedAt: this.#at,
        domain: asker.domain ?? 'example.com',
        request: kept(body),
        answer: answer === null ? null : kept(said),
        stream: false,
      },
      context,
    )
    this.records.push({ ...PLAIN, requestId, startedAt: this.#at, links, ...asker, ...record })
    this.truth.set(requestId, follows)
    return requestId
  }

  /** Begins a conversation that goes on turn by turn. */
  chat(asker: Asker = {}, messages: readonly Message[] = []): Chat {
    return new Chat(this, asker, messages)
  }
}

/** A client that keeps its history and resends it. */
export class Chat {
  messages: Message[]
  /** The last request. */
  last: string | null = null
  readonly #transcripts: Transcripts
  readonly #asker: Asker

  constructor(transcripts: Transcripts, asker: Asker, messages: readonly Message[]) {
    this.#transcripts = transcripts
    this.#asker = asker
    this.messages = [...messages]
  }

  /** Says something, and keeps the answer. */
  say(said: Message | string, answer: string | readonly Block[], facts: Partial<Asked> = {}): string {
    this.messages.push(typeof said === 'string' ? user(said) : said)
    const blocks = typeof answer === 'string' ? [text(answer)] : answer
    this.last = this.#transcripts.ask({
      messages: this.messages,
      answer: blocks,
      follows: this.last,
      asker: this.#asker,
      ...facts,
    })
    this.messages.push({ role: 'assistant', content: blocks })
    return this.last
  }

  /** Another client with the same history so far. */
  fork(): Chat {
    const chat = new Chat(this.#transcripts, this.#asker, this.messages)
    chat.last = this.last
    return chat
  }
}

/** What linking says that each request follows: its branch, the one that it left, or the call for its sub-task. */
export function toFollowed({ conversations }: LinkedConversations): Map<string, string | null> {
  const followed = new Map<string, string | null>()
  for (const { branches, subTaskOf } of conversations) {
    for (const [index, { from, requests }] of branches.entries()) {
      for (const [place, requestId] of requests.entries())
        followed.set(requestId, place > 0 ? requests[place - 1]! : (from ?? (index === 0 ? subTaskOf : null)))
    }
  }
  return followed
}

/** How what linking says compares with what is true. */
export function toScore(linked: LinkedConversations, truth: ReadonlyMap<string, string | null>) {
  const followed = toFollowed(linked)
  const score = { exchanges: truth.size, links: 0, found: 0, missed: 0, wrong: 0 }
  for (const [requestId, follows] of truth) {
    const found = followed.get(requestId) ?? null
    if (follows !== null) score.links += 1
    if (found === follows) score.found += Number(follows !== null)
    else if (found === null) score.missed += 1
    else score.wrong += 1
  }
  return score
}

/** The items in another order, always the same for a seed. */
export function shuffle<Item>(items: readonly Item[], seed = 1): Item[] {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state
  }
  return items
    .map((item) => [next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

const PLAIN: Omit<ExchangeRecord, 'requestId' | 'startedAt' | 'links'> = {
  domain: 'example.com',
  keyId: 'Ab3dEf9h',
  clientAddress: '192.0.2.7',
  method: 'POST',
  path: '/v1/messages',
  upstreamRequestId: null,
  modelAsked: 'claude-a',
  model: 'claude-a',
  stream: false,
  status: 200,
  errorType: null,
  stopReason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 5 },
  cost: { microUsd: 12.5, priceRow: 'FAKE', notional: false, incomplete: false, estimatedOutputTokens: null },
  firstByteMs: 10,
  durationMs: 500,
  requestBytes: 100,
  answerBytes: 100,
  aborted: false,
  broken: false,
  sessionId: null,
  agentId: null,
  parentAgentId: null,
  content: null,
}
