import { rotateClientKey } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { howToUse, toKeyJson, toKeyLines } from '../new-key.js'
import { toAwayJson, withStores } from '../stores.js'
import { parseMoment, toIso, toMinute } from '../times.js'

const HELP = 'prompt-train keys rotate'

/** `prompt-train keys rotate`: makes a successor and gives the old key an end. */
export async function run({ flags: { json }, values, operands }: Given): Promise<void> {
  const { overlap = '7d', label, expires } = values
  const now = Date.now()
  const options = {
    endsAt: parseMoment('overlap', overlap, now, HELP),
    ...(label !== undefined && { label }),
    ...(expires !== undefined && { expiresAt: parseMoment('expires', expires, now, HELP) }),
    clock: { now: () => now },
  }
  const { storedIn, away, key, record, replaced } = await withStores(
    async ({ placesOfKey, away }) => {
      const { clientKeys, name } = (await placesOfKey(operands[0]!))[0]
      return { storedIn: name, away, ...(await rotateClientKey(clientKeys, operands[0]!, options)) }
    },
    { allowAway: true },
  )
  const { keyId, expiresAt: endsAt } = replaced
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...toKeyJson(key, record), storedIn, replaced: { keyId, endsAt: toIso(endsAt) }, ...toAwayJson(away) })}\n`
      : `${toKeyLines(key, record)}
The key is shown this once; what is stored is its digest, in ${storedIn}.
The old key ${keyId} works until ${toMinute(endsAt!)}.

${howToUse(record)}   The old key's line there tells who still uses it.
3. Nothing more: the old key ends by itself. To end it earlier: prompt-train keys revoke ${keyId}
`,
  )
}
