import { relatedRequests } from '@agent-prompt-train/core'
import type { PostgresExchangeStore } from '@agent-prompt-train/storage-pg'
import type { Given } from './commands.js'
import { withDatabase } from './database.js'
import { RefusedError } from './prompt.js'
import { parseSince } from './times.js'

/**
 * Changes each request of the conversation that the operand names one of; gives the ids of those that were changed: a purge
 * may just have taken others.
 *
 * @param help the command whose help an error points to
 * @throws RefusedError where there is no such request
 */
export async function changeRelated(
  { operands: [requestId], values: { since } }: Given,
  help: string,
  change: (exchanges: PostgresExchangeStore, requestId: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const from = since === undefined ? {} : { from: parseSince('since', since, Date.now(), help) }
  return withDatabase(async ({ exchanges }) => {
    const related = await relatedRequests(exchanges, requestId!, from)
    if (related === null) throw new RefusedError(`no request "${requestId!.slice(0, 64)}" is recorded here`)
    const changed: string[] = []
    for (const id of related) if (await change(exchanges, id)) changed.push(id)
    return changed
  })
}
