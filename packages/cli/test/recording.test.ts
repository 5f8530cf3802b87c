import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createClientKey, Secret } from '@agent-prompt-train/core'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'
import { describe, expect, it } from 'vitest'
import { startPostgres } from '../../storage-pg/test/support/postgres-server.js'
import { makeFolder, recorded, type Server, serve } from './support/command.js'
import { run, runJson, runJsonProcess, runProcess } from './support/run.js'
import { MESSAGE, startScriptedUpstream } from './support/scripted-upstream.js'

const RECORDED = { STORAGE_ENABLED: 'true' }
const PROMPT = 'How many trains leave Paddington?'

/** The client key that was made for development. */
function keyOf(folder: string): string {
  return readFileSync(join(folder, '.data', 'client-key'), 'utf8').trim()
}

/** One request that is answered. */
async function ask(server: Server, key: string): Promise<string> {
  const response = await fetch(`${server.address}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude-haiku-5-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: PROMPT }],
    }),
  })
  expect(response.status).toBe(200)
  await response.text()
  return response.headers.get('x-prompt-train-request-id')!
}

async function stop({ process, exited }: Server): Promise<void> {
  process.kill('SIGTERM')
  expect(await exited).toBe(0)
}

/** The exchanges of the domain. */
async function exported(folder: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runProcess(folder, 'export --domain default', { variables: RECORDED })
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('exported') })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('with the embedded database', () => {
  it('keeps what was exchanged over restarts and SIGKILL, for commands beside it and after it', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const variables = { ...RECORDED, ANTHROPIC_API_KEY: 'sk-ant-FAKE', CLAUDE_API_BASE_URL: upstream.address }
    const postmaster = join(folder, '.data', 'postgres', 'data', 'postmaster.pid')

    const first = await serve(variables, folder)
    expect(await (await fetch(`${first.address}/health`)).json()).toMatchObject({
      status: 'ok',
      recorder: { status: 'ok', dropped: 0 },
    })
    const requestId = await ask(first, keyOf(folder))
    await recorded(first, requestId)
    const [exchange] = await exported(folder)
    expect(exchange).toMatchObject({
      requestId,
      domain: 'default',
      status: 200,
      contentError: null,
      request: { max_tokens: 9, messages: [{ role: 'user', content: PROMPT }] },
      response: { content: MESSAGE.content },
    })
    const sums = { requests: 1, inputTokens: 10, outputTokens: 3, cacheReadTokens: 0 }
    const { rows } = await runJsonProcess(folder, 'usage --by domain,model', RECORDED)
    expect(rows).toEqual([
      {
        ...{ day: null, domain: 'default', keyId: null, model: 'claude-haiku-5-5' },
        ...sums,
        ...{ cacheWrite5mTokens: 0, cacheWrite1hTokens: 0, costMicroUsd: 3, unpricedRequests: 0, notionalMicroUsd: 0 },
      },
    ])
    expect(statSync(join(folder, '.data', 'key-ring')).mode & 0o777).toBe(0o600)

    await stop(first)
    expect(existsSync(postmaster)).toBe(false)
    // With nothing running, a command starts the database for itself.
    const csv = (await runProcess(folder, 'usage --by day --csv', { variables: RECORDED })).stdout.split('\n')
    expect(csv[0]).toMatch(/^day,domain,keyId,model,requests,/)
    expect(csv[1]).toMatch(/^\d{4}-\d\d-\d\d,,,,1,10,3,/)
    expect(existsSync(postmaster)).toBe(false)

    const second = await serve(variables, folder)
    await recorded(second, await ask(second, keyOf(folder)))
    expect(await exported(folder)).toHaveLength(2)
    // The worst: both die at once, and the file that tells of the server stays.
    process.kill(Number(readFileSync(postmaster, 'utf8').split('\n')[0]), 'SIGKILL')
    second.process.kill('SIGKILL')
    await second.exited
    expect(existsSync(postmaster)).toBe(true)

    const third = await serve(variables, folder)
    await recorded(third, await ask(third, keyOf(folder)))
    expect(await exported(folder)).toHaveLength(3)
    // A server whose `serve` was killed is taken over, and ends with the next.
    third.process.kill('SIGKILL')
    await third.exited
    const fourth = await serve(variables, folder)
    expect(await runJsonProcess(folder, 'purge', RECORDED)).toEqual({ records: 0, bodies: 0 })
    // What has just ended is written before SIGTERM ends it.
    await ask(fourth, keyOf(folder))
    await stop(fourth)
    expect(await exported(folder)).toHaveLength(4)
    expect(existsSync(postmaster)).toBe(false)
    expect(readdirSync(join(folder, '.data', 'postgres', 'users'))).toEqual([])
  }, 90_000)

  it('says why it does not start, and what else there is', async () => {
    const folder = makeFolder()
    mkdirSync(join(folder, '.data', 'postgres', 'data'), { recursive: true })
    const { code, stderr } = await runProcess(folder, 'usage', { variables: RECORDED })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^prompt-train: DATA_DIR: the embedded Postgres does not start \(.+\): .*DATABASE_URL/)
  })
})

it('records the demonstration without a cost', async () => {
  const folder = makeFolder()
  const server = await serve(RECORDED, folder)
  await ask(server, keyOf(folder))
  await stop(server)
  const { rows } = await runJsonProcess(folder, 'usage --by domain', RECORDED)
  expect(rows).toMatchObject([{ domain: 'default', requests: 1, costMicroUsd: 0, unpricedRequests: 0 }])
})

describe('where no database is', () => {
  it.each(['usage', 'export --domain default', 'purge'])('%s says so and makes none', async (line) => {
    const folder = makeFolder()
    for (const variables of [RECORDED, { ...RECORDED, DATA_DIR: 'misspelt' }]) {
      const { code, stdout, stderr } = await run(folder, line, { variables })
      const place = join(folder, 'DATA_DIR' in variables ? 'misspelt' : '.data')
      expect({ code, stdout, stderr }).toEqual({
        ...{ code: 1, stdout: '' },
        stderr:
          `prompt-train: DATA_DIR: there is no database in ${place}: ` +
          'run this where serve runs, or set DATA_DIR or DATABASE_URL\n',
      })
    }
    expect(readdirSync(folder)).toEqual([])
  })

  // Node's own mkdir, asked to make the folders above as well, never returns there.
  it.runIf(process.platform === 'linux')('none can be made in /proc, which is an error at once', async () => {
    for (const [line, STORAGE_ENABLED] of [
      ['serve', 'true'],
      ['serve', 'false'],
      ['usage', 'true'],
    ] as const) {
      const { code, stderr } = await runProcess(makeFolder(), line, {
        variables: { STORAGE_ENABLED, DATA_DIR: '/proc/x/y' },
      })
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^prompt-train: DATA_DIR: [^\n]+\n$/) })
    }
  })
})

describe('with DATABASE_URL', () => {
  it('wants it migrated, and takes keys and credentials from it', async () => {
    const upstream = await startScriptedUpstream()
    const postgres = await startPostgres()
    const storage = createPostgresStorage({ connectionString: postgres.url })
    try {
      const folder = makeFolder()
      const database = { ...RECORDED, DATABASE_URL: postgres.url }
      const variables = { ...database, NODE_ENV: 'production', CLAUDE_API_BASE_URL: upstream.address }
      for (const line of ['serve', 'usage']) {
        const { code, stderr } = await runProcess(folder, line, { variables })
        expect({ code, stderr }).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/DATABASE_URL: .*prompt-train migrate/),
        })
      }
      expect((await runJsonProcess(folder, 'migrate', database)).migrations).not.toEqual([])
      expect(await runJson(folder, 'migrate', database)).toEqual({ migrations: [] })

      const { key, record } = createClientKey({ domain: 'example.com' })
      await storage.clientKeys.add(record)
      const apiKey = new Secret('sk-ant-api03-FAKE-of-the-database')
      await storage.credentials.update('example.com', () => ({ type: 'api_key', apiKey }))
      const server = await serve(variables, folder)
      await ask(server, key)
      expect(upstream.requests[0]).toMatchObject({ 'x-api-key': apiKey.expose() })
      await stop(server)
      expect(server.output.stdout).toContain('bodies are not recorded')
      expect(server.output.stdout).not.toContain('FAKE')
      expect(existsSync(join(folder, '.data', 'postgres'))).toBe(false)
      const { rows } = await runJson(folder, 'usage --by key', database)
      expect(rows).toMatchObject([{ keyId: record.keyId, requests: 1 }])
    } finally {
      await storage.close()
      await postgres.stop()
    }
  }, 90_000)
})

describe('without', () => {
  it('records nothing and starts no database with STORAGE_ENABLED=false', async () => {
    const folder = makeFolder()
    const server = await serve({ STORAGE_ENABLED: 'false' }, folder)
    await ask(server, keyOf(folder))
    expect(await (await fetch(`${server.address}/health`)).json()).toMatchObject({ recorder: null })
    await stop(server)
    expect(readdirSync(join(folder, '.data'))).toEqual(['client-key'])
  })

  it('names DATABASE_URL when that database is away, without what is in it', async () => {
    const variables = { DATABASE_URL: 'postgresql://app:FAKE-password@127.0.0.1:1/app' }
    for (const line of ['serve', 'migrate']) {
      const { code, stderr } = await runProcess(makeFolder(), line, { variables })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          'prompt-train: DATABASE_URL: app on 127.0.0.1:1: The connection is refused (ECONNREFUSED): ' +
          'start the server, or mend host and port.\n',
      })
    }
  })

  it.each([
    ['usage --by week', '--by'],
    ['usage --json --csv', '--csv'],
    ['usage --from yesterday', 'nor an ISO date\nSee: prompt-train usage --help\n'],
    ['usage --from 1d --to 2d', 'option "--from" is after "--to"\nSee: prompt-train usage --help\n'],
    ['export --domain a.test --from 2999-01-01', '"--from" is after "--to"\nSee: prompt-train export --help\n'],
    ['usage --recompute --csv', '--csv'],
    ['usage --recompute --by day', '--by'],
    ['usage --prices prices.json', '--recompute'],
    ['migrate --grants serving', '--grants'],
    ['export', '--domain'],
  ])('refuses "%s"', async (line, named) => {
    const { code, stdout, stderr } = await run(makeFolder(), line)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(named)
  })

  it('prints the grants with no database', async () => {
    const { code, stdout } = await run(makeFolder(), 'migrate --grants serving,owner')
    expect(code).toBe(0)
    expect(stdout).toContain('grant select, insert, update on')
    expect(stdout).toContain('to "serving"')
  })
})
