import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { send } from './client.js'
import { hosts, startProxy } from './scene.js'

/** Drips one byte each 50 ms, `bytes` of them, and then falls silent. */
async function startDripping(bytes: number) {
  const upstream = await startScriptedUpstream(async ({ url }, response) => {
    if (url.endsWith('?quick')) return response.end('quick')
    response.writeHead(200, { 'content-type': 'application/json' })
    for (let i = 0; i < bytes && !response.destroyed; i++) {
      response.write('x')
      await wait(50)
    }
  })
  onTestFinished(() => upstream.close())
  return upstream
}

describe.each(hosts)('an upstream that falls silent, over $name', (host) => {
  it('is cut at idleMs, after bytes that came slower than that together', async () => {
    const upstream = await startDripping(20)
    const { origin, logged } = await startProxy(host, upstream.origin, { timeouts: { idleMs: 300 } })
    const dripping = send(origin)
    expect((await send(origin, { path: '/v1/messages?quick' })).body.toString()).toBe('quick')
    const { status, body, complete } = await dripping
    expect({ status, complete, body: body.toString() }).toEqual({
      status: 200,
      complete: false,
      body: 'x'.repeat(20),
    })
    await upstream.received[0]!.closed
    await expect.poll(() => logged().at(-1)).toMatchObject({ broken: true })
  })

  it('is cut at totalMs although it goes on', async () => {
    const upstream = await startDripping(1000)
    const { origin, logged } = await startProxy(host, upstream.origin, { timeouts: { totalMs: 200 } })
    const startedAt = performance.now()
    const { complete } = await send(origin)
    expect(complete).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(2000)
    await upstream.received[0]!.closed
    await expect.poll(() => logged().at(-1)).toMatchObject({ broken: true })
  })
})
