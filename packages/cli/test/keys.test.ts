import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestClientKey, isClientKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { makeFolder, type Server, serve, writeCredentialFile } from './support/command.js'
import { addKey } from './support/given.js'
import { run, runJson, runProcess } from './support/run.js'
import { startScriptedUpstream } from './support/scripted-upstream.js'

const UPSTREAM_KEY = 'sk-ant-api03-FAKE-credential-of-the-test'
const DAY_MS = 86_400_000

function makeTenants(...domains: readonly string[]): string {
  const folder = makeFolder()
  for (const domain of domains)
    writeCredentialFile(folder, `${domain}.json`, { type: 'api_key', api_key: UPSTREAM_KEY })
  return folder
}

function stored(folder: string): string {
  const credentials = join(folder, 'credentials')
  return readdirSync(credentials)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(credentials, name), 'utf8'))
    .join('')
}

async function statusOf(server: Server, key: string): Promise<number> {
  const init = { method: 'POST', headers: { 'x-api-key': key }, body: '{}' }
  const answer = await fetch(`${server.address}/v1/messages`, init)
  await answer.arrayBuffer()
  return answer.status
}

/** Waits until the server answers this key so: changes of another process count within 5 seconds. */
async function answers(server: Server, key: string, status: number): Promise<void> {
  const until = Date.now() + 10_000
  while ((await statusOf(server, key)) !== status) {
    if (Date.now() > until) throw new Error(`still not ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('keys create', () => {
  it('shows the key once, with what to do next, and stores its digest', async () => {
    const folder = makeTenants('example.com')
    const { code, stdout, stderr } = await runProcess(
      folder,
      'keys create --domain example.com --label ci --expires 90d',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, key] = /^Client key {2}(\S+)$/m.exec(stdout)!
    expect(isClientKey(key!)).toBe(true)
    expect(stdout).toContain(`Key id      ${key!.slice(9, 17)}\nDomain      example.com\nLabel       ci\nExpires     2`)
    expect(stdout).toContain(`its digest, in the folder ${join(folder, 'credentials')}.`)
    expect(stdout).toContain('prompt-train keys list --domain example.com')
    expect(stored(folder)).toContain(digestClientKey(key!))
    expect(stored(folder)).not.toContain(key!.slice(17, 49))
    expect((await run(folder, 'keys list')).stdout).not.toContain(key!.slice(17, 49))
  })

  it('prints JSON and nothing else with --json', async () => {
    const folder = makeTenants('example.com')
    const created = await runJson(folder, 'keys create --domain example.com --expires 2099-03-31')
    expect(created).toEqual({
      key: expect.stringMatching(/^cnp_live_/),
      keyId: created.key.slice(9, 17),
      digest: digestClientKey(created.key),
      domain: 'example.com',
      label: null,
      expiresAt: '2099-03-31T00:00:00.000Z',
      storedIn: `the folder ${join(folder, 'credentials')}`,
    })
  })

  it('makes the folder where ANTHROPIC_API_KEY is the credential', async () => {
    const folder = makeFolder()
    const variables = { ANTHROPIC_API_KEY: 'sk-ant-api03-FAKE' }
    expect(await run(folder, 'keys create --domain default', { variables })).toMatchObject({ code: 0, stderr: '' })
    expect(statSync(join(folder, 'credentials')).mode & 0o777).toBe(0o700)
    expect((await runJson(folder, 'keys list', variables)).keys).toMatchObject([{ domain: 'default', state: 'good' }])
  })

  it.each([
    ['keys create --domain other.example', 1, 'The domain other.example has no credential: add one first.\n'],
    ['keys create --domain ../example.com', 1, 'domain: is not a host name in lower case, such as example.com\n'],
    ['keys create --domain example.com --expires soon', 2, 'option "--expires" is neither'],
    ['keys create', 2, 'option "--domain" is missing\nSee: prompt-train keys create --help\n'],
  ])('refuses "%s" with exit code %i', async (line, code, problem) => {
    const folder = makeTenants('example.com')
    const before = stored(folder)
    const ended = await run(folder, line)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(`prompt-train: ${problem}`)
    expect(stored(folder)).toBe(before)
  })
})

describe('keys rotate', () => {
  it('makes a successor with which the server serves beside the old key, whose use is visible', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeTenants('example.com')
    const old = await addKey(folder, 'example.com', 'ci')
    const server = await serve({ CLAUDE_API_BASE_URL: upstream.address }, folder)
    const rotated = await runJson(folder, `keys rotate ${old.keyId} --overlap 7d`)
    expect(rotated).toMatchObject({ domain: 'example.com', label: 'ci', replaced: { keyId: old.keyId } })
    expect(Date.parse(rotated.replaced.endsAt) - Date.now()).toBeGreaterThan(6.9 * DAY_MS)
    await answers(server, rotated.key, 200)
    expect(await statusOf(server, old.key)).toBe(200)

    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    const { keys } = await runJson(folder, 'keys list')
    expect(keys).toMatchObject([
      { keyId: old.keyId, state: 'overlap', replacedBy: rotated.keyId, requests: 1, lastAddress: '127.0.0.1' },
      { keyId: rotated.keyId, state: 'good', replacedBy: null, requests: 1, lastAddress: '127.0.0.1' },
    ])
    const table = (await runProcess(folder, 'keys list')).stdout.split('\n')
    expect(table[0]).toMatch(/^KEY +DOMAIN +LABEL +STATE +CREATED +EXPIRES +LAST USED +FROM +REQUESTS$/)
    expect(table[1]).toMatch(
      new RegExp(`^${old.keyId}….{4} +example.com +ci +in overlap, replaced by ${rotated.keyId} `),
    )
    expect(table[1]).toMatch(/ 127\.0\.0\.1 +1$/)
    expect(server.lines().filter(({ msg }) => msg === 'client key in overlap used')).toMatchObject([
      { keyId: old.keyId, replacedBy: rotated.keyId, clientAddress: '127.0.0.1' },
    ])
  })

  it('tells people what to do next, and refuses a key that is no longer good', async () => {
    const folder = makeTenants('example.com')
    const { keyId } = await addKey(folder)
    const { stdout } = await runProcess(folder, `keys rotate ${keyId} --overlap 12h --label next`)
    expect(stdout).toMatch(/^Client key {2}cnp_live_/)
    expect(stdout).toContain(`The old key ${keyId} works until `)
    expect(stdout).toContain(`prompt-train keys revoke ${keyId}\n`)
    const again = await run(folder, `keys rotate ${keyId}`)
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toMatch(new RegExp(`^prompt-train: Key ${keyId} was rotated already: rotate its successor`))
    expect(await run(folder, 'keys rotate FAKE0000')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'prompt-train: There is no client key with the id FAKE0000.\n',
    })
  })
})

describe('keys revoke', () => {
  it('ends a key for a running server within seconds', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeTenants('example.com')
    const { key, keyId } = await runJson(folder, 'keys create --domain example.com')
    const server = await serve({ CLAUDE_API_BASE_URL: upstream.address }, folder)
    expect(await statusOf(server, key)).toBe(200)
    expect((await runProcess(folder, `keys revoke ${keyId}`)).stdout).toMatch(/^1 key revoked\./)
    const again = (await run(folder, `keys revoke ${keyId}`)).stdout
    expect(again).toContain(`Nothing to do: the key ${keyId} was revoked before.`)
    await answers(server, key, 401)
    expect((await runJson(folder, 'keys list')).keys).toMatchObject([
      { state: 'revoked', revokedAt: expect.any(String) },
    ])
  })

  it('ends every key of a domain and no other, even where the file of another is broken', async () => {
    const folder = makeTenants('a.test', 'b.test')
    for (const domain of ['a.test', 'a.test', 'b.test']) await addKey(folder, domain)
    writeFileSync(join(folder, 'credentials', 'c.test.json'), '{ "FAKE', { mode: 0o600 })
    const { code, stdout, stderr } = await run(folder, 'keys revoke --all --domain a.test --yes --json')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"revoked":2}\n' })
    expect(stderr).toMatch(/^prompt-train: left out: .*c\.test\.json: is not valid JSON.*\n$/)
    const { keys } = await runJson(folder, 'keys list')
    expect(keys.map(({ state }: { state: string }) => state)).toEqual(['revoked', 'revoked', 'good'])
    expect((await runJson(folder, 'keys list --domain b.test')).keys).toHaveLength(1)
  })

  it('says that it could not end the keys of a file that is broken, whose last good keys a server still takes', async () => {
    const folder = makeFolder()
    writeCredentialFile(folder, 'a.test.json', { type: 'api_key', api_key: 'FAKE with spaces' })
    const { code, stderr } = await run(folder, 'keys revoke --all --domain a.test --yes')
    expect(code).toBe(1)
    expect(stderr).toMatch(/a\.test\.json: .*nothing was changed/)
  })

  it.each(['keys revoke', 'keys revoke --all', 'keys revoke --domain a.test', 'keys revoke FAKE0000 --all'])(
    'refuses "%s", which does not say what',
    async (line) => {
      expect(await run(makeTenants('a.test'), line)).toMatchObject({ code: 2, stdout: '' })
    },
  )
})

describe('keys list', () => {
  it('shows an ended key for what it is', async () => {
    const folder = makeTenants('example.com')
    const { keyId } = await addKey(folder)
    await runJson(folder, `keys rotate ${keyId} --overlap 0s --expires 1s`)
    const states = async () => {
      const { keys } = await runJson(folder, 'keys list')
      return keys.map(({ state }: { state: string }) => state)
    }
    expect((await states())[0]).toBe('replaced')
    while ((await states())[1] !== 'expired') await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await run(folder, 'keys list')).stdout).toMatch(/ replaced by \w{8} .*\n.* expired /)
  })

  it('says what to do where there is none', async () => {
    expect((await run(makeTenants('example.com'), 'keys list')).stdout).toContain('prompt-train keys create')
    const nowhere = await run(makeFolder(), 'keys list')
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/CREDENTIALS_DIR: there is no folder/) })
  })

  it('tells of the key made for development where serve has run with nothing configured', async () => {
    const folder = makeFolder()
    await serve({}, folder)
    for (const line of ['keys list', 'credentials list', 'credentials check']) {
      expect(await run(folder, line)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          `serve uses the demonstration upstream and the client key in ${join(folder, '.data', 'client-key')}\n`,
        ),
      })
    }
  })

  it('does not ask for what is there and left out', async () => {
    const folder = makeTenants('example.com')
    chmodSync(join(folder, 'credentials', 'example.com.json'), 0o644)
    for (const what of ['keys', 'credentials']) {
      const { stdout, stderr } = await run(folder, `${what} list`, { variables: { NODE_ENV: 'production' } })
      expect(stderr).toContain('chmod 600')
      expect(stdout).toMatch(/^No .* but what is left out: mend that\.\n$/)
    }
  })
})
