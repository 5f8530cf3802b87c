import { join } from 'node:path'
import { createClientKey, createKeyRingKey, fileCredentialStore } from '@agent-prompt-train/core'

/** What `keyring create` would show: an entry for ENCRYPTION_KEYS. */
export const ringEntry = (id: string): string => `${id}:${createKeyRingKey().expose()}`

/** Does what `keys create` would, in this process: for tests of what comes after. */
export async function addKey(folder: string, domain = 'example.com', label: string | null = null) {
  const { key, record } = createClientKey({ domain, label })
  const store = fileCredentialStore(join(folder, 'credentials'))
  await store.clientKeys.add(record)
  store.close()
  return { key, keyId: record.keyId }
}
