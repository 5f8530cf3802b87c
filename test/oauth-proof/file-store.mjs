// A folder of credential files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileCredentialStore } from '@agent-prompt-train/core'

export async function prepare(domain) {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-proof-'))
  writeFileSync(join(folder, `${domain}.json`), JSON.stringify({ type: 'api_key', api_key: 'FAKE' }), { mode: 0o600 })
  return { name: folder, faults: {}, remove: async () => rmSync(folder, { recursive: true, force: true }) }
}

export const open = (folder) => fileCredentialStore(folder)
