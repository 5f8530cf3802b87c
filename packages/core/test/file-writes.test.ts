import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Credential, createClientKey, Secret, silentLogger } from '@agent-prompt-train/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { apiKeyFile, apiKeyOf, type CredentialFolder, credentialFolder } from './support/credential-folder.js'

const NAME = 'example.com.json'
const NEW_NAME = 'example.com.credentials.json'
const apiKey = (value: string): Credential => ({ type: 'api_key', apiKey: new Secret(value) })
const read = ({ file }: CredentialFolder, name = NAME) => JSON.parse(readFileSync(file(name), 'utf8'))

describe('credentials', () => {
  it('a new domain gets a file for its owner alone', async () => {
    const folder = credentialFolder()
    await folder.open().update('example.com', () => apiKey('sk-ant-api03-FAKE'))
    expect(readdirSync(folder.path)).toEqual([NEW_NAME])
    expect(statSync(folder.file(NEW_NAME)).mode & 0o777).toBe(0o600)
    expect(readFileSync(folder.file(NEW_NAME), 'utf8')).toBe(
      '{\n  "type": "api_key",\n  "api_key": "sk-ant-api03-FAKE"\n}\n',
    )
  })

  it('a changed credential leaves the file’s name, and client keys as they stand there', async () => {
    const folder = credentialFolder()
    const [single, other] = [createClientKey({ domain: 'example.com' }), createClientKey({ domain: 'example.com' })]
    const keys = { client_api_key: single.key, client_api_keys: [other.record.digest, { digest: 'a'.repeat(64) }] }
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE', keys))
    await folder.open().update('example.com', () => ({
      type: 'oauth',
      accessToken: new Secret('sk-ant-oat01-FAKE'),
      refreshToken: new Secret('sk-ant-ort01-FAKE'),
      expiresAt: Date.UTC(2030, 0, 1),
      refresh: {
        refreshedAt: Date.UTC(2029, 0, 1),
        intent: { tokenDigest: 'b'.repeat(64), startedAt: Date.UTC(2029, 0, 2), owner: 'host:1:FAKE' },
        failure: { at: Date.UTC(2029, 0, 3), error: 'x', permanent: false, retryAt: Date.UTC(2029, 0, 4) },
      },
    }))
    expect(readdirSync(folder.path)).toEqual([NAME])
    expect(read(folder)).toEqual({
      type: 'oauth',
      access_token: 'sk-ant-oat01-FAKE',
      refresh_token: 'sk-ant-ort01-FAKE',
      expires_at: '2030-01-01T00:00:00.000Z',
      refresh: {
        refreshed_at: '2029-01-01T00:00:00.000Z',
        intent: { token_digest: 'b'.repeat(64), started_at: '2029-01-02T00:00:00.000Z', owner: 'host:1:FAKE' },
        failure: {
          at: '2029-01-03T00:00:00.000Z',
          error: 'x',
          permanent: false,
          retry_at: '2029-01-04T00:00:00.000Z',
        },
      },
      ...keys,
    })
  })

  it('a lease reads the file itself, which may have been replaced by hand meanwhile', async () => {
    const folder = credentialFolder()
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE-before'))
    const changed = await folder.open().update('example.com', async (current, lease) => {
      folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE-by-hand'))
      const found = await lease.read()
      expect(found?.type === 'api_key' && found.apiKey.expose()).toBe('sk-ant-api03-FAKE-by-hand')
      return current
    })
    expect(changed?.type === 'api_key' && changed.apiKey.expose()).toBe('sk-ant-api03-FAKE-before')
    expect(read(folder).api_key).toBe('sk-ant-api03-FAKE-by-hand')
  })

  it('a removed credential leaves the client keys, and says so', async () => {
    const folder = credentialFolder()
    const { key, record } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE', { client_api_key: key }))
    const store = folder.open()
    await store.update('example.com', () => null)
    expect(read(folder)).toEqual({ type: 'none', client_api_key: key })
    expect(apiKeyOf(store)).toBeNull()
    expect(await store.clientKeys.find(record.keyId, record.digest)).not.toBeNull()
    expect(apiKeyOf(folder.open())).toBeNull()
  })

  it('a removed credential without client keys removes the file', async () => {
    const folder = credentialFolder()
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE'))
    await folder.open().update('example.com', () => null)
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('a client key that was written by hand meanwhile stays', async () => {
    const folder = credentialFolder()
    const { key } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE'))
    await folder.open().update('example.com', () => {
      folder.replace(NAME, apiKeyFile('sk-ant-api03-FAKE', { client_api_key: key }))
      return apiKey('sk-ant-api03-FAKE-next')
    })
    expect(read(folder)).toEqual(apiKeyFile('sk-ant-api03-FAKE-next', { client_api_key: key }))
  })

  it.each([
    '../example.com',
    'a/b',
    '/etc/passwd',
    '.hidden',
    'Example.com',
    'example.com.',
    'a:1',
    'a\0b',
    '',
    'a'.repeat(239),
  ])('no file is made for a domain such as %j', async (domain) => {
    const folder = credentialFolder()
    await expect(folder.open().update(domain, () => apiKey('FAKE'))).rejects.toMatchObject({
      code: 'configuration_error',
      option: 'domain',
    })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('the longest domain has a file', async () => {
    const label = 'a'.repeat(59)
    const domain = [label, label, label, `${label}a`].join('.').slice(0, 238)
    const store = credentialFolder().open()
    await store.update(domain, () => apiKey('FAKE'))
    expect(apiKeyOf(store, domain)).toBe('FAKE')
  })

  it('a file that is not in order is not written to', async () => {
    const folder = credentialFolder()
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE'))
    const store = folder.open()
    chmodSync(folder.file(NAME), 0o644)
    await expect(store.update('example.com', () => apiKey('FAKE'))).rejects.toThrow('chmod 600')
    folder.replace(NAME, '{"half":')
    await expect(store.update('example.com', () => apiKey('FAKE'))).rejects.toThrow('is not valid JSON')
    expect(readFileSync(folder.file(NAME), 'utf8')).toBe('{"half":')
  })
})

describe('client keys', () => {
  it('a new key is a digest with its facts, beside a credential that stays as it is', async () => {
    const folder = credentialFolder()
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE'))
    const { record } = createClientKey({ domain: 'example.com', label: 'laptop', expiresAt: Date.UTC(2030, 0, 1) })
    await folder.open().clientKeys.add({ ...record, createdAt: Date.UTC(2026, 0, 1) })
    const entry = {
      keyId: record.keyId,
      digest: record.digest,
      label: 'laptop',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2030-01-01T00:00:00.000Z',
      last_four: record.lastFour,
    }
    expect(read(folder)).toEqual(apiKeyFile('sk-ant-api03-FAKE', { client_api_keys: [entry] }))
  })

  it('a file of client keys alone is made only where there is a default credential', async () => {
    const folder = credentialFolder()
    const { record } = createClientKey({ domain: 'example.com' })
    await expect(folder.open().clientKeys.add(record)).rejects.toMatchObject({ code: 'domain_unknown' })
    const store = folder.open({ defaultCredential: apiKey('sk-ant-FAKE-default') })
    await store.clientKeys.add(record)
    expect(Object.keys(read(folder, NEW_NAME))).toEqual(['client_api_keys'])
    expect(apiKeyOf(store)).toBe('sk-ant-FAKE-default')
  })

  it('a change turns a key that stands there plainly into its digest, and no other', async () => {
    const folder = credentialFolder()
    const [one, two, three] = [0, 1, 2].map(() => createClientKey({ domain: 'example.com' })) as [New, New, New]
    folder.write(NAME, apiKeyFile('FAKE', { client_api_key: one.key, client_api_keys: [two.key, three.record.digest] }))
    const { clientKeys } = folder.open()
    await clientKeys.update(two.record.keyId, (key) => ({ ...key, label: 'second' }))
    const second = { keyId: two.record.keyId, digest: two.record.digest, label: 'second', last_four: two.key.slice(-4) }
    expect(read(folder)).toEqual(
      apiKeyFile('FAKE', { client_api_key: one.key, client_api_keys: [second, three.record.digest] }),
    )
    await clientKeys.update(one.record.keyId, (key) => key)
    const first = { keyId: one.record.keyId, digest: one.record.digest, last_four: one.key.slice(-4) }
    expect(read(folder)).toEqual(apiKeyFile('FAKE', { client_api_keys: [first, second, three.record.digest] }))
  })
})

type New = ReturnType<typeof createClientKey>

describe('a folder that cannot be written to', () => {
  const size = 64 * 1024
  const canMount = tryMount()

  function mount(path: string, options: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' })
  }

  function tryMount(): boolean {
    const path = mkdtempSync(join(tmpdir(), 'mount-'))
    try {
      mount(path, `size=${size}`)
      execFileSync('umount', [path])
      return true
    } catch {
      return false
    } finally {
      rmSync(path, { recursive: true })
    }
  }

  function mounted(): CredentialFolder {
    const folder = credentialFolder()
    mount(folder.path, `size=${size},mode=700`)
    onTestFinished(() => void execFileSync('umount', [folder.path]))
    return folder
  }

  it.skipIf(!canMount)(
    'full: the old file stays whole, and the next write works (needs the right to mount)',
    async () => {
      const folder = mounted()
      folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE-old'))
      const store = folder.open()
      expect(() => folder.write('.filler', Buffer.alloc(2 * size))).toThrow('ENOSPC')
      const update = store.update('example.com', () => apiKey('sk-ant-api03-FAKE-new'))
      await expect(update).rejects.toMatchObject({
        code: 'write_failed',
        message: `${folder.file(NAME)}: cannot be written (ENOSPC in write)`,
      })
      expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-old')
      expect(read(folder)).toEqual(apiKeyFile('sk-ant-api03-FAKE-old'))
      expect(readdirSync(folder.path).sort()).toEqual(['.filler', NAME])
      folder.write('.filler', '')
      await store.update('example.com', () => apiKey('sk-ant-api03-FAKE-new'))
      expect(read(folder)).toEqual(apiKeyFile('sk-ant-api03-FAKE-new'))
    },
  )

  it.skipIf(!canMount)('read-only: says so, and counts uses in memory (needs the right to mount)', async () => {
    const folder = mounted()
    const { record } = createClientKey({ domain: 'example.com' })
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE', { client_api_keys: [record.digest] }))
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (_facts: object, message: string) => void warnings.push(message) }
    const store = folder.open({ logger })
    execFileSync('mount', ['-o', 'remount,ro', folder.path])
    await expect(store.update('example.com', () => apiKey('FAKE'))).rejects.toMatchObject({ code: 'read_only' })
    await store.clientKeys.find(record.keyId, record.digest)
    const use = { keyId: record.keyId, requests: 1, lastUsedAt: 1, lastAddress: null }
    await store.clientKeys.addUses([use])
    await store.clientKeys.addUses([use])
    expect(await store.clientKeys.uses()).toMatchObject([{ requests: 2 }])
    expect(warnings).toEqual(['uses of client keys are kept in memory alone'])
    expect(existsSync(folder.file('.client-key-uses.json'))).toBe(false)
  })
})

it('counts of use are in a file of their own, for its owner alone', async () => {
  const folder = credentialFolder()
  folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE'))
  const { record } = createClientKey({ domain: 'example.com' })
  const store = folder.open()
  await store.clientKeys.add(record)
  await store.clientKeys.addUses([{ keyId: record.keyId, requests: 3, lastUsedAt: 1000, lastAddress: '192.0.2.1' }])
  expect(statSync(folder.file('.client-key-uses.json')).mode & 0o777).toBe(0o600)
  expect(read(folder, '.client-key-uses.json')).toEqual({
    [record.keyId]: { requests: 3, last_used_at: '1970-01-01T00:00:01.000Z', last_address: '192.0.2.1' },
  })
})
