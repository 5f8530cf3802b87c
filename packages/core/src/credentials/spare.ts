import type { OAuthCredential } from '../storage/storage.js'
import type { GrantedPair, RefreshTools } from './oauth-refresh.js'

/** Stores the pair in the spare place, with the intent by which it is found again. */
export async function storeSpare(
  tools: RefreshTools,
  domain: string,
  { spent, credential }: GrantedPair,
): Promise<void> {
  const { intent } = spent.refresh
  await tools.spareStore?.update(domain, () => ({ ...credential, refresh: { ...credential.refresh, intent } }))
}

/** Removes what the spare place still holds of the domain. */
export async function clearSpare({ spareStore }: RefreshTools, domain: string): Promise<void> {
  if (spareStore !== null && (await spareStore.find(domain)) !== null) await spareStore.update(domain, () => null)
}

/** The pair that an interrupted refresh brought and only the spare place took, or null. */
export async function findSpare({ spareStore }: RefreshTools, domain: string, current: OAuthCredential) {
  const saved = (await spareStore?.find(domain)) ?? null
  if (saved?.type !== 'oauth' || saved.refresh.intent?.tokenDigest !== current.refresh.intent?.tokenDigest) return null
  return { ...saved, refresh: { ...saved.refresh, intent: null } }
}
