import { ProxyError } from '@agent-prompt-train/core'
import type { Place } from './places.js'

/** Why the credential of a domain does not open, or may not be used as it is stored; null where nothing is wrong. */
export async function findSealProblem({ stored, credentials, keyRing }: Place, domain: string): Promise<string | null> {
  const credential = await stored.find(domain)
  if (credential?.type === 'sealed' && keyRing === null) {
    return `is sealed with ${credential.ringKeyId}, and ENCRYPTION_KEYS is not set`
  }
  try {
    await credentials.find(domain)
    return null
  } catch (error) {
    if (error instanceof ProxyError && error.cause instanceof Error) return error.cause.message
    throw error
  }
}
