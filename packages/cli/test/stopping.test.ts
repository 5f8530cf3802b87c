import { once } from 'node:events'
import { Agent, get, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { printed, type Server, serve } from './support/command.js'
import { startScriptedUpstream } from './support/scripted-upstream.js'

const development = { ENABLE_CLIENT_AUTH: 'false', NODE_ENV: 'development', ANTHROPIC_API_KEY: 'sk-ant-FAKE' }

/** A server with one stream under way: its first event has reached the client, and the test holds the rest. */
async function serveStream(): Promise<{
  server: Server
  upstream: ServerResponse
  rest: Promise<string>
  first: string
}> {
  const answers: ServerResponse[] = []
  const { address } = await startScriptedUpstream((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ping\ndata: {"type":"ping"}\n\n')
    answers.push(response)
  })
  const server = await serve({ ...development, CLAUDE_API_BASE_URL: address })
  const response = await fetch(`${server.address}/v1/messages`, { method: 'POST', body: '{"stream":true}' })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = (await reader.read()).value!
  const rest = (async () => {
    let received = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return received
      received += value
    }
  })()
  // Whoever waits for the end gets the rejection; a test that does not must not fail of it.
  rest.catch(() => {})
  return { server, upstream: answers[0]!, rest, first }
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends with exit code 0', async () => {
    const server = await serve(development)
    server.process.kill(signal)
    expect(await server.exited).toBe(0)
  })

  it('lets a stream finish while new requests get 503', async () => {
    const { server, upstream, rest, first } = await serveStream()
    expect(first).toBe('event: ping\ndata: {"type":"ping"}\n\n')
    server.process.kill(signal)
    await printed(server, '"msg":"stopping')

    const refused = await fetch(`${server.address}/v1/messages`, { method: 'POST', body: '{}' })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('connection')).toBe('close')
    expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } })
    const health = await fetch(`${server.address}/health`)
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ status: 'draining' })

    upstream.end('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    expect(await rest).toBe('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    expect(await server.exited).toBe(0)
  })
})

describe('stopping', () => {
  it('does not wait for idle connections, nor for one that never sent a request', async () => {
    const server = await serve(development)
    const agent = new Agent({ keepAlive: true })
    const [response] = await once(get(`${server.address}/health`, { agent }), 'response')
    await text(response)
    const { hostname, port } = new URL(server.address)
    const silent = connect(Number(port), hostname)
    await once(silent, 'connect')
    const startedAt = performance.now()
    server.process.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(6000)
    agent.destroy()
    silent.destroy()
  })

  it('takes a signal that npm repeats at once as the same one', async () => {
    const { server, upstream, rest } = await serveStream()
    server.process.kill('SIGINT')
    server.process.kill('SIGINT')
    await printed(server, '"msg":"stopping')
    upstream.end('end')
    expect(await rest).toBe('end')
    expect(await server.exited).toBe(0)
  })

  it('ends at once on a second signal', async () => {
    const { server, rest } = await serveStream()
    server.process.kill('SIGTERM')
    await printed(server, '"msg":"stopping')
    const again = setInterval(() => server.process.kill('SIGTERM'), 50)
    expect(await server.exited).toBe(143)
    clearInterval(again)
    await expect(rest).rejects.toThrow()
  })
})
