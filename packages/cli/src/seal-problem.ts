import type { Place } from './stores.js'

/** Why the credential of a domain does not open; null where it is not sealed, or opens. */
export async function findSealProblem({ stored, credentials, keyRing }: Place, domain: string): Promise<string | null> {
  const credential = await stored.find(domain)
  if (credential?.type !== 'sealed') return null
  if (keyRing === null) return `is sealed with ${credential.ringKeyId}, and ENCRYPTION_KEYS is not set`
  try {
    await credentials.find(domain)
    return null
  } catch (error) {
    return ((error as Error).cause as Error).message
  }
}
