import type { KeyRing } from '../key-ring/key-ring.js'
import { createSealer } from '../key-ring/sealer.js'
import type { ExchangeRecord, StoredContent } from '../storage/exchange-store.js'
import { type AssembledAnswer, joinMessage } from './assemble-answer.js'
import { OpenParts, parse } from './open-parts.js'
import { unpack } from './packed.js'
import { joinRequest } from './split-request.js'
import { type AnswerDocument, purposes, type RequestDocument, toPartId } from './stored-documents.js'

/** The bodies of an exchange as they can be read: masked. */
export interface OpenedContent {
  /** JSON text with the meaning of what was sent, other text as it was, or bytes that are no text; null for none kept. */
  readonly request: string | Uint8Array | null
  /** The same for the answer; a stream is given as the message that it described. */
  readonly response: string | Uint8Array | null
  /** True where a body was longer than what is kept of it, or could not be looked into. */
  readonly truncated: boolean
  /** How many parts the store no longer has: null stands in their places. */
  readonly missingParts: number
}

/** Opens the content of records. */
export interface ContentReader {
  /**
   * Opens what `find` and `export` of a store give; null for a record without content.
   *
   * @throws KeyRingError `key_unknown`, `not_authentic`, `malformed` or `key_unavailable`
   */
  open(record: ExchangeRecord): Promise<OpenedContent | null>
}

/**
 * Creates a reader of recorded bodies.
 *
 * @throws ConfigurationError that names the key at fault
 */
export function createContentReader(keyRing: KeyRing): ContentReader {
  const sealer = createSealer(keyRing)

  async function openParts(domain: string, { parts }: StoredContent): Promise<Map<string, Uint8Array>> {
    const opened = new Map<string, Uint8Array>()
    for (const { hash, sealed } of parts) {
      opened.set(hash, await sealer.open(sealed, { purpose: purposes.part, id: toPartId(domain, hash) }))
    }
    return opened
  }

  return {
    async open({ requestId, domain, content }) {
      if (content === null || domain === null) return null
      const packed = await openParts(domain, content)
      const open = async (sealed: Uint8Array | null, purpose: string) =>
        sealed === null ? null : unpack(await sealer.open(sealed, { purpose, id: requestId }))
      const request = await open(content.request, purposes.request)
      const answer = await open(content.answer, purposes.answer)
      const document = request?.form === 'document' ? (parse(request.bytes) as RequestDocument) : null
      const message = answer?.form === 'document' ? (parse(answer.bytes) as AnswerDocument) : document?.answer
      const parts = new OpenParts(content, packed, document?.messages ?? 0)
      return {
        request: document === null ? toReadable(request) : JSON.stringify(toRequest(document, parts)),
        response: message === undefined ? toReadable(answer) : JSON.stringify(toMessage(message, parts)),
        truncated: content.truncated,
        missingParts: parts.missing,
      }
    },
  }
}

function toReadable(unpacked: ReturnType<typeof unpack>): string | Uint8Array | null {
  if (unpacked === null) return null
  return unpacked.form === 'text' ? Buffer.from(unpacked.bytes).toString('utf8') : unpacked.bytes
}

function toRequest({ rest, fixed, cacheControl }: RequestDocument, parts: OpenParts): unknown {
  return joinRequest({
    rest,
    messages: parts.messages(),
    fixed: fixed.map(([path, reference]) => ({ path, value: parts.referred(reference) })),
    cacheControl,
  })
}

function toMessage({ part, rest }: AnswerDocument, parts: OpenParts): unknown {
  return joinMessage({ message: (parts.referred(part) ?? {}) as AssembledAnswer['message'], rest })
}
