import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@agent-prompt-train/core'
import { folderClientKeys } from './client-keys.js'
import { folderCredentials } from './credentials.js'
import { folderExchanges } from './exchanges.js'

/**
 * Creates storage in one folder, which processes of one machine may share: client keys in a file, credentials in a file
 * each, exchanges in a file for each batch.
 */
export function folderStorage(folder: string): Storage {
  const within = (name: string) => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  return {
    clientKeys: folderClientKeys(within('client-keys')),
    credentials: folderCredentials(within('credentials')),
    exchanges: folderExchanges(within('exchanges')),
    // Nothing stays open between two calls.
    async close() {},
  }
}
