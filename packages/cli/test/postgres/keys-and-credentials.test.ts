import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKeyRingKey, digestClientKey } from '@agent-prompt-train/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from '../../../storage-pg/test/support/serving-role.js'
import { makeFolder, type Server, serve, type Variables, writeCredentialFile } from '../support/command.js'
import { login, toVariables } from '../support/login.js'
import { run, runJson, runProcess } from '../support/run.js'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { startTokenEndpoint } from '../support/token-endpoint.js'

const API_KEY = 'sk-ant-api03-FAKE-upstream'
const DOMAIN = 'example.com'

let database: RoledDatabase
let variables: Variables
let storedIn: string

beforeAll(async () => {
  database = await createRoledDatabase()
  const { hostname, port, pathname } = new URL(database.servingUrl)
  storedIn = `the database ${pathname.slice(1)} on ${hostname}:${port}`
  variables = { DATABASE_URL: database.servingUrl, ENCRYPTION_KEYS: `k1:${createKeyRingKey().expose()}` }
})

beforeEach(() => database.db.none('truncate prompt_train.client_keys, prompt_train.credentials cascade'))

afterAll(() => database.drop())

/** All that the tables of keys and credentials hold, as text. */
async function stored(): Promise<string> {
  const rows = await database.db.any(
    `select k::text as row from prompt_train.client_keys k union all select c::text from prompt_train.credentials c`,
  )
  return rows.map(({ row }) => row).join('\n')
}

const ADD = `credentials add --domain ${DOMAIN}`

const addCredential = (folder: string, options = '', given = variables) =>
  run(folder, `${ADD}${options}`, { input: API_KEY, variables: given })

async function statusOf(server: Server, key: string): Promise<number> {
  const init = { method: 'POST', headers: { 'x-api-key': key }, body: '{}' }
  const answer = await fetch(`${server.address}/v1/messages`, init)
  await answer.arrayBuffer()
  return answer.status
}

/** How long the server takes until it answers the key so, in milliseconds. */
async function timeUntil(server: Server, key: string, status: number): Promise<number> {
  const since = Date.now()
  while ((await statusOf(server, key)) !== status) {
    if (Date.now() - since > 10_000) throw new Error(`still not ${status}`)
    await sleep(50)
  }
  return Date.now() - since
}

// Each runs several processes, one after the other.
describe('with DATABASE_URL', { timeout: 90_000 }, () => {
  it('credentials and keys go into the database, sealed and as digests, and serve uses them', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const added = await runProcess(folder, ADD, { input: API_KEY, variables })
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).toContain(`Stored the api_key credential of ${DOMAIN} in ${storedIn}, sealed.`)
    const created = await runProcess(folder, `keys create --domain ${DOMAIN}`, { variables })
    expect(created.stdout).toContain(`its digest, in ${storedIn}.\nIt works within seconds`)
    const [, key] = /^Client key {2}(\S+)$/m.exec(created.stdout)!
    expect(existsSync(join(folder, 'credentials'))).toBe(false)
    expect(await stored()).toContain(digestClientKey(key!))
    expect(await stored()).not.toContain(key!.slice(17, 49))
    expect(await stored()).not.toContain(API_KEY)

    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address, NODE_ENV: 'production' }, folder)
    expect(await statusOf(server, key!)).toBe(200)
    expect(upstream.requests).toMatchObject([{ 'x-api-key': API_KEY }])
  })

  it('a key for a domain without a credential says what is missing', async () => {
    // That of ANTHROPIC_API_KEY is for the domain "default" alone.
    for (const given of [variables, { ...variables, ANTHROPIC_API_KEY: API_KEY }]) {
      const { stdout } = await run(makeFolder(), 'keys create --domain bare.example', { variables: given })
      expect(stdout).toContain('bare.example has a credential: prompt-train credentials add --domain bare.example\n')
    }
  })

  it('a key is rotated and listed there, and a revocation reaches a running serve within 5 seconds', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    await addCredential(folder)
    const old = await runJson(folder, `keys create --domain ${DOMAIN} --label ci`, variables)
    const other = await runJson(folder, `keys create --domain other.example`, variables)
    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address }, folder)
    expect(await statusOf(server, old.key)).toBe(200)

    const rotated = await runJson(folder, `keys rotate ${old.keyId}`, variables)
    expect(rotated).toMatchObject({ domain: DOMAIN, label: 'ci', storedIn, replaced: { keyId: old.keyId } })
    await timeUntil(server, rotated.key, 200)
    expect((await runJson(folder, `keys list --domain ${DOMAIN}`, variables)).keys).toMatchObject([
      { keyId: old.keyId, state: 'overlap', replacedBy: rotated.keyId, storedIn },
      { keyId: rotated.keyId, state: 'good', storedIn },
    ])

    expect(await runJson(folder, `keys revoke ${old.keyId}`, variables)).toEqual({ revoked: 1 })
    expect(await timeUntil(server, old.key, 401)).toBeLessThan(5_000)
    expect(await statusOf(server, rotated.key)).toBe(200)
    expect(await runJson(folder, `keys revoke --all --domain ${DOMAIN} --yes`, variables)).toEqual({ revoked: 1 })
    expect(await timeUntil(server, rotated.key, 401)).toBeLessThan(5_000)
    expect((await runJson(folder, 'keys list', variables)).keys).toMatchObject([
      { state: 'revoked' },
      { keyId: other.keyId, state: 'good' },
      { state: 'revoked' },
    ])
  })

  it('credentials are listed, checked, sealed and sealed anew there', async () => {
    const folder = makeFolder()
    const added = await run(folder, `credentials add --domain ${DOMAIN} --json`, { input: API_KEY, variables })
    expect(JSON.parse(added.stdout)).toEqual({
      domain: DOMAIN,
      type: 'api_key',
      sealedWith: 'k1',
      storedIn,
      replaced: null,
    })
    expect(await addCredential(folder)).toMatchObject({ code: 1, stderr: expect.stringContaining('--replace') })
    expect(await addCredential(folder, ' --replace')).toMatchObject({ code: 0 })
    await database.db.none(`insert into prompt_train.credentials (domain, credential) values ('clear.example', $1)`, [
      JSON.stringify({ type: 'api_key', apiKey: API_KEY }),
    ])
    expect(await runJson(folder, 'credentials list', variables)).toMatchObject({
      credentials: [
        { domain: 'clear.example', type: 'api_key', sealedWith: null, storedIn },
        { domain: DOMAIN, type: 'api_key', sealedWith: 'k1', storedIn },
      ],
    })
    const sealed = await run(folder, 'credentials seal', { variables })
    expect(sealed).toMatchObject({ code: 0, stdout: '1 sealed, 1 left as they were, 0 failed.\n' })
    expect(await stored()).not.toContain(API_KEY)

    const k2 = `k2:${createKeyRingKey().expose()}`
    const both = { ...variables, ENCRYPTION_KEYS: `${k2},${variables.ENCRYPTION_KEYS}` }
    expect(await runJson(folder, 'keyring rewrap', both)).toEqual({ changed: 2, unchanged: 0, failed: [] })
    expect(await run(folder, 'credentials check', { variables: { ...variables, ENCRYPTION_KEYS: k2 } })).toMatchObject({
      code: 0,
      stdout: '2 credentials usable, 0 problems.\n',
    })
    expect(await run(folder, 'credentials check', { variables })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${DOMAIN}: `),
    })
  })

  it('an OAuth credential is stored by a login, refreshed and shown there', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    const settings = { ...toVariables(endpoint), ...variables }
    expect((await login(folder, settings)).stdout).toContain(`credential of ${DOMAIN} in ${storedIn}, sealed.`)
    expect(await runJson(folder, `oauth refresh --domain ${DOMAIN}`, settings)).toMatchObject({ state: 'fresh' })
    expect(endpoint.grants.map(({ grant_type }) => grant_type)).toEqual(['authorization_code', 'refresh_token'])
    expect(await runJson(folder, 'oauth status', settings)).toMatchObject({
      credentials: [{ domain: DOMAIN, state: 'fresh', failure: null }],
    })
    expect(await stored()).not.toContain('FAKE')
  })

  it('a secret is not stored in the clear', async () => {
    const { ENCRYPTION_KEYS: _, ...unsealed } = variables
    const ended = await addCredential(makeFolder(), '', unsealed)
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^prompt-train: ENCRYPTION_KEYS: is not set, .*prompt-train keyring create\n$/),
    })
    expect(await stored()).toBe('')
  })

  it('a domain that is no host name is refused', async () => {
    const ended = await run(makeFolder(), 'keys create --domain ../x', { variables })
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a host name in lower case') })
  })
})

describe('with DATABASE_URL and a folder of credential files', { timeout: 90_000 }, () => {
  const inFolder = (folder: string) => `the folder ${join(folder, 'credentials')}`

  it('a domain whose file is refused gets nothing elsewhere, since serve keeps what it last read of the file', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, `${DOMAIN}.json`, { type: 'api_key', apikey: API_KEY })
    const ended = await addCredential(folder)
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/example\.com\.json: .*mend or remove the file/),
    })
    expect(await stored()).toBe('')
  })

  it('what is in a file stays in its file, and what is new goes into the database', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, `${DOMAIN}.json`, { type: 'api_key', api_key: API_KEY })
    const filed = await runJson(folder, `keys create --domain ${DOMAIN}`, variables)
    expect(filed.storedIn).toBe(inFolder(folder))
    const fresh = await runJson(folder, 'keys create --domain new.example', variables)
    expect(fresh.storedIn).toBe(storedIn)
    expect((await addCredential(folder, ' --replace')).stdout).toContain(`in ${inFolder(folder)}, sealed`)
    expect(readFileSync(join(folder, 'credentials', `${DOMAIN}.json`), 'utf8')).not.toContain(API_KEY)
  })

  it('with CREDENTIALS_DIR set, what is new goes into the folder', async () => {
    const folder = makeFolder()
    const given = { ...variables, CREDENTIALS_DIR: 'credentials' }
    expect((await addCredential(folder, '', given)).stdout).toContain(`in ${inFolder(folder)}, sealed`)
    const { storedIn } = await runJson(folder, `keys create --domain ${DOMAIN}`, given)
    expect(storedIn).toBe(inFolder(folder))
    expect(await stored()).toBe('')
  })

  it('while the folder of CREDENTIALS_DIR is not there, keys in the database are rotated, listed and revoked', async () => {
    const folder = makeFolder()
    await addCredential(folder)
    const { keyId } = await runJson(folder, `keys create --domain ${DOMAIN}`, variables)
    const given = { ...variables, CREDENTIALS_DIR: 'not-here' }
    const notReached = [
      { place: 'folder', problem: expect.stringMatching(/CREDENTIALS_DIR: .*not-here: mend the path/) },
    ]
    const rotated = await runJson(folder, `keys rotate ${keyId}`, given)
    expect(rotated).toMatchObject({ storedIn, notReached })
    expect(await runJson(folder, `keys create --domain ${DOMAIN}`, given)).toMatchObject({ storedIn, notReached })
    expect(await runJson(folder, `keys revoke ${keyId}`, given)).toEqual({ revoked: 1, notReached })
    const listed = await run(folder, 'keys list', { variables: given })
    expect(listed).toMatchObject({ code: 1, stdout: expect.stringContaining(rotated.keyId) })
    expect(listed.stderr).toMatch(/^prompt-train: not reached: CREDENTIALS_DIR: .*not-here: mend the path/)
    const all = await run(folder, `keys revoke --all --domain ${DOMAIN} --yes`, { variables: given })
    expect(all).toMatchObject({ code: 1, stdout: expect.stringMatching(/^2 keys revoked/) })
    expect(all.stderr).toContain(`the keys of ${DOMAIN} in the folder, which was not reached, still work`)
    expect(await run(folder, 'keys revoke FAKEaaaa', { variables: given })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('may stand in the folder, which was not reached'),
    })
  })

  it('keys revoke --all ends the keys of a domain wherever they are', async () => {
    const folder = makeFolder()
    await runJson(folder, `keys create --domain ${DOMAIN}`, variables)
    writeCredentialFile(folder, `${DOMAIN}.json`, { type: 'api_key', api_key: API_KEY })
    await runJson(folder, `keys create --domain ${DOMAIN}`, variables)
    expect(await runJson(folder, `keys revoke --all --domain ${DOMAIN} --yes`, variables)).toEqual({ revoked: 2 })
    const { keys } = await runJson(folder, 'keys list', variables)
    expect(keys).toMatchObject([
      { state: 'revoked', storedIn: inFolder(folder) },
      { state: 'revoked', storedIn },
    ])
  })
})
