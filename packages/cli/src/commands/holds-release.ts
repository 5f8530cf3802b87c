import type { Given } from '../commands.js'
import { changeRelated } from '../related.js'

/** `prompt-train holds release`: lets a conversation go with the purges that it is too old for. */
export async function run(given: Given): Promise<void> {
  const released = await changeRelated(given, 'prompt-train holds release', (exchanges, id) => exchanges.release(id))
  const requests = released.length === 1 ? '1 request is' : `${released.length} requests are`
  process.stdout.write(given.flags.json ? `${JSON.stringify({ released })}\n` : `${requests} no longer on hold.\n`)
}
