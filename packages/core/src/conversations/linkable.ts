import type { ExchangeRecord } from '../storage/exchange-store.js'

/** What of a record linking looks at. */
export type LinkableExchange = Pick<
  ExchangeRecord,
  | 'requestId'
  | 'startedAt'
  | 'durationMs'
  | 'firstByteMs'
  | 'domain'
  | 'keyId'
  | 'clientAddress'
  | 'path'
  | 'status'
  | 'aborted'
  | 'broken'
  | 'sessionId'
  | 'agentId'
  | 'parentAgentId'
  | 'links'
>

/** Without the rest of a record, of which a great many may be looked at. */
export function toLinkable({
  requestId,
  startedAt,
  durationMs,
  firstByteMs,
  domain,
  keyId,
  clientAddress,
  path,
  status,
  aborted,
  broken,
  sessionId,
  agentId,
  parentAgentId,
  links,
}: ExchangeRecord): LinkableExchange {
  return {
    requestId,
    startedAt,
    durationMs,
    firstByteMs,
    domain,
    keyId,
    clientAddress,
    path,
    status,
    aborted,
    broken,
    sessionId,
    agentId,
    parentAgentId,
    links,
  }
}

/** A client goes on when it has the last byte, a moment before the proxy knows that it has. */
const GRACE_MS = 100

/** Whether it is a turn of a conversation: counts of tokens and what was refused here are none. */
export function isTurn({ domain, path, firstByteMs, links }: LinkableExchange): boolean {
  return domain !== null && path === '/v1/messages' && (firstByteMs !== null || links !== null)
}

/** Whether the client has an answer to go on from. */
export function isAnswered({ status, aborted, broken, links }: LinkableExchange): boolean {
  if (aborted || broken) return false
  return links === null ? status === 200 : links.answers.length > 0
}

/** Whether it had ended when another began. */
export function endedBefore({ startedAt, durationMs }: LinkableExchange, other: LinkableExchange): boolean {
  return startedAt + durationMs <= other.startedAt + GRACE_MS
}

/** Within what histories are looked for: the session and agent that the client names, or all of the domain that name none. */
export function scopeOf({ domain, sessionId, agentId }: LinkableExchange, ...more: readonly string[]): string {
  return JSON.stringify([domain, sessionId, agentId, ...more])
}

/** By time; those that began together by their ids. */
export function byTime(a: LinkableExchange, b: LinkableExchange): number {
  return a.startedAt - b.startedAt || (a.requestId < b.requestId ? -1 : 1)
}
