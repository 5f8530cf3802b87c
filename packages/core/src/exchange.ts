import { randomUUID } from 'node:crypto'
import type { Clock } from './clock.js'
import type { ProxyErrorCode } from './errors.js'
import type { InboundRequest } from './mountable.js'

/** Token counts as the API reports them, every field as received: unknown ones are kept. */
export interface Usage {
  /** Input that no cache served. May grow during a stream when server tools run. */
  readonly input_tokens?: number | null
  readonly output_tokens?: number | null
  readonly cache_creation_input_tokens?: number | null
  readonly cache_read_input_tokens?: number | null
  /** How cache_creation_input_tokens splits by time to live. */
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens?: number
    readonly ephemeral_1h_input_tokens?: number
  } | null
  /** Parts of output_tokens, not beside them. */
  readonly output_tokens_details?: { readonly thinking_tokens?: number } | null
  readonly server_tool_use?: { readonly web_search_requests?: number; readonly web_fetch_requests?: number } | null
  readonly service_tier?: string | null
  readonly speed?: string | null
  readonly inference_geo?: string | null
  /** Where present and non-empty, what is charged is the sum over these. */
  readonly iterations?: readonly unknown[] | null
  readonly fallback_credit?: unknown
  readonly [field: string]: unknown
}

/** What an answer says of itself. */
export interface AnswerFacts {
  /** The model that served, which may differ from the one asked for. */
  readonly model: string | null
  /** Null where the answer reported none: an error, or an endpoint without usage. */
  readonly usage: Usage | null
  readonly stopReason: string | null
  /** True for a message without any content: a refusal before the first block, which is not charged, is one. */
  readonly empty: boolean
  /** The API's error type, of an error body or an `error` event. */
  readonly errorType: string | null
  /** False for a stream that ended without `message_stop`. */
  readonly complete: boolean
}

/** What is known of one request and its answer, gathered while it lives. Times are epoch or plain milliseconds. */
export interface Exchange {
  /** Ours; sent back as `x-prompt-train-request-id`. */
  readonly requestId: string
  readonly startedAt: number
  /** The same moment on the clock that does not step. */
  readonly startedMonotonic: number
  readonly method: string
  readonly path: string
  clientAddress: string | null
  domain: string | null
  keyId: string | null
  /** Whether nothing is billed per token: what it went up with is a subscription's. */
  notional: boolean
  /** The model named in the request, where its body was small enough to look. */
  modelAsked: string | null
  /** Status of the answer's head; null when the client left before there was one. */
  status: number | null
  /** The API's error type, or ours. */
  errorType: string | null
  /** Which failure of ours it was; null where the answer is the upstream's own. */
  failure: ProxyErrorCode | null
  /** The upstream's own id of the request. */
  upstreamRequestId: string | null
  answer: AnswerFacts | null
  /** True when the client left before the answer was complete. */
  aborted: boolean
  /** True when the answer had begun and broke off. */
  broken: boolean
  firstByteMs: number | null
  durationMs: number
  /** Bytes of the request's body that were read. */
  requestBytes: number
  /** Bytes of the answer's body that were sent on. */
  answerBytes: number
}

/** Opens the exchange of a request that has just come. */
export function openExchange({ method, path }: Pick<InboundRequest, 'method' | 'path'>, clock: Clock): Exchange {
  return {
    requestId: randomUUID(),
    startedAt: clock.now(),
    startedMonotonic: clock.monotonic(),
    method,
    path,
    clientAddress: null,
    domain: null,
    keyId: null,
    notional: false,
    modelAsked: null,
    status: null,
    errorType: null,
    failure: null,
    upstreamRequestId: null,
    answer: null,
    aborted: false,
    broken: false,
    firstByteMs: null,
    durationMs: 0,
    requestBytes: 0,
    answerBytes: 0,
  }
}

/** A body as it passed, as far as it is kept for the record. */
export interface KeptBody {
  readonly chunks: readonly Uint8Array[]
  /** True where the body was longer than what is kept of it. */
  readonly truncated: boolean
  /** The Content-Encoding header; null for none. */
  readonly coding: string | null
}

/** The bodies of one exchange. */
export interface ExchangeBodies {
  readonly requestId: string
  readonly startedAt: number
  readonly domain: string
  readonly request: KeptBody | null
  readonly answer: KeptBody | null
  /** Whether the answer is an event stream. */
  readonly stream: boolean
}
