import { PassThrough, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type BodyLimits,
  ClientGoneError,
  leaveRequestBody,
  openRequestBody,
  SMALL_BODY_BYTES,
} from './request-body.js'

const LIMITS: BodyLimits = { maxBytes: 32 * 1024 * 1024, idleMs: 30_000, totalMs: 300_000 }

/** A client's request whose bytes come when the test says so. */
class FakeRequest extends Readable {
  override _read(): void {}

  arrive(...chunks: (string | Buffer)[]): this {
    for (const chunk of chunks) this.push(chunk)
    return this
  }

  finish(): this {
    this.push(null)
    return this
  }

  /** As node:http shows a client that leaves within its body. */
  leave(): this {
    this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    return this
  }
}

async function readAll(body: Buffer | Readable | null): Promise<Buffer> {
  if (body === null || Buffer.isBuffer(body)) return body ?? Buffer.alloc(0)
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function bytesOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) % 256))
}

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
}

/** The error that `stream` fails with, or has failed with. */
function failureOf(stream: Readable): Promise<Error> {
  return new Promise((resolve) => {
    if (stream.errored !== null) resolve(stream.errored)
    else stream.on('error', resolve)
  })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('openRequestBody', () => {
  it('opens nothing where there is none', async () => {
    expect(await openRequestBody(null, null, LIMITS)).toBeNull()
  })

  it('takes bytes that a host kept as they are, without copying them', async () => {
    const kept = new Uint8Array(Buffer.from('-{"a":1}-')).subarray(1, 8)
    const body = (await openRequestBody(kept, 999, LIMITS)) as Buffer
    expect(body.toString()).toBe('{"a":1}')
    expect(body.buffer).toBe(kept.buffer)
  })

  it('refuses kept bytes over the limit', async () => {
    const limits = { ...LIMITS, maxBytes: 10 }
    expect(await openRequestBody(Buffer.alloc(10), null, limits)).toHaveLength(10)
    await expect(openRequestBody(Buffer.alloc(11), null, limits)).rejects.toMatchObject({ code: 'body_too_large' })
  })

  it.each([
    ['with its length', 7],
    ['chunked', null],
  ])('takes a body that had arrived with the head, %s', async (_name, contentLength) => {
    const source = new FakeRequest().arrive('{"a"', ':1}').finish()
    expect(await openRequestBody(source, contentLength, LIMITS)).toEqual(Buffer.from('{"a":1}'))
    await setImmediate()
    expect(source.readableEnded).toBe(true)
  })

  it('takes a body that comes later, done as soon as its length is there', async () => {
    const source = new FakeRequest()
    const body = openRequestBody(source, 7, LIMITS)
    source.arrive('{"a"')
    await setImmediate()
    source.arrive(':1}')
    expect(await body).toEqual(Buffer.from('{"a":1}'))
  })

  it.each([0, null])('gives an empty body as an empty buffer (content-length %s)', async (contentLength) => {
    expect(await openRequestBody(new FakeRequest().finish(), contentLength, LIMITS)).toEqual(Buffer.alloc(0))
  })

  it.each([
    ['one byte less than 256 KiB', SMALL_BODY_BYTES - 1, true],
    ['256 KiB', SMALL_BODY_BYTES, true],
    ['one byte more', SMALL_BODY_BYTES + 1, false],
    ['a mebibyte', 1024 * 1024, false],
  ])('gives %s as a buffer or a stream, as it is small or not', async (_name, length, isSmall) => {
    const bytes = bytesOf(length)
    for (const contentLength of [length, null]) {
      const source = new FakeRequest()
      const opened = openRequestBody(source, contentLength, LIMITS)
      source.arrive(bytes.subarray(0, 1000), bytes.subarray(1000)).finish()
      const body = await opened
      expect(Buffer.isBuffer(body)).toBe(isSmall)
      expect((await readAll(body)).equals(bytes)).toBe(true)
    }
  })

  it('gives a large body as a stream before its first byte has come', async () => {
    const source = new FakeRequest()
    const body = (await openRequestBody(source, 1024 * 1024, LIMITS)) as Readable
    const bytes = bytesOf(1024 * 1024)
    source.arrive(bytes).finish()
    expect((await readAll(body)).equals(bytes)).toBe(true)
  })

  it('preserves every byte of any chunks, with and without a declared length', async () => {
    const sizes = fc.array(fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 90_000 })), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(12), fc.boolean(), async (sizes, before, declared) => {
        const bytes = bytesOf(sizes.reduce((sum, size) => sum + size, 0))
        const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0))
        const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
        const source = new FakeRequest().arrive(...chunks.slice(0, before))
        const opened = openRequestBody(source, declared ? bytes.length : null, LIMITS)
        const read = opened.then(readAll)
        for (const chunk of chunks.slice(before)) {
          await setImmediate()
          source.arrive(chunk)
        }
        source.finish()
        expect(Buffer.isBuffer(await opened)).toBe(bytes.length <= SMALL_BODY_BYTES)
        expect((await read).equals(bytes)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('holds the client back while the upstream takes nothing', async () => {
    const source = new PassThrough({ highWaterMark: 64 * 1024 })
    const body = (await openRequestBody(source, 8 * 1024 * 1024, LIMITS)) as Readable
    let written = 0
    while (source.write(Buffer.alloc(64 * 1024)) || written < 512 * 1024) {
      written += 64 * 1024
      if (written > 4 * 1024 * 1024) break
      await setImmediate()
    }
    expect(source.isPaused()).toBe(true)
    expect(body.readableLength).toBeLessThan(SMALL_BODY_BYTES + 128 * 1024)
    body.destroy()
  })
})

describe('openRequestBody, a body read before', () => {
  it('refuses one that ran out', async () => {
    const source = new FakeRequest().arrive('x').finish()
    await readAll(source)
    await expect(openRequestBody(source, 1, LIMITS)).rejects.toMatchObject({ code: 'body_consumed' })
  })

  it('refuses one that something has begun to read', async () => {
    const source = new FakeRequest().arrive('x')
    source.read()
    await expect(openRequestBody(source, 2, LIMITS)).rejects.toMatchObject({ code: 'body_consumed' })
  })
})

describe('openRequestBody, a host that made text of the bytes', () => {
  it('refuses the body: what was sent cannot be told from its characters', async () => {
    const source = new FakeRequest().setEncoding('utf8').arrive('{}').finish()
    await expect(openRequestBody(source, 2, LIMITS)).rejects.toMatchObject({ code: 'body_consumed' })
  })
})

describe('openRequestBody, limits', () => {
  const limits: BodyLimits = { maxBytes: 300_000, idleMs: 30_000, totalMs: 300_000 }

  it('refuses a declared length over the limit and reads nothing', async () => {
    const source = new FakeRequest().arrive('x')
    await expect(openRequestBody(source, 300_001, limits)).rejects.toMatchObject({ code: 'body_too_large' })
    expect(source.readableDidRead).toBe(false)
  })

  it('takes a body of exactly the limit, declared or chunked', async () => {
    for (const contentLength of [300_000, null]) {
      const body = openRequestBody(new FakeRequest().arrive(bytesOf(300_000)).finish(), contentLength, limits)
      expect(await readAll(await body)).toHaveLength(300_000)
    }
  })

  it('fails the stream of a chunked body as soon as it is over the limit', async () => {
    const source = new FakeRequest()
    const opened = openRequestBody(source, null, limits)
    source.arrive(bytesOf(280_000))
    const body = (await opened) as Readable
    const failure = failureOf(body)
    body.resume()
    await setImmediate()
    expect(body.destroyed).toBe(false)
    source.arrive(bytesOf(20_001))
    expect(await failure).toMatchObject({ code: 'body_too_large' })
  })

  it('reads and drops what a refused client still sends, and leaves its connection', async () => {
    const source = new FakeRequest()
    const opened = openRequestBody(source, null, limits)
    source.arrive(bytesOf(280_000))
    const body = (await opened) as Readable
    const failure = failureOf(body)
    body.resume()
    source.arrive(bytesOf(30_000))
    await failure
    source.arrive(bytesOf(100_000)).finish()
    await setImmediate()
    expect(source.readableEnded).toBe(true)
    expect(source.errored).toBeNull()
  })

  it('refuses a small chunked body over a limit below 256 KiB', async () => {
    const body = openRequestBody(new FakeRequest().arrive(bytesOf(2000)).finish(), null, { ...limits, maxBytes: 1000 })
    await expect(body.then(() => 'taken')).rejects.toMatchObject({ code: 'body_too_large' })
  })

  it('refuses a chunked body that one chunk brings over the limit, and nothing is thrown at the process', async () => {
    const uncaught = await uncaughtDuring(async () => {
      const source = new FakeRequest()
      const opened = openRequestBody(source, null, limits)
      source.arrive(bytesOf(300_001)).finish()
      await expect(opened.then(readAll)).rejects.toMatchObject({ code: 'body_too_large' })
    })
    expect(uncaught).toEqual([])
  })
})

describe('openRequestBody, a client that falls silent', () => {
  it('refuses a small body that does not go on', async () => {
    fakeTimers()
    const source = new FakeRequest().arrive('{')
    const body = expect(openRequestBody(source, 10, LIMITS)).rejects.toMatchObject({ code: 'request_timeout' })
    await setImmediate()
    vi.advanceTimersByTime(30_000)
    await body
    expect(source.destroyed).toBe(false)
  })

  it('counts the silence from the last byte', async () => {
    fakeTimers()
    const source = new FakeRequest()
    const body = openRequestBody(source, 3, LIMITS)
    for (const byte of 'abc') {
      vi.advanceTimersByTime(29_999)
      source.arrive(byte)
      await setImmediate()
    }
    expect(await body).toEqual(Buffer.from('abc'))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('fails the stream of a large body', async () => {
    fakeTimers()
    const source = new FakeRequest()
    const body = (await openRequestBody(source, 1024 * 1024, LIMITS)) as Readable
    const failure = failureOf(body)
    body.resume()
    source.arrive(bytesOf(1000))
    await setImmediate()
    vi.advanceTimersByTime(29_999)
    expect(body.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(await failure).toMatchObject({ code: 'request_timeout' })
  })

  it('does not blame the client for an upstream that takes nothing', async () => {
    fakeTimers()
    const source = new FakeRequest()
    const body = (await openRequestBody(source, 1024 * 1024, LIMITS)) as Readable
    const failure = failureOf(body)
    source.arrive(bytesOf(500_000))
    await setImmediate()
    vi.advanceTimersByTime(300_000)
    expect(body.destroyed).toBe(false)
    body.resume()
    await setImmediate()
    vi.advanceTimersByTime(30_000)
    expect(await failure).toMatchObject({ code: 'request_timeout' })
  })

  it.each([10, 1024 * 1024])(
    'bounds the time of a whole body of %i bytes, however steadily it drips',
    async (length) => {
      const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
      onTestFinished(() => clock.mockRestore())
      const source = new FakeRequest()
      const opened = openRequestBody(source, length, LIMITS).then(readAll)
      const failure = expect(opened).rejects.toMatchObject({ code: 'request_timeout' })
      await setImmediate()
      source.arrive('a')
      await setImmediate()
      clock.mockReturnValue(300_001)
      source.arrive('a')
      await failure
    },
  )

  it('leaves no timer behind a body that came whole', async () => {
    fakeTimers()
    const small = openRequestBody(new FakeRequest().arrive('abc').finish(), null, LIMITS)
    const large = openRequestBody(new FakeRequest().arrive(bytesOf(400_000)).finish(), 400_000, LIMITS)
    await readAll(await small)
    await readAll(await large)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('leaveRequestBody', () => {
  it('reads on for five seconds, then cuts the connection', async () => {
    fakeTimers()
    const source = new FakeRequest().arrive('{')
    leaveRequestBody(source)
    await setImmediate()
    source.arrive('more')
    await setImmediate()
    expect(source.readableLength).toBe(0)
    vi.advanceTimersByTime(4999)
    expect(source.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(source.destroyed).toBe(true)
  })

  it('leaves no timer behind a body that ends, and nothing is thrown where it breaks off', async () => {
    fakeTimers()
    const ending = new FakeRequest().arrive('{').finish()
    const breaking = new FakeRequest()
    leaveRequestBody(ending)
    leaveRequestBody(breaking)
    breaking.leave()
    await setImmediate()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has nothing to do for bytes, for no body and for one that has ended', () => {
    fakeTimers()
    leaveRequestBody(null)
    leaveRequestBody(Buffer.from('x'))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('openRequestBody, a client that leaves', () => {
  it.each(['leave', 'destroy'] as const)('within a small body (%s)', async (how) => {
    const source = new FakeRequest().arrive('{')
    const body = openRequestBody(source, 10, LIMITS)
    await setImmediate()
    source[how]()
    await expect(body).rejects.toBeInstanceOf(ClientGoneError)
  })

  it.each(['leave', 'destroy'] as const)('within a large body (%s)', async (how) => {
    const source = new FakeRequest().arrive(bytesOf(1000))
    const body = (await openRequestBody(source, 1024 * 1024, LIMITS)) as Readable
    const failure = failureOf(body)
    await setImmediate()
    source[how]()
    expect(await failure).toBeInstanceOf(ClientGoneError)
  })

  it('throws nothing at the process where the stream has no reader yet', async () => {
    const uncaught = await uncaughtDuring(async () => {
      const source = new FakeRequest().arrive(bytesOf(1000))
      const body = (await openRequestBody(source, 400_000, LIMITS)) as Readable
      source.leave()
      await setImmediate()
      expect(body.destroyed).toBe(true)
    })
    expect(uncaught).toEqual([])
  })

  it('after its whole body, harms nothing', async () => {
    const source = new FakeRequest()
    const opened = openRequestBody(source, 400_000, LIMITS)
    source.arrive(bytesOf(400_000)).finish()
    expect(await readAll(await opened)).toHaveLength(400_000)
    source.leave()
    await setImmediate()
  })

  it('has its connection left alone when the upstream drops the body', async () => {
    const source = new FakeRequest().arrive(bytesOf(1000))
    const body = (await openRequestBody(source, 400_000, LIMITS)) as Readable
    body.destroy()
    await setImmediate()
    expect(source.destroyed).toBe(false)
    source.arrive(bytesOf(399_000)).finish()
    await setImmediate()
    expect(source.readableEnded).toBe(true)
  })
})

/** Errors that nobody handled while `run` ran; the runner's own watch is lifted meanwhile. */
async function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = []
  const collect = (error: unknown) => errors.push(error)
  const watching = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[]
  process.removeAllListeners('uncaughtException').on('uncaughtException', collect)
  try {
    await run()
    await setImmediate()
  } finally {
    process.off('uncaughtException', collect)
    for (const listener of watching) process.on('uncaughtException', listener)
  }
  return errors
}
