import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { errorOf, send } from './client.js'
import { connectRaw, requestHead } from './raw-client.js'
import { chunk, jsonAnswer } from './raw-http.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

const KIB = 1024
const MIB = 1024 * KIB

describe.each(hosts)('a body over the limit, over $name', (host) => {
  describe.each([
    { limit: KIB, where: 'far below what is gathered' },
    { limit: 200 * KIB, where: 'just below what is gathered' },
    { limit: MIB, where: 'within what is streamed' },
  ])('limit $limit, $where', ({ limit }) => {
    const start = async () => {
      const upstream = await startRawUpstream(({ socket }) => void socket.write(jsonAnswer('ok')))
      const scene = await startProxy(host, upstream.origin, { edge: { limits: { bodyBytes: limit } } })
      return { upstream, ...scene }
    }
    const chunked = { 'transfer-encoding': 'chunked' }

    it('takes a body of exactly the limit', async () => {
      const { origin } = await start()
      const body = Buffer.alloc(limit, 'x')
      expect((await send(origin, { body })).status).toBe(200)
      expect((await send(origin, { body, headers: chunked })).status).toBe(200)
    })

    it.each([
      ['a content-length', {}],
      ['chunks', chunked],
    ])('answers 413 to one byte more with %s', async (_framing, headers) => {
      const { origin, upstream } = await start()
      const answer = await send(origin, { body: Buffer.alloc(limit + 1, 'x'), headers })
      expect(answer.status).toBe(413)
      expect(errorOf(answer).type).toBe('request_too_large')
      expect(upstream.requests).toHaveLength(0)
    })

    it.each([
      ['a content-length', `content-length: ${64 * MIB}`, 'x'.repeat(64 * KIB)],
      ['chunks', 'transfer-encoding: chunked', chunk('x'.repeat(64 * KIB))],
    ])('lets the client read the 413 while it still sends, with %s', async (_framing, framing, piece) => {
      const { origin, upstream, logged } = await start()
      const { socket } = connectRaw(origin)
      let text = ''
      socket.on('data', (bytes) => {
        text += bytes.toString()
      })
      socket.write(requestHead(framing))
      let sent = 0
      // Sends on for a while after the answer, as a client does that has not looked at it yet.
      while (sent < limit + 8 * MIB) {
        sent += 64 * KIB
        if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
        expect(socket.destroyed).toBe(false)
      }
      await expect.poll(() => text).toMatch(/^HTTP\/1\.1 413 [\s\S]*"type":"request_too_large"/)
      expect(logged().at(-1)).toMatchObject({ status: 413 })
      expect(upstream.requests).toHaveLength(0)
      // None was opened where the limit was seen at once.
      await expect.poll(() => upstream.sockets[0]?.destroyed ?? true).toBe(true)
    })
  })
})
