import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'

/** `prompt-train purge`: removes what is older than the variables say. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const { records, bodies } = await withDatabase(({ exchanges }, { retention }) =>
    exchanges.purge(Date.now(), retention),
  )
  process.stdout.write(
    json ? `${JSON.stringify({ records, bodies })}\n` : `Removed ${records} records and ${bodies} bodies.\n`,
  )
}
