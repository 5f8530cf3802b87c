import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder, writeCredentialFile } from './support/command.js'
import { run, runJson } from './support/run.js'

const AWAY = { DATABASE_URL: 'postgres://app:FAKE-password@127.0.0.1:1/app' }
const REFUSED = 'DATABASE_URL: app on 127.0.0.1:1: The connection is refused (ECONNREFUSED)'
const NOT_REACHED = [{ place: 'database', problem: expect.stringContaining(REFUSED) }]

/** A folder with a domain and two client keys, made before the database went away. */
async function makeTenant() {
  const folder = makeFolder()
  writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: 'sk-ant-api03-FAKE' })
  const keys = [
    await runJson(folder, 'keys create --domain example.com'),
    await runJson(folder, 'keys create --domain example.com'),
  ]
  return { folder, keyIds: keys.map(({ keyId }) => keyId as string) }
}

const states = async (folder: string) =>
  Object.fromEntries(
    (await runJson(folder, 'keys list')).keys.map(({ keyId, state }: Record<string, string>) => [keyId, state]),
  )

describe('while the database of DATABASE_URL is away', () => {
  it('revokes a key that stands in a credential file, and says what was not reached', async () => {
    const { folder, keyIds } = await makeTenant()
    const ended = await run(folder, `keys revoke ${keyIds[0]}`, { variables: AWAY })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 key revoked\./) })
    expect(ended.stderr).toMatch(/^prompt-train: not reached: DATABASE_URL: [^\n]+\n$/)
    expect(ended.stderr).toContain(REFUSED)
    expect(ended.stderr).not.toContain('FAKE')
    expect(await runJson(folder, `keys revoke ${keyIds[1]}`, AWAY)).toEqual({ revoked: 1, notReached: NOT_REACHED })
    expect(await states(folder)).toEqual({ [keyIds[0]!]: 'revoked', [keyIds[1]!]: 'revoked' })
  })

  it('rotates such a key, and makes one', async () => {
    const { folder, keyIds } = await makeTenant()
    const rotated = await runJson(folder, `keys rotate ${keyIds[0]}`, AWAY)
    expect(rotated).toMatchObject({ replaced: { keyId: keyIds[0] }, notReached: NOT_REACHED })
    expect(await runJson(folder, 'keys create --domain example.com', AWAY)).toMatchObject({ notReached: NOT_REACHED })
    expect(Object.values(await states(folder)).sort()).toEqual(['good', 'good', 'good', 'overlap'])
  })

  it.each(['revoke', 'rotate'])('says of a key that is not found that it may stand there: %s', async (verb) => {
    const { folder } = await makeTenant()
    const ended = await run(folder, `keys ${verb} FAKEaaaa`, { variables: AWAY })
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/client key FAKEaaaa may stand in the database, which was not reached/)
  })

  it('makes no key for a domain whose credential may stand there', async () => {
    const { folder } = await makeTenant()
    const ended = await run(folder, 'keys create --domain other.example.com', { variables: AWAY })
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/other\.example\.com may stand in the database, which was not reached/)
  })

  it('revokes all keys of a domain that it reaches, and fails because of the others', async () => {
    const { folder, keyIds } = await makeTenant()
    const ended = await run(folder, 'keys revoke --all --domain example.com --yes', { variables: AWAY })
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringMatching(/^2 keys revoked\./) })
    expect(ended.stderr).toContain(REFUSED)
    expect(ended.stderr).toMatch(/keys of example\.com in the database, which was not reached, still work/)
    expect(await states(folder)).toEqual({ [keyIds[0]!]: 'revoked', [keyIds[1]!]: 'revoked' })
    const again = await run(folder, 'keys revoke --all --domain example.com --yes --json', { variables: AWAY })
    expect(again.code).toBe(1)
    expect(JSON.parse(again.stdout)).toEqual({ revoked: 0, notReached: NOT_REACHED })
  })

  it('lists the keys that it reaches, with exit code 1', async () => {
    const { folder, keyIds } = await makeTenant()
    const ended = await run(folder, 'keys list', { variables: AWAY })
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining(keyIds[0]!) })
    expect(ended.stderr).toContain(REFUSED)
    const listed = await run(folder, 'keys list --json', { variables: AWAY })
    expect(JSON.parse(listed.stdout)).toMatchObject({ keys: [{}, {}], notReached: NOT_REACHED })
  })

  it('other commands stop, as they did', async () => {
    const { folder } = await makeTenant()
    const ended = await run(folder, 'credentials list', { variables: AWAY })
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(REFUSED) })
  })
})

describe('while the folder is refused as a whole', () => {
  it.each(['keys revoke --all --domain example.com --yes', 'keys revoke FAKEaaaa', 'keys list'])(
    '%s does not say that there are no keys',
    async (line) => {
      const { folder } = await makeTenant()
      chmodSync(join(folder, 'credentials'), 0o777)
      const ended = await run(folder, line, { variables: { NODE_ENV: 'production' } })
      expect(ended).toMatchObject({ code: 1, stdout: '' })
      expect(ended.stderr).toMatch(
        /^prompt-train: \S.*credentials: can be read or changed by other users: run chmod 700/,
      )
    },
  )
})
