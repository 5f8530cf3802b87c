import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder, promptTrain, serve, writeCredentialFile } from './support/command.js'
import { addKey, ringEntry } from './support/given.js'
import { run, runJson, runProcess } from './support/run.js'
import { MESSAGE, startScriptedUpstream } from './support/scripted-upstream.js'

const API_KEY = 'sk-ant-api03-FAKE-upstream'

const fileOf = (folder: string, domain: string) => join(folder, 'credentials', `${domain}.credentials.json`)
const modeOf = (path: string) => statSync(path).mode & 0o777

describe('credentials add', () => {
  it('stores an API key from standard input, for nobody else to read, and shows nothing of it', async () => {
    const folder = makeFolder()
    const ended = await runProcess(folder, 'credentials add --domain example.com --type api_key', {
      input: `${API_KEY}\n`,
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain(
      `credential of example.com in the folder ${join(folder, 'credentials')}, in the clear`,
    )
    expect(ended.stdout).not.toContain('FAKE')
    const file = fileOf(folder, 'example.com')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ type: 'api_key', api_key: API_KEY })
    expect([modeOf(file), modeOf(join(folder, 'credentials'))]).toEqual([0o600, 0o700])
  })

  it('stores OAuth tokens from JSON', async () => {
    const folder = makeFolder()
    const input = JSON.stringify({
      access_token: 'sk-ant-oat01-FAKE',
      refresh_token: 'sk-ant-ort01-FAKE',
      expires_at: '2099-12-31T23:59:59Z',
    })
    expect(await run(folder, 'credentials add --domain example.com --type oauth', { input })).toMatchObject({ code: 0 })
    expect(await runJson(folder, 'credentials list')).toEqual({
      credentials: [
        {
          domain: 'example.com',
          type: 'oauth',
          sealedWith: null,
          expiresAt: '2099-12-31T23:59:59.000Z',
          clientKeys: 0,
          storedIn: `the folder ${join(folder, 'credentials')}`,
        },
      ],
    })
  })

  it('stores a federation credential from its options', async () => {
    const folder = makeFolder()
    const ids = '--rule fdrl_FAKE --organization o-1 --service-account svac_FAKE --workspace wrkspc_FAKE'
    const line = `credentials add --domain example.com --type federation ${ids}`
    expect(await run(folder, line)).toMatchObject({ code: 2, stderr: expect.stringContaining('"--assertion-file"') })
    expect(await run(folder, `${line} --assertion-file token.jwt`)).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(readFileSync(fileOf(folder, 'example.com'), 'utf8'))).toMatchObject({
      type: 'federation',
      federation_rule_id: 'fdrl_FAKE',
      organization_id: 'o-1',
      service_account_id: 'svac_FAKE',
      workspace_id: 'wrkspc_FAKE',
      assertion_file: join(folder, 'token.jwt'),
    })
    expect(await run(folder, 'credentials check')).toMatchObject({ code: 0 })
  })

  it('keeps the credential that is there unless told to replace it, and its client keys then', async () => {
    const folder = makeFolder()
    const line = 'credentials add --domain example.com'
    await run(folder, line, { input: API_KEY })
    const { keyId } = await addKey(folder)
    const again = await run(folder, line, { input: `${API_KEY}-2` })
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toBe('prompt-train: example.com has a credential: --replace puts another one in its place\n')
    expect(readFileSync(fileOf(folder, 'example.com'), 'utf8')).toContain(`"${API_KEY}"`)
    expect(await run(folder, `${line} --replace`, { input: `${API_KEY}-2` })).toMatchObject({ code: 0 })
    expect(readFileSync(fileOf(folder, 'example.com'), 'utf8')).toContain(`"${API_KEY}-2"`)
    expect((await runJson(folder, 'keys list')).keys).toMatchObject([{ keyId, state: 'good' }])
  })

  it('says what it replaces, and asks for a client key only where there is none', async () => {
    const folder = makeFolder()
    const line = 'credentials add --domain example.com'
    const input = JSON.stringify({ access_token: 'sk-ant-oat01-FAKE' })
    const first = await run(folder, `${line} --type oauth`, { input })
    expect(first.stdout).toMatch(/\nWhat to do next: prompt-train keys create --domain example\.com\n$/)
    await addKey(folder)
    const second = await run(folder, `${line} --replace`, { input: API_KEY })
    expect(second.stdout).toMatch(/^Stored the api_key .*, in place of its oauth credential\.\n$/)
  })

  it('warns of an API key in another form than the API’s', async () => {
    expect(await run(makeFolder(), 'credentials add --domain example.com', { input: 'FAKE' })).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^prompt-train: warning: the API key does not begin with sk-ant-.*\n$/),
    })
  })

  it.each([
    ['', '', /^prompt-train: the API key: is empty\n/],
    ['', 'sk-ant-oat01-FAKE', /^prompt-train: the API key: looks like an OAuth token: use --type oauth\n/],
    ['', 'FAKE with spaces', /^prompt-train: the API key: has spaces/],
    ['', 'cnp_live_FAKE', /^prompt-train: the API key: is a client key/],
    [' --type oauth', '{ "access_token": "FAKE', /^prompt-train: standard input: is not JSON/],
    [' --type oauth', '{ "access_token": "FAKE", "FAKE": 1 }', /^prompt-train: standard input: has a field/],
    [
      ' --type oauth',
      '{ "accesstoken": "FAKE" }',
      /input\.access_token: is missing, and has accesstoken, which does not/,
    ],
    [' --type oauth', '{ "access_token": 7 }', /input\.access_token: must be text\n/],
    [
      ' --type oauth',
      '{ "access_token": "FAKE", "expires_at": "FAKE" }',
      /^prompt-train: standard input\.expires_at: /,
    ],
  ])('refuses%s "%s" without repeating it', async (options, input, problem) => {
    const ended = await run(makeFolder(), `credentials add --domain example.com${options}`, { input })
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(problem) })
    expect(ended.stderr).not.toContain('FAKE')
  })

  it.each([
    [`credentials add --domain example.com ${API_KEY}`, 'an argument looks like a secret'],
    ['credentials add --domain example.com --rule fdrl_FAKE', 'option "--rule" needs --type federation'],
    ['credentials add --domain example.com --type federation --rule a.b', 'option "--rule" is not an id'],
    ['credentials add --domain example.com --type bearer', 'option "--type" is api_key, oauth or federation'],
  ])('refuses "%s" with exit code 2', async (line, problem) => {
    const ended = await run(makeFolder(), line)
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(problem) })
    expect(ended.stderr).not.toContain('FAKE')
  })

  it('refuses a domain that would lead out of the folder', async () => {
    const ended = await run(makeFolder(), 'credentials add --domain ../x', { input: API_KEY })
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a host name in lower case') })
  })
})

describe('credentials check', () => {
  it('finds nothing in good files, whichever they are', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, 'a.test.json', { type: 'api_key', api_key: API_KEY })
    const ended = await runProcess(folder, 'credentials check')
    expect(ended).toEqual({ code: 0, stdout: '1 credential usable, 0 problems.\n', stderr: '' })
  })

  it('finds every problem, with the command that mends it, and no secret', async () => {
    const folder = makeFolder()
    for (const name of ['a.test.json', 'b.test.json', 'c.test.json']) {
      writeCredentialFile(folder, name, { type: 'api_key', api_key: API_KEY })
    }
    const path = (name: string) => join(folder, 'credentials', name)
    chmodSync(path('a.test.json'), 0o644)
    writeFileSync(path('b.test.json'), '{"type":"api_key","api_key":"FAKE FAKE"}')
    writeFileSync(path('c.test.json'), '{"FAKE')
    chmodSync(path(''), 0o755)
    const { code, stdout } = await run(folder, 'credentials check')
    expect(code).toBe(1)
    expect(stdout).toContain(`${path('a.test.json')}: can be read or changed by other users: run chmod 600 '`)
    expect(stdout).toContain(`${path('b.test.json')}: api_key `)
    expect(stdout).toContain(`${path('c.test.json')}: is not valid JSON`)
    expect(stdout).toMatch(/credentials: can be read or changed by other users: run chmod 700 '/)
    expect(stdout).toMatch(/1 credential usable, 4 problems\.\n$/)
    expect(stdout).not.toContain('FAKE')
    const json = await run(folder, 'credentials check --json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({ credentials: 1, problems: { length: 4 } })
  })
})

describe('sealed credentials', () => {
  it('serve requests, are sealed anew with another key, and are told apart from plain ones', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    await run(folder, 'credentials add --domain example.com', { input: API_KEY })
    const { key } = await addKey(folder)
    const [k1, k2] = [ringEntry('k1'), ringEntry('k2')]

    expect(await runProcess(folder, 'credentials seal', { variables: { ENCRYPTION_KEYS: k1 } })).toMatchObject({
      code: 0,
      stdout: '1 sealed, 0 left as they were, 0 failed.\n',
    })
    expect(readFileSync(fileOf(folder, 'example.com'), 'utf8')).not.toContain(API_KEY)
    const both = { ENCRYPTION_KEYS: `${k2},${k1}` }
    const rewrapped = await runProcess(folder, 'keyring rewrap', { variables: both })
    expect(rewrapped).toMatchObject({ code: 0, stdout: '1 sealed anew, 0 left as they were, 0 failed.\n' })
    const variables = { ENCRYPTION_KEYS: k2 }
    expect((await runProcess(folder, 'credentials list', { variables })).stdout).toMatch(
      /^example\.com +api_key +sealed with k2 +- +1$/m,
    )
    expect(await run(folder, 'credentials check', { variables })).toMatchObject({ code: 0 })

    const server = await serve({ ...variables, CLAUDE_API_BASE_URL: upstream.address }, folder)
    const init = { method: 'POST', headers: { 'x-api-key': key }, body: '{}' }
    expect(await (await fetch(`${server.address}/v1/messages`, init)).json()).toEqual(MESSAGE)
    expect(upstream.requests).toMatchObject([{ 'x-api-key': API_KEY }])
  })

  it('are stored sealed from the first where there is a key ring', async () => {
    const folder = makeFolder()
    const variables = { ENCRYPTION_KEYS: ringEntry('k1') }
    const { stdout } = await run(folder, 'credentials add --domain example.com', { input: API_KEY, variables })
    expect(stdout).toContain(`credential of example.com in the folder ${join(folder, 'credentials')}, sealed.`)
    expect(readFileSync(fileOf(folder, 'example.com'), 'utf8')).not.toContain(API_KEY)
  })

  it('stop serve and check with a clear message where the key is wrong or missing', async () => {
    const folder = makeFolder()
    const right = ringEntry('k1')
    await run(folder, 'credentials add --domain example.com', { input: API_KEY, variables: { ENCRYPTION_KEYS: right } })
    await addKey(folder)
    const wrong = ringEntry('k1')
    for (const [variables, problem] of [
      [{}, /^prompt-train: ENCRYPTION_KEYS: is not set, and the credential of example\.com is sealed with the key k1/],
      [{ ENCRYPTION_KEYS: ringEntry('k2') }, /^prompt-train: ENCRYPTION_KEYS: .*example\.com.* k1/],
      [{ ENCRYPTION_KEYS: wrong }, /^prompt-train: ENCRYPTION_KEYS: .*example\.com.* is not authentic/],
      [{ ENCRYPTION_KEYS: 'k1:FAKE' }, /^prompt-train: ENCRYPTION_KEYS /],
    ] as const) {
      const command = promptTrain(['serve'], { PORT: '0', ...variables }, folder)
      expect(await command.exited).toBe(1)
      expect(command.output.stderr).toMatch(problem)
      expect(command.output.stderr).not.toContain(wrong.slice(3))
      expect(command.output.stderr).not.toContain('FAKE')
    }
    expect(await run(folder, 'credentials check', { variables: { ENCRYPTION_KEYS: wrong } })).toMatchObject({ code: 1 })
    expect(await run(folder, 'credentials check')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('example.com: is sealed with k1, and ENCRYPTION_KEYS is not set'),
    })
  })

  it('alone are used with ALLOW_PLAIN_CREDENTIALS=false', async () => {
    const folder = makeFolder()
    await run(folder, 'credentials add --domain example.com', { input: API_KEY })
    const variables = { ENCRYPTION_KEYS: ringEntry('k1'), ALLOW_PLAIN_CREDENTIALS: 'false' }
    const problem = 'The credential example.com is stored in the clear, which is not allowed.'
    const command = promptTrain(['serve'], { PORT: '0', ...variables }, folder)
    expect(await command.exited).toBe(1)
    expect(command.output.stderr).toBe(`prompt-train: ALLOW_PLAIN_CREDENTIALS: ${problem}\n`)
    expect(await run(folder, 'credentials check', { variables })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`example.com: ${problem}`),
    })
    await run(folder, 'credentials seal', { variables })
    expect(await run(folder, 'credentials check', { variables })).toMatchObject({ code: 0 })
  })

  it('need ENCRYPTION_KEYS to be sealed', async () => {
    const folder = makeFolder()
    await run(folder, 'credentials add --domain example.com', { input: API_KEY })
    for (const line of ['credentials seal', 'keyring rewrap']) {
      const ended = await run(folder, line)
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^prompt-train: ENCRYPTION_KEYS: is not set/),
      })
    }
  })
})

describe('keyring create', () => {
  it('shows a new entry with the next free id, and needs no configuration', async () => {
    const first = await runProcess(makeFolder(), 'keyring create', {
      variables: { PORT: 'x', CREDENTIALS_DIR: '/dev/null' },
    })
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^k1:[A-Za-z0-9+/]{43}=\n\nThe key is shown/),
    })
    const [entry] = first.stdout.split('\n')
    const second = await run(makeFolder(), 'keyring create', { variables: { ENCRYPTION_KEYS: entry! } })
    expect(second.stdout).toMatch(/^k2:/)
    expect(second.stdout).not.toContain(entry!.slice(3))
    const taken = await run(makeFolder(), 'keyring create --id k1', { variables: { ENCRYPTION_KEYS: entry! } })
    expect(taken).toMatchObject({ code: 2, stdout: '' })
  })

  it('goes on where the variable that it is to mend is malformed', async () => {
    const { code, stdout, stderr } = await run(makeFolder(), 'keyring create', {
      variables: { ENCRYPTION_KEYS: 'foo' },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^k1:/)
    expect(stderr).toContain('ENCRYPTION_KEYS')
  })
})
