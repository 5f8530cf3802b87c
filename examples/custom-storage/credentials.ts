import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Credential, type CredentialStore, Secret } from '@agent-prompt-train/core'
import { hasCode, withLock } from './lock.js'

const ENDING = '.json'

/** Keeps each domain's credential in a file of its own, under a lock of its own. */
export function folderCredentials(folder: string): CredentialStore {
  // No domain can name a path outside the folder.
  const toPath = (domain: string) => join(folder, encodeURIComponent(domain) + ENDING)

  async function find(domain: string): Promise<Credential | null> {
    try {
      return fromText(await readFile(toPath(domain), 'utf8'))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null
      throw error
    }
  }

  return {
    find,
    async list() {
      const names = await readdir(folder)
      return names
        .filter((name) => name.endsWith(ENDING))
        .map((name) => decodeURIComponent(name.slice(0, -ENDING.length)))
        .sort()
    },
    update: (domain, change) =>
      withLock(`${toPath(domain)}.lock`, async ({ signal, replace }) => {
        const save = (credential: Credential) => replace(toPath(domain), toText(credential))
        const current = await find(domain)
        const changed = await change(current, { save, signal, read: async () => find(domain) })
        if (changed === current) return changed
        await (changed === null ? replace(toPath(domain), null) : save(changed))
        return changed
      }),
  }
}

/** `JSON.stringify` alone would write `****`: a Secret shows its value to {@link Secret.expose} and nothing else. */
function toText(credential: Credential): string {
  if (credential.type === 'api_key') return JSON.stringify({ ...credential, apiKey: credential.apiKey.expose() })
  if (credential.type !== 'oauth') return JSON.stringify(credential)
  const { accessToken, refreshToken } = credential
  return JSON.stringify({
    ...credential,
    accessToken: accessToken.expose(),
    refreshToken: refreshToken?.expose() ?? null,
  })
}

function fromText(text: string): Credential {
  const stored = JSON.parse(text)
  const secret = (value: string | null) => (value === null ? null : new Secret(value))
  if (stored.type === 'api_key') return { ...stored, apiKey: secret(stored.apiKey) }
  if (stored.type !== 'oauth') return stored
  return { ...stored, accessToken: secret(stored.accessToken), refreshToken: secret(stored.refreshToken) }
}
