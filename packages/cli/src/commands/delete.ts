import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { confirm } from '../prompt.js'
import { toPrintable } from '../table.js'

/** `prompt-train delete`: removes everything that was recorded of a domain. */
export async function run({ flags: { json, yes }, values }: Given): Promise<void> {
  const domain = values.domain!
  const { records, bodies, kept } = await withDatabase(async ({ exchanges }) => {
    if (!yes) await confirm(`This removes all records, bodies and sums of ${toPrintable(domain)}, for good.`)
    const report = await exchanges.deleteDomain(domain)
    const holds = await exchanges.holds()
    return { ...report, kept: holds.filter((hold) => hold.domain === domain).length }
  })
  const onHold = kept === 0 ? '' : ` ${kept} on hold ${kept === 1 ? 'was' : 'were'} kept: "prompt-train holds list".`
  process.stdout.write(
    json
      ? `${JSON.stringify({ records, bodies, kept })}\n`
      : `Removed ${records} records and ${bodies} bodies of ${toPrintable(domain)}.${onHold}\n`,
  )
}
