import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Secret } from '@agent-prompt-train/core'
import { clientKeyStoreCases, credentialStoreCases, exchangeStoreCases } from '@agent-prompt-train/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { folderStorage } from '../../examples/custom-storage/folder-storage.js'

const HOLDER = fileURLToPath(new URL('support/credential-holder.ts', import.meta.url))
const apiKey = (value: string) => ({ type: 'api_key', apiKey: new Secret(value) }) as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'custom-storage-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const harness = { open: async () => folderStorage(folder) }

describe('the custom storage example', () => {
  describe('client keys', () => {
    for (const { name, run } of clientKeyStoreCases) it(name, () => run(harness))
  })
  describe('credentials', () => {
    for (const { name, run } of credentialStoreCases) it(name, () => run(harness))
  })
  describe('exchanges', () => {
    for (const { name, run } of exchangeStoreCases) it(name, () => run(harness))
  })

  it('takes over from a frozen process in under 10 seconds, and fences it off', async () => {
    const holder = fork(HOLDER, [folder], { execArgv: ['--import', 'tsx'] })
    try {
      expect((await once(holder, 'message'))[0]).toBe('held')
      holder.kill('SIGSTOP')
      const startedAt = performance.now()
      const { credentials } = folderStorage(folder)
      await credentials.update('example.com', () => apiKey('sk-ant-api03-FAKE-taken'))
      expect(performance.now() - startedAt).toBeLessThan(10_000)
      holder.kill('SIGCONT')
      holder.send('go on')
      expect((await once(holder, 'message'))[0]).toBe('lease_lost')
      const found = await credentials.find('example.com')
      expect(found?.type === 'api_key' && found.apiKey.expose()).toBe('sk-ant-api03-FAKE-taken')
    } finally {
      holder.kill('SIGKILL')
    }
  })

  it('keeps files that only their owner can read, whatever a domain is called', async () => {
    const { credentials } = folderStorage(folder)
    await credentials.update('../../outside', () => apiKey('sk-ant-api03-FAKE'))
    const names = readdirSync(join(folder, 'credentials'))
    expect(names).toEqual(['..%2F..%2Foutside.json'])
    expect(statSync(join(folder, 'credentials', names[0]!)).mode & 0o077).toBe(0)
    expect(await credentials.list()).toEqual(['../../outside'])
  })
})
