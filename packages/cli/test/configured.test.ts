import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClientKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { makeFolder, printed, promptTrain, type Server, serve, shell, writeCredentialFile } from './support/command.js'
import { MESSAGE, startScriptedUpstream } from './support/scripted-upstream.js'

const UPSTREAM_KEY = 'sk-ant-api03-FAKE-credential-of-the-test'

async function waitForExchanges(server: Server, count: number): Promise<Record<string, unknown>[]> {
  const exchanges = () => server.lines().filter(({ msg }) => msg === 'exchange')
  while (exchanges().length < count) await new Promise((resolve) => server.process.stdout.once('data', resolve))
  return exchanges()
}

describe('a credential file in the format of the guide', () => {
  it('lets its client key in and presents its credential upstream', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const { key } = createClientKey({ domain: 'example.com' })
    writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: UPSTREAM_KEY, client_api_key: key })
    const server = await serve({ CLAUDE_API_BASE_URL: upstream.address, NODE_ENV: 'production' }, folder)
    expect(server.curl).toContain('"Authorization: Bearer $CLIENT_KEY"')
    expect(JSON.parse((await shell(server.curl, { CLIENT_KEY: key })).join(''))).toEqual(MESSAGE)
    expect(upstream.requests).toEqual([expect.objectContaining({ 'x-api-key': UPSTREAM_KEY })])
    expect(upstream.requests[0]).not.toHaveProperty('authorization')
    expect(await waitForExchanges(server, 1)).toEqual([expect.objectContaining({ domain: 'example.com' })])
  })

  it('works with the digest that auth generate-key prints, and ANTHROPIC_API_KEY for files with keys alone', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const generated = promptTrain(['auth', 'generate-key', '--json'])
    expect(await generated.exited).toBe(0)
    const { key, digest, keyId } = JSON.parse(generated.output.stdout)
    writeCredentialFile(folder, 'example.com.credentials.json', { client_api_keys: [digest] })
    const variables = { CLAUDE_API_BASE_URL: upstream.address, ANTHROPIC_API_KEY: UPSTREAM_KEY }
    const server = await serve(variables, folder)
    expect(JSON.parse((await shell(server.curl, { CLIENT_KEY: key })).join(''))).toEqual(MESSAGE)
    expect(upstream.requests[0]).toMatchObject({ 'x-api-key': UPSTREAM_KEY })
    expect(await waitForExchanges(server, 1)).toEqual([expect.objectContaining({ domain: 'example.com', keyId })])
  })

  it('makes no development key, and takes none that an earlier start made', async () => {
    const folder = makeFolder()
    const first = await serve({}, folder)
    first.process.kill('SIGTERM')
    await first.exited
    const { record } = createClientKey({ domain: 'default' })
    writeCredentialFile(folder, 'default.json', {
      type: 'api_key',
      api_key: UPSTREAM_KEY,
      client_api_keys: [record.digest],
    })
    const upstream = await startScriptedUpstream()
    const server = await serve({ CLAUDE_API_BASE_URL: upstream.address }, folder)
    const CLIENT_KEY = readFileSync(join(folder, '.data', 'client-key'), 'utf8').trim()
    expect((await shell(server.curl, { CLIENT_KEY })).join('')).toContain('authentication_error')
    expect(upstream.requests).toEqual([])
  })
})

describe('CHECK_HOST and AUTH_FAILURES_PER_MINUTE', () => {
  it('narrow whom a key serves and how often one may fail', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const { key } = createClientKey({ domain: 'example.com' })
    writeCredentialFile(folder, 'example.com.json', { type: 'api_key', api_key: UPSTREAM_KEY, client_api_key: key })
    const variables = { CLAUDE_API_BASE_URL: upstream.address, CHECK_HOST: 'true', AUTH_FAILURES_PER_MINUTE: '1' }
    const server = await serve(variables, folder)
    const statusWith = async (key: string) => {
      const init = { method: 'POST', headers: { 'x-api-key': key }, body: '{}' }
      const answer = await fetch(`${server.address}/v1/messages`, init)
      await answer.arrayBuffer()
      return answer.status
    }
    expect(await statusWith(key)).toBe(403)
    expect([await statusWith('FAKE'), await statusWith('FAKE')]).toEqual([401, 429])
    expect(upstream.requests).toEqual([])
  })
})

describe('ANTHROPIC_API_KEY alone', () => {
  it('is presented upstream for the development key, and never printed', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const variables = { CLAUDE_API_BASE_URL: upstream.address, ANTHROPIC_API_KEY: UPSTREAM_KEY, LOG_LEVEL: 'trace' }
    const server = await serve(variables, folder)
    expect(JSON.parse((await shell(server.curl)).join(''))).toEqual(MESSAGE)
    expect(upstream.requests).toEqual([expect.objectContaining({ 'x-api-key': UPSTREAM_KEY })])
    await waitForExchanges(server, 1)
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    const { stdout, stderr } = server.output
    expect(stderr).toContain('\ncurl -sS ')
    for (const secret of [UPSTREAM_KEY, readFileSync(join(folder, '.data', 'client-key'), 'utf8').trim()]) {
      expect(stdout + stderr).not.toContain(secret)
      expect(stdout + stderr).not.toContain(secret.slice(-16))
    }
  })

  it('is never printed in the form for people either', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const variables = { CLAUDE_API_BASE_URL: upstream.address, ANTHROPIC_API_KEY: UPSTREAM_KEY }
    const command = promptTrain(['serve'], { ...variables, PORT: '0', LOG_PRETTY: 'true', LOG_LEVEL: 'trace' }, folder)
    await printed(command, 'Ctrl-C stops the server.')
    await shell(command.output.stdout.split('\n').find((line) => line.startsWith('curl '))!)
    await printed(command, 'tokens in')
    command.process.kill('SIGTERM')
    expect(await command.exited).toBe(0)
    const all = command.output.stdout + command.output.stderr
    expect(all).not.toContain(UPSTREAM_KEY)
    expect(all).not.toContain(readFileSync(join(folder, '.data', 'client-key'), 'utf8').trim())
  })
})

describe('LOG_PRETTY=false', () => {
  it('writes JSON lines alone, with an access line for each exchange', async () => {
    const upstream = await startScriptedUpstream()
    const server = await serve({ CLAUDE_API_BASE_URL: upstream.address, ANTHROPIC_API_KEY: UPSTREAM_KEY })
    await shell(server.curl)
    const refused = await fetch(`${server.address}/v1/messages?secret=FAKE`, { method: 'POST', body: '{}' })
    const [served, unknown] = await waitForExchanges(server, 2)
    expect(served).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      domain: 'default',
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      clientAddress: '127.0.0.1',
      method: 'POST',
      path: '/v1/messages',
      status: 200,
      durationMs: expect.any(Number),
      keyId: expect.stringMatching(/^[\dA-Za-z]{8}$/),
      model: 'claude-haiku-5-5',
      inputTokens: 10,
      outputTokens: 3,
    })
    expect(unknown).toMatchObject({ status: 401, domain: null, keyId: null, path: '/v1/messages' })
    expect(unknown?.requestId).toBe(refused.headers.get('x-prompt-train-request-id'))
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(() => server.lines()).not.toThrow()
    expect(server.output.stdout).toMatch(/"msg":"stopped"\}\n$/)
  })
})

describe('the edge', () => {
  it('lets in only what IP_ALLOWLIST names, as told by TRUSTED_PROXIES', async () => {
    const server = await serve({ TRUSTED_PROXIES: '127.0.0.1', IP_ALLOWLIST: '192.0.2.0/24, ::1' })
    const from = (address: string) => shell(`${server.curl} -H 'x-forwarded-for: ${address}'`)
    expect((await from('198.51.100.1')).join('')).toContain('permission_error')
    expect((await from('192.0.2.7')).join('')).toContain('demonstration')
  })

  it('answers /health without a key, and nothing else beside the API', async () => {
    const server = await serve()
    const health = await fetch(`${server.address}/health`)
    expect(health.status).toBe(200)
    expect(health.headers.get('content-type')).toBe('application/json')
    expect(await health.json()).toMatchObject({ status: 'ok', inFlight: 0, credentialFiles: { refused: 0, loose: 0 } })
    const head = await fetch(`${server.address}/health?from=balancer`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    for (const [method, path] of [
      ['POST', '/health'],
      ['GET', '/health/x'],
      ['GET', '/dashboard'],
      ['GET', '/'],
    ] as const) {
      expect((await fetch(server.address + path, { method })).status).toBe(404)
    }
  })
})
