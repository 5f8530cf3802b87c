import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileCredentialStore, memoryStorage } from '@agent-prompt-train/core'
import {
  clientKeyStoreCases,
  credentialStoreCases,
  exchangeStoreCases,
  type StoreHarness,
} from '@agent-prompt-train/core/testing'
import { afterEach, describe, it } from 'vitest'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

function memory(): StoreHarness {
  const storage = memoryStorage()
  return { open: async () => ({ ...storage, close() {} }) }
}

function files(): StoreHarness {
  const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
  cleanUps.push(() => rmSync(folder, { recursive: true }))
  return {
    keysBesideCredentials: true,
    async open() {
      const credentials = fileCredentialStore(folder)
      return { credentials, clientKeys: credentials.clientKeys, close: () => credentials.close() }
    },
  }
}

describe.each([
  ['memory', memory],
  ['files', files],
])('%s', (_name, createHarness) => {
  describe('credentials', () => {
    for (const { name, run } of credentialStoreCases) it(name, () => run(createHarness()))
  })
  describe('client keys', () => {
    for (const { name, run } of clientKeyStoreCases) it(name, () => run(createHarness()))
  })
})

describe('memory', () => {
  for (const { name, run } of exchangeStoreCases) {
    it(name, async () => {
      const { exchanges } = memoryStorage()
      await run({ open: async () => ({ exchanges, close() {} }) })
    })
  }
})
