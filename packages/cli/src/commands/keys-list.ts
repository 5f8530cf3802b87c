import { type ClientKey, type ClientKeyUse, clientKeyState } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import type { Place } from '../places.js'
import { toAwayJson, withStores } from '../stores.js'
import { toTable } from '../table.js'
import { toIso, toMinute } from '../times.js'

const HEADER = ['KEY', 'DOMAIN', 'LABEL', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED', 'FROM', 'REQUESTS']

/** `prompt-train keys list`: every key, how it stands and who uses it. */
export async function run({ flags: { json }, values: { domain } }: Given): Promise<void> {
  const { keys, away, leftOut } = await withStores(
    async ({ places, away, health }) => {
      const listed: ListedKey[] = []
      for (const place of places) listed.push(...(await listKeys(place, domain)))
      return { keys: listed, away, leftOut: health().refused.length + away.length }
    },
    { allowAway: true },
  )
  const now = Date.now()
  if (json) {
    process.stdout.write(`${JSON.stringify({ keys: keys.map((key) => toJson(key, now)), ...toAwayJson(away) })}\n`)
  } else if (keys.length === 0) {
    process.stdout.write(
      leftOut > 0
        ? 'No client keys but what is left out: mend that.\n'
        : 'No client keys. Make one: prompt-train keys create --domain DOMAIN\n',
    )
  } else {
    process.stdout.write(
      toTable(
        HEADER,
        keys.map((key) => toRow(key, now)),
      ),
    )
  }
  if (away.length > 0) process.exitCode = 1
}

interface ListedKey {
  readonly key: ClientKey
  readonly use: ClientKeyUse | undefined
  readonly storedIn: string
}

async function listKeys({ clientKeys, name }: Place, domain: string | undefined): Promise<readonly ListedKey[]> {
  const [keys, uses] = await Promise.all([clientKeys.list(domain), clientKeys.uses(domain)])
  const useOf = new Map(uses.map((use) => [use.keyId, use]))
  return keys.map((key) => ({ key, use: useOf.get(key.keyId), storedIn: name }))
}

function toRow({ key, use }: ListedKey, now: number): string[] {
  return [
    toFingerprint(key),
    key.domain,
    key.label ?? '-',
    toStateText(key, now),
    key.createdAt === null ? 'not known' : toMinute(key.createdAt),
    key.expiresAt === null ? 'never' : toMinute(key.expiresAt),
    use === undefined ? 'never' : toMinute(use.lastUsedAt),
    use?.lastAddress ?? '-',
    String(use?.requests ?? 0),
  ]
}

function toJson({ key, use, storedIn }: ListedKey, now: number): object {
  return {
    keyId: key.keyId,
    fingerprint: toFingerprint(key),
    domain: key.domain,
    label: key.label,
    state: clientKeyState(key, now),
    createdAt: toIso(key.createdAt),
    expiresAt: toIso(key.expiresAt),
    revokedAt: toIso(key.revokedAt),
    replacedBy: key.replacedBy,
    lastUsedAt: toIso(use?.lastUsedAt ?? null),
    lastAddress: use?.lastAddress ?? null,
    requests: use?.requests ?? 0,
    storedIn,
  }
}

function toFingerprint({ keyId, lastFour }: ClientKey): string {
  return `${keyId}…${lastFour ?? ''}`
}

function toStateText(key: ClientKey, now: number): string {
  const state = clientKeyState(key, now)
  if (state === 'overlap') return `in overlap, replaced by ${key.replacedBy}`
  if (state === 'replaced') return `replaced by ${key.replacedBy}`
  return state
}
