import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import type { ExchangeBodies, KeptBody } from '../exchange.js'
import { type SealingKey, sealWith } from '../key-ring/seal.js'
import { maskJson } from '../masking/mask-json.js'
import { maskText } from '../masking/mask-text.js'
import type { StoredContent } from '../storage/exchange-store.js'
import type { LinkFacts } from '../storage/link-facts.js'
import { type AssembledAnswer, assembleStream, takeMessage } from './assemble-answer.js'
import { toCanonicalJson } from './canonical-json.js'
import { createContentHash } from './content-hash.js'
import { decodeBody } from './decode-body.js'
import { estimateTokens } from './estimate-tokens.js'
import { parseExactJson } from './exact-json.js'
import { History, type HistoryContext } from './history.js'
import { type JsonObject, toObject } from './json-members.js'
import type { KnownHashes } from './known-hashes.js'
import { toLinkFacts } from './link-facts.js'
import { pack } from './packed.js'
import { splitRequest } from './split-request.js'
import { type AnswerDocument, purposes, type RequestDocument, toPartId } from './stored-documents.js'

/** More messages than the API takes: kept as one text. */
const MAX_MESSAGES = 100_000
const DAY_MS = 86_400_000

/** What encoding takes beside the bodies. */
export interface EncodingContext {
  readonly hashKey: KeyObject
  readonly sealingKey: SealingKey
  readonly known: KnownHashes
  /** Kept between calls: see {@link HistoryContext}. */
  readonly documents: HistoryContext['documents']
}

/** The bodies of one exchange as they are stored, and what was seen in them. */
export interface EncodedContent {
  readonly content: StoredContent
  readonly modelAsked: string | null
  /** Null where the request's messages could not be told apart. */
  readonly links: LinkFacts | null
  /** Of the answer's message, as far as it came; null where it is none. */
  readonly estimatedOutputTokens: number | null
}

/**
 * Makes of the bodies of one exchange what is stored of them: masked, cut into parts, compressed and sealed. Parts that
 * are known are left out, so that what a conversation resends costs a hash.
 */
export function encodeContent(bodies: ExchangeBodies, context: EncodingContext): EncodedContent {
  const encoding = new Encoding(bodies, context)
  const sealed = encoding.encode()
  const { history, truncated, modelAsked } = encoding
  return {
    content: {
      ...sealed,
      tip: history.tip,
      runs: history.newRuns(),
      parts: [...history.parts.values()],
      references: history.references,
      truncated,
    },
    modelAsked,
    links: encoding.toLinks(),
    estimatedOutputTokens: encoding.estimateTokens(),
  }
}

class Encoding {
  readonly history: History
  truncated = false
  modelAsked: string | null = null
  /** The request, where it is one with messages. */
  #request: JsonObject | null = null
  #answer: AssembledAnswer | null = null
  readonly #bodies: ExchangeBodies
  readonly #context: EncodingContext

  constructor(bodies: ExchangeBodies, context: EncodingContext) {
    const { domain, startedAt } = bodies
    const day = toDayNumber(startedAt)
    const { hashKey, sealingKey, documents, known } = context
    this.#bodies = bodies
    this.#context = context
    this.history = new History({
      hashKey,
      domain,
      documents,
      isKnown: (hash) => known.has(day, hash),
      seal: (document, before, hash) =>
        sealWith(sealingKey, pack('document', document, before), {
          purpose: purposes.part,
          id: toPartId(domain, hash),
        }),
    })
  }

  /** An answer that is a message is sealed with its request. */
  encode(): Pick<StoredContent, 'request' | 'answer'> {
    const request = this.#readRequest(this.#bodies.request)
    const answer = this.#readAnswer(this.#bodies.answer)
    if (request === null || answer === null || request instanceof Uint8Array || answer instanceof Uint8Array) {
      return { request: this.#seal(request, purposes.request), answer: this.#seal(answer, purposes.answer) }
    }
    return { request: this.#seal({ ...request, answer }, purposes.request), answer: null }
  }

  #readRequest(body: KeptBody | null): Uint8Array | RequestDocument | null {
    const bytes = this.#open(body)
    if (bytes === null) return null
    const parsed = body!.truncated ? undefined : parseExactJson(bytes)
    const { model } = toObject(parsed) ?? {}
    if (typeof model === 'string') this.modelAsked = model
    const split = splitRequest(parsed)
    if (split === null || split.messages.length > MAX_MESSAGES) return packWhole(bytes, parsed)
    this.#request = toObject(parsed)
    const document: RequestDocument = {
      rest: maskJson(split.rest) as RequestDocument['rest'],
      messages: split.messages.length,
      fixed: split.fixed.map(({ path, value }) => [path, this.history.refer(value)]),
      cacheControl: maskJson(split.cacheControl) as RequestDocument['cacheControl'],
    }
    for (const message of split.messages) this.history.add(message)
    return document
  }

  #readAnswer(body: KeptBody | null): Uint8Array | AnswerDocument | null {
    const bytes = this.#open(body)
    if (bytes === null) return null
    const { stream } = this.#bodies
    const parsed = stream ? undefined : parseExactJson(bytes)
    const answer = stream ? assembleStream(toBuffer(bytes).toString('utf8'), parseText) : takeMessage(parsed)
    if (answer === null) return packWhole(bytes, parsed)
    this.#answer = answer
    return {
      part: this.history.referToNext(answer.message),
      rest: maskJson(answer.rest) as AnswerDocument['rest'],
    }
  }

  estimateTokens(): number | null {
    return this.#answer && estimateTokens(this.#answer.message.content)
  }

  toLinks(): LinkFacts | null {
    if (this.#request === null) return null
    return toLinkFacts({
      request: this.#request,
      messageBlocks: this.history.messageBlocks,
      answer: this.#answer,
      answerBlocks: this.history.answerBlocks,
      hash: createContentHash(this.#context.hashKey, this.#bodies.domain),
    })
  }

  /** The bytes without their content coding; null, and the flag, where nothing can be looked into and so be masked. */
  #open(body: KeptBody | null): Uint8Array | null {
    if (body === null || (body.chunks.length === 0 && !body.truncated)) return null
    if (body.truncated) this.truncated = true
    const bytes = body.chunks.length === 1 ? body.chunks[0]! : Buffer.concat(body.chunks)
    const decoded = decodeBody(bytes, body.coding)
    if (decoded === null) this.truncated = true
    return decoded
  }

  #seal(body: Uint8Array | RequestDocument | AnswerDocument | null, purpose: string): Uint8Array | null {
    if (body === null) return null
    const packed = body instanceof Uint8Array ? body : pack('document', Buffer.from(toCanonicalJson(body)))
    return sealWith(this.#context.sealingKey, packed, { purpose, id: this.#bodies.requestId })
  }
}

/** What is no message, as it came: JSON keeps its meaning, text its words, and other bytes are masked one by one. */
function packWhole(bytes: Uint8Array, parsed: unknown): Uint8Array {
  if (parsed !== undefined) return pack('text', Buffer.from(JSON.stringify(maskJson(parsed))))
  if (isUtf8(bytes)) return pack('text', Buffer.from(maskText(toBuffer(bytes).toString('utf8'))))
  // Latin-1 gives each byte back as it was, and secrets are ASCII.
  return pack('bytes', Buffer.from(maskText(toBuffer(bytes).toString('latin1')), 'latin1'))
}

/** The day since the epoch, in UTC, that a moment falls on. */
export function toDayNumber(time: number): number {
  return Math.floor(time / DAY_MS)
}

function parseText(text: string): unknown {
  return parseExactJson(Buffer.from(text))
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
