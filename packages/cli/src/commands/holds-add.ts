import type { Given } from '../commands.js'
import { count } from '../count.js'
import { changeRelated } from '../related.js'

/** `prompt-train holds add`: keeps a conversation from purge and deletion. */
export async function run(given: Given): Promise<void> {
  const held = await changeRelated(given, 'prompt-train holds add', (exchanges, id) => exchanges.hold(id))
  process.stdout.write(
    given.flags.json
      ? `${JSON.stringify({ held })}\n`
      : `${count(held.length, 'request')} on hold until "prompt-train holds release". What this conversation goes on with from now is not: add it again then.\n`,
  )
}
