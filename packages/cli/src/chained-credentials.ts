import type { Credential, CredentialStore } from '@agent-prompt-train/core'

/**
 * Stores of credentials one behind the other: a domain is that of the first store that has it, and a new one's is the
 * first store of all. `fallback` gives what none has; it is not stored and not listed.
 */
export function chainCredentials(
  stores: readonly [CredentialStore, ...CredentialStore[]],
  fallback: (domain: string) => Credential | null,
): CredentialStore {
  async function holderOf(domain: string): Promise<CredentialStore> {
    for (const store of stores) if ((await store.find(domain)) !== null) return store
    return stores[0]
  }

  return {
    async find(domain) {
      for (const store of stores) {
        const found = store.find(domain)
        const credential = found instanceof Promise ? await found : found
        if (credential !== null) return credential
      }
      return fallback(domain)
    },
    async list() {
      const lists = await Promise.all(stores.map((store) => store.list()))
      return [...new Set(lists.flat())].sort()
    },
    update: async (domain, change) => (await holderOf(domain)).update(domain, change),
  }
}
