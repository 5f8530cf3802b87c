import type { Exchange, Usage } from '../exchange.js'
import { maskJson } from '../masking/mask-json.js'
import { maskText } from '../masking/mask-text.js'
import type { Cost, ExchangeRecord, StoredContent } from '../storage/exchange-store.js'
import type { LinkFacts } from '../storage/link-facts.js'
import type { ExchangeDraft } from './exchange-draft.js'

/** Longer text of a client or the upstream is cut: no row grows with what they send. */
const MAX_TEXT = 512

/** What a record needs from elsewhere. */
export interface RecordContext {
  /** What the exchange cost; null where nothing is known of it. */
  price(exchange: Exchange, estimatedOutputTokens: number | null): Cost | null
}

/** What is stored of bodies, and what was seen in them. */
export interface EncodedBodies {
  readonly content: StoredContent | null
  readonly modelAsked: string | null
  readonly links: LinkFacts | null
  /** By the answer's text; null where it is not known. */
  readonly estimatedOutputTokens: number | null
}

/** Makes the record of an exchange that has ended. Of what the client or the upstream wrote, secrets are masked. */
export function toRecord(draft: ExchangeDraft, encoded: EncodedBodies, { price }: RecordContext): ExchangeRecord {
  const { exchange } = draft
  const { answer } = exchange
  const toText = (text: string | null) => (text === null ? null : maskText(cut(text)))
  const header = (name: string) => toText(draft.header(name))
  return {
    requestId: exchange.requestId,
    startedAt: exchange.startedAt,
    domain: exchange.domain,
    keyId: exchange.keyId,
    clientAddress: exchange.clientAddress,
    method: toText(exchange.method)!,
    path: toText(exchange.path.split('?', 1)[0]!)!,
    upstreamRequestId: toText(exchange.upstreamRequestId),
    modelAsked: toText(encoded.modelAsked ?? exchange.modelAsked),
    model: toText(answer?.model ?? null),
    stream: draft.stream,
    status: exchange.status,
    errorType: toText(exchange.errorType),
    stopReason: toText(answer?.stopReason ?? null),
    usage: maskJson(answer?.usage ?? null) as Usage | null,
    cost: price(exchange, encoded.estimatedOutputTokens),
    firstByteMs: exchange.firstByteMs,
    durationMs: exchange.durationMs,
    requestBytes: exchange.requestBytes,
    answerBytes: exchange.answerBytes,
    aborted: exchange.aborted,
    broken: exchange.broken,
    sessionId: header('x-claude-code-session-id'),
    agentId: header('x-claude-code-agent-id'),
    parentAgentId: header('x-claude-code-parent-agent-id'),
    links: encoded.links,
    content: encoded.content,
  }
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT)
}
