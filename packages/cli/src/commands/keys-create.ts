import { createClientKey } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { howToUse, toKeyJson, toKeyLines } from '../new-key.js'
import { withStores } from '../stores.js'
import { parseMoment } from '../times.js'

/** `prompt-train keys create`: stores a new key's digest and shows the key once. */
export async function run({ flags: { json }, values: { domain, label, expires } }: Given): Promise<void> {
  const expiresAt = expires === undefined ? null : parseMoment('expires', expires, Date.now())
  const { key, record } = createClientKey({ domain: domain!, label: label ?? null, expiresAt })
  const storedIn = await withStores(async ({ placeOf }) => {
    const { clientKeys, name } = await placeOf(domain!)
    await clientKeys.add(record)
    return name
  })
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...toKeyJson(key, record), storedIn })}\n`
      : `${toKeyLines(key, record)}
The key is shown this once; what is stored is its digest, in ${storedIn}.
It works within seconds, without a restart.

${howToUse(record)}`,
  )
}
