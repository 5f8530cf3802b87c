import { Agent } from 'node:http'
import { errorTable } from '@agent-prompt-train/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Answer, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'
import { errorOf, type Received, send } from './client.js'
import { jsonAnswer } from './raw-http.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

async function startUpstream(answer: Answer): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream(answer)
  onTestFinished(() => upstream.close())
  return upstream
}

/** An error answer of the API, in odd spelling so that a re-serialised body is told from the same bytes. */
function errorText(type: string): string {
  return `{"type":"error",  "error":{"type":"${type}","message":"Grüße"}}\n`
}

function valuesOf({ rawHeaders }: Received, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
}

describe.each(hosts)('answers as the upstream gives them, over $name', (host) => {
  it.each([
    [429, 'rate_limit_error', { 'retry-after': '7', 'retry-after-ms': '6500', 'x-should-retry': 'true' }],
    [403, 'permission_error', { 'request-id': 'req_403' }],
    [529, 'overloaded_error', { 'x-should-retry': 'true' }],
    [503, 'api_error', { 'retry-after': '1' }],
  ])('passes %d through with its headers and sends nothing again', async (status, type, headers) => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(errorText(type))
    })
    const { origin } = await startProxy(host, upstream.origin)
    const startedAt = performance.now()
    for (let i = 1; i <= 20; i++) {
      const answer = await send(origin)
      expect(answer.status).toBe(status)
      expect(answer.body.toString()).toBe(errorText(type))
      expect(answer.headers).toMatchObject(headers)
      expect(upstream.received).toHaveLength(i)
    }
    // No retry-after is waited for on the client's behalf.
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  it('answers 502 to a 401, which is about our credential, and keeps what the upstream says to itself', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end(errorText('authentication_error'))
    })
    const { origin } = await startProxy(host, upstream.origin)
    const answer = await send(origin)
    expect(answer.status).toBe(502)
    expect(errorOf(answer)).toEqual({ type: 'api_error', message: errorTable.credential_refused.message })
    expect(answer.headers).toMatchObject({ 'x-should-retry': 'false' })
    expect(upstream.received).toHaveLength(1)
  })

  it.each([300, 301, 302, 303, 307, 308])('answers 502 to a %d and follows it nowhere', async (status) => {
    const other = await startUpstream((_request, response) => response.end('{}'))
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(status, { location: `${other.origin}/v1/messages` }).end()
    })
    const { origin } = await startProxy(host, upstream.origin)
    const answer = await send(origin)
    expect(answer.status).toBe(502)
    expect(errorOf(answer).type).toBe('api_error')
    expect(answer.headers).not.toHaveProperty('location')
    expect(other.received).toHaveLength(0)
    expect(upstream.received).toHaveLength(1)
  })

  it("keeps the edge's headers and the account's from the client", async () => {
    const kept = {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'request-id',
      'alt-svc': 'h3=":443"; ma=86400',
      'anthropic-organization-id': 'org-1',
      'anthropic-workspace-id': 'wrkspc-1',
      'cf-cache-status': 'DYNAMIC',
      'cf-ray': '1-FRA',
      'proxy-authenticate': 'Basic',
      server: 'cloudflare',
      'set-cookie': ['session=1; Path=/', 'other=2'],
      'strict-transport-security': 'max-age=1',
      via: '1.1 google',
      'x-envoy-upstream-service-time': '5',
    }
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { ...kept, 'request-id': 'req_1', 'content-type': 'application/json' }).end('{}')
    })
    const { origin } = await startProxy(host, upstream.origin)
    const { headers } = await send(origin)
    expect(headers['request-id']).toBe('req_1')
    expect(Object.keys(headers).filter((name) => name in kept)).toEqual([])
  })

  it('waits through repeated interim answers for the final one', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nset-cookie: a=1\r\n\r\n'
    const processing = 'HTTP/1.1 102 Processing\r\n\r\n'
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(hints + processing.repeat(20))
      setImmediate(() => socket.write(hints + jsonAnswer('{"final":true}')))
    })
    const { origin } = await startProxy(host, upstream.origin)
    const answer = await send(origin)
    expect(answer).toMatchObject({ status: 200, complete: true, body: Buffer.from('{"final":true}') })
    expect(answer.headers).not.toHaveProperty('link')
    expect(upstream.requests).toHaveLength(1)
  })

  // RFC 9110 section 15.2 would have it skipped; undici takes it for a broken answer.
  it('answers 502 to an unasked 100 Continue and shows what followed to nobody', async () => {
    const upstream = await startRawUpstream(({ socket, connection }) => {
      const interim = connection === 0 ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''
      socket.write(interim + jsonAnswer(String(connection)))
    })
    const { origin } = await startProxy(host, upstream.origin)
    expect((await send(origin)).status).toBe(502)
    expect((await send(origin)).body.toString()).toBe('1')
  })

  it('passes repeated header lines on in their order', async () => {
    const upstream = await startUpstream((_request, response) => {
      response
        .writeHead(200, [
          ...['content-type', 'application/json', 'request-id', 'req_1', 'request-id', 'req_2'],
          ...['anthropic-note', 'one', 'Anthropic-Note', 'two, three'],
        ])
        .end('{}')
    })
    const { origin, logged } = await startProxy(host, upstream.origin)
    const answer = await send(origin)
    expect(answer.status).toBe(200)
    // Lines of one name may be joined on the way (RFC 9110 section 5.3).
    expect(valuesOf(answer, 'anthropic-note').join(', ')).toBe('one, two, three')
    expect(valuesOf(answer, 'request-id').join(', ')).toBe('req_1, req_2')
    await expect.poll(() => logged().at(-1)).toMatchObject({ status: 200 })
  })

  it('takes the last line where an answer says its content-type twice', async () => {
    const upstream = await startRawUpstream(({ socket }) => {
      const text = jsonAnswer('{}').replace('content-type', 'content-type: application/json\r\ncontent-type')
      socket.write(text)
    })
    const { origin } = await startProxy(host, upstream.origin)
    expect(await send(origin)).toMatchObject({ complete: true, body: Buffer.from('{}') })
  })

  it('answers HEAD without a body and goes on using both connections', async () => {
    const upstream = await startUpstream(({ method }, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 5 })
      response.end(method === 'HEAD' ? undefined : 'hello')
    })
    const { origin } = await startProxy(host, upstream.origin)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (let round = 0; round < 5; round++) {
      const head = await send(origin, { method: 'HEAD', path: '/api/hello', agent })
      expect(head).toMatchObject({ status: 200, complete: true, body: Buffer.alloc(0) })
      expect(head.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '5' })
      const get = await send(origin, { method: 'GET', path: '/api/hello', agent })
      expect(get.body.toString()).toBe('hello')
    }
    expect(upstream.received.map(({ method }) => method).join()).toBe(Array(5).fill('HEAD,GET').join())
  })
})
