import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { toTable } from '../table.js'
import { toIso, toMinute } from '../times.js'

/** `prompt-train holds list`: what no purge and no deletion removes. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const holds = await withDatabase(({ exchanges }) => exchanges.holds())
  process.stdout.write(
    json
      ? `${JSON.stringify({ holds: holds.map((hold) => ({ ...hold, heldAt: toIso(hold.heldAt) })) })}\n`
      : holds.length === 0
        ? 'Nothing is on hold.\n'
        : toTable(
            ['HELD SINCE', 'DOMAIN', 'REQUEST'],
            holds.map(({ heldAt, domain, requestId }) => [toMinute(heldAt), domain ?? '-', requestId]),
          ),
  )
}
