import type { ClientKey } from '@agent-prompt-train/core'
import { toIso, toMinute } from './times.js'

/** A new key for scripts. */
export function toKeyJson(key: string, { keyId, digest, domain, label, expiresAt }: ClientKey): object {
  return { key, keyId, digest, domain, label, expiresAt: toIso(expiresAt) }
}

/** A new key for people. */
export function toKeyLines(key: string, { keyId, domain, label, expiresAt }: ClientKey): string {
  return `Client key  ${key}
Key id      ${keyId}
Domain      ${domain}
Label       ${label ?? '-'}
Expires     ${expiresAt === null ? 'never' : toMinute(expiresAt)}
`
}

/** What to do with a new key. */
export function howToUse({ domain }: ClientKey): string {
  return `1. Give the key to the person or service that will use it. It is sent as
   "Authorization: Bearer <client key>" or as "x-api-key: <client key>".
2. See when it is used: prompt-train keys list --domain ${domain}
`
}
