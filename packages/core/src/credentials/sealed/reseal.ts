import { ConfigurationError, KeyRingError, StorageError } from '../../errors.js'
import type { KeyRing } from '../../key-ring/key-ring.js'
import { createSealer, type Sealer } from '../../key-ring/sealer.js'
import type { Credential } from '../../storage/credential.js'
import type { CredentialStore } from '../../storage/storage.js'
import { fromCredentialBytes, toCredentialBytes } from './credential-text.js'
import { openCredentialBytes, sealCredentialBytes } from './seal-credential.js'

/** What became of one credential. */
export interface ResealStep {
  readonly domain: string
  readonly outcome: 'changed' | 'unchanged' | 'failed'
  /** Credentials looked at so far, this one included. */
  readonly done: number
  readonly total: number
}

/** What {@link rewrapCredentials} and {@link sealCredentials} take beside store and ring. */
export interface ResealOptions {
  /** Told of each credential as it is done. */
  readonly onProgress?: (step: ResealStep) => void
}

/** What became of all credentials. */
export interface ResealResult {
  /** Credentials stored anew. */
  readonly changed: number
  /** Credentials that were as they should be. */
  readonly unchanged: number
  /** Credentials that stayed as they were, and why. */
  readonly failed: readonly { readonly domain: string; readonly error: KeyRingError | StorageError }[]
}

/**
 * Seals anew, with the current key, every sealed credential that is under another key of the ring. Credentials in the
 * clear stay so. Runs beside live traffic, one credential at a time through the store's lease, and twice as well as once.
 *
 * @param store the store that keeps the sealed credentials, not one that opens them
 * @throws ConfigurationError for a key ring or store that cannot be used
 */
export async function rewrapCredentials(
  store: CredentialStore,
  keyRing: KeyRing,
  options: ResealOptions = {},
): Promise<ResealResult> {
  const sealer = createSealer(keyRing)
  return reseal(store, sealer, options, (domain, stored) =>
    stored.type === 'sealed' && stored.ringKeyId !== sealer.currentKeyId
      ? () => openCredentialBytes(sealer, domain, stored)
      : null,
  )
}

/**
 * Seals every credential that is stored in the clear, with the current key. What is sealed already stays as it is.
 * Runs beside live traffic as {@link rewrapCredentials} does.
 *
 * @param store the store that keeps the sealed credentials, not one that opens them
 * @throws ConfigurationError for a key ring or store that cannot be used
 */
export async function sealCredentials(
  store: CredentialStore,
  keyRing: KeyRing,
  options: ResealOptions = {},
): Promise<ResealResult> {
  return reseal(store, createSealer(keyRing), options, (domain, stored) =>
    stored.type === 'sealed' ? null : async () => toCredentialBytes(stored, domain),
  )
}

/** Gives the bytes to seal anew; null for a credential that stays as it is. */
type ChooseBytes = (domain: string, stored: Credential) => (() => Promise<Uint8Array>) | null

async function reseal(
  store: CredentialStore,
  sealer: Sealer,
  { onProgress }: ResealOptions,
  choose: ChooseBytes,
): Promise<ResealResult> {
  if ('assertOpens' in store) {
    throw new ConfigurationError('store', 'opens its credentials already: give the store that it was made from')
  }
  const domains = await store.list()
  const failed: { readonly domain: string; readonly error: KeyRingError | StorageError }[] = []
  const counts = { changed: 0, unchanged: 0, failed: 0 }

  async function resealOne(domain: string): Promise<ResealStep['outcome']> {
    const found = await store.find(domain)
    // Looked at again under the lease; this look spares the lease where there is nothing to do.
    if (found === null || choose(domain, found) === null) return 'unchanged'
    let outcome: ResealStep['outcome'] = 'unchanged'
    await store.update(domain, async (stored) => {
      const toBytes = stored === null ? null : choose(domain, stored)
      if (toBytes === null) return stored
      const sealed = await sealCredentialBytes(sealer, domain, await toBytes())
      // What it takes the place of is gone for good: it is tried first.
      fromCredentialBytes(await openCredentialBytes(sealer, domain, sealed), domain)
      outcome = 'changed'
      return sealed
    })
    return outcome
  }

  for (const [index, domain] of domains.entries()) {
    const outcome = await resealOne(domain).catch((error: unknown) => {
      if (!(error instanceof KeyRingError || error instanceof StorageError)) throw error
      failed.push({ domain, error })
      return 'failed' as const
    })
    counts[outcome] += 1
    onProgress?.({ domain, outcome, done: index + 1, total: domains.length })
  }
  return { changed: counts.changed, unchanged: counts.unchanged, failed }
}
