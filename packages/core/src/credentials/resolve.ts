import { ProxyError } from '../errors.js'
import type { CredentialLookup, UsableCredential } from '../storage/storage.js'

/**
 * Resolves a domain to a credential that can be sent now.
 *
 * @throws ProxyError `credential_unavailable` when the domain has none, or one that has expired
 */
export async function resolveCredential(
  store: CredentialLookup,
  domain: string,
  now: number,
): Promise<UsableCredential> {
  const credential = await store.find(domain)
  if (credential === null) throw new ProxyError('credential_unavailable')
  if (credential.type === 'oauth' && (credential.expiresAt ?? Infinity) <= now) {
    throw new ProxyError('credential_unavailable')
  }
  if (credential.type === 'federation' || credential.type === 'sealed') throw new ProxyError('credential_unavailable')
  return credential
}
