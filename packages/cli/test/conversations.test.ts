import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder, recorded, type Server, serve } from './support/command.js'
import { run, runJsonProcess, runProcess } from './support/run.js'
import { startScriptedUpstream } from './support/scripted-upstream.js'

const RECORDED = { STORAGE_ENABLED: 'true' }
const HELLO = { role: 'assistant', content: 'Hello.' }

/** Sends a history that ends with these words; gives the request's id. */
async function ask(server: Server, folder: string, messages: readonly object[], headers: Record<string, string> = {}) {
  const key = readFileSync(join(folder, '.data', 'client-key'), 'utf8').trim()
  const response = await fetch(`${server.address}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'claude-haiku-5-5', max_tokens: 9, messages }),
  })
  await response.text()
  return response.headers.get('x-prompt-train-request-id')!
}

describe('conversations', () => {
  it('prints what was sent through serve, as JSON and for people', async () => {
    const upstream = await startScriptedUpstream()
    const folder = makeFolder()
    const server = await serve(
      { ...RECORDED, ANTHROPIC_API_KEY: 'sk-ant-FAKE', CLAUDE_API_BASE_URL: upstream.address },
      folder,
    )
    const begin = [{ role: 'user', content: 'hello' }]
    const on = (words: string) => [...begin, HELLO, { role: 'user', content: words }]
    const first = await ask(server, folder, begin)
    const second = await ask(server, folder, on('and on'))
    const branch = await ask(server, folder, on('or else'))
    const session = { 'x-claude-code-session-id': 'session-1' }
    const main = await ask(server, folder, begin, session)
    const agent = await ask(server, folder, begin, { ...session, 'x-claude-code-agent-id': 'agent-1' })

    await recorded(server, agent)
    expect(await runJsonProcess(folder, 'conversations --domain default', RECORDED)).toEqual({
      conversations: [
        {
          id: first,
          domain: 'default',
          subTaskOf: null,
          branches: [
            { id: first, from: null, requests: [first, second] },
            { id: branch, from: first, requests: [branch] },
          ],
          subTask: null,
          sessionId: null,
          startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        },
        expect.objectContaining({ id: main, sessionId: 'session-1', subTaskOf: null }),
        expect.objectContaining({ id: agent, subTaskOf: main, subTask: 1 }),
      ],
      linking: { exchanges: 5, linked: 3, begun: 2, unknown: 0 },
    })
    const { stdout } = await runProcess(folder, 'conversations --since 1h', { variables: RECORDED })
    expect(stdout).toMatch(/^BEGAN .* REQUESTS +COMES FROM\n/)
    expect(stdout).toMatch(new RegExp(`default +${first} +2 +-\n +${branch} +1 +branch from ${first}\n`))
    expect(stdout).toMatch(new RegExp(`${agent} +1 +sub-task 1 of ${main}\n`))
    expect(stdout).toContain('\n3 conversations of 5 requests, 3 of them (60.0 %) linked to another.\n')
    const nothing = await runProcess(folder, 'conversations --domain other.example', { variables: RECORDED })
    expect(nothing).toEqual({ code: 0, stdout: 'Nothing was recorded.\n', stderr: '' })
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
  }, 90_000)

  it('refuses a time that is none', async () => {
    const { code, stdout, stderr } = await run(makeFolder(), 'conversations --since yesterday')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--since')
  })
})
