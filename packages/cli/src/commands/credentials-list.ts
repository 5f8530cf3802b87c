import type { Credential } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { listDomains, withStores } from '../stores.js'
import { toTable } from '../table.js'
import { toIso, toMinute } from '../times.js'

interface Row {
  readonly domain: string
  readonly type: Credential['type']
  /** Which key of the ring it is sealed with; null where it is stored in the clear. */
  readonly sealedWith: string | null
  readonly expiresAt: number | null
  readonly clientKeys: number
  readonly storedIn: string
}

/** `prompt-train credentials list`: the domains and what is known of their credentials without a secret. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const { rows, leftOut } = await withStores(async ({ places, health }) => {
    const keys = (await Promise.all(places.map(({ clientKeys }) => clientKeys.list()))).flat()
    const rows: Row[] = []
    for (const { place, domain } of await listDomains(places)) {
      const { stored, credentials, name } = place
      const closed = (await stored.find(domain))!
      // One that does not open is shown as it is stored; credentials check tells why.
      const credential = (await Promise.resolve(credentials.find(domain)).catch(() => null)) ?? closed
      rows.push({
        domain,
        type: credential.type,
        sealedWith: closed.type === 'sealed' ? closed.ringKeyId : null,
        expiresAt: credential.type === 'oauth' ? credential.expiresAt : null,
        clientKeys: keys.filter((key) => key.domain === domain && key.revokedAt === null).length,
        storedIn: name,
      })
    }
    return { rows, leftOut: health().refused.length }
  })
  if (json) {
    const credentials = rows.map((row) => ({ ...row, expiresAt: toIso(row.expiresAt) }))
    process.stdout.write(`${JSON.stringify({ credentials })}\n`)
  } else if (rows.length === 0) {
    process.stdout.write(
      leftOut > 0
        ? 'No credentials but what is left out: mend that.\n'
        : 'No credentials. Add one: prompt-train credentials add --domain DOMAIN\n',
    )
  } else {
    process.stdout.write(toTable(['DOMAIN', 'TYPE', 'AT REST', 'EXPIRES', 'CLIENT KEYS'], rows.map(toCells)))
  }
}

function toCells({ domain, type, sealedWith, expiresAt, clientKeys }: Row): string[] {
  return [
    domain,
    type,
    sealedWith === null ? 'in the clear' : `sealed with ${sealedWith}`,
    expiresAt === null ? '-' : toMinute(expiresAt),
    String(clientKeys),
  ]
}
