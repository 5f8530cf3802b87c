import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { makeFolder, type Server, serve, type Variables, writeCredentialFile } from './support/command.js'
import { addKey, ringEntry } from './support/given.js'
import { LOGIN, login, toVariables } from './support/login.js'
import { run, runJson, runProcess } from './support/run.js'
import { MESSAGE, startScriptedUpstream } from './support/scripted-upstream.js'
import { startTokenEndpoint } from './support/token-endpoint.js'

const DOMAIN = 'example.com'
const REFRESH = `oauth refresh --domain ${DOMAIN}`
const TOKEN = /o[ar]t01|code-FAKE/

const fileIn = (folder: string) => join(folder, 'credentials', `${DOMAIN}.credentials.json`)
const readIn = (folder: string) => JSON.parse(readFileSync(fileIn(folder), 'utf8'))

async function askFor(server: Server, key: string): Promise<Response> {
  return fetch(`${server.address}/v1/messages`, { method: 'POST', headers: { 'x-api-key': key }, body: '{}' })
}

// Each runs several processes, one after the other.
describe('oauth', { timeout: 90_000 }, () => {
  it('logs in, serves with the login, shows how it stands, and refreshes it, without showing a token', async () => {
    const [folder, upstream, endpoint] = [makeFolder(), await startScriptedUpstream(), await startTokenEndpoint()]
    const variables = { ...toVariables(endpoint), OAUTH_SCOPES: 'org:profile workspace:inference' }
    const first = await login(folder, variables, { inProcess: false })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain(
      `Stored the oauth credential of ${DOMAIN} in the folder ${join(folder, 'credentials')}, in the clear`,
    )
    expect(Object.fromEntries(first.url.searchParams)).toMatchObject({
      client_id: 'client-1',
      code_challenge_method: 'S256',
      scope: 'org:profile workspace:inference',
    })
    expect(endpoint.grants).toMatchObject([{ grant_type: 'authorization_code', client_id: 'client-1' }])
    expect(statSync(fileIn(folder)).mode & 0o777).toBe(0o600)
    expect(readIn(folder)).toMatchObject({ type: 'oauth', access_token: 'sk-ant-oat01-FAKE-1', subscription: false })

    const { key } = await runJson(folder, `keys create --domain ${DOMAIN}`)
    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address }, folder)
    expect(await (await askFor(server, key)).json()).toEqual(MESSAGE)
    expect(upstream.requests[0]).toMatchObject({
      authorization: 'Bearer sk-ant-oat01-FAKE-1',
      'anthropic-beta': 'oauth-2025-04-20',
    })
    expect(upstream.requests[0]).not.toHaveProperty('x-api-key')

    const status = await runProcess(folder, 'oauth status', { variables })
    expect(status).toMatchObject({ code: 0, stderr: '' })
    expect(status.stdout).toMatch(
      /^DOMAIN +STATE +SUBSCRIPTION +EXPIRES IN +LAST REFRESH +NEXT REFRESH +LAST FAILURE$/m,
    )
    expect(status.stdout).toMatch(/^example\.com +fresh +no +7h 59m +\S+ \S+ UTC +\S+ \S+ UTC +-$/m)

    const refreshed = await runProcess(folder, REFRESH, { variables })
    expect(refreshed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^example\.com +fresh/m) })
    expect(endpoint.grants[1]).toMatchObject({ refresh_token: 'sk-ant-ort01-FAKE-1', client_id: 'client-1' })
    const { client_api_keys, ...rest } = readIn(folder)
    expect(rest).toMatchObject({ refresh_token: 'sk-ant-ort01-FAKE-2', access_token: 'sk-ant-oat01-FAKE-2' })
    expect(client_api_keys).toHaveLength(1)
    const json = await runJson(folder, 'oauth status', variables)
    expect(json).toEqual({
      credentials: [
        {
          domain: DOMAIN,
          state: 'fresh',
          subscription: false,
          allowed: true,
          expiresAt: expect.stringMatching(/Z$/),
          refreshedAt: expect.stringMatching(/Z$/),
          nextRefreshAt: expect.stringMatching(/Z$/),
          failure: null,
        },
      ],
    })
    const texts = [first, status, refreshed, server.output].map(({ stdout, stderr }) => stdout + stderr)
    for (const text of [...texts, JSON.stringify(json)]) expect(text).not.toMatch(TOKEN)
  })

  it('refreshes where serve would, at the upstream, where OAUTH_TOKEN_URL is not set', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    await login(folder, toVariables(endpoint))
    const variables = { CLAUDE_API_BASE_URL: new URL(endpoint.url).origin, OAUTH_CLIENT_ID: 'client-1' }
    expect(await run(folder, REFRESH, { variables })).toMatchObject({ code: 0, stderr: '' })
    expect(endpoint.grants[1]).toMatchObject({ grant_type: 'refresh_token' })
  })

  it('takes a new login up while serve runs, once the old one is dead', async () => {
    const [folder, upstream, endpoint] = [makeFolder(), await startScriptedUpstream(), await startTokenEndpoint()]
    const variables = toVariables(endpoint)
    writeCredentialFile(folder, `${DOMAIN}.credentials.json`, {
      type: 'oauth',
      access_token: 'sk-ant-oat01-FAKE-old',
      refresh_token: 'sk-ant-ort01-FAKE-old',
      expires_at: '2020-01-01T00:00:00Z',
      subscription: false,
    })
    const { key } = await addKey(folder)
    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address }, folder)
    expect((await askFor(server, key)).status).toBe(503)

    const status = await run(folder, 'oauth status', { variables })
    expect(status).toMatchObject({ code: 1, stdout: expect.stringMatching(/needs_login +no +expired .*invalid_grant/) })
    const json = await run(folder, 'oauth status --json', { variables })
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({ credentials: [{ failure: { error: 'invalid_grant' } }] })

    expect(await login(folder, variables)).toMatchObject({ code: 0 })
    const until = Date.now() + 5000
    let answer = await askFor(server, key)
    while (answer.status !== 200 && Date.now() < until) {
      await setTimeout(100)
      answer = await askFor(server, key)
    }
    expect(answer.status).toBe(200)
    expect(upstream.requests.at(-1)).toMatchObject({ authorization: 'Bearer sk-ant-oat01-FAKE-1' })
    expect(await run(folder, 'oauth status', { variables })).toMatchObject({ code: 0 })
  })

  it('renews in serve what is about to expire', async () => {
    const [folder, upstream, endpoint] = [makeFolder(), await startScriptedUpstream(), await startTokenEndpoint()]
    const variables = toVariables(endpoint)
    await login(folder, variables)
    const { key } = await addKey(folder)
    const expired = { ...readIn(folder), expires_at: '2020-01-01T00:00:00Z' }
    writeCredentialFile(folder, `${DOMAIN}.credentials.json`, expired)
    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address }, folder)
    expect((await askFor(server, key)).status).toBe(200)
    expect(endpoint.grants[1]).toMatchObject({ grant_type: 'refresh_token', client_id: 'client-1' })
    expect(readIn(folder)).toMatchObject({ access_token: 'sk-ant-oat01-FAKE-2' })
  })

  it('refuses what counts as a subscription unless it is allowed by name', async () => {
    const [folder, upstream, endpoint] = [makeFolder(), await startScriptedUpstream(), await startTokenEndpoint()]
    endpoint.scope = 'user:inference'
    const variables: Variables = { ...toVariables(endpoint), CLAUDE_API_BASE_URL: upstream.address }
    const allowed: Variables = { ...variables, ALLOW_SUBSCRIPTION_OAUTH: 'true' }
    expect(await login(folder, variables)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is not used unless ALLOW_SUBSCRIPTION_OAUTH=true'),
    })
    const { key } = await addKey(folder)
    expect((await askFor(await serve(variables, folder), key)).status).toBe(503)
    expect((await run(folder, 'oauth status', { variables })).stdout).toContain('yes, not used')
    expect(await run(folder, REFRESH, { variables })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('ALLOW_SUBSCRIPTION_OAUTH=true'),
    })
    expect(upstream.requests).toEqual([])
    expect(endpoint.grants).toHaveLength(1)

    expect((await askFor(await serve(allowed, folder), key)).status).toBe(200)
    expect(await run(folder, REFRESH, { variables: allowed })).toMatchObject({ code: 0, stderr: '' })
  })

  it('stores the login sealed where there is a key ring', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    const variables = { ...toVariables(endpoint), ENCRYPTION_KEYS: ringEntry('k1') }
    expect((await login(folder, variables)).stdout).toContain('sealed')
    expect(readIn(folder)).toMatchObject({ type: 'sealed' })
    expect(await run(folder, `${REFRESH} --json`, { variables })).toMatchObject({ code: 0 })
    expect(readIn(folder)).toMatchObject({ type: 'sealed' })

    const { ENCRYPTION_KEYS, ...without } = variables
    expect(await run(folder, 'oauth status', { variables: without })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ENCRYPTION_KEYS is not set'),
    })
    // It would be stored in the clear where it was sealed.
    expect(await run(folder, LOGIN, { variables: without })).toMatchObject({ code: 1, stdout: '' })
  })

  it('tells why a refresh failed, and fails', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    const variables = toVariables(endpoint)
    await login(folder, variables)
    endpoint.revoke()
    const ended = await run(folder, REFRESH, { variables })
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `prompt-train: the credential of ${DOMAIN} was not refreshed (invalid_grant): it needs a login: prompt-train oauth login --domain ${DOMAIN}\n`,
    })
  })

  it('does not try within the pause after a failure, and tells until when it lasts', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    const variables = { ...toVariables(endpoint), OAUTH_TOKEN_URL: 'http://127.0.0.1:1/token' }
    await login(folder, toVariables(endpoint))
    const failed = await run(folder, REFRESH, { variables })
    const [, until] = /was not refreshed \(unreachable\): paused until (\S+ \d\d:\d\d:\d\d UTC)\n$/.exec(failed.stderr)!
    expect(failed).toMatchObject({ code: 1, stdout: '' })

    const again = await run(folder, REFRESH, { variables: toVariables(endpoint) })
    expect(again).toMatchObject({
      code: 1,
      stderr: `prompt-train: the credential of ${DOMAIN} was not tried: pausing until ${until} after: unreachable\n`,
    })
    expect(endpoint.grants).toHaveLength(1)
    expect((await run(folder, 'oauth status', { variables })).stdout).toMatch(
      new RegExp(`^example\\.com +paused .* ${until} +unreachable, `, 'm'),
    )
  })

  it.each([
    ['a text of another login', () => 'code-FAKE#other'],
    ['half a text', () => 'code-FAKE'],
    ['a code that is not good', (state: string) => `code-FAKE-2#${state}`],
  ])('stores nothing of %s', async (_name, paste) => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    const ended = await login(folder, toVariables(endpoint), { paste })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/^prompt-train: .*\n$/)
    expect(ended.stderr).not.toContain('FAKE')
    expect(() => statSync(fileIn(folder))).toThrow('ENOENT')
  })

  it('puts a login in the place of an API key only when told to', async () => {
    const [folder, endpoint] = [makeFolder(), await startTokenEndpoint()]
    writeCredentialFile(folder, `${DOMAIN}.credentials.json`, { type: 'api_key', api_key: 'sk-ant-api03-FAKE' })
    const variables = toVariables(endpoint)
    expect(await run(folder, LOGIN, { variables })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('--replace'),
    })
    expect(await run(folder, `oauth status --domain ${DOMAIN}`)).toMatchObject({ code: 1 })
    expect(await login(folder, variables, { line: `${LOGIN} --replace` })).toMatchObject({ code: 0 })
    expect(readIn(folder)).toMatchObject({ type: 'oauth' })
  })

  it.each(['OAUTH_AUTHORIZE_URL', 'OAUTH_TOKEN_URL', 'OAUTH_CLIENT_ID'])('wants %s for a login', async (name) => {
    const all: Variables = {
      OAUTH_AUTHORIZE_URL: 'https://example.com/authorize',
      OAUTH_TOKEN_URL: 'https://example.com/token',
      OAUTH_CLIENT_ID: 'client-1',
    }
    const stderr = expect.stringMatching(new RegExp(`^prompt-train: ${name}: is not set`))
    expect(await run(makeFolder(), LOGIN, { variables: { ...all, [name]: '' } })).toMatchObject({ code: 1, stderr })
  })

  it('names all that a login needs at once, with what each is', async () => {
    const { code, stderr } = await run(makeFolder(), LOGIN)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^prompt-train: OAUTH_AUTHORIZE_URL, OAUTH_TOKEN_URL, OAUTH_CLIENT_ID: are not set/)
    expect(stderr).toMatch(/^ {2}OAUTH_AUTHORIZE_URL {2}the page where you agree, such as https:/m)
    expect(stderr).toMatch(/^ {2}OAUTH_CLIENT_ID {6}the id of your OAuth client/m)
    expect(stderr).toContain('docs/oauth.md')
  })

  it.each([
    ['OAUTH_AUTHORIZE_URL', LOGIN],
    ['OAUTH_TOKEN_URL', LOGIN],
    ['OAUTH_TOKEN_URL', 'serve'],
  ])('refuses plain http in %s by name at %s', async (name, line) => {
    const folder = makeFolder()
    writeCredentialFile(folder, `${DOMAIN}.json`, {
      type: 'oauth',
      access_token: 'sk-ant-oat01-FAKE',
      client_api_keys: ['0'.repeat(64)],
    })
    const variables = {
      OAUTH_AUTHORIZE_URL: 'https://example.com/authorize',
      OAUTH_TOKEN_URL: 'https://example.com/token',
      OAUTH_CLIENT_ID: 'client-1',
      PORT: '0',
      [name]: 'http://example.com/FAKE',
    }
    const ended = await run(folder, line, { variables })
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`prompt-train: ${name}: must use https`) })
    expect(ended.stderr).not.toContain('FAKE')
  })
})
