import { type ExchangeStore, listConversations, relatedRequests } from '@agent-prompt-train/core'
import type { PostgresExchangeStore } from '@agent-prompt-train/storage-pg'
import type { Given } from './commands.js'
import { withDatabase } from './database.js'
import { RefusedError } from './prompt.js'
import { parseSince } from './times.js'

const DAY_MS = 86_400_000

/**
 * Changes each request of the conversation that the operand names one of; gives the ids of those that were changed: a purge
 * may just have taken others.
 *
 * @param help the command whose help an error points to
 * @throws RefusedError where there is no such request
 */
export async function changeRelated(
  given: Given,
  help: string,
  change: (exchanges: PostgresExchangeStore, requestId: string) => Promise<boolean>,
): Promise<readonly string[]> {
  return withDatabase(async ({ exchanges }) => {
    const changed: string[] = []
    for (const id of await findRelated(exchanges, given, help)) if (await change(exchanges, id)) changed.push(id)
    return changed
  })
}

/**
 * The requests of the conversation that the operand names one of. It is looked for from `--since` on, or else from a week
 * before that request; never from later than that, as the conversation would not be found.
 */
async function findRelated(
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
