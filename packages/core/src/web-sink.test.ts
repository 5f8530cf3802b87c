import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type RespondOptions, WebSink } from './web-sink.js'

const KIB = 1024

function open(options: RespondOptions = {}) {
  const sink = new WebSink(false, options)
  const drained = vi.fn<() => void>()
  const closed = vi.fn<() => void>()
  sink.on('drain', drained)
  sink.on('close', closed)
  return { sink, drained, closed }
}

async function openBody(options: RespondOptions = {}) {
  const opened = open(options)
  opened.sink.writeHead(200, {})
  const response = await opened.sink.response
  return { ...opened, response, reader: response.body!.getReader() }
}

const text = (chunk: Uint8Array | undefined) => Buffer.from(chunk ?? []).toString()

/** A host whose client leaves when the test says so. */
function leavingHost() {
  const host = {
    leave: (_reason?: unknown): void => {},
    onGone(leave: (reason?: unknown) => void) {
      host.leave = leave
    },
  }
  return host
}

describe('WebSink, head', () => {
  it('is a Response as soon as the head stands', async () => {
    const { sink } = open()
    expect(sink.headersSent).toBe(false)
    sink.writeHead(429, { 'retry-after': '7', 'content-type': 'application/json' })
    expect(sink.headersSent).toBe(true)
    const response = await sink.response
    expect(response.status).toBe(429)
    expect(Object.fromEntries(response.headers)).toEqual({ 'retry-after': '7', 'content-type': 'application/json' })
  })

  it('carries repeated headers as such', async () => {
    const { sink } = open()
    sink.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'x-many': ['1', '2'], 'x-one': 'a, b' })
    const { headers } = await sink.response
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('x-many')).toBe('1, 2')
    expect(headers.get('x-one')).toBe('a, b')
  })

  it('holds an answer whole that is complete in the turn it began in: hosts write that at once', async () => {
    const { sink, closed } = open()
    sink.writeHead(200, { 'content-type': 'text/plain' })
    sink.write(Buffer.from('all '))
    sink.end('of it')
    const response = await sink.response
    expect(closed).toHaveBeenCalledTimes(1)
    expect(text((await response.body!.getReader().read()).value)).toBe('all of it')
  })

  it('gives the head of an answer that breaks off in the turn it began in, and a body that fails', async () => {
    const { sink, closed } = open()
    sink.writeHead(200, {})
    sink.write(Buffer.from('half'))
    sink.destroy(new Error('broke off'))
    const response = await sink.response
    expect(closed).toHaveBeenCalledTimes(1)
    await expect(response.text()).rejects.toThrow('broke off')
  })

  it.each([204, 205, 304])('has no body where the status (%i) allows none', async (status) => {
    const { sink } = open()
    sink.writeHead(status, {})
    sink.end()
    const response = await sink.response
    expect(response.status).toBe(status)
    expect(response.body).toBeNull()
  })

  it('has no body for HEAD, and takes what is written without asking to wait for a drain that cannot come', async () => {
    const sink = new WebSink(true, {})
    sink.writeHead(200, { 'content-length': 100 * KIB })
    expect(sink.write(Buffer.alloc(100 * KIB))).toBe(true)
    sink.end()
    const response = await sink.response
    expect(response.body).toBeNull()
    expect(response.headers.get('content-length')).toBe(String(100 * KIB))
  })

  it('refuses a head that HTTP does not allow before it counts as sent', () => {
    const { sink } = open()
    expect(() => sink.writeHead(200, { 'x-bad': 'a\nb' })).toThrow(TypeError)
    expect(() => sink.writeHead(700, {})).toThrow(RangeError)
    expect(() => sink.writeHead(Number.NaN, {})).toThrow(RangeError)
    expect(sink.headersSent).toBe(false)
    sink.writeHead(502, {})
    expect(sink.headersSent).toBe(true)
  })
})

describe('WebSink, body', () => {
  it('gives the chunks one by one, each as soon as it is written', async () => {
    const { sink, reader } = await openBody()
    const first = reader.read()
    sink.write(Buffer.from('a'))
    expect(text((await first).value)).toBe('a')
    sink.write(Buffer.from('b'))
    sink.write(Buffer.from('c'))
    expect(text((await reader.read()).value)).toBe('b')
    expect(text((await reader.read()).value)).toBe('c')
    const last = reader.read()
    sink.end('d')
    expect(text((await last).value)).toBe('d')
    expect((await reader.read()).done).toBe(true)
  })

  it('gives every byte in order, whoever is ahead', async () => {
    const steps = fc.array(fc.oneof(fc.constant('read' as const), fc.uint8Array({ minLength: 1, maxLength: 9 })))
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (steps, endsWithChunk) => {
        const { sink, reader, closed } = await openBody()
        const reads: ReturnType<typeof reader.read>[] = []
        for (const step of steps) {
          if (step === 'read') reads.push(reader.read())
          else sink.write(step)
          if (step === 'read') await Promise.resolve()
        }
        sink.end(endsWithChunk ? 'end' : undefined)
        while (!(await reads.at(-1))?.done) reads.push(reader.read())
        const chunks = (await Promise.all(reads)).flatMap(({ value }) => (value === undefined ? [] : [value]))
        const written = steps.filter((step) => step !== 'read')
        expect(Buffer.concat(chunks)).toEqual(Buffer.concat([...written, Buffer.from(endsWithChunk ? 'end' : '')]))
        expect(closed).toHaveBeenCalledTimes(1)
      }),
    )
  })

  it('ends an empty answer', async () => {
    const { sink, response, reader, closed } = await openBody()
    sink.end()
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    expect(response.bodyUsed).toBe(true)
    expect(sink.closed).toBe(true)
    expect(closed).toHaveBeenCalledTimes(1)
  })
})

describe('WebSink, backpressure', () => {
  it('asks to wait at 64 KiB that nobody has read, and drains when they are', async () => {
    const { sink, reader, drained } = await openBody()
    expect(sink.write(Buffer.alloc(63 * KIB))).toBe(true)
    expect(sink.write(Buffer.alloc(KIB))).toBe(false)
    await setImmediate()
    expect(drained).not.toHaveBeenCalled()
    await reader.read()
    expect(drained).not.toHaveBeenCalled()
    await reader.read()
    expect(drained).toHaveBeenCalledTimes(1)
    expect(sink.write(Buffer.alloc(KIB))).toBe(true)
    await reader.read()
    expect(drained).toHaveBeenCalledTimes(1)
  })

  it('drains a reader that had been waiting for the chunk that filled it', async () => {
    const { sink, reader, drained } = await openBody()
    const read = reader.read()
    await setImmediate()
    expect(sink.write(Buffer.alloc(80 * KIB))).toBe(false)
    expect((await read).value).toHaveLength(80 * KIB)
    expect(drained).toHaveBeenCalledTimes(1)
  })
})

describe('WebSink, an answer that breaks off', () => {
  it('gives first what was written, then the failure', async () => {
    const { sink, reader, closed } = await openBody()
    const failure = new Error('cut')
    sink.write(Buffer.from('a'))
    sink.write(Buffer.from('b'))
    sink.destroy(failure)
    expect(sink.closed).toBe(true)
    expect(closed).toHaveBeenCalledTimes(1)
    expect(text((await reader.read()).value)).toBe('a')
    expect(text((await reader.read()).value)).toBe('b')
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('fails a reader that waits', async () => {
    const { sink, reader } = await openBody()
    const read = expect(reader.read()).rejects.toThrow('broke off')
    await setImmediate()
    sink.destroy()
    await read
  })

  it('takes nothing after it', async () => {
    const { sink, reader, closed } = await openBody()
    sink.destroy()
    expect(sink.write(Buffer.from('late'))).toBe(true)
    sink.destroy(new Error('second'))
    await expect(reader.read()).rejects.toThrow('broke off')
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('rejects where there is no head yet', async () => {
    const { sink, closed } = open()
    const failure = new Error('cut')
    sink.destroy(failure)
    await expect(sink.response).rejects.toBe(failure)
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('does not harm an answer that has ended', async () => {
    const { sink, reader } = await openBody()
    sink.end('whole')
    sink.destroy()
    expect(text((await reader.read()).value)).toBe('whole')
    expect((await reader.read()).done).toBe(true)
  })

  it('has the host cut the connection after what was written, where it can', async () => {
    const cut = vi.fn<() => void>()
    const { sink, reader } = await openBody({ cut })
    sink.write(Buffer.from('a'))
    sink.write(Buffer.from('b'))
    sink.destroy()
    expect(text((await reader.read()).value)).toBe('a')
    expect(cut).not.toHaveBeenCalled()
    expect(text((await reader.read()).value)).toBe('b')
    expect(cut).toHaveBeenCalledTimes(1)
  })
})

describe('WebSink, a reader that leaves', () => {
  it('closes when the body is cancelled', async () => {
    const { sink, reader, closed } = await openBody()
    sink.write(Buffer.from('a'))
    await reader.cancel()
    expect(sink.closed).toBe(true)
    expect(closed).toHaveBeenCalledTimes(1)
    expect(sink.write(Buffer.from('late'))).toBe(true)
    sink.end()
  })

  it('closes while it waits for a chunk', async () => {
    const { reader, closed } = await openBody()
    const read = reader.read()
    await setImmediate()
    await reader.cancel()
    expect((await read).done).toBe(true)
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('closes once when it cancels and its host says so too', async () => {
    const host = leavingHost()
    const { reader, closed } = await openBody(host)
    await reader.cancel()
    host.leave()
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('rejects with the reason of the host where there is no head yet', async () => {
    const host = leavingHost()
    const { sink, closed } = open(host)
    host.leave('left')
    await expect(sink.response).rejects.toBe('left')
    expect(sink.closed).toBe(true)
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('fails the body with the reason where it has begun, and drops what was not read', async () => {
    const host = leavingHost()
    const { sink, reader, closed } = await openBody(host)
    sink.write(Buffer.from('a'))
    const reason = new Error('left')
    host.leave(reason)
    await expect(reader.read()).rejects.toBe(reason)
    expect(closed).toHaveBeenCalledTimes(1)
  })
})
