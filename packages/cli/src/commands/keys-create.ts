import { createClientKey } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { DEFAULT_DOMAIN } from '../credentials-from-environment.js'
import { readEnvironment } from '../environment.js'
import { howToUse, toKeyJson, toKeyLines } from '../new-key.js'
import { toAwayJson, withStores } from '../stores.js'
import { parseMoment } from '../times.js'

const HELP = 'prompt-train keys create'

/** `prompt-train keys create`: stores a new key's digest and shows the key once. */
export async function run({ flags: { json }, values: { domain, label, expires } }: Given): Promise<void> {
  const expiresAt = expires === undefined ? null : parseMoment('expires', expires, Date.now(), HELP)
  const { key, record } = createClientKey({ domain: domain!, label: label ?? null, expiresAt })
  // With it a file of client keys alone is whole, and so the first file of the folder.
  const hasDefault = readEnvironment({ isTerminal: false }).anthropicApiKey !== null
  const { storedIn, away, hasCredential } = await withStores(
    async ({ placeOf, places, away }) => {
      const { clientKeys, name } = await placeOf(domain!)
      await clientKeys.add(record)
      // The key is stored: it must be shown, whatever becomes of this.
      const found = await Promise.allSettled(places.map(async ({ stored }) => stored.find(domain!)))
      const hasCredential = found.some((look) => look.status === 'rejected' || look.value !== null)
      return { storedIn: name, away, hasCredential }
    },
    { makeFolder: hasDefault, allowAway: true },
  )
  const works = hasCredential || (hasDefault && domain === DEFAULT_DOMAIN)
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...toKeyJson(key, record), storedIn, ...toAwayJson(away) })}\n`
      : `${toKeyLines(key, record)}
The key is shown this once; what is stored is its digest, in ${storedIn}.
${works ? 'It works within seconds, without a restart.' : `It works once ${domain} has a credential: prompt-train credentials add --domain ${domain}`}

${howToUse(record)}`,
  )
}
