import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { headOf, open } from './client.js'
import { connectRaw, requestHead } from './raw-client.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

const MIB = 1024 * 1024
const ANSWER_BYTES = 200 * MIB

const framings = [
  { size: 'small', framing: 'content-length: 1000', sent: '{"model":', reachesUpstream: false },
  { size: 'large', framing: `content-length: ${MIB}`, sent: 'x'.repeat(500_000), reachesUpstream: true },
  { size: 'small chunked', framing: 'transfer-encoding: chunked', sent: '9\r\n{"model":\r\n', reachesUpstream: false },
  {
    size: 'large chunked',
    framing: 'transfer-encoding: chunked',
    sent: `${(500_000).toString(16)}\r\n${'x'.repeat(500_000)}\r\n`,
    reachesUpstream: true,
  },
]

describe.each(hosts)('a slow client, over $name', (host) => {
  it('holds back the upstream of a client that does not read, and then gets every byte', async () => {
    const pattern = Buffer.alloc(MIB, 'an answer that goes on and on; ')
    const hash = createHash('sha1')
    let written = 0
    let response!: ServerResponse
    const upstream = await startScriptedUpstream(async (_request, answer) => {
      response = answer
      answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': ANSWER_BYTES })
      for (; written < ANSWER_BYTES; written += MIB) {
        hash.update(pattern)
        if (!answer.write(pattern)) await once(answer, 'drain')
      }
      answer.end()
    })
    onTestFinished(() => upstream.close())
    const { origin } = await startProxy(host, upstream.origin)
    const answer = await headOf(open(origin))
    answer.pause()

    let before = -1
    const stalled = () => {
      const still = written === before && response.writableNeedDrain
      before = written
      return still
    }
    await expect.poll(stalled, { interval: 200, timeout: 10_000 }).toBe(true)
    // What both connections' kernel buffers hold, and little else.
    expect(written).toBeLessThan(40 * MIB)

    const got = createHash('sha1')
    for await (const chunk of answer) got.update(chunk as Buffer)
    expect(answer.complete).toBe(true)
    expect(written).toBe(ANSWER_BYTES)
    expect(got.digest('hex')).toBe(hash.digest('hex'))
  })

  it.each(framings)(
    'answers 408 to one that stalls within a $size body',
    async ({ framing, sent, reachesUpstream }) => {
      const upstream = await startRawUpstream(() => {})
      const { origin, proxy } = await startProxy(host, upstream.origin, { edge: { limits: { bodyIdleMs: 200 } } })
      const { socket } = connectRaw(origin)
      socket.write(requestHead(framing) + sent)
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      expect(bytes.toString()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"type":"timeout_error"/)
      expect(proxy.health().inFlight).toBe(0)
      expect(upstream.requests).toHaveLength(0)
      if (reachesUpstream) await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
      else expect(upstream.sockets).toHaveLength(0)
    },
  )

  it('lets a client that keeps sending, however slowly, take longer than bodyIdleMs', async () => {
    const upstream = await startScriptedUpstream(({ body }, response) => response.end(String(body.length)))
    onTestFinished(() => upstream.close())
    const { origin } = await startProxy(host, upstream.origin, { edge: { limits: { bodyIdleMs: 300 } } })
    const { socket } = connectRaw(origin)
    socket.write(requestHead('content-length: 10'))
    const answered = once(socket, 'data') as Promise<[Buffer]>
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.write('x')
    }
    const [bytes] = await answered
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 200 /)
  })
})
