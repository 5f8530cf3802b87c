import type { Exchange } from '../exchange.js'
import type { ByteBudget } from './kept-bytes.js'
import { KeptBytes } from './kept-bytes.js'

/** What of an exchange is gathered for its record while it lives: references, no work. */
export interface ExchangeDraft {
  readonly exchange: Exchange
  readonly rawHeaders: readonly string[]
  readonly request: KeptBytes
  readonly answer: KeptBytes
  /** Content-Type and Content-Encoding of the answer, as they came. */
  answerType: string | null
  answerCoding: string | null
}

/** Opens the draft of an exchange. */
export function openDraft(
  exchange: Exchange,
  rawHeaders: readonly string[],
  maxBodyBytes: number,
  budget: ByteBudget,
): ExchangeDraft {
  return {
    exchange,
    rawHeaders,
    request: new KeptBytes(maxBodyBytes, budget),
    answer: new KeptBytes(maxBodyBytes, budget),
    answerType: null,
    answerCoding: null,
  }
}

/** A header of the request by its lower-case name, the first one; null where there is none. */
export function readHeader(rawHeaders: readonly string[], name: string): string | null {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i]!
    if (given.length === name.length && given.toLowerCase() === name) return rawHeaders[i + 1]!
  }
  return null
}
