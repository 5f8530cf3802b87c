import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../support/listen.js'
import { errorOf, open, send } from './client.js'
import { jsonAnswer } from './raw-http.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy, storage } from './scene.js'

const poison = jsonAnswer('poison')

/** Credentials that run `before` at the last moment before a request goes up. */
function credentialsAfter(before: () => void): typeof storage.credentials {
  return {
    ...storage.credentials,
    find(domain) {
      before()
      return storage.credentials.find(domain)
    },
  }
}

describe.each(hosts)('connections that are used again, over $name', (host) => {
  it('shows no client what an upstream sent beyond an earlier answer', async () => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      const name = /x-app: (\d+)/.exec(text)![1]!
      if (Number(name) % 2 === 0) socket.write(jsonAnswer(name) + poison)
      else socket.write(jsonAnswer(name))
    })
    const { origin } = await startProxy(host, upstream.origin)
    for (let i = 0; i < 200; i++) {
      expect((await send(origin, { headers: { 'x-app': String(i) } })).body.toString()).toBe(String(i))
      const socket = upstream.sockets.at(-1)!
      // Bytes that follow an answer later, on the idle connection.
      if (i % 2 === 1) socket.write(poison)
      if (!socket.destroyed) await once(socket, 'close')
    }
    expect(upstream.sockets).toHaveLength(200)
  })

  it('spares clients that the upstream closed its idle connections', async () => {
    const arrived: string[] = []
    const upstream = createServer((request, response) => {
      request.resume().on('end', () => {
        arrived.push(request.headers['x-app'] as string)
        response.end('ok')
      })
    })
    const { origin: upstreamOrigin, close } = await listen(upstream)
    onTestFinished(close)
    const { origin } = await startProxy(host, upstreamOrigin, {
      credentials: credentialsAfter(() => upstream.closeIdleConnections()),
    })
    let sent = 0
    for (let round = 0; round < 300; round++) {
      // Several idle connections may go stale at once, and a request must not be sent from one to the next.
      const answers = await Promise.all(
        Array.from({ length: round % 3 === 0 ? 4 : 1 }, () => send(origin, { headers: { 'x-app': String(sent++) } })),
      )
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    }
    expect(arrived.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, i) => i))
  }, 30_000)

  // undici connects anew when a request is aborted, so the pool has a connection that nobody has used yet.
  it('spares clients that the upstream closed the connection that stands ready after an abort', async () => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (!text.includes('x-app: aborted')) socket.write(jsonAnswer('ok'))
    })
    const { origin } = await startProxy(host, upstream.origin, {
      credentials: credentialsAfter(() => {
        for (const socket of upstream.sockets.slice(1)) socket.destroy()
      }),
    })
    const aborted = open(origin, { headers: { 'x-app': 'aborted' } }).on('error', () => {})
    await expect.poll(() => upstream.requests.length).toBe(1)
    aborted.destroy()
    await expect.poll(() => upstream.sockets.length).toBe(2)
    expect((await send(origin)).status).toBe(200)
    expect(upstream.requests).toHaveLength(2)
  })

  it('sends a request once more where the upstream drops every connection that is used again', async () => {
    const attempts = new Map<string, number>()
    const used = new WeakSet<Socket>()
    const upstream = await startRawUpstream(({ socket, text, connection }) => {
      const name = /x-app: (\d+)/.exec(text)![1]!
      attempts.set(name, (attempts.get(name) ?? 0) + 1)
      if (!used.has(socket)) socket.write(jsonAnswer('ok'))
      else if (connection % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
      used.add(socket)
    })
    const { origin } = await startProxy(host, upstream.origin)
    for (let i = 0; i < 300; i++) {
      expect((await send(origin, { headers: { 'x-app': String(i) } })).status).toBe(200)
    }
    expect(attempts.size).toBe(300)
    expect(Math.max(...attempts.values())).toBe(2)
  })

  it('sends a request no more than twice', async () => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.includes('x-app: doomed')) socket.destroy()
      else setImmediate(() => socket.write(jsonAnswer('ok')))
    })
    const { origin } = await startProxy(host, upstream.origin)
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 4 }, () => send(origin)))
      const before = upstream.requests.length
      const answer = await send(origin, { headers: { 'x-app': 'doomed' } })
      expect(answer.status).toBe(502)
      expect(errorOf(answer).type).toBe('api_error')
      expect(upstream.requests.length - before).toBe(2)
    }
  })

  it('does not send again what the upstream has begun to answer', async () => {
    const upstream = await startRawUpstream(({ socket, text }) => {
      if (text.includes('x-app: doomed')) socket.end('HTTP/1.1 200 OK\r\nreq')
      else socket.write(jsonAnswer('ok'))
    })
    const { origin } = await startProxy(host, upstream.origin)
    await send(origin)
    expect((await send(origin, { headers: { 'x-app': 'doomed' } })).status).toBe(502)
    expect(upstream.requests).toHaveLength(2)
    expect(upstream.sockets).toHaveLength(1)
  })
})
