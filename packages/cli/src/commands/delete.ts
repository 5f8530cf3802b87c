import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { confirm, isInteractive } from '../prompt.js'
import { toPrintable } from '../table.js'
import { UsageError } from '../usage-error.js'

/** `prompt-train delete`: removes everything that was recorded of a domain. */
export async function run({ flags: { json, yes }, values }: Given): Promise<void> {
  const domain = values.domain!
  if (!yes && !isInteractive()) throw new UsageError('nobody can be asked here: give --yes', 'prompt-train delete')
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
      : records + kept === 0
        ? `Nothing was recorded of ${toPrintable(domain)}.\n`
        : `Removed of ${toPrintable(domain)}: records: ${records}, bodies: ${bodies}.${onHold}\n`,
  )
}
