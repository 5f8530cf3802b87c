import { StorageError } from '../errors.js'
import type { Credential } from './credential.js'
import { memoryExchanges } from './memory-exchanges.js'
import { assertMemoryOptions } from './memory-options.js'
import type { ClientKey, ClientKeyStore, ClientKeyUse, CredentialLease, CredentialStore, Storage } from './storage.js'

/** What {@link memoryStorage} starts with. */
export interface MemoryStorageOptions {
  /** @default [] */
  readonly clientKeys?: readonly ClientKey[]
  /** Credentials by domain. @default {} */
  readonly credentials?: Readonly<Record<string, Credential>>
  /** How many exchange records are kept, the newest. @default 10_000 */
  readonly maxExchanges?: number
}

/**
 * Creates storage that lives and dies with the process: for tests, trials and hosts that bring their own
 * configuration. It is also the shortest reading of the contract.
 *
 * @throws ConfigurationError when an option is wrong; it names the field
 */
export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  assertMemoryOptions(options)
  return {
    clientKeys: memoryClientKeys(options.clientKeys ?? []),
    credentials: memoryCredentials(options.credentials ?? {}),
    exchanges: memoryExchanges(options.maxExchanges ?? 10_000),
    async close() {},
  }
}

function memoryClientKeys(given: readonly ClientKey[]): ClientKeyStore {
  const keys = new Map(given.map((key) => [key.keyId, key]))
  const uses = new Map<string, ClientKeyUse>()
  const isOf = (keyId: string, domain: string | undefined) => domain === undefined || keys.get(keyId)?.domain === domain

  return {
    find: (keyId) => keys.get(keyId) ?? null,
    list: async (domain) =>
      [...keys.values()]
        .filter(({ keyId }) => isOf(keyId, domain))
        .sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)),
    async add(key) {
      const taken = keys.has(key.keyId) || [...keys.values()].some(({ digest }) => digest === key.digest)
      if (taken) throw new StorageError('key_exists', `A client key with the id ${key.keyId} is stored already.`)
      keys.set(key.keyId, key)
    },
    async update(keyId, change) {
      const current = keys.get(keyId)
      if (current === undefined) return null
      const { digest, domain } = current
      const changed = { ...change(current), keyId, digest, domain }
      keys.set(keyId, changed)
      return changed
    },
    async addUses(added) {
      for (const use of added) {
        if (!keys.has(use.keyId)) continue
        const earlier = uses.get(use.keyId)
        const latest = earlier !== undefined && earlier.lastUsedAt > use.lastUsedAt ? earlier : use
        uses.set(use.keyId, { ...latest, requests: (earlier?.requests ?? 0) + use.requests })
      }
    },
    uses: async (domain) => [...uses.values()].filter(({ keyId }) => isOf(keyId, domain)),
  }
}

function memoryCredentials(given: Readonly<Record<string, Credential>>): CredentialStore {
  const credentials = new Map(Object.entries(given))
  /** The end of the last change to each domain. */
  const turns = new Map<string, Promise<unknown>>()

  async function run(
    domain: string,
    change: Parameters<CredentialStore['update']>[1],
    lease: CredentialLease,
  ): Promise<Credential | null> {
    const given = credentials.get(domain) ?? null
    const changed = await change(given, lease)
    if (changed === given) return changed
    if (changed === null) credentials.delete(domain)
    else credentials.set(domain, changed)
    return changed
  }

  return {
    find: (domain) => credentials.get(domain) ?? null,
    list: async () => [...credentials.keys()].sort(),
    update(domain, change) {
      // The holder shares this process: it cannot die or freeze alone.
      const lease: CredentialLease = {
        signal: new AbortController().signal,
        save: async (credential) => void credentials.set(domain, credential),
        read: async () => credentials.get(domain) ?? null,
      }
      const earlier = turns.get(domain) ?? Promise.resolve()
      const result = earlier.then(() => run(domain, change, lease))
      const ended = result.then(
        () => {},
        () => {},
      )
      turns.set(domain, ended)
      void ended.then(() => {
        if (turns.get(domain) === ended) turns.delete(domain)
      })
      return result
    },
  }
}
