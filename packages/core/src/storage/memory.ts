import type { ClientKey, ClientKeyStore, Credential, CredentialStore, Storage } from './storage.js'

/** What {@link memoryStorage} starts with. */
export interface MemoryStorageOptions {
  /** @default [] */
  readonly clientKeys?: readonly ClientKey[]
  /** Credentials by domain. @default {} */
  readonly credentials?: Readonly<Record<string, Credential>>
}

/** Storage that lives and dies with the process: for tests, trials and hosts that bring their own configuration. */
export interface MemoryStorage extends Storage {
  readonly clientKeys: ClientKeyStore & {
    /** Stores a key, or replaces the one with the same id. */
    add(key: ClientKey): void
    /** Refuses the key from now on. Unknown ids are ignored. */
    revoke(keyId: string): void
  }
  readonly credentials: CredentialStore & {
    /** Stores the domain's credential, or replaces it. */
    set(domain: string, credential: Credential): void
  }
}

/** Creates an empty or given {@link MemoryStorage}. */
export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  const keys = new Map((options.clientKeys ?? []).map((key) => [key.keyId, key]))
  const credentials = new Map(Object.entries(options.credentials ?? {}))
  return {
    clientKeys: {
      find: (keyId) => keys.get(keyId) ?? null,
      add: (key) => void keys.set(key.keyId, key),
      revoke: (keyId) => {
        const key = keys.get(keyId)
        if (key !== undefined) keys.set(keyId, { ...key, revokedAt: Date.now() })
      },
    },
    credentials: {
      find: (domain) => credentials.get(domain) ?? null,
      set: (domain, credential) => void credentials.set(domain, credential),
    },
  }
}
