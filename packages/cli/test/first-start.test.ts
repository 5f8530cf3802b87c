import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder, printed, promptTrain, serve, shell } from './support/command.js'

const DEMONSTRATION = 'demonstration upstream of Agent Prompt Train: no Claude model was called'

describe('the first start, with nothing configured', () => {
  it('prints a curl line that works in any folder', async () => {
    const server = await serve()
    const answer = JSON.parse((await shell(server.curl)).join(''))
    expect(answer).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
    expect(answer.content[0].text).toContain(DEMONSTRATION)
    expect(answer.content[0].text).toContain('set ANTHROPIC_API_KEY')
  })

  it('prints a curl line whose answer streams', async () => {
    const server = await serve()
    const pieces = await shell(server.curlStream)
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces[0]).toContain('event: message_start\n')
    const events = pieces
      .join('')
      .trim()
      .split('\n\n')
      .map((event) => /^event: (\w+)\ndata: (.*)$/.exec(event)!.slice(1))
    expect(events.every(([name, data]) => JSON.parse(data!).type === name)).toBe(true)
    const kinds = events.map(([name]) => name).filter((name, i, names) => name !== names[i - 1])
    expect(kinds).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const text = events.map(([, data]) => JSON.parse(data!).delta?.text ?? '').join('')
    expect(text).toContain(DEMONSTRATION)
  })

  it('prints the same as text for people, with LOG_PRETTY', async () => {
    const command = promptTrain(['serve'], { PORT: '0', LOG_PRETTY: 'true' })
    await printed(command, 'Ctrl-C stops the server.')
    expect(command.output.stdout).toMatch(/WARN.*: demonstration upstream: .*set ANTHROPIC_API_KEY/)
    const [plain, stream] = command.output.stdout.split('\n').filter((line) => line.startsWith('curl '))
    expect((await shell(plain!)).join('')).toContain(DEMONSTRATION)
    expect((await shell(stream!)).join('')).toContain('event: message_stop\n')
    await printed(command, 'tokens in')
    expect(command.output.stdout).toMatch(/POST \/v1\/messages 200 in \d+ ms/)
  })

  it('keeps the client key it made, for its owner alone, and uses it again', async () => {
    const folder = makeFolder()
    const file = join(folder, '.data', 'client-key')
    const first = await serve({}, folder)
    const key = readFileSync(file, 'utf8')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    first.process.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = await serve({}, folder)
    expect(readFileSync(file, 'utf8')).toBe(key)
    expect((await shell(second.curl)).join('')).toContain(DEMONSTRATION)
  })

  it('puts the key where DATA_DIR says', async () => {
    const dataDir = join(makeFolder(), 'elsewhere')
    const server = await serve({ DATA_DIR: dataDir })
    expect(readFileSync(join(dataDir, 'client-key'), 'utf8')).toMatch(/^cnp_live_/)
    expect((await shell(server.curl)).join('')).toContain(DEMONSTRATION)
  })

  it('asks for no key with ENABLE_CLIENT_AUTH=false in development', async () => {
    const server = await serve({ ENABLE_CLIENT_AUTH: 'false', NODE_ENV: 'development' })
    expect(server.curl).not.toContain('Authorization')
    expect((await shell(server.curl)).join('')).toContain(DEMONSTRATION)
  })

  it('warns of the demonstration, and that CLAUDE_API_BASE_URL waits for a credential', async () => {
    const server = await serve({ CLAUDE_API_BASE_URL: 'http://127.0.0.1:9' })
    const warning = expect.stringMatching(
      /^demonstration upstream: .*set ANTHROPIC_API_KEY.*CLAUDE_API_BASE_URL is not used/,
    )
    expect(server.lines()).toContainEqual(expect.objectContaining({ level: 40, msg: warning }))
    expect((await shell(server.curl)).join('')).toContain(DEMONSTRATION)
  })

  it('names the variables that have no effect yet, once and without their values', async () => {
    const server = await serve({ DASHBOARD_API_KEY: 'FAKE', SLACK_WEBHOOK_URL: 'https://FAKE' })
    const warnings = server.lines().filter(({ msg }) => String(msg).includes('does not use it yet'))
    expect(warnings.map(({ msg }) => msg)).toEqual([
      'DASHBOARD_API_KEY, SLACK_WEBHOOK_URL: set, but this version does not use it yet',
    ])
    expect(server.output.stdout).not.toContain('FAKE')
  })
})

describe('the demonstration upstream', () => {
  it('answers the other routes, and mistakes in the API’s error shape', async () => {
    const server = await serve({ ENABLE_CLIENT_AUTH: 'false', NODE_ENV: 'development' })
    const ask = async (path: string, body?: unknown) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(`${server.address}${path}`, init)
      return { status: response.status, body: JSON.parse(await response.text()) }
    }
    const messages = [{ role: 'user', content: 'Hello' }]
    expect(await ask('/v1/messages/count_tokens', { model: 'm', messages })).toEqual({
      status: 200,
      body: { input_tokens: expect.any(Number) },
    })
    const models = await ask('/v1/models')
    expect(models.body).toMatchObject({ has_more: false, data: expect.any(Array) })
    const [model] = models.body.data
    expect(await ask(`/v1/models/${model.id}?x=1`)).toEqual({ status: 200, body: model })
    const error = (type: string) => ({
      type: 'error',
      error: { type, message: expect.any(String) },
      request_id: expect.any(String),
    })
    expect(await ask('/v1/models/none')).toEqual({ status: 404, body: error('not_found_error') })
    const wrong = [{}, null, { model: 'm' }, { model: 'm', messages: [], max_tokens: 1 }, { model: 'm', messages }]
    for (const body of wrong) {
      expect(await ask('/v1/messages', body)).toEqual({ status: 400, body: error('invalid_request_error') })
    }
  })
})
