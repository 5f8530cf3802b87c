import type { Credential } from '../../storage/credential.js'
import type { CredentialStore } from '../../storage/storage.js'
import type { ChangeDomainFile, DomainFile } from './domain-file.js'
import { withCredential } from './file-fields.js'
import type { Snapshot } from './snapshot.js'

/** Creates the credential store over the files. */
export function createFileCredentials(
  current: () => Snapshot,
  changeFile: ChangeDomainFile,
): Pick<CredentialStore, 'find' | 'list' | 'update'> {
  return {
    find: (domain) => current().credentials.get(domain) ?? null,
    list: async () => [...current().credentials.keys()].sort(),
    update: (domain, change) =>
      changeFile(domain, async (file) => {
        const given = file.read()?.credential ?? null
        let saved: Credential | null = null
        const result = await change(given, {
          signal: file.signal,
          async save(credential) {
            await file.write(fieldsWith(file, credential))
            saved = credential
          },
          read: async () => file.read()?.credential ?? null,
        })
        const isStored = result === given || (saved !== null && result === saved)
        return isStored ? { result } : { result, fields: fieldsWith(file, result) }
      }),
  }
}

/** Read anew, because the file may have been edited by hand meanwhile: its client keys stay. */
function fieldsWith(file: DomainFile, credential: Credential | null) {
  return withCredential(file.read()?.fields ?? {}, credential)
}
