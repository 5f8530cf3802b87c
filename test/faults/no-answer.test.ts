import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listen } from '../support/listen.js'
import { errorOf, send } from './client.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

describe.each(hosts)('no answer from the upstream, over $name', (host) => {
  it('answers 502 within a second when the upstream refuses connections', async () => {
    const { origin: closedPort, close } = await listen(createServer())
    await close()
    const { origin, logged } = await startProxy(host, closedPort)
    const startedAt = performance.now()
    const answer = await send(origin)
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(answer.status).toBe(502)
    expect(errorOf(answer).type).toBe('api_error')
    expect(logged().at(-1)).toMatchObject({ status: 502, errorType: 'api_error' })
  })

  it('answers 504 at firstByteMs and closes the connection when the upstream never answers', async () => {
    const upstream = await startRawUpstream(() => {})
    const { origin, proxy } = await startProxy(host, upstream.origin, { timeouts: { firstByteMs: 100 } })
    const answer = await send(origin)
    expect(answer.status).toBe(504)
    expect(errorOf(answer).type).toBe('timeout_error')
    await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
    expect(proxy.health().inFlight).toBe(0)
    expect(upstream.requests).toHaveLength(1)
  })

  it.each([
    ['closes', (socket: Socket) => socket.destroy()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('answers 502 and does not send again when the upstream %s a fresh connection', async (_how, cut) => {
    const upstream = await startRawUpstream(({ socket }) => cut(socket))
    const { origin } = await startProxy(host, upstream.origin)
    const answer = await send(origin)
    expect(answer.status).toBe(502)
    expect(errorOf(answer).type).toBe('api_error')
    expect(upstream.requests).toHaveLength(1)
  })
})
