import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { findRelated } from '../related.js'

/** `prompt-train holds release`: lets a conversation go with the purges that it is too old for. */
export async function run(given: Given): Promise<void> {
  const released = await withDatabase(async ({ exchanges }) => {
    const ids: string[] = []
    for (const id of await findRelated(exchanges, given, 'prompt-train holds release')) {
      if (await exchanges.release(id)) ids.push(id)
    }
    return ids
  })
  const requests = released.length === 1 ? '1 request is' : `${released.length} requests are`
  process.stdout.write(given.flags.json ? `${JSON.stringify({ released })}\n` : `${requests} no longer on hold.\n`)
}
