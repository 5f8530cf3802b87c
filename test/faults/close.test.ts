import { Agent } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { errorOf, headOf, open, read, send } from './client.js'
import { chunk, eventStreamHead, jsonAnswer, lastChunk } from './raw-http.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

const event = 'event: ping\ndata: {"type":"ping"}\n\n'

describe.each(hosts)('close(), over $name', (host) => {
  /** A proxy with a stream under way, one event of which has arrived. */
  async function streaming() {
    const upstream = await startRawUpstream(({ socket, text }) => {
      socket.write(text.includes('"stream":true') ? eventStreamHead + chunk(event) : jsonAnswer('ok'))
    })
    const scene = await startProxy(host, upstream.origin)
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    expect((await send(scene.origin, { agent })).headers.connection).not.toBe('close')
    const answer = await headOf(open(scene.origin, { body: '{"stream":true}' }))
    const received = read(answer)
    await new Promise((resolve) => answer.once('data', resolve))
    return { ...scene, agent, received, socket: upstream.requests.at(-1)!.socket, upstream }
  }

  it('refuses new requests and lets a stream finish', async () => {
    const { origin, proxy, agent, received, socket, upstream } = await streaming()
    const arrived = upstream.requests.length
    let closed = false
    const closing = proxy.close().then(() => {
      closed = true
    })
    const again = proxy.close({ drainMs: 0 })
    expect(proxy.health()).toMatchObject({ status: 'draining', inFlight: 1 })

    for (let i = 0; i < 5; i++) {
      const refused = await send(origin, { agent })
      expect(refused.status).toBe(503)
      expect(errorOf(refused).type).toBe('api_error')
      expect(refused.headers.connection).toBe('close')
    }
    expect(upstream.requests).toHaveLength(arrived)
    expect(closed).toBe(false)

    socket.write(chunk(event) + lastChunk)
    expect(await received).toMatchObject({ complete: true, body: Buffer.from(event + event) })
    await Promise.all([closing, again])
    expect(proxy.health()).toMatchObject({ status: 'draining', inFlight: 0 })
    await expect.poll(() => upstream.sockets.every(({ destroyed }) => destroyed)).toBe(true)
  })

  it('cuts a stream as broken that outlasts drainMs', async () => {
    const { proxy, received, socket, logged } = await streaming()
    await proxy.close({ drainMs: 50 })
    const { complete, body } = await received
    expect(complete).toBe(false)
    expect(body.toString()).toMatch(/^event: ping\n.*\n\nevent: error\ndata: \{"type":"error",.*\}\n\n$/)
    await expect.poll(() => socket.destroyed).toBe(true)
    expect(logged().at(-1)).toMatchObject({ broken: true })
    await proxy.close()
  })

  it('answers 503 to a request whose answer has not begun by drainMs', async () => {
    const upstream = await startRawUpstream(() => {})
    const { origin, proxy } = await startProxy(host, upstream.origin)
    const answer = send(origin)
    await expect.poll(() => upstream.requests.length).toBe(1)
    await proxy.close({ drainMs: 50 })
    const { status, headers } = await answer
    expect(status).toBe(503)
    expect(headers.connection).toBe('close')
    await expect.poll(() => upstream.sockets[0]!.destroyed).toBe(true)
  })

  it('is done at once where nothing is under way', async () => {
    const upstream = await startRawUpstream(({ socket }) => void socket.write(jsonAnswer('ok')))
    const { origin, proxy } = await startProxy(host, upstream.origin)
    await send(origin)
    await Promise.all([proxy.close(), proxy.close()])
    expect((await send(origin)).status).toBe(503)
    expect(upstream.requests).toHaveLength(1)
  })
})
