import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { headOf, open, read, send } from './client.js'
import { exchangeRaw } from './raw-client.js'
import { chunk, eventStreamHead, lastChunk } from './raw-http.js'
import { startRawUpstream } from './raw-upstream.js'
import { hosts, startProxy } from './scene.js'

const fakeKey = 'sk-ant-api03-FAKE-in-the-answer'
const events = ['message_start', 'ping', 'content_block_start'].map(
  (type) => `event: ${type}\ndata: {"type":"${type}"}\n\n`,
)

const cuts: [string, (socket: Socket) => void][] = [
  ['closed', (socket) => socket.destroy()],
  ['reset', (socket) => socket.resetAndDestroy()],
]

describe.each(hosts)('an answer that breaks, over $name', (host) => {
  it.each(cuts)('cuts the client when the upstream connection is %s after the head', async (_how, cut) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n')
    })
    const { origin, logged } = await startProxy(host, upstream.origin)
    const answer = await headOf(open(origin))
    const received = read(answer)
    cut(upstream.sockets[0]!)
    expect(await received).toMatchObject({ status: 200, complete: false, body: Buffer.alloc(0) })
    await expect.poll(() => logged().at(-1)).toMatchObject({ status: 200, broken: true })
    expect(upstream.requests).toHaveLength(1)
  })

  it.each(cuts)('delivers the events so far, then an error event, when a stream is %s', async (_how, cut) => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(eventStreamHead + events.map(chunk).join(''))
    })
    const { origin, logged } = await startProxy(host, upstream.origin)
    const answer = await headOf(open(origin))
    const seen = new Promise<void>((resolve) => {
      let bytes = 0
      answer.on('data', ({ length }: Buffer) => {
        bytes += length
        if (bytes === events.join('').length) resolve()
      })
    })
    const received = read(answer)
    await seen
    cut(upstream.sockets[0]!)
    const { body, complete } = await received
    expect(complete).toBe(false)
    expect(body.toString().startsWith(events.join(''))).toBe(true)
    const [line, data, ...rest] = body.toString().slice(events.join('').length).split('\n')
    expect(line).toBe('event: error')
    expect(JSON.parse(data!.replace('data: ', ''))).toMatchObject({ type: 'error', error: { type: 'api_error' } })
    expect(rest).toEqual(['', ''])
    await expect.poll(() => logged().at(-1)).toMatchObject({ broken: true })
    expect(upstream.requests).toHaveLength(1)
  })

  it('adds nothing to a stream that is cut within an event', async () => {
    const within = `${events[0]}event: ping\ndata: {"ty`
    const upstream = await startRawUpstream(({ socket }) => void socket.end(eventStreamHead + chunk(within)))
    const { origin } = await startProxy(host, upstream.origin)
    const { body, complete } = await send(origin)
    expect(complete).toBe(false)
    expect(body.toString()).toBe(within)
  })

  it('ends a stream cleanly that ends cleanly without message_stop', async () => {
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(eventStreamHead + events.map(chunk).join('') + lastChunk)
    })
    const { origin } = await startProxy(host, upstream.origin)
    const { body, complete } = await send(origin)
    expect(complete).toBe(true)
    expect(body.toString()).toBe(events.join(''))
  })

  it('passes an error event through and sends nothing again', async () => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const text = `${events[0]}event: error\ndata: ${JSON.stringify(overloaded)}\n\n`
    const upstream = await startRawUpstream(({ socket }) => void socket.end(eventStreamHead + chunk(text) + lastChunk))
    const { origin, logged } = await startProxy(host, upstream.origin)
    const { body, complete } = await send(origin)
    expect(complete).toBe(true)
    expect(body.toString()).toBe(text)
    expect(upstream.requests).toHaveLength(1)
    await expect.poll(() => logged().at(-1)).toMatchObject({ errorType: 'overloaded_error' })
  })

  it('passes on chunks of one byte that cut UTF-8 sequences and line ends', async () => {
    const bytes = Buffer.from('event: ping\r\ndata: {"type":"ping","text":"Grüße 🦉 世界"}\r\n\r\n')
    const upstream = await startRawUpstream(({ socket }) => {
      socket.write(eventStreamHead)
      for (const byte of bytes) socket.write(chunk(String.fromCharCode(byte)), 'latin1')
      socket.write(lastChunk)
    })
    const { origin } = await startProxy(host, upstream.origin)
    expect(await send(origin)).toMatchObject({ body: bytes, complete: true })
  })

  it.each([
    ['within a chunk', 'transfer-encoding: chunked\r\n\r\n10\r\nshort'],
    ['between chunks', `transfer-encoding: chunked\r\n\r\n${chunk('short')}`],
    ['before content-length', 'content-length: 10\r\n\r\nshort'],
  ])('never completes an answer that ends %s', async (_where, rest) => {
    const upstream = await startRawUpstream(({ socket }) => void socket.end(`HTTP/1.1 200 OK\r\n${rest}`))
    const { origin } = await startProxy(host, upstream.origin)
    const text = await exchangeRaw(origin)
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(['short', '5\r\nshort\r\n']).toContain(body)
  })

  it.each([
    ['no HTTP at all', `GARBAGE ${fakeKey}\r\n\r\n`],
    ['a broken status line', `HTTP/1.1 ${fakeKey} OK\r\n\r\n`],
    ['a broken header name', `HTTP/1.1 200 OK\r\n${fakeKey} bad: 1\r\n\r\n`],
    ['a NUL in a header', `HTTP/1.1 200 OK\r\nrequest-id: ${fakeKey}\0\r\n\r\n`],
    ['two lengths', `HTTP/1.1 200 OK\r\nrequest-id: ${fakeKey}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab`],
    ['a bad length', `HTTP/1.1 200 OK\r\nrequest-id: ${fakeKey}\r\ncontent-length: 1x\r\n\r\na`],
  ])('answers a fixed 502 to %s and quotes nothing of it', async (_what, garbage) => {
    const upstream = await startRawUpstream(({ socket }) => void socket.write(garbage))
    const { origin, logged } = await startProxy(host, upstream.origin)
    const { status, body } = await send(origin)
    expect(status).toBe(502)
    expect(JSON.parse(body.toString())).toEqual({
      type: 'error',
      error: { type: 'api_error', message: 'The upstream answer broke off or was not valid HTTP.' },
      request_id: expect.any(String),
    })
    expect(logged().length).toBeGreaterThan(0)
    await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
    expect(upstream.requests).toHaveLength(1)
  })

  it.each([
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
    ['a bad chunk size', `transfer-encoding: chunked\r\n\r\n${chunk('hello')}zz\r\n`],
  ])('completes nothing and reuses no socket after %s', async (_what, rest) => {
    const upstream = await startRawUpstream(({ socket, connection }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${connection === 0 ? rest : 'content-length: 2\r\n\r\nok'}`)
    })
    const { origin } = await startProxy(host, upstream.origin)
    const first = await send(origin)
    expect(first.status === 502 || !first.complete).toBe(true)
    expect((await send(origin)).body.toString()).toBe('ok')
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([0, 1])
  })
})
