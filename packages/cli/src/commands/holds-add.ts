import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { findRelated } from '../related.js'

/** `prompt-train holds add`: keeps a conversation from purge and deletion. */
export async function run(given: Given): Promise<void> {
  const held = await withDatabase(async ({ exchanges }) => {
    const ids: string[] = []
    for (const id of await findRelated(exchanges, given, 'prompt-train holds add')) {
      // One that a purge has just taken cannot be held.
      if (await exchanges.hold(id)) ids.push(id)
    }
    return ids
  })
  const requests = held.length === 1 ? '1 request' : `${held.length} requests`
  process.stdout.write(
    given.flags.json
      ? `${JSON.stringify({ held })}\n`
      : `${requests} on hold until "prompt-train holds release". What this conversation goes on with from now is not: add it again then.\n`,
  )
}
