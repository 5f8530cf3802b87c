import type { Credential } from '../../storage/credential.js'
import type { ClientKey } from '../../storage/storage.js'
import type { FileContent } from './file-content.js'

/** What requests are served from: one state of the folder. */
export interface Snapshot {
  /** By domain. */
  readonly credentials: ReadonlyMap<string, Credential>
  readonly byKeyId: ReadonlyMap<string, ClientKey>
  readonly byDigest: ReadonlyMap<string, ClientKey>
}

/** Indexes the content of the files, given by domain. */
export function toSnapshot(contents: ReadonlyMap<string, FileContent>, defaultCredential: Credential | null): Snapshot {
  const credentials = new Map<string, Credential>()
  const byKeyId = new Map<string, ClientKey>()
  const byDigest = new Map<string, ClientKey>()
  for (const [domain, { credential, clientKeys }] of contents) {
    const usable = credential ?? defaultCredential
    if (usable !== null) credentials.set(domain, usable)
    for (const key of clientKeys) {
      byKeyId.set(key.keyId, key)
      byDigest.set(key.digest, key)
    }
  }
  return { credentials, byKeyId, byDigest }
}
