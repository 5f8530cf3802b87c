/** What usage is summed by. */
export type UsageDimension = 'day' | 'domain' | 'keyId' | 'model'

/** Sums over the exchanges that reached the upstream. Dimensions not asked for are null. */
export interface UsageRow {
  /** `2026-11-24`, UTC. */
  readonly day: string | null
  readonly domain: string | null
  readonly keyId: string | null
  readonly model: string | null
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWrite5mTokens: number
  readonly cacheWrite1hTokens: number
  /** What is billed per token: without unpriced requests, and without what is notional. */
  readonly costMicroUsd: number
  /** What the tokens of subscriptions, and of other traffic not billed per token, would have cost at list price. */
  readonly notionalMicroUsd: number
  /** Requests with usage for which no price is known. */
  readonly unpricedRequests: number
}
