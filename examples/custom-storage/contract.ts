// The contract, with Node's own test runner: npm test
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { clientKeyStoreCases, credentialStoreCases, exchangeStoreCases } from '@agent-prompt-train/core/testing'
import { folderStorage } from './folder-storage.js'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** Two handles are two storages on one folder; each case has a folder of its own. */
function createHarness() {
  const folder = mkdtempSync(join(tmpdir(), 'custom-storage-'))
  folders.push(folder)
  return { open: async () => folderStorage(folder) }
}

describe('client keys', () => {
  for (const { name, run } of clientKeyStoreCases) it(name, () => run(createHarness()))
})
describe('credentials', () => {
  for (const { name, run } of credentialStoreCases) it(name, () => run(createHarness()))
})
describe('exchanges', () => {
  for (const { name, run } of exchangeStoreCases) it(name, () => run(createHarness()))
})
