import type { Usage } from '../exchange.js'
import type { LinkFacts } from './link-facts.js'
import type { UsageDimension, UsageRow } from './usage-row.js'

/** What an exchange cost. */
export interface Cost {
  /** Millionths of a US dollar; null where no price is known for the model. */
  readonly microUsd: number | null
  /** Which row of the price table was used, such as `"claude-opus-5-5 2026-09-22"`; null where none was. */
  readonly priceRow: string | null
  /** True where nothing is billed per token (subscriptions): what the tokens would have cost at list price. */
  readonly notional: boolean
  /** True where the counts are the last ones known of an answer that did not end: the real ones are higher. */
  readonly incomplete: boolean
  /**
   * Where the counts are incomplete: output tokens by the text that had come; null where there was none to go by. The
   * larger of it and the count reported is priced.
   */
  readonly estimatedOutputTokens: number | null
}

/** A stretch of messages in a history, which goes on where another ends. Its names are 32 lower-case hex characters each. */
export interface HistoryRun {
  /** Keyed hash of the whole history up to the last of these messages: equal histories have equal ids. */
  readonly id: string
  /** The run before; null where the first of these messages is the history's first. */
  readonly parent: string | null
  /** The messages, in order. */
  readonly parts: readonly string[]
}

/** A message's content, stored once a day however many requests resend it. */
export interface ContentPart {
  /** Keyed hash of the domain and the message's canonical form, as 32 hex characters: two domains share none. */
  readonly hash: string
  /** Masked, compressed and sealed. */
  readonly sealed: Uint8Array
}

/**
 * What is stored of the bodies of an exchange: masked, cut into messages, compressed and sealed with a key ring. A
 * request that resends a history holds what is new of it; the rest is found by its runs. All that it leaves to others to
 * hold came with records of the same UTC day, so that a store may keep days apart and drop them one by one.
 */
export interface StoredContent {
  /**
   * The request without its messages, with what was set aside of them (cache_control), and mostly with what the answer
   * said beside its message; sealed.
   */
  readonly request: Uint8Array | null
  /** The run that ends with the request's last message; null where it has none, or they could not be told apart. */
  readonly tip: string | null
  /**
   * Runs that may be new to the store, each after its parent: mostly one, with all that is new. Known ones are ignored, but
   * one without a parent takes the place of a known one that has one, for that may have been lost.
   */
  readonly runs: readonly HistoryRun[]
  /** Parts that may be new to the store. Known ones are ignored. */
  readonly parts: readonly ContentPart[]
  /**
   * Parts that the request and the answer refer to beside the messages: tools, system prompt, the answer's message.
   * They are kept as long as this content is, and `find` gives them with it.
   */
  readonly references: readonly string[]
  /** The answer, where it does not stand in `request`; sealed. */
  readonly answer: Uint8Array | null
  /** True where a body was longer than what is kept of it. */
  readonly truncated: boolean
}

/** What is stored of one request and its answer. Times are epoch or plain milliseconds. */
export interface ExchangeRecord {
  /** Ours, sent back as `x-prompt-train-request-id`. */
  readonly requestId: string
  readonly startedAt: number
  /** Null for one refused before its domain was known. */
  readonly domain: string | null
  readonly keyId: string | null
  readonly clientAddress: string | null
  readonly method: string
  /** Without the query, which is the client's own text. */
  readonly path: string
  readonly upstreamRequestId: string | null
  readonly modelAsked: string | null
  /** The model that served. */
  readonly model: string | null
  /** Whether the answer was an event stream. */
  readonly stream: boolean
  /** Null where the client left before there was a head. */
  readonly status: number | null
  readonly errorType: string | null
  readonly stopReason: string | null
  /** As received. */
  readonly usage: Usage | null
  readonly cost: Cost | null
  readonly firstByteMs: number | null
  readonly durationMs: number
  readonly requestBytes: number
  readonly answerBytes: number
  /** The client left before the answer was complete. */
  readonly aborted: boolean
  /** The answer had begun and broke off. */
  readonly broken: boolean
  /** `x-claude-code-session-id`, `-agent-id` and `-parent-agent-id`, where the client sends them. */
  readonly sessionId: string | null
  readonly agentId: string | null
  readonly parentAgentId: string | null
  /** Null where the bodies were not looked into. Kept as long as the record. */
  readonly links: LinkFacts | null
  /** Null where bodies are not stored, or no longer. */
  readonly content: StoredContent | null
}

/** Which exchanges are wanted: those that match every field given. */
export interface ExchangeFilter {
  readonly domain?: string
  readonly keyId?: string
  readonly model?: string
  readonly status?: number
  /** Epoch milliseconds, inclusive. */
  readonly from?: number
  /** Epoch milliseconds, exclusive. */
  readonly to?: number
}

/** A page of exchanges, newest first, without their content. */
export interface ExchangePage {
  readonly exchanges: readonly ExchangeRecord[]
  /** Give it as `after` for the next page; null on the last. */
  readonly next: string | null
}

/** What an append found. */
export interface AppendReport {
  /**
   * Ids of those of its records whose content rests on what is not stored: a tip, a run's parent, a part that a run of
   * it names, or one that it refers to. A run whose own parent is not stored counts as one that is not, too.
   */
  readonly incomplete: readonly string[]
}

/** How long what is kept, in milliseconds; null keeps for ever. */
export interface Retention {
  readonly recordsMs: number | null
  /** Never longer than the records. */
  readonly bodiesMs: number | null
}

/** What a purge removed. */
export interface PurgeReport {
  readonly records: number
  readonly bodies: number
}

/** What a step of a repricing did. */
export interface RepriceReport {
  /** Records looked at. */
  readonly records: number
  /** Those whose cost is another now. */
  readonly changed: number
  /** By how much sums of `costMicroUsd` grew; negative where they shrank. */
  readonly costMicroUsd: number
  /** The same of `notionalMicroUsd`. */
  readonly notionalMicroUsd: number
}

/** Keeps exchange records. What `append` has stored, every handle and process sees at once. */
export interface ExchangeStore {
  /**
   * Stores the records, all or none. A record whose id is stored already is ignored, with all it would add to sums: a
   * batch may come again after a failure whose outcome nobody knows.
   *
   * It may tell which of the records lack something, also of those that are stored already: the recorder then takes nothing
   * for stored any more, so that what comes next brings everything anew. After one that resolves with nothing, what goes
   * on with content that was removed or lost has gaps until the day ends.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a store may be without a return.
  append(records: readonly ExchangeRecord[]): Promise<AppendReport | void>
  /**
   * The record with its content: all runs and parts from the first message to the tip, in order, then the
   * parts referred to. What a purge or a deletion has removed in between is absent.
   */
  find(requestId: string): Promise<ExchangeRecord | null>
  list(filter: ExchangeFilter, page: { readonly limit: number; readonly after?: string }): Promise<ExchangePage>
  /** Every exchange that matches, oldest first, with its content as `find` gives it, read a few at a time. */
  export(filter: ExchangeFilter): AsyncIterable<ExchangeRecord>
  usage(filter: ExchangeFilter, by: readonly UsageDimension[]): Promise<readonly UsageRow[]>
  /**
   * Sets the cost of every exchange that matches to what `price` gives for its record, oldest first, and brings the sums
   * along. It goes in steps, and gives a report of each once that is stored, whole; without anyone who reads on, it goes
   * no further. `price` gets the record without its content, may be asked again for the same one, and must not depend on
   * when it is asked: a repricing that ended early is run again from the start. Repricings and `append` may run at the
   * same time. What is appended meanwhile may keep its cost; what was purged does, in the sums.
   */
  reprice(filter: ExchangeFilter, price: (record: ExchangeRecord) => Cost | null): AsyncIterable<RepriceReport>
  /** Removes what is older than its retention at `now`; a domain's own retention goes before the general one. */
  purge(now: number, retention: Retention, domains?: Readonly<Record<string, Retention>>): Promise<PurgeReport>
  /** Removes everything of the domain: records, bodies and sums. */
  deleteDomain(domain: string): Promise<PurgeReport>
}
