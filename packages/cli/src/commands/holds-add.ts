import type { Given } from '../commands.js'
import { changeRelated } from '../related.js'

/** `prompt-train holds add`: keeps a conversation from purge and deletion. */
export async function run(given: Given): Promise<void> {
  const held = await changeRelated(given, 'prompt-train holds add', (exchanges, id) => exchanges.hold(id))
  const requests = held.length === 1 ? '1 request' : `${held.length} requests`
  process.stdout.write(
    given.flags.json
      ? `${JSON.stringify({ held })}\n`
      : `${requests} on hold until "prompt-train holds release". What this conversation goes on with from now is not: add it again then.\n`,
  )
}
