import { revokeClientKeys } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { count } from '../count.js'
import type { Place, PlaceAway } from '../places.js'
import { confirm } from '../prompt.js'
import { assertReadable, toAwayJson, withStores } from '../stores.js'
import { UsageError } from '../usage-error.js'

/** `prompt-train keys revoke`: ends one key, or every key of a domain. */
export async function run({ flags: { all, yes, json }, values: { domain }, operands: [keyId] }: Given): Promise<void> {
  const which = toWhich(keyId, all === true, domain)
  const { revoked, away } = await withStores(
    async ({ places, away, placesOfKey, health }) => {
      if ('domain' in which) assertReadable(which.domain, health())
      if ('domain' in which && !yes) await confirmAll(places, which.domain)
      let revoked = 0
      for (const { clientKeys } of 'domain' in which ? places : await placesOfKey(which.keyId)) {
        revoked += await revokeClientKeys(clientKeys, which)
      }
      return { revoked, away }
    },
    { allowAway: true },
  )
  if (json) process.stdout.write(`${JSON.stringify({ revoked, ...toAwayJson(away) })}\n`)
  else process.stdout.write(`${toText(revoked, which)} A revoked key is refused within 5 seconds.\n`)
  if ('domain' in which) for (const place of away) tellStillGood(which.domain, place)
}

function tellStillGood(domain: string, { kind }: PlaceAway): void {
  process.exitCode = 1
  process.stderr.write(
    `prompt-train: the keys of ${domain} in the ${kind}, which was not reached, still work: mend that and run this again\n`,
  )
}

async function confirmAll(places: readonly Place[], domain: string): Promise<void> {
  const keys = (await Promise.all(places.map(({ clientKeys }) => clientKeys.list(domain)))).flat()
  const { length } = keys.filter(({ revokedAt }) => revokedAt === null)
  await confirm(`This ends ${length === 1 ? 'the one key' : `all ${length} keys`} of ${domain}.`)
}

function toWhich(keyId: string | undefined, all: boolean, domain: string | undefined) {
  const help = 'prompt-train keys revoke'
  if (keyId !== undefined) {
    if (all || domain !== undefined) throw new UsageError('give either a key id or --all --domain', help)
    return { keyId }
  }
  if (!all || domain === undefined) throw new UsageError('give a key id, or --all --domain DOMAIN', help)
  return { domain }
}

function toText(revoked: number, which: ReturnType<typeof toWhich>): string {
  if (revoked === 0 && 'keyId' in which) return `Nothing to do: the key ${which.keyId} was revoked before.`
  if (revoked === 0) return `Nothing to do: ${which.domain} has no key that is not revoked.`
  return `${count(revoked, 'key')} revoked.`
}
