import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createClientKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { makeFolder, type Variables, writeCredentialFile } from './support/command.js'
import { type Ended, run, runProcess } from './support/run.js'

const API_KEY = 'sk-ant-api03-FAKE'

/** Starts `serve`, which must refuse: the one line it says. */
const refusal = async (variables: Variables, folder = makeFolder()) =>
  toRefusal(await runProcess(folder, 'serve', { variables: { PORT: '0', LOG_PRETTY: 'false', ...variables } }))

function toRefusal({ code, stdout, stderr }: Ended): string {
  expect(code).toBe(1)
  expect(stdout).not.toContain('listening')
  expect(stderr).toMatch(/^prompt-train: [^\n]+\n$/)
  expect(stderr).not.toContain('FAKE')
  return stderr
}

describe('serve refuses, before it opens anything', () => {
  it.each<[string, Variables, RegExp]>([
    ['a bad port', { PORT: '70000' }, /PORT: must be a whole number from 0 to 65535/],
    [
      'to be open to everybody outside development',
      { ENABLE_CLIENT_AUTH: 'false' },
      /ENABLE_CLIENT_AUTH: .*NODE_ENV=development/,
    ],
    [
      'to be open to everybody on a public address',
      { ENABLE_CLIENT_AUTH: 'false', NODE_ENV: 'development', HOST: '0.0.0.0' },
      /ENABLE_CLIENT_AUTH: .*loopback HOST/,
    ],
    ['production with nothing configured', { NODE_ENV: 'production' }, /ANTHROPIC_API_KEY: .*no upstream credential/],
    [
      'production without a client key',
      { NODE_ENV: 'production', ANTHROPIC_API_KEY: API_KEY },
      /no client key is configured: make one with "prompt-train keys create --domain DOMAIN"/,
    ],
    [
      'plain http to another machine where there is no credential',
      { CLAUDE_API_BASE_URL: 'http://example.com' },
      /^\S+ CLAUDE_API_BASE_URL: must use https/,
    ],
    [
      'an upstream that is no URL where there is no credential',
      { CLAUDE_API_BASE_URL: 'foo' },
      /CLAUDE_API_BASE_URL: is not an https URL/,
    ],
    [
      'a CREDENTIALS_DIR that is not there',
      { CREDENTIALS_DIR: 'not-here' },
      /CREDENTIALS_DIR: there is no folder \S.*not-here: mend the path, or make it with mkdir -m 700/,
    ],
  ])('%s', async (_, variables, message) => {
    expect(toRefusal(await run(makeFolder(), 'serve', { variables }))).toMatch(message)
  })
})

describe('serve refuses to start', () => {
  it.each<[string, Variables, RegExp]>([
    ['with a bad trusted proxy', { TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/33' }, /TRUSTED_PROXIES: .*CIDR/],
    ['with a bad allow-list', { IP_ALLOWLIST: 'localhost' }, /IP_ALLOWLIST: .*CIDR/],
    [
      'with plain http to another machine',
      { ANTHROPIC_API_KEY: API_KEY, CLAUDE_API_BASE_URL: 'http://user:FAKE@192.0.2.1' },
      /CLAUDE_API_BASE_URL: /,
    ],
    ['on an address of another machine', { HOST: '192.0.2.1' }, /HOST: /],
  ])('%s', async (_, variables, message) => {
    expect(await refusal(variables)).toMatch(message)
  })

  it('on a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    expect(await refusal({ PORT: String(port) })).toMatch(`PORT: ${port} is in use on 127.0.0.1`)
    other.close()
  })

  it('with a development key that is a symbolic link or no key', async () => {
    const folder = makeFolder()
    mkdirSync(join(folder, '.data'))
    const file = join(folder, '.data', 'client-key')
    writeFileSync(file, 'FAKE')
    expect(await refusal({}, folder)).toContain(`${file}: does not hold a client key`)
    const link = join(folder, 'link')
    mkdirSync(link)
    symlinkSync(file, join(link, 'client-key'))
    expect(await refusal({ DATA_DIR: link }, folder)).toContain(`${join(link, 'client-key')}: is a symbolic link`)
  })

  it('with a broken credential file', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: API_KEY, client_api_key: 'FAKE' })
    expect(await refusal({}, folder)).toContain('example.com.json: client_api_key')
  })

  it('with a CREDENTIALS_DIR that is a file', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'credentials'), '')
    expect(await refusal({}, folder)).toContain('CREDENTIALS_DIR: ')
  })

  it('in production with credential files that others can read, which development warns of', async () => {
    const folder = makeFolder()
    const { key } = createClientKey({ domain: 'example.com' })
    writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: API_KEY, client_api_key: key })
    chmodSync(join(folder, 'credentials', 'example.com.json'), 0o644)
    expect(await refusal({ NODE_ENV: 'production' }, folder)).toContain('chmod 600')
  })

  it('where a development key would meet no credential', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: API_KEY })
    expect(await refusal({}, folder)).toMatch(/CREDENTIALS_DIR: .*auth generate-key/)
    expect(existsSync(join(folder, '.data'))).toBe(false)
  })
})
