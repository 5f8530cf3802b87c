import { join } from 'node:path'
import { type ClientKey, type ClientKeyStore, type ClientKeyUse, StorageError } from '@agent-prompt-train/core'
import { jsonFile } from './json-file.js'
import { withLock } from './lock.js'

interface Content {
  /** Oldest first. */
  readonly keys: readonly ClientKey[]
  readonly uses: readonly ClientKeyUse[]
}

const NOTHING: Content = { keys: [], uses: [] }

/** Keeps all client keys and their use in one file: a look at its inode tells whether it is still the one in memory. */
export function folderClientKeys(folder: string): ClientKeyStore {
  const path = join(folder, 'client-keys.json')
  const read = jsonFile<Content>(path)
  const content = () => read() ?? NOTHING

  /** One process at a time, so that each change sees the last result. */
  function change(toChanged: (current: Content) => Content): Promise<void> {
    return withLock(join(folder, 'lock'), async (lock) => {
      await lock.replace(path, JSON.stringify(toChanged(content())))
    })
  }

  return {
    find: (keyId) => content().keys.find((key) => key.keyId === keyId) ?? null,
    list: async (domain) => content().keys.filter((key) => domain === undefined || key.domain === domain),
    add: (added) =>
      change(({ keys, uses }) => {
        if (keys.some(({ keyId, digest }) => keyId === added.keyId || digest === added.digest)) {
          throw new StorageError('key_exists', `A client key with the id ${added.keyId} is stored already.`)
        }
        return { keys: [...keys, added].sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)), uses }
      }),
    async update(keyId, toChanged) {
      if (!content().keys.some((key) => key.keyId === keyId)) return null
      let changed: ClientKey | null = null
      await change(({ keys, uses }) => ({
        keys: keys.map((key) => {
          if (key.keyId !== keyId) return key
          const { digest, domain } = key
          changed = { ...toChanged(key), keyId, digest, domain }
          return changed
        }),
        uses,
      }))
      return changed
    },
    addUses: (added) => change(({ keys, uses }) => ({ keys, uses: sum(keys, uses, added) })),
    async uses(domain) {
      const { keys, uses } = content()
      const wanted = new Set(keys.filter((key) => domain === undefined || key.domain === domain).map(toKeyId))
      return uses.filter(({ keyId }) => wanted.has(keyId))
    },
  }
}

function sum(keys: readonly ClientKey[], uses: readonly ClientKeyUse[], added: readonly ClientKeyUse[]) {
  const known = new Set(keys.map(toKeyId))
  const sums = new Map(uses.map((use) => [use.keyId, use]))
  for (const use of added) {
    if (!known.has(use.keyId)) continue
    const earlier = sums.get(use.keyId)
    const latest = earlier !== undefined && earlier.lastUsedAt > use.lastUsedAt ? earlier : use
    sums.set(use.keyId, { ...latest, requests: (earlier?.requests ?? 0) + use.requests })
  }
  return [...sums.values()]
}

function toKeyId({ keyId }: ClientKey): string {
  return keyId
}
