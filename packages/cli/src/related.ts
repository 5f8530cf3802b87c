import { type ExchangeStore, listConversations, relatedRequests } from '@agent-prompt-train/core'
import type { Given } from './commands.js'
import { RefusedError } from './prompt.js'
import { parseSince } from './times.js'

const DAY_MS = 86_400_000

/**
 * The requests of the conversation that the operand names one of. It is looked for from `--since` on, or else from a week
 * before that request; never from later than that, as the conversation would not be found.
 *
 * @param help the command whose help an error points to
 * @throws RefusedError where there is no such request
 */
export async function findRelated(
  exchanges: ExchangeStore,
  { operands: [requestId], values: { since } }: Given,
  help: string,
): Promise<readonly string[]> {
  const from = since === undefined ? null : parseSince('since', since, Date.now(), help)
  const record = await exchanges.find(requestId!)
  if (record === null) throw new RefusedError(`no request "${requestId!.slice(0, 64)}" is recorded here`)
  const { domain, startedAt } = record
  if (domain === null) return [requestId!]
  const { conversations } = await listConversations(exchanges, {
    domain,
    from: Math.min(from ?? startedAt - 7 * DAY_MS, startedAt),
  })
  return relatedRequests(conversations, requestId!)
}
