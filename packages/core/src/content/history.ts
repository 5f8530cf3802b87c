import type { KeyObject } from 'node:crypto'
import { maskJson } from '../masking/mask-json.js'
import type { ContentPart, HistoryRun } from '../storage/exchange-store.js'
import { toCanonicalJson } from './canonical-json.js'
import { type ContentHash, createContentHash } from './content-hash.js'
import { type CountedBlock, toCountedBlocks } from './counted-blocks.js'
import { type Before, toWindow, WINDOW_BYTES } from './packed.js'
import type { SeenDocument, SeenDocuments } from './seen-documents.js'

/** More messages than these are not looked back over, however short they are. */
const MAX_BEFORE = 16

/** A document as it is stored. */
interface Document extends SeenDocument {
  /** Its bytes, masked; made when they are wanted. */
  text(): Buffer
}

/** What a history is named and stored with. */
export interface HistoryContext {
  readonly hashKey: KeyObject
  readonly domain: string
  /** Documents by what was sent, so that what is resent is not masked again. */
  readonly documents: SeenDocuments
  isKnown(hash: string): boolean
  seal(document: Buffer, before: Before | null, hash: string): Uint8Array
}

/** Cuts a request's messages, what they rest on, and the answer into parts. */
export class History {
  /** Those that are not known. */
  readonly parts = new Map<string, ContentPart>()
  /** Names of the parts that are referred to, each once, in order. */
  readonly references: string[] = []
  /** What counts of the answer in a conversation; null where there is none. */
  answerBlocks: readonly CountedBlock[] | null = null
  readonly #messages: Document[] = []
  readonly #messageParts: string[] = []
  /** Names of the history as of each message: runs may end there. */
  readonly #points: string[] = []
  readonly #context: HistoryContext
  readonly #hash: ContentHash

  constructor(context: HistoryContext) {
    this.#context = context
    this.#hash = createContentHash(context.hashKey, context.domain)
  }

  /** What counts of each message in a conversation. */
  get messageBlocks(): readonly (readonly CountedBlock[])[] {
    return this.#messages.map(({ blocks }) => blocks)
  }

  /** Adds a message after those before. */
  add(message: unknown): void {
    const document = this.#toDocument(message)
    this.#messageParts.push(this.#toPart(document, this.#before()))
    this.#points.push(this.#hash.point(this.tip, document.name))
    this.#messages.push(document)
  }

  /** The run that ends with the last message; null where there is none. */
  get tip(): string | null {
    return this.#points.at(-1) ?? null
  }

  /** The messages after the last known run: one run, or none where nothing is new. */
  newRuns(): HistoryRun[] {
    const known = this.#points.findLastIndex((id) => this.#context.isKnown(id))
    if (this.tip === null || known === this.#points.length - 1) return []
    return [{ id: this.tip, parent: this.#points[known] ?? null, parts: this.#messageParts.slice(known + 1) }]
  }

  /** Refers to something that stands for itself, and returns its place among the references. */
  refer(value: unknown): number {
    return this.#referTo(this.#toPart(this.#toDocument(value), []))
  }

  /** Refers to the message that answers: it gets the name that it has when it is sent back. */
  referToNext(message: unknown): number {
    const document = this.#toDocument(message)
    this.answerBlocks = document.blocks
    return this.#referTo(this.#toPart(document, this.#before()))
  }

  #referTo(part: string): number {
    const at = this.references.indexOf(part)
    return at === -1 ? this.references.push(part) - 1 : at
  }

  #toDocument(value: unknown): Document {
    const { documents } = this.#context
    const toText = () => Buffer.from(toCanonicalJson(maskJson(value)))
    const sent = this.#hash.sent(toCanonicalJson(value))
    let seen = documents.get(sent)
    if (seen !== undefined) return { ...seen, text: toText }
    const text = toText()
    seen = {
      name: this.#hash.document(text.toString()),
      bytes: text.length,
      blocks: toCountedBlocks(value, this.#hash),
    }
    documents.add(sent, seen)
    return { ...seen, text: () => text }
  }

  /** The messages that reach as far back as compression does. */
  #before(): readonly Document[] {
    let from = this.#messages.length
    let bytes = 0
    while (from > 0 && bytes < WINDOW_BYTES && this.#messages.length - from < MAX_BEFORE) {
      bytes += this.#messages[--from]!.bytes
    }
    return this.#messages.slice(from)
  }

  #toPart(document: Document, before: readonly Document[]): string {
    const hash = this.#hash.part(
      document.name,
      before.map(({ name }) => name),
    )
    if (this.parts.has(hash) || this.#context.isKnown(hash)) return hash
    const window = before.length === 0 ? null : toWindow(before.map(({ text }) => text()))
    const sealed = this.#context.seal(
      document.text(),
      window === null ? null : { messages: before.length, bytes: window },
      hash,
    )
    this.parts.set(hash, { hash, sealed })
    return hash
  }
}
