import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { ConfigurationError, createClientKey, Secret, silentLogger } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { apiKeyFile, apiKeyOf, type CredentialFolder, credentialFolder, soon } from './support/credential-folder.js'

const GOOD = apiKeyFile('sk-ant-api03-FAKE-good')
const isRoot = process.geteuid?.() === 0
const NAME = 'example.com.json'

/** Each way in which the file at `NAME` can be wrong, and what the refusal says. */
const faults: readonly (readonly [name: string, problem: string, spoil: (folder: CredentialFolder) => void])[] = [
  ['mode 0644', 'chmod 600', ({ file }) => chmodSync(file(NAME), 0o644)],
  ['mode 0620', 'chmod 600', ({ file }) => chmodSync(file(NAME), 0o620)],
  ['a symbolic link out of the folder', 'symbolic link', (folder) => linkOut(folder)],
  ['a second name', 'hard link', ({ file }) => linkSync(file(NAME), file('.second'))],
  [
    'a FIFO',
    'regular file',
    ({ file }) => instead(file(NAME), () => execFileSync('mkfifo', ['-m', '600', file(NAME)])),
  ],
  ['a directory', 'regular file', ({ file }) => instead(file(NAME), () => mkdirSync(file(NAME), { mode: 0o700 }))],
  ['1 GiB', '64 KiB', ({ file }) => truncateSync(file(NAME), 1024 ** 3)],
  ['broken JSON', 'not valid JSON', ({ write }) => write(NAME, '{"type": "api_key", "api_key": "sk-ant-FAKE')],
  ['an empty file', 'not valid JSON', ({ write }) => write(NAME, '')],
  ['JSON of another kind', 'not a JSON object', ({ write }) => write(NAME, '["sk-ant-FAKE"]')],
  ['an unknown type', 'type is none of', ({ write }) => write(NAME, { type: 'sk-ant-FAKE' })],
  ['an unknown field', 'apikey does not belong', ({ write }) => write(NAME, { ...GOOD, apikey: 'sk-ant-FAKE' })],
  ['a secret as a name', 'unusual name', ({ write }) => write(NAME, { ...GOOD, 'sk-ant-FAKE': 1 })],
  ['a line break in a key', 'api_key has characters', ({ write }) => write(NAME, apiKeyFile('sk-ant-FAKE\r\nx: y'))],
  ['a wrong date', 'expires_at is not', ({ write }) => write(NAME, { ...oauth(), expires_at: 'sk-ant-FAKE' })],
  ['client keys alone', 'no default upstream', ({ write }) => write(NAME, { client_api_key: freshKey() })],
  [
    'polluting names',
    'does not belong',
    ({ write }) => write(NAME, '{"type":"none","__proto__":{"polluted":"sk-ant-FAKE"}}'),
  ],
]

function linkOut({ file }: CredentialFolder): void {
  const outside = credentialFolder()
  outside.write(NAME, apiKeyFile('sk-ant-FAKE-outside'))
  instead(file(NAME), () => symlinkSync(outside.file(NAME), file(NAME)))
}

function instead(path: string, make: () => unknown): void {
  rmSync(path)
  make()
}

const freshKey = () => createClientKey({ domain: 'example.com' }).key
const oauth = () => ({ type: 'oauth', access_token: 'sk-ant-oat01-FAKE', refresh_token: 'sk-ant-ort01-FAKE' })

function goodFolder(): CredentialFolder {
  const folder = credentialFolder()
  folder.write(NAME, GOOD)
  return folder
}

function refusalOf(open: () => unknown): ConfigurationError {
  try {
    open()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error('The folder was opened.')
}

describe('at the start', () => {
  it.each(faults)('%s is refused by name', (_name, problem, spoil) => {
    const folder = goodFolder()
    spoil(folder)
    const { message } = refusalOf(() => folder.open())
    expect(message).toContain(folder.file(NAME))
    expect(message).toContain(problem)
    expect(message).not.toContain('FAKE')
  })

  it.skipIf(!isRoot)('a foreign owner is refused by name (only root can make one)', () => {
    const folder = goodFolder()
    chownSync(folder.file(NAME), 12345, 12345)
    expect(refusalOf(() => folder.open()).message).toContain(`run chown ${process.geteuid?.()} '${folder.file(NAME)}'`)
  })

  it('a folder that others can look into is refused', () => {
    const folder = goodFolder()
    chmodSync(folder.path, 0o755)
    expect(refusalOf(() => folder.open()).message).toBe(
      `${folder.path}: can be read or changed by other users: run chmod 700 '${folder.path}'`,
    )
  })

  it('a folder that is none, or is missing, is refused', () => {
    const folder = goodFolder()
    expect(refusalOf(() => credentialFolder(folder.file(NAME)).open()).message).toContain('is not a folder')
    expect(refusalOf(() => credentialFolder(folder.file('none')).open()).message).toContain(
      'is not there: make the folder with mkdir -m 700',
    )
  })

  it.each(['Example.com.json', '-a.json', 'a..b.json', 'a_b.json', `${'a'.repeat(64)}.json`, 'x:8080.json'])(
    'a file named %s is refused, for it is nobody’s',
    (name) => {
      const folder = goodFolder()
      folder.write(name, GOOD)
      expect(refusalOf(() => folder.open()).message).toContain('host name')
    },
  )

  it('two files of one domain are refused by name', () => {
    const folder = goodFolder()
    folder.write('example.com.credentials.json', GOOD)
    expect(refusalOf(() => folder.open()).message).toMatch(
      /stands for the same domain as example\.com\.credentials\.json/,
    )
  })

  it('a client key in the files of two domains is refused by name', () => {
    const folder = credentialFolder()
    const key = freshKey()
    folder.write(NAME, { ...GOOD, client_api_key: key })
    folder.write('example.org.json', { ...GOOD, client_api_keys: [freshKey(), key] })
    const { message } = refusalOf(() => folder.open())
    expect(message).toBe(
      `${folder.file('example.org.json')}: holds a client key that ${NAME} holds as well: a client key belongs to one domain`,
    )
  })

  it('a client key twice in one file is refused', () => {
    const folder = credentialFolder()
    const key = freshKey()
    folder.write(NAME, { ...GOOD, client_api_key: key, client_api_keys: [key] })
    expect(refusalOf(() => folder.open()).message).toContain('same key twice')
  })
})

describe('while running', () => {
  it.each(faults)('%s is refused by name, and the last good content stays', async (_name, problem, spoil) => {
    const folder = goodFolder()
    const store = folder.open()
    spoil(folder)
    expect(await soon(() => store.health().refused.length > 0)).toBe(true)
    const [refused] = store.health().refused
    expect(refused?.file).toBe(folder.file(NAME))
    expect(refused?.problem).toContain(problem)
    expect(JSON.stringify(store.health())).not.toContain('FAKE')
    expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-good')

    rmSync(folder.file(NAME), { recursive: true })
    rmSync(folder.file('.second'), { force: true })
    folder.write(NAME, apiKeyFile('sk-ant-api03-FAKE-mended'))
    expect(await soon(() => apiKeyOf(store) === 'sk-ant-api03-FAKE-mended')).toBe(true)
    expect(store.health().refused).toEqual([])
  })

  it('a folder that is opened to others is refused whole, and what was good stays', async () => {
    const folder = goodFolder()
    const store = folder.open()
    chmodSync(folder.path, 0o755)
    folder.write('example.org.json', GOOD)
    expect(await soon(() => store.health().refused.length > 0)).toBe(true)
    expect(store.health().refused[0]?.problem).toContain('chmod 700')
    expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-good')
    expect(apiKeyOf(store, 'example.org')).toBeNull()
    chmodSync(folder.path, 0o700)
    expect(await soon(() => apiKeyOf(store, 'example.org') !== null)).toBe(true)
  })

  it('a client key moves from one domain to another', async () => {
    const folder = credentialFolder()
    const key = freshKey()
    folder.write('a.example.com.json', GOOD)
    folder.write('b.example.com.json', { ...GOOD, client_api_key: key })
    const store = folder.open()
    folder.replace('a.example.com.json', { ...GOOD, client_api_key: key })
    expect(await soon(() => store.health().refused.length > 0)).toBe(true)
    expect((await store.clientKeys.list('b.example.com')).length).toBe(1)
    folder.replace('b.example.com.json', GOOD)
    expect(await soon(() => store.health().refused.length === 0)).toBe(true)
    expect((await store.clientKeys.list('a.example.com')).length).toBe(1)
  })
})

describe('permissions: "warn"', () => {
  it('warns once for each state, and takes the file', async () => {
    const folder = goodFolder()
    chmodSync(folder.file(NAME), 0o644)
    const warnings: object[] = []
    const logger = { ...silentLogger, warn: (facts: object) => void warnings.push(facts) }
    const store = folder.open({ permissions: 'warn', logger })
    expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-good')
    writeFileSync(folder.file(NAME), JSON.stringify(apiKeyFile('sk-ant-api03-FAKE-next')))
    expect(await soon(() => apiKeyOf(store) === 'sk-ant-api03-FAKE-next')).toBe(true)
    expect(warnings).toEqual([{ problem: expect.stringContaining(`chmod 600 '${folder.file(NAME)}'`) }])
    expect(store.health().loose).toEqual([{ file: folder.file(NAME), problem: expect.stringContaining('chmod 600') }])
  })

  it('still refuses what is not a file', () => {
    const folder = goodFolder()
    linkOut(folder)
    expect(refusalOf(() => folder.open({ permissions: 'warn' })).message).toContain('symbolic link')
  })
})

describe('symlinks: "inside"', () => {
  function mounted(): CredentialFolder {
    const folder = credentialFolder()
    mkdirSync(folder.file('..2026_01_01'), { mode: 0o700 })
    folder.write(`..2026_01_01/${NAME}`, GOOD)
    symlinkSync('..2026_01_01', folder.file('..data'))
    symlinkSync(`..data/${NAME}`, folder.file(NAME))
    return folder
  }

  it('follows links as Kubernetes mounts them, and the exchange of all files at once', async () => {
    const folder = mounted()
    const store = folder.open({ symlinks: 'inside' })
    expect(apiKeyOf(store)).toBe('sk-ant-api03-FAKE-good')
    mkdirSync(folder.file('..2026_01_02'), { mode: 0o700 })
    folder.write(`..2026_01_02/${NAME}`, apiKeyFile('sk-ant-api03-FAKE-next'))
    symlinkSync('..2026_01_02', folder.file('..data_tmp'))
    renameSync(folder.file('..data_tmp'), folder.file('..data'))
    expect(await soon(() => apiKeyOf(store) === 'sk-ant-api03-FAKE-next')).toBe(true)
  })

  it('refuses a link out of the folder', () => {
    const folder = goodFolder()
    linkOut(folder)
    expect(refusalOf(() => folder.open({ symlinks: 'inside' })).message).toContain('out of the folder')
  })

  it('does not write to a link', async () => {
    const store = mounted().open({ symlinks: 'inside' })
    const update = store.update('example.com', () => ({ type: 'api_key', apiKey: new Secret('sk-ant-FAKE') }))
    await expect(update).rejects.toMatchObject({ name: 'StorageError', code: 'read_only' })
  })
})
