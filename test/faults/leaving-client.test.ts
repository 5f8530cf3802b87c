import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Answer, startScriptedUpstream } from '../support/scripted-upstream.js'
import { headOf, open } from './client.js'
import { connectRaw, requestHead } from './raw-client.js'
import { hosts, startProxy, storage } from './scene.js'

const event = 'event: ping\ndata: {"type":"ping"}\n\n'

/** Answers that stay open, by the path's query, after the head has gone out or before it. */
const answers: Record<string, (response: ServerResponse) => void> = {
  'before the head': () => {},
  'within JSON': (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":'),
  'within a stream': (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event),
  'within a fast stream': (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const more = () => {
      while (response.write(event.repeat(500)));
    }
    response.on('drain', more)
    more()
  },
}
const moments = Object.keys(answers)

/** Leaves at `moment`; resolves then. */
async function leave(origin: string, moment: string, arrived: () => Promise<unknown>): Promise<void> {
  const request = open(origin, { path: `/v1/messages?${encodeURIComponent(moment)}` })
  request.on('error', () => {})
  if (moment === 'before the head') {
    await arrived()
  } else {
    const answer = await headOf(request)
    answer.on('error', () => {})
    await new Promise((resolve) => answer.once('data', resolve))
  }
  request.destroy()
}

const answer: Answer = ({ url }, response) => answers[decodeURIComponent(url.split('?')[1]!)]!(response)

async function startUpstream() {
  const upstream = await startScriptedUpstream(answer)
  onTestFinished(() => upstream.close())
  return upstream
}

const openSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

describe.each(hosts)('a client that leaves, over $name', (host) => {
  it.each(moments)('ends the upstream request within a second: %s', async (moment) => {
    const upstream = await startUpstream()
    const { origin, proxy, logged } = await startProxy(host, upstream.origin)
    await leave(origin, moment, () => expect.poll(() => upstream.received.length).toBe(1))
    const leftAt = performance.now()
    expect((await upstream.received[0]!.closed) - leftAt).toBeLessThan(1000)
    await expect.poll(() => logged().at(-1)).toMatchObject({ aborted: true })
    expect(logged()).toHaveLength(1)
    expect(proxy.health().inFlight).toBe(0)
  })

  it.each([
    ['small', 1000],
    ['large', 1024 * 1024],
  ])('outlives one that leaves a %s body while its credential is looked up', async (_size, length) => {
    const crashes: Error[] = []
    const note = (error: Error) => void crashes.push(error)
    process.on('uncaughtExceptionMonitor', note)
    onTestFinished(() => void process.off('uncaughtExceptionMonitor', note))
    const upstream = await startUpstream()
    let goOn!: () => void
    const lookup = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const find = vi.fn((domain: string) => lookup.then(() => storage.credentials.find(domain)))
    const { origin, logged } = await startProxy(host, upstream.origin, {
      edge: { limits: { bodyIdleMs: 50 } },
      credentials: { ...storage.credentials, find },
    })
    const { socket } = connectRaw(origin)
    socket.write(`${requestHead(`content-length: ${length}`)}{`)
    await expect.poll(() => find.mock.calls.length).toBe(1)
    socket.resetAndDestroy()
    await once(socket, 'close')
    // A turn in which the host gets to know.
    await new Promise((resolve) => setTimeout(resolve, 20))
    goOn()
    await expect.poll(() => logged().at(-1)).toMatchObject({ aborted: true })
    // No event tells that a forgotten timer will not fire.
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(crashes).toEqual([])
    expect(upstream.received).toHaveLength(0)
  })

  it('leaks no socket in 300 departures', async () => {
    const upstream = await startUpstream()
    const { origin, proxy } = await startProxy(host, upstream.origin)
    const before = openSockets()
    for (let round = 0; round < 75; round++) {
      const expected = upstream.received.length + moments.length
      const arrived = () => expect.poll(() => upstream.received.length, { interval: 1 }).toBe(expected)
      await Promise.all(moments.map((moment) => leave(origin, moment, arrived)))
    }
    await Promise.all(upstream.received.map(({ closed }) => closed))
    expect(upstream.received).toHaveLength(300)
    expect(proxy.health().inFlight).toBe(0)
    // What stays is pooled: both ends of no more connections than were in use at once.
    await expect.poll(() => openSockets() - before).toBeLessThanOrEqual(2 * moments.length)
    await proxy.close()
    await expect.poll(() => openSockets()).toBe(before)
  })
})
