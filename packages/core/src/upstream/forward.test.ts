import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ProxyError } from '../errors.js'
import type { ResponseSink } from '../mountable.js'
import { type ForwardEnd, forward, type Timeouts } from './forward.js'
import { ClientGoneError } from './request-body.js'

class FakeSink extends EventEmitter implements ResponseSink {
  headersSent = false
  closed = false
  status: number | null = null
  headers: OutgoingHttpHeaders = {}
  text = ''
  heads = 0
  ends = 0
  destroys = 0

  writeHead(status: number, headers: OutgoingHttpHeaders): void {
    this.headersSent = true
    this.heads++
    this.status = status
    this.headers = headers
  }

  flushHeaders(): void {}

  write(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk)
    return true
  }

  end(chunk: string | Uint8Array = ''): void {
    this.text += Buffer.from(chunk as Uint8Array)
    this.ends++
  }

  destroy(): void {
    this.destroys++
    this.leave()
  }

  /** The client's connection closes. */
  leave(): void {
    if (this.closed) return
    this.closed = true
    this.emit('close')
  }
}

/** One try at the upstream, played by the test. */
class Try {
  aborted: Error | null = null
  readonly options: Dispatcher.DispatchOptions
  readonly #handler: Dispatcher.DispatchHandler
  readonly #controller

  constructor(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    this.options = options
    this.#handler = handler
    this.#controller = {
      aborted: false,
      paused: false,
      reason: null,
      rawHeaders: [] as string[],
      pause: () => {},
      resume: () => {},
      // As undici does: the error of an aborted request comes back at once.
      abort: (reason: Error) => {
        if (this.aborted !== null) return
        this.aborted = reason
        this.fail(reason)
      },
    }
  }

  begin(): this {
    this.#handler.onRequestStart?.(this.#controller, {})
    return this
  }

  firstByte(): this {
    this.#handler.onResponseStarted?.()
    return this
  }

  head(status: number, headers: Record<string, string> = {}): this {
    this.#controller.rawHeaders = Object.entries(headers).flat()
    this.#handler.onResponseStart?.(this.#controller, status, headers)
    return this
  }

  data(text: string): this {
    this.#handler.onResponseData?.(this.#controller, Buffer.from(text))
    return this
  }

  end(): this {
    this.#handler.onResponseEnd?.(this.#controller, {})
    return this
  }

  fail(error: Error): this {
    this.#handler.onResponseError?.(this.#controller, error)
    return this
  }
}

interface Overrides {
  readonly body?: Buffer | Readable | null
  readonly contentLength?: number | null
  readonly timeouts?: Partial<Timeouts>
  readonly dispatch?: () => boolean
  readonly ownCredential?: boolean
}

function start({
  body = Buffer.from('{}'),
  contentLength = null,
  timeouts,
  dispatch,
  ownCredential = true,
}: Overrides = {}) {
  const tries: Try[] = []
  const sink = new FakeSink()
  const seen: string[] = []
  const dispatcher = {
    dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      if (dispatch !== undefined) return dispatch()
      tries.push(new Try(options, handler))
      return true
    },
  } as unknown as Dispatcher
  const forwarding = forward(
    {
      dispatcher,
      origin: 'http://upstream.test',
      method: 'POST',
      path: '/v1/messages?beta=true',
      headers: ['x-api-key', 'sk-ant-api03-FAKE'],
      body,
      contentLength,
      timeouts: { connectMs: 1, firstByteMs: 222, idleMs: 333, totalMs: 0, ...timeouts },
      isOwnCredential: ownCredential,
      requestId: 'request-1',
      toClientHeaders: (rawHeaders, requestId) => {
        const names = rawHeaders.map(String)
        const pairs = names.flatMap((name, i) => (i % 2 === 0 ? [[name, names[i + 1]]] : []))
        return { ...Object.fromEntries(pairs), 'x-prompt-train-request-id': requestId }
      },
    },
    sink,
    {
      onHead: (status) => seen.push(`head ${status}`),
      onChunk: (chunk) => seen.push(`chunk ${chunk}`),
    },
  )
  const settled: (ForwardEnd | ProxyError)[] = []
  forwarding.ended.then(
    (end) => settled.push(end),
    (error) => settled.push(error),
  )
  const outcome = async () => {
    await setImmediate()
    expect(settled).toHaveLength(1)
    return settled[0] instanceof ProxyError ? settled[0].code : settled[0]
  }
  const isOpen = async () => {
    await setImmediate()
    return settled.length === 0
  }
  return { tries, first: tries[0]!, sink, seen, forwarding, outcome, isOpen, settled }
}

const EVENTS = { 'content-type': 'text/event-stream' }
const staleSocket = () =>
  Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET', socket: { bytesRead: 10 } })

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('forward', () => {
  it('sends the request as it was given, with its limits', () => {
    const { first } = start()
    expect(first.options).toEqual({
      origin: 'http://upstream.test',
      method: 'POST',
      path: '/v1/messages?beta=true',
      headers: ['x-api-key', 'sk-ant-api03-FAKE'],
      body: Buffer.from('{}'),
      headersTimeout: 222,
      bodyTimeout: 333,
      reset: false,
    })
  })

  it('declares the length of a streamed body as the client did, and no other', () => {
    const declared = start({ body: Readable.from([]), contentLength: 300_000 })
    expect(declared.first.options.headers).toEqual(['x-api-key', 'sk-ant-api03-FAKE', 'content-length', '300000'])
    const chunked = start({ body: Readable.from([]) })
    expect(chunked.first.options.headers).toEqual(['x-api-key', 'sk-ant-api03-FAKE'])
    const buffered = start({ contentLength: 2 })
    expect(buffered.first.options.headers).toEqual(['x-api-key', 'sk-ant-api03-FAKE'])
    const none = start({ body: null, contentLength: 0 })
    expect(none.first.options.headers).toEqual(['x-api-key', 'sk-ant-api03-FAKE'])
  })

  it('brings status, headers and chunks to the client and to the observer', async () => {
    const { first, sink, seen, outcome } = start()
    first.begin().firstByte().head(200, { 'content-type': 'application/json' }).data('{"a"').data(':1}').end()
    expect(await outcome()).toBe('complete')
    expect(sink).toMatchObject({ status: 200, heads: 1, text: '{"a":1}', ends: 1, destroys: 0 })
    expect(sink.headers).toEqual({ 'content-type': 'application/json', 'x-prompt-train-request-id': 'request-1' })
    expect(seen).toEqual(['head 200', 'chunk {"a":1}'])
  })

  it.each([400, 403, 404, 429, 500, 529])('brings a %i as an answer', async (status) => {
    const { first, sink, outcome } = start()
    first.begin().head(status).data('no').end()
    expect(await outcome()).toBe('complete')
    expect(sink).toMatchObject({ status, text: 'no' })
  })

  it('fails with a 401 to a credential of ours, and lets nothing of it through', async () => {
    const { first, sink, seen, outcome } = start()
    first.begin().firstByte().head(401, { 'request-id': 'req_1' })
    first.data('no').end()
    expect(await outcome()).toBe('credential_refused')
    expect(sink).toMatchObject({ headersSent: false, text: '', heads: 0 })
    expect(seen).toEqual([])
    expect(first.aborted).toMatchObject({ code: 'credential_refused' })
  })

  it('brings a 401 to the caller’s own credential as an answer', async () => {
    const { first, sink, outcome } = start({ ownCredential: false })
    first.begin().head(401).data('no').end()
    expect(await outcome()).toBe('complete')
    expect(sink).toMatchObject({ status: 401, text: 'no' })
  })

  it('passes over informational heads', async () => {
    const { first, sink, seen, outcome } = start()
    first.begin().firstByte().head(100).head(103, { link: '</x>' })
    expect(sink.headersSent).toBe(false)
    first.head(200).end()
    expect(await outcome()).toBe('complete')
    expect(sink.heads).toBe(1)
    expect(seen).toEqual(['head 200'])
  })

  it.each([300, 301, 302, 303, 307, 308])('refuses a redirect (%i) and lets nothing of it through', async (status) => {
    const { first, sink, seen, outcome } = start()
    first.begin().head(status, { location: 'https://elsewhere.example' })
    first.data('moved').end()
    expect(await outcome()).toBe('upstream_redirect')
    expect(sink).toMatchObject({ heads: 0, text: '', ends: 0, destroys: 0 })
    expect(seen).toEqual([])
    expect(first.aborted).toMatchObject({ code: 'upstream_redirect' })
  })

  it('fails where the dispatcher throws', async () => {
    const cause = new Error('destroyed')
    const { outcome, settled, sink } = start({
      dispatch: () => {
        throw cause
      },
    })
    expect(await outcome()).toBe('internal')
    expect((settled[0] as ProxyError).cause).toBe(cause)
    expect(sink.headersSent).toBe(false)
  })
})

describe('forward, failures of the upstream', () => {
  it.each([
    ['UND_ERR_CONNECT_TIMEOUT', 'upstream_timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'upstream_timeout'],
    ['ECONNREFUSED', 'upstream_unreachable'],
    ['ENOTFOUND', 'upstream_unreachable'],
    ['ECONNRESET', 'upstream_broken'],
    ['UND_ERR_SOCKET', 'upstream_broken'],
    ['HPE_INVALID_CONSTANT', 'upstream_broken'],
  ])('before the head, %s is %s', async (code, expected) => {
    const { first, sink, tries, outcome } = start()
    first.begin().fail(Object.assign(new Error('x'), { code }))
    expect(await outcome()).toBe(expected)
    expect(sink).toMatchObject({ heads: 0, text: '', ends: 0, destroys: 0 })
    expect(tries).toHaveLength(1)
  })

  it('fails with an error of ours as it is: a body that proved too large on its way', async () => {
    const { first, outcome } = start({ body: Readable.from([]) })
    first.begin().fail(new ProxyError('body_too_large'))
    expect(await outcome()).toBe('body_too_large')
  })

  it('after the head, breaks the answer off and never ends it', async () => {
    const { first, sink, outcome } = start()
    first.begin().head(200, { 'content-type': 'application/json' }).data('{"a"')
    first.fail(Object.assign(new Error('x'), { code: 'ECONNRESET' }))
    expect(await outcome()).toBe('upstream_broken')
    expect(sink).toMatchObject({ status: 200, text: '{"a"', ends: 0, destroys: 1 })
  })

  it('tells a stream of events why it breaks off, between events', async () => {
    const { first, sink, outcome } = start()
    first.begin().head(200, EVENTS).data('event: ping\ndata: {}\n\n')
    first.fail(Object.assign(new Error('x'), { code: 'UND_ERR_BODY_TIMEOUT' }))
    expect(await outcome()).toBe('upstream_timeout')
    const data = '{"type":"error","error":{"type":"timeout_error","message":"The upstream did not answer in time."}'
    expect(sink.text).toBe(`event: ping\ndata: {}\n\nevent: error\ndata: ${data},"request_id":"request-1"}\n\n`)
    expect(sink).toMatchObject({ ends: 0, destroys: 1 })
  })

  it.each([
    ['within an event', EVENTS, 'event: ping\ndata: {'],
    ['of another type', { 'content-type': 'application/json' }, '{}\n\n'],
    ['that is packed', { ...EVENTS, 'content-encoding': 'gzip' }, 'packed\n\n'],
  ])('puts no event into an answer %s', async (_name, headers: Record<string, string>, text) => {
    const { first, sink, outcome } = start()
    first.begin().head(200, headers).data(text)
    first.fail(new Error('x'))
    expect(await outcome()).toBe('upstream_broken')
    expect(sink).toMatchObject({ text, ends: 0, destroys: 1 })
  })

  it('settles once, whatever comes after a failure', async () => {
    const { first, sink, tries, outcome } = start()
    first.begin().fail(new Error('x'))
    first.fail(staleSocket()).head(200).data('late').end()
    sink.leave()
    expect(await outcome()).toBe('upstream_broken')
    expect(sink).toMatchObject({ heads: 0, text: '', ends: 0, destroys: 0 })
    expect(tries).toHaveLength(1)
  })

  it('settles once, whatever comes after the end', async () => {
    const { first, sink, forwarding, outcome } = start()
    first.begin().head(200).data('x').end()
    first.data('late').fail(new Error('late')).end()
    forwarding.stop(new ProxyError('draining'))
    sink.leave()
    expect(await outcome()).toBe('complete')
    expect(sink).toMatchObject({ text: 'x', ends: 1, destroys: 0 })
    expect(first.aborted).toBeNull()
  })
})

describe('forward, replay', () => {
  it('sends a request once more, on a fresh connection, whose kept-alive one was closed under it', async () => {
    const { first, tries, sink, outcome } = start()
    first.begin().fail(staleSocket())
    expect(tries).toHaveLength(2)
    expect(tries[1]!.options).toEqual({ ...first.options, reset: true })
    tries[1]!.begin().head(200).data('x').end()
    expect(await outcome()).toBe('complete')
    expect(sink).toMatchObject({ status: 200, text: 'x', ends: 1 })
  })

  it('sends a request without a body once more', () => {
    const { first, tries } = start({ body: null })
    first.begin().fail(staleSocket())
    expect(tries).toHaveLength(2)
  })

  it('does so once', async () => {
    const { first, tries, outcome } = start()
    first.begin().fail(staleSocket())
    tries[1]!.begin().fail(staleSocket())
    expect(await outcome()).toBe('upstream_broken')
    expect(tries).toHaveLength(2)
  })

  it('not where the connection had served nobody before', async () => {
    const { first, tries, outcome } = start()
    first.begin().fail(Object.assign(staleSocket(), { socket: { bytesRead: 0 } }))
    expect(await outcome()).toBe('upstream_broken')
    expect(tries).toHaveLength(1)
  })

  it('not after the first byte of an answer', async () => {
    const { first, tries, outcome } = start()
    first.begin().firstByte().fail(staleSocket())
    expect(await outcome()).toBe('upstream_broken')
    expect(tries).toHaveLength(1)
  })

  it('not after the head', async () => {
    const { first, tries, sink, outcome } = start()
    first.begin().head(200).fail(staleSocket())
    expect(await outcome()).toBe('upstream_broken')
    expect(tries).toHaveLength(1)
    expect(sink.heads).toBe(1)
  })

  it('not where the body is a stream', async () => {
    const { first, tries, outcome } = start({ body: Readable.from(['x']) })
    first.begin().fail(staleSocket())
    expect(await outcome()).toBe('upstream_broken')
    expect(tries).toHaveLength(1)
  })

  it.each([
    [999, 2],
    [1000, 1],
  ])('within a second: after %i ms, %i tries in all', (elapsedMs, expected) => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000)
    const { first, tries } = start()
    now.mockReturnValue(5000 + elapsedMs)
    first.begin().fail(staleSocket())
    expect(tries).toHaveLength(expected)
  })

  it('not for a client that has left', async () => {
    const { first, sink, tries, outcome } = start()
    first.begin()
    sink.leave()
    first.fail(staleSocket())
    expect(await outcome()).toBe('aborted')
    expect(tries).toHaveLength(1)
  })

  it('ends the second try when the client leaves', async () => {
    const { first, sink, tries, outcome } = start()
    first.begin().fail(staleSocket())
    tries[1]!.begin()
    sink.leave()
    expect(await outcome()).toBe('aborted')
    expect(tries[1]!.aborted).toBeInstanceOf(ClientGoneError)
  })
})

describe('forward, the client leaves', () => {
  it('ends the upstream request at once', async () => {
    const { first, sink, outcome } = start()
    first.begin().head(200).data('x')
    sink.leave()
    expect(first.aborted).toBeInstanceOf(ClientGoneError)
    expect(await outcome()).toBe('aborted')
    expect(sink).toMatchObject({ ends: 0, destroys: 0 })
  })

  it('ends a request that had not begun as soon as it does', async () => {
    const { first, sink, outcome } = start()
    sink.leave()
    expect(await outcome()).toBe('aborted')
    first.begin()
    expect(first.aborted).toBeInstanceOf(ClientGoneError)
    expect(sink).toMatchObject({ heads: 0, ends: 0, destroys: 0 })
  })

  it('is told by a body that breaks off, too', async () => {
    const { first, sink, outcome } = start({ body: Readable.from([]) })
    first.begin().fail(new ClientGoneError())
    expect(await outcome()).toBe('aborted')
    expect(sink).toMatchObject({ heads: 0, ends: 0 })
  })
})

describe('forward, total time', () => {
  it('fails a request that has no answer by then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { first, sink, outcome, isOpen } = start({ timeouts: { totalMs: 5000 } })
    first.begin()
    vi.advanceTimersByTime(4999)
    expect(await isOpen()).toBe(true)
    vi.advanceTimersByTime(1)
    expect(await outcome()).toBe('upstream_timeout')
    expect(first.aborted).toMatchObject({ code: 'upstream_timeout' })
    expect(sink.headersSent).toBe(false)
  })

  it('breaks off an answer that is not done by then, however busy', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { first, sink, outcome } = start({ timeouts: { totalMs: 5000 } })
    first.begin().head(200, EVENTS).data('data: 1\n\n')
    vi.advanceTimersByTime(5000)
    expect(await outcome()).toBe('upstream_timeout')
    expect(sink.text).toContain('"timeout_error"')
    expect(sink).toMatchObject({ ends: 0, destroys: 1 })
    expect(first.aborted).toMatchObject({ code: 'upstream_timeout' })
  })

  it('spans both tries of a request', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { first, tries, outcome } = start({ timeouts: { totalMs: 5000 } })
    first.begin().fail(staleSocket())
    tries[1]!.begin()
    vi.advanceTimersByTime(5000)
    expect(await outcome()).toBe('upstream_timeout')
    expect(tries[1]!.aborted).not.toBeNull()
  })

  it('leaves no timer behind, however it ends, and none where it is off', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    start()
    expect(vi.getTimerCount()).toBe(0)
    const timeouts = { totalMs: 5000 }
    start({ timeouts }).first.begin().head(200).end()
    start({ timeouts }).first.begin().fail(new Error('x'))
    start({ timeouts }).first.begin().head(200).fail(new Error('x'))
    start({ timeouts }).sink.leave()
    start({ timeouts }).forwarding.stop(new ProxyError('draining'))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('Forwarding.stop', () => {
  it('gives the error as the answer where none has begun', async () => {
    const { first, sink, forwarding, outcome } = start()
    first.begin()
    forwarding.stop(new ProxyError('draining'))
    forwarding.stop(new ProxyError('internal'))
    expect(await outcome()).toBe('draining')
    expect(first.aborted).toMatchObject({ code: 'draining' })
    expect(sink.headersSent).toBe(false)
  })

  it('ends a request that had not begun as soon as it does', async () => {
    const { first, forwarding, outcome } = start()
    forwarding.stop(new ProxyError('draining'))
    expect(await outcome()).toBe('draining')
    first.begin()
    expect(first.aborted).not.toBeNull()
  })

  it('breaks off an answer that has begun', async () => {
    const { first, sink, forwarding, outcome } = start()
    first.begin().head(200, EVENTS).data('data: 1\n\n')
    forwarding.stop(new ProxyError('draining'))
    expect(await outcome()).toBe('draining')
    expect(sink.text).toContain('The server is shutting down.')
    expect(sink).toMatchObject({ ends: 0, destroys: 1 })
    expect(first.aborted).toMatchObject({ code: 'draining' })
  })
})
