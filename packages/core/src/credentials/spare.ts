import type { OAuthCredential } from '../storage/credential.js'
import type { CredentialStore } from '../storage/storage.js'
import { isBegun } from './oauth-state.js'

/** A pair of tokens that the store has not taken yet, and the credential whose token was spent for it. */
export interface GrantedPair {
  readonly spent: OAuthCredential
  readonly credential: OAuthCredential
}

/** Stores the pair in the spare place, with the intent by which it is found again. */
export async function storeSpare(
  spareStore: CredentialStore | null,
  domain: string,
  { spent, credential }: GrantedPair,
): Promise<void> {
  const { intent } = spent.refresh
  await spareStore?.update(domain, () => ({ ...credential, refresh: { ...credential.refresh, intent } }))
}

/** Removes what the spare place still holds of the domain. */
export async function clearSpare(spareStore: CredentialStore | null, domain: string): Promise<void> {
  if (spareStore !== null && (await spareStore.find(domain)) !== null) await spareStore.update(domain, () => null)
}

/**
 * The pair that a refresh with this very token brought and only the spare place took, or null. It is looked for after a
 * permanent failure too: the token was refused because it had been spent for that pair.
 */
export async function findSpare(
  spareStore: CredentialStore | null,
  domain: string,
  current: OAuthCredential,
): Promise<OAuthCredential | null> {
  if (!isBegun(current)) return null
  const saved = (await spareStore?.find(domain)) ?? null
  if (saved?.type !== 'oauth' || saved.refresh.intent?.tokenDigest !== current.refresh.intent?.tokenDigest) return null
  return { ...saved, refresh: { ...saved.refresh, intent: null } }
}
