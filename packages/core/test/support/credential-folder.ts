import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type FileCredentialStore,
  type FileCredentialStoreOptions,
  fileCredentialStore,
} from '@agent-prompt-train/core'
import { onTestFinished } from 'vitest'

/** What a change of a file may take to count, beside the time that a busy machine takes to run at all. */
const SEEN_WITHIN_MS = 5000

/** A folder of credential files that goes away with the test. */
export interface CredentialFolder {
  readonly path: string
  file(name: string): string
  /** Writes a file for its owner alone. */
  write(name: string, content: object | string | Buffer): void
  /** Writes a file anew and puts it in the place of the old one, as editors do. */
  replace(name: string, content: object | string): void
  open(options?: FileCredentialStoreOptions): FileCredentialStore
}

/** Makes an empty folder, or takes the one at `path`. */
export function credentialFolder(path = mkdtempSync(join(tmpdir(), 'credentials-'))): CredentialFolder {
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const file = (name: string) => join(path, name)
  const toText = (content: object | string | Buffer) =>
    typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)
  return {
    path,
    file,
    write: (name, content) => writeFileSync(file(name), toText(content), { mode: 0o600 }),
    replace(name, content) {
      writeFileSync(file('.new'), toText(content), { mode: 0o600 })
      renameSync(file('.new'), file(name))
    },
    open(options) {
      const store = fileCredentialStore(path, options)
      onTestFinished(() => store.close())
      return store
    },
  }
}

/** The fields of an API key file. */
export function apiKeyFile(value: string, keys: object = {}): object {
  return { type: 'api_key', api_key: value, ...keys }
}

/** The API key of a domain, or null. */
export function apiKeyOf(store: FileCredentialStore, domain = 'example.com'): string | null {
  const credential = store.find(domain)
  if (credential === null || !('type' in credential) || credential.type !== 'api_key') return null
  return credential.apiKey.expose()
}

/** Waits until `isTrue`; false where that takes longer than a change may take to count. */
export async function soon(isTrue: () => boolean): Promise<boolean> {
  const end = performance.now() + SEEN_WITHIN_MS
  while (performance.now() < end && !isTrue()) await new Promise((resolve) => setTimeout(resolve, 10))
  return isTrue()
}
