import { StorageError } from '../../errors.js'
import type { ClientKey, ClientKeyStore } from '../../storage/storage.js'
import type { ChangeDomainFile } from './domain-file.js'
import { withAddedKey, withChangedKey } from './file-fields.js'
import type { KeyUses } from './key-uses.js'
import type { Snapshot } from './snapshot.js'

/** What {@link createFileClientKeys} takes. */
export interface FileClientKeysOptions {
  readonly current: () => Snapshot
  /** Looks through the folder now, so that what other processes have written is known. */
  readonly refresh: () => void
  readonly changeFile: ChangeDomainFile
  /** Whether there is a credential for domains whose file has none. */
  readonly hasDefault: boolean
  readonly uses: KeyUses
}

/** Creates the client key store over the files. */
export function createFileClientKeys(options: FileClientKeysOptions): ClientKeyStore {
  const { current, refresh, changeFile, hasDefault, uses } = options
  /** Ids that keys were presented with of which the files tell the digest alone: what stands in for them there. */
  const handles = new Map<string, string>()

  function findByDigest(keyId: string, digest: string): ClientKey | null {
    const key = current().byDigest.get(digest) ?? null
    if (key !== null) handles.set(keyId, key.keyId)
    return key
  }

  function keysOf(domain: string | undefined): ClientKey[] {
    const keys = [...current().byKeyId.values()]
    return domain === undefined ? keys : keys.filter((key) => key.domain === domain)
  }

  return {
    find: (keyId, digest) => current().byKeyId.get(keyId) ?? findByDigest(keyId, digest),

    list: async (domain) => keysOf(domain).sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)),

    add: (key) =>
      changeFile(key.domain, (file) => {
        refresh()
        const { byKeyId, byDigest } = current()
        if (byKeyId.has(key.keyId) || byDigest.has(key.digest)) {
          throw new StorageError('key_exists', `A client key with the id ${key.keyId} is stored already.`)
        }
        const content = file.read()
        if ((content?.credential ?? null) === null && !hasDefault) {
          throw new StorageError('domain_unknown', `The domain ${key.domain} has no credential: add one first.`)
        }
        return { result: undefined, fields: withAddedKey(content?.fields ?? {}, key) }
      }),

    async update(keyId, change) {
      refresh()
      const domain = current().byKeyId.get(keyId)?.domain
      if (domain === undefined) return null
      return changeFile(domain, (file) => {
        const content = file.read()
        const index = content?.clientKeys.findIndex((key) => key.keyId === keyId) ?? -1
        if (content === null || index < 0) return { result: null }
        const stored = content.clientKeys[index]!
        const changed = { ...change(stored), keyId, digest: stored.digest, domain }
        return { result: changed, fields: withChangedKey(content.fields, index, changed) }
      })
    },

    async addUses(added) {
      const known = added.map((use) => ({ ...use, keyId: handles.get(use.keyId) ?? use.keyId }))
      await uses.add(known.filter(({ keyId }) => current().byKeyId.has(keyId)))
    },

    async uses(domain) {
      const all = await uses.read()
      return keysOf(domain).flatMap(({ keyId }) => all.get(keyId) ?? [])
    },
  }
}
