import { appendFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createClientKey, Secret, silentLogger } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { apiKeyFile, apiKeyOf, type CredentialFolder, credentialFolder, soon } from './support/credential-folder.js'

const NAME = 'example.com.json'
const GOOD = apiKeyFile('sk-ant-api03-FAKE-good')

function goodFolder(): CredentialFolder {
  const folder = credentialFolder()
  folder.write(NAME, GOOD)
  return folder
}

describe('formats', () => {
  it.each([
    ['a byte order mark', `\uFEFF${JSON.stringify(GOOD)}`],
    ['CRLF', JSON.stringify(GOOD, null, 2).replaceAll('\n', '\r\n')],
    ['a line break after a value', JSON.stringify(apiKeyFile(' sk-ant-api03-FAKE-good\r\n'))],
  ])('%s is no matter', (_name, text) => {
    const folder = credentialFolder()
    folder.write(NAME, text)
    expect(apiKeyOf(folder.open())).toBe('sk-ant-api03-FAKE-good')
  })

  it('a file’s name gives its domain, wildcards included', async () => {
    const folder = credentialFolder()
    for (const name of ['a.example.com.json', 'b.example.com.credentials.json', '*.example.com.json', 'default.json']) {
      folder.write(name, GOOD)
    }
    expect(await folder.open().list()).toEqual(['*.example.com', 'a.example.com', 'b.example.com', 'default'])
  })

  it('client keys alone stand for the default credential', () => {
    const folder = credentialFolder()
    const { key, record } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, { client_api_key: key })
    const store = folder.open({ defaultCredential: { type: 'api_key', apiKey: new Secret('sk-ant-FAKE-default') } })
    expect(apiKeyOf(store)).toBe('sk-ant-FAKE-default')
    expect(store.size).toEqual({ domains: 1, clientKeys: 1 })
    expect(store.clientKeys.find(record.keyId, record.digest)).toMatchObject({ domain: 'example.com' })
  })

  it('a key of which the digest alone is known can be found, counted and revoked', async () => {
    const folder = credentialFolder()
    const { record } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, { ...GOOD, client_api_keys: [`sha256:${record.digest}`] })
    const { clientKeys } = folder.open()
    const handle = record.digest.slice(0, 8)
    expect(await clientKeys.find(record.keyId, record.digest)).toMatchObject({ keyId: handle, digest: record.digest })
    await clientKeys.addUses([{ keyId: record.keyId, requests: 2, lastUsedAt: 1, lastAddress: null }])
    expect(await clientKeys.uses('example.com')).toMatchObject([{ keyId: handle, requests: 2 }])
    await clientKeys.update(handle, (key) => ({ ...key, revokedAt: 5 }))
    expect(await clientKeys.find(record.keyId, record.digest)).toMatchObject({ revokedAt: 5 })
  })
})

describe('reload', () => {
  it('find answers without a promise', () => {
    expect(goodFolder().open().find('example.com')).not.toBeInstanceOf(Promise)
  })

  it('a file that is written in two parts counts once it is whole', async () => {
    const folder = goodFolder()
    const store = folder.open()
    const text = JSON.stringify(apiKeyFile('sk-ant-api03-FAKE-next'))
    writeFileSync(folder.file(NAME), text.slice(0, 20))
    const seen = new Set<string | null>()
    await delay(300)
    seen.add(apiKeyOf(store))
    appendFileSync(folder.file(NAME), text.slice(20))
    expect(await soon(() => seen.add(apiKeyOf(store)).has('sk-ant-api03-FAKE-next'))).toBe(true)
    expect([...seen]).toEqual(['sk-ant-api03-FAKE-good', 'sk-ant-api03-FAKE-next'])
    expect(store.health().refused).toEqual([])
  })

  it('a file that is removed is revoked, keys and all', async () => {
    const folder = credentialFolder()
    const { record } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, { ...GOOD, client_api_keys: [record.digest] })
    const store = folder.open()
    rmSync(folder.file(NAME))
    expect(await soon(() => apiKeyOf(store) === null)).toBe(true)
    expect(await store.clientKeys.find(record.keyId, record.digest)).toBeNull()
  })

  it('a file that an editor takes away and puts back is never revoked', async () => {
    const folder = goodFolder()
    const store = folder.open()
    const seen = new Set<string | null>()
    for (let i = 0; i < 5; i++) {
      renameSync(folder.file(NAME), folder.file(`${NAME}~`))
      for (let wait = 0; wait < 15; wait++) {
        await delay(10)
        seen.add(apiKeyOf(store))
      }
      folder.write(NAME, apiKeyFile(`sk-ant-api03-FAKE-${i}`))
      expect(await soon(() => apiKeyOf(store) === `sk-ant-api03-FAKE-${i}`)).toBe(true)
    }
    expect(seen).not.toContain(null)
  })

  it('a file that is given the other of its two names is never revoked', async () => {
    const folder = goodFolder()
    const store = folder.open()
    renameSync(folder.file(NAME), folder.file('example.com.credentials.json'))
    const seen = new Set<string | null>()
    for (let i = 0; i < 60; i++) {
      await delay(10)
      seen.add(apiKeyOf(store))
    }
    expect([...seen]).toEqual(['sk-ant-api03-FAKE-good'])
    expect(await soon(() => store.health().refused.length === 0)).toBe(true)
  })

  it('files that editors make for themselves are no matter', async () => {
    const folder = goodFolder()
    const store = folder.open()
    for (const name of [`.${NAME}.swp`, `${NAME}~`, `#${NAME}#`, `.#${NAME}`, '4913', `${NAME}.tmp`, 'sedAbCdEf']) {
      folder.write(name, 'no JSON')
    }
    folder.write('example.org.json', GOOD)
    expect(await soon(() => apiKeyOf(store, 'example.org') !== null)).toBe(true)
    expect(store.health().refused).toEqual([])
  })

  it('a change that keeps size and modification time is seen', async () => {
    const folder = goodFolder()
    const store = folder.open()
    const { atime, mtime } = statSync(folder.file(NAME))
    writeFileSync(folder.file(NAME), JSON.stringify(apiKeyFile('sk-ant-api03-FAKE-hood')))
    utimesSync(folder.file(NAME), atime, mtime)
    expect(await soon(() => apiKeyOf(store) === 'sk-ant-api03-FAKE-hood')).toBe(true)
  })

  it('a storm of a thousand changes fails no look-up and leaks no handle', async () => {
    const folder = goodFolder()
    const store = folder.open()
    const handles = () => readdirSync('/proc/self/fd').length
    const before = process.platform === 'linux' ? handles() : 0
    const seen = new Set<string | null>()
    for (let i = 0; i < 1000; i++) {
      const content = apiKeyFile(`sk-ant-api03-FAKE-${i % 7}`)
      if (i % 2 === 0) folder.replace(NAME, content)
      else folder.write(NAME, content)
      if (i % 10 === 0) await delay(10)
      seen.add(apiKeyOf(store))
    }
    expect(await soon(() => apiKeyOf(store) === `sk-ant-api03-FAKE-${999 % 7}`)).toBe(true)
    expect(seen).not.toContain(null)
    expect(seen.size).toBeGreaterThan(2)
    if (process.platform === 'linux') expect(handles()).toBeLessThanOrEqual(before + 1)
  })

  it('tells what happens to a file once, and no value', async () => {
    const folder = goodFolder()
    const lines: unknown[] = []
    const note = (facts: object, message: string) => void lines.push([message, facts])
    const store = folder.open({ logger: { ...silentLogger, warn: note, info: note } })
    folder.replace(NAME, '{"api_key": "sk-ant-FAKE"')
    expect(await soon(() => lines.length === 1)).toBe(true)
    // Looked at again by the poll.
    await delay(2300)
    folder.replace(NAME, apiKeyFile('sk-ant-api03-FAKE-next'))
    expect(await soon(() => apiKeyOf(store) === 'sk-ant-api03-FAKE-next')).toBe(true)
    const problem = expect.stringContaining(`${folder.file(NAME)}: is not valid JSON`)
    expect(lines).toEqual([
      ['credential file refused', { problem }],
      ['credential file mended', { problem }],
    ])
  })

  it('nothing is looked at any more after close', async () => {
    const folder = goodFolder()
    const store = folder.open()
    store.close()
    folder.replace(NAME, apiKeyFile('sk-ant-api03-FAKE-next'))
    await delay(300)
    expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-good')
  })
})
