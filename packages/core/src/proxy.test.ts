import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { allowAnyone } from './auth/authenticate.js'
import { createClientKey } from './client-key.js'
import { ConfigurationError } from './errors.js'
import type { Logger } from './logger.js'
import type { InboundRequest, ResponseSink } from './mountable.js'
import { createProxy } from './proxy.js'
import type { ProxyApp } from './proxy-app.js'
import type { ProxyOptions } from './proxy-options.js'
import { Secret } from './secret.js'
import { type Credential, neverRefreshed } from './storage/credential.js'
import { memoryStorage } from './storage/memory.js'

const UPSTREAM_KEY = 'sk-ant-api03-FAKE-upstream'
const { key, record } = createClientKey({ domain: 'example.com', label: 'test' })
const stranger = createClientKey({ domain: 'example.com', label: 'stranger' })
const MESSAGE = JSON.stringify({
  model: 'claude-opus-5-5',
  content: [],
  stop_reason: 'end_turn',
  usage: { input_tokens: 12, output_tokens: 3, cache_read_input_tokens: 7, cache_creation_input_tokens: 5 },
})
const EVENTS = { 'content-type': 'text/event-stream' }

/** A dispatcher whose answers the test plays. */
class FakeUpstream {
  readonly requests: { options: Dispatcher.DispatchOptions; aborted: Error | null }[] = []
  readonly destroy = vi.fn(async () => {})
  readonly close = vi.fn(async () => {})
  #handler!: Dispatcher.DispatchHandler
  #controller!: Dispatcher.DispatchController
  #onRequest: () => void = () => {}

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const request = { options, aborted: null as Error | null }
    this.requests.push(request)
    this.#handler = handler
    this.#controller = {
      aborted: false,
      paused: false,
      reason: null,
      pause: () => {},
      resume: () => {},
      abort: (reason: Error) => {
        request.aborted ??= reason
      },
    }
    handler.onRequestStart?.(this.#controller, {})
    // As undici does: a body that fails fails its request.
    if (options.body instanceof Readable) {
      const { body } = options
      body.on('error', (error) => this.fail(error))
    }
    this.#onRequest()
    return true
  }

  /** Resolves once a request has come. */
  async asked(): Promise<void> {
    if (this.requests.length === 0) await new Promise<void>((resolve) => (this.#onRequest = resolve))
  }

  head(status: number, headers: Record<string, string>): this {
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

type Line = Record<string, unknown>

class Log implements Logger {
  readonly exchanges: Line[] = []
  readonly errors: Line[] = []
  readonly warnings: string[] = []
  debug(): void {}

  warn(_facts: object, message: string): void {
    this.warnings.push(message)
  }

  info(facts: object, message: string): void {
    expect(message).toBe('exchange')
    this.exchanges.push(facts as Line)
  }

  error(facts: object): void {
    this.errors.push(facts as Line)
  }
}

/** Closed after each test: the timers of one left open would be counted in the next. */
const opened: ProxyApp[] = []

function open(options: Partial<ProxyOptions> = {}) {
  const upstream = new FakeUpstream()
  const log = new Log()
  const storage = memoryStorage({
    clientKeys: [record],
    credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(UPSTREAM_KEY) } },
  })
  const proxy = createProxy({ storage, logger: log, dispatcher: upstream as unknown as Dispatcher, ...options })
  opened.push(proxy)
  const post = (init: RequestInit & { remoteAddress?: string } = {}, target = '/v1/messages') =>
    proxy.fetch(`http://proxy.test${target}`, {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: '{"model":"claude-asked"}',
      ...init,
    })
  return { upstream, log, proxy, post, storage }
}

async function errorOf(response: Response): Promise<{ type: string; error: Line; request_id: string }> {
  return (await response.json()) as never
}

function brokenLogger(): Logger {
  const fail = () => {
    throw new Error('disk full')
  }
  return { debug: fail, info: fail, warn: fail, error: fail }
}

/** A request of the seam, for what fetch cannot say. */
function inbound(overrides: Partial<InboundRequest> = {}): InboundRequest {
  return {
    method: 'POST',
    path: '/v1/messages',
    mountPath: '',
    rawHeaders: ['host', 'proxy.test', 'x-api-key', key],
    headers: {},
    body: Buffer.from('{}'),
    remoteAddress: '127.0.0.1',
    hostRequest: null,
    ...overrides,
  }
}

function fakeSink(): ResponseSink & { status: number | null; leave(): void } {
  const listeners: (() => void)[] = []
  return {
    headersSent: false,
    closed: false,
    status: null,
    writeHead(status) {
      this.status = status
      ;(this as { headersSent: boolean }).headersSent = true
    },
    flushHeaders() {},
    write: () => true,
    end() {},
    destroy() {
      this.leave()
    },
    on(event, listener) {
      if (event === 'close') listeners.push(listener)
    },
    leave() {
      ;(this as { closed: boolean }).closed = true
      for (const listener of listeners) listener()
    },
  }
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(opened.splice(0).map((proxy) => proxy.close({ drainMs: 0 })))
})

describe('createProxy, one request', () => {
  it('goes up with the credential in place of the client key, and its answer comes back', async () => {
    const { upstream, post } = open({ upstream: 'https://gateway.example/base/' })
    const answer = post({ headers: { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01', cookie: 'x' } })
    await upstream.asked()
    const { options } = upstream.requests[0]!
    expect(options).toMatchObject({
      method: 'POST',
      path: '/base/v1/messages',
      body: Buffer.from('{"model":"claude-asked"}'),
    })
    const headers = options.headers as string[]
    expect(headers).toContain(UPSTREAM_KEY)
    expect(headers).toContain('2023-06-01')
    expect(headers.join()).not.toContain(key)
    expect(headers).not.toContain('cookie')
    upstream.head(200, { 'content-type': 'application/json', 'request-id': 'req_1' }).data(MESSAGE).end()
    const response = await answer
    expect(response.status).toBe(200)
    expect(response.headers.get('request-id')).toBe('req_1')
    expect(await response.text()).toBe(MESSAGE)
  })

  it.each([
    ['no key', { headers: {} }, '/v1/messages', 401, 'authentication_error'],
    ['a key nobody gave out', { headers: { 'x-api-key': stranger.key } }, '/v1/messages', 401, 'authentication_error'],
    ['a path that is not open', {}, '/v1/organizations', 404, 'not_found_error'],
    ['a path that is malformed', {}, '/v1/messages|x', 400, 'invalid_request_error'],
  ])('with %s is refused in the shape of the API, and nothing goes up', async (_name, init, target, status, type) => {
    const { upstream, post, log } = open()
    const response = await post(init as RequestInit, target)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-should-retry')).toBe('false')
    const body = await errorOf(response)
    expect(body).toMatchObject({ type: 'error', error: { type } })
    expect(body.request_id).toBe(response.headers.get('x-prompt-train-request-id'))
    expect(upstream.requests).toEqual([])
    expect(body.request_id).toBe(response.headers.get('request-id'))
    expect(log.exchanges).toMatchObject([{ requestId: body.request_id, status, errorType: type }])
    expect(log.errors).toEqual([])
  })

  it('without a credential for its domain gets 503', async () => {
    const { upstream, post, log } = open({ storage: memoryStorage({ clientKeys: [record] }) })
    const response = await post()
    expect(response.status).toBe(503)
    expect(await errorOf(response)).toMatchObject({ error: { type: 'api_error' } })
    expect(log.exchanges).toMatchObject([{ status: 503, domain: 'example.com', keyId: record.keyId }])
    expect(upstream.requests).toEqual([])
  })

  it('with a credential that has expired by the clock given gets 503', async () => {
    const oauth: Credential = {
      type: 'oauth',
      accessToken: new Secret('FAKE'),
      refreshToken: null,
      expiresAt: 5000,
      refresh: neverRefreshed,
    }
    const storage = memoryStorage({ clientKeys: [record], credentials: { 'example.com': oauth } })
    const now = { at: 4999 }
    const { upstream, post } = open({ storage, clock: { now: () => now.at, monotonic: () => 0 } })
    void post()
    await upstream.asked()
    upstream.head(200, {}).end()
    now.at = 5000
    expect((await post()).status).toBe(503)
    expect(upstream.requests).toHaveLength(1)
  })

  it('whose body was read before is refused with what to do about it', async () => {
    const { proxy, upstream } = open({ authenticate: allowAnyone('example.com') })
    const request = new Request('http://proxy.test/v1/messages', { method: 'POST', body: '{}' })
    await request.text()
    const response = await Promise.race([proxy.fetch(request), upstream.asked()])
    expect(upstream.requests).toEqual([])
    expect(response!.status).toBe(500)
    expect((await errorOf(response!)).error.message).toMatch(/body parser/)
  })

  it('with a body over the limit gets 413, and the process lives', async () => {
    const { post } = open({ edge: { limits: { bodyBytes: 300_000 } } })
    const uncaught = await uncaughtDuring(async () => {
      expect((await post({ body: 'x'.repeat(300_001) })).status).toBe(413)
    })
    expect(uncaught).toEqual([])
  })

  it('from an address that is not on the list gets 403', async () => {
    const { post, upstream, log } = open({ edge: { allow: ['10.0.0.0/8'] } })
    expect((await post({ remoteAddress: '192.0.2.1' })).status).toBe(403)
    expect((await post()).status).toBe(403)
    void post({ remoteAddress: '::ffff:10.1.2.3' })
    await upstream.asked()
    upstream.head(200, {}).end()
    await setImmediate()
    expect(log.exchanges.map(({ clientAddress }) => clientAddress)).toEqual(['192.0.2.1', null, '10.1.2.3'])
  })
})

describe('createProxy, authenticate', () => {
  it('lets in everybody as the domain named', async () => {
    const { upstream, post, log } = open({ authenticate: allowAnyone('example.com') })
    const answer = post({ headers: {} })
    await upstream.asked()
    upstream.head(200, {}).end()
    expect((await answer).status).toBe(200)
    await setImmediate()
    expect(log.exchanges).toMatchObject([{ domain: 'example.com', keyId: null }])
  })

  it('asks the host, with what it calls the request', async () => {
    const context = { session: 'ada' }
    const authenticate = vi.fn(async ({ hostRequest }: InboundRequest) => ({
      domain: 'example.com',
      keyId: (hostRequest as typeof context).session,
    }))
    const { upstream, proxy, log } = open({ authenticate })
    const answer = proxy.fetch('http://proxy.test/v1/models', { hostRequest: context })
    await upstream.asked()
    upstream.head(200, {}).end()
    expect((await answer).status).toBe(200)
    await setImmediate()
    expect(log.exchanges).toMatchObject([{ keyId: 'ada', method: 'GET', path: '/v1/models' }])
  })

  it('is not asked about a target that is not open', async () => {
    const authenticate = vi.fn(() => null)
    const { post } = open({ authenticate })
    expect((await post({}, '/v1/files')).status).toBe(404)
    expect(authenticate).not.toHaveBeenCalled()
    expect((await post()).status).toBe(401)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('password=hunter2FAKE')
      },
    ],
    ['rejects', () => Promise.reject(new Error('password=hunter2FAKE'))],
    ['gives what is no identity', () => ({ domain: '' }) as never],
  ])('that %s gives 500; its secrets stay out of answer and log', async (_name, authenticate) => {
    const { post, log, upstream } = open({ authenticate })
    const response = await post()
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('FAKE')
    expect(log.exchanges).toMatchObject([{ status: 500, domain: null }])
    expect(log.errors).toHaveLength(1)
    expect(JSON.stringify(log.errors)).not.toContain('FAKE')
    expect(upstream.requests).toEqual([])
  })
})

describe('createProxy, without any client key', () => {
  it('says so at the first refusal', async () => {
    const { post, log } = open({ storage: memoryStorage({ credentials: {} }) })
    expect((await post({ headers: { 'x-api-key': stranger.key } })).status).toBe(401)
    await vi.waitFor(() => expect(log.warnings).toContainEqual(expect.stringMatching(/^no client key is configured/)))
  })
})

describe('createProxy, authenticate that gives nothing', () => {
  it.each([null, undefined, false])('is refused with 401: %s', async (nothing) => {
    const { post } = open({ authenticate: () => nothing as never })
    expect((await post()).status).toBe(401)
  })
})

describe('createProxy, a logger that throws', () => {
  it('does not harm an answer', async () => {
    const { upstream, post } = open({ logger: brokenLogger() })
    const answer = post()
    await upstream.asked()
    upstream.head(200, {}).data('x').end()
    expect(await (await answer).text()).toBe('x')
  })

  it('does not harm a refusal', async () => {
    const { post } = open({ logger: brokenLogger() })
    expect((await post({ headers: {} })).status).toBe(401)
  })

  it('does not keep handle() from answering 500 where authenticate throws too', async () => {
    const authenticate = () => {
      throw new Error('x')
    }
    const { proxy } = open({ logger: brokenLogger(), authenticate })
    const sink = fakeSink()
    await expect(proxy.handle(inbound(), sink)).resolves.toBeUndefined()
    expect(sink.status).toBe(500)
  })

  it('does not keep handle() from answering 502 where the upstream fails', async () => {
    const { proxy, upstream } = open({ logger: brokenLogger() })
    const sink = fakeSink()
    const handled = expect(proxy.handle(inbound(), sink)).resolves.toBeUndefined()
    await upstream.asked()
    upstream.fail(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))
    await handled
    expect(sink.status).toBe(502)
  })
})

describe('createProxy, the access line', () => {
  it('has the facts of a message', async () => {
    const times = [1000, 1250.4, 1500.6]
    const clock = { now: () => 0, monotonic: () => times.shift()! }
    const { upstream, post, log } = open({ clock })
    const answer = post({ remoteAddress: '10.0.0.7' }, '/v1/messages?beta=FAKE-secret')
    await upstream.asked()
    upstream.head(200, { 'content-type': 'application/json', 'request-id': 'req_1' }).data(MESSAGE).end()
    const response = await answer
    await setImmediate()
    expect(log.exchanges).toEqual([
      {
        requestId: response.headers.get('x-prompt-train-request-id'),
        domain: 'example.com',
        keyId: record.keyId,
        clientAddress: '10.0.0.7',
        method: 'POST',
        path: '/v1/messages',
        status: 200,
        durationMs: 501,
        model: 'claude-opus-5-5',
        inputTokens: 12,
        outputTokens: 3,
        cacheReadTokens: 7,
        cacheWriteTokens: 5,
        firstByteMs: 250,
        upstreamRequestId: 'req_1',
      },
    ])
    expect(JSON.stringify(log)).not.toMatch(/FAKE|cnp_/)
  })

  it('has the facts of a stream', async () => {
    const { upstream, post, log } = open()
    void post()
    await upstream.asked()
    const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`
    upstream
      .head(200, EVENTS)
      .data(event({ type: 'message_start', message: { model: 'claude-served', usage: { input_tokens: 4 } } }))
      .data(event({ type: 'message_delta', delta: {}, usage: { output_tokens: 9 } }))
      .data(event({ type: 'message_stop' }))
      .end()
    await setImmediate()
    expect(log.exchanges).toMatchObject([{ status: 200, model: 'claude-served', inputTokens: 4, outputTokens: 9 }])
    expect(log.exchanges[0]).toMatchObject({ aborted: undefined, broken: undefined, errorType: undefined })
  })

  it('has the error of the upstream, and the model asked for where none served', async () => {
    const { upstream, post, log } = open()
    void post()
    await upstream.asked()
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'x' } }
    upstream.head(529, { 'content-type': 'application/json' }).data(JSON.stringify(error)).end()
    await setImmediate()
    expect(log.exchanges).toMatchObject([
      { status: 529, errorType: 'overloaded_error', model: 'claude-asked', inputTokens: null, outputTokens: null },
    ])
    expect(log.errors).toEqual([])
  })

  it('says that a client left before there was an answer', async () => {
    const { upstream, post, log } = open()
    const caller = new AbortController()
    const answer = expect(post({ signal: caller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    await upstream.asked()
    caller.abort()
    await answer
    await setImmediate()
    expect(upstream.requests[0]!.aborted).not.toBeNull()
    expect(log.exchanges).toMatchObject([{ status: null, aborted: true, broken: undefined }])
    expect(log.errors).toEqual([])
  })

  it('says that a client left within the answer, and what it had used by then', async () => {
    const { upstream, post, log } = open()
    const answer = post()
    await upstream.asked()
    const start = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 4, output_tokens: 1 } } }
    upstream.head(200, EVENTS).data(`data: ${JSON.stringify(start)}\n\n`)
    const reader = (await answer).body!.getReader()
    await reader.read()
    await reader.cancel()
    await setImmediate()
    expect(upstream.requests[0]!.aborted).not.toBeNull()
    expect(log.exchanges).toMatchObject([{ status: 200, aborted: true, inputTokens: 4, outputTokens: 1 }])
  })

  it('says that a client left before it was authenticated', async () => {
    let admit!: (identity: { domain: string; keyId: null }) => void
    const { proxy, upstream, log } = open({ authenticate: () => new Promise((resolve) => (admit = resolve)) })
    const sink = fakeSink()
    const handled = proxy.handle(inbound(), sink)
    sink.leave()
    admit({ domain: 'example.com', keyId: null })
    await handled
    expect(upstream.requests).toEqual([])
    expect(log.exchanges).toMatchObject([{ status: null, aborted: true }])
  })

  it('says that an answer broke off', async () => {
    const { upstream, post, log } = open()
    const answer = post()
    await upstream.asked()
    upstream.head(200, EVENTS).data('data: {}\n\n')
    const reader = (await answer).body!.getReader()
    await reader.read()
    upstream.fail(Object.assign(new Error('x'), { code: 'ECONNRESET' }))
    expect(Buffer.from((await reader.read()).value!).toString()).toContain('event: error')
    await expect(reader.read()).rejects.toThrow()
    expect(log.exchanges).toMatchObject([{ status: 200, broken: true, aborted: undefined }])
  })

  it('says why an upstream could not be reached, in one more line without secrets', async () => {
    const { upstream, post, log } = open()
    const answer = post()
    await upstream.asked()
    upstream.fail(Object.assign(new Error('connect sk-ant-FAKE-0000'), { code: 'ECONNREFUSED' }))
    const response = await answer
    expect(response.status).toBe(502)
    expect(response.headers.get('x-should-retry')).toBeNull()
    const requestId = response.headers.get('x-prompt-train-request-id')
    expect(log.exchanges).toMatchObject([{ requestId, status: 502, errorType: 'api_error' }])
    expect(log.errors).toMatchObject([
      { requestId, code: 'upstream_unreachable', error: { name: 'Error', code: 'ECONNREFUSED' } },
    ])
    expect(JSON.stringify(log.errors)).not.toContain('FAKE')
  })
})

describe('createProxy, a client that leaves within a large body', () => {
  it('while it is being authenticated, leaves nothing behind that could fail later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let admit!: (identity: { domain: string; keyId: null }) => void
    const { proxy } = open({ authenticate: () => new Promise((resolve) => (admit = resolve)) })
    const uncaught = await uncaughtDuring(async () => {
      const sink = fakeSink()
      const body = new Readable({ read() {} })
      body.push(Buffer.alloc(1000))
      const handled = proxy.handle(
        inbound({ body, rawHeaders: ['host', 'proxy.test', 'content-length', '1000000'] }),
        sink,
      )
      body.destroy()
      sink.leave()
      await setImmediate()
      admit({ domain: 'example.com', keyId: null })
      await handled
      vi.advanceTimersByTime(60_000)
      await setImmediate()
    })
    expect(uncaught).toEqual([])
  })
})

describe('ProxyApp.health and close', () => {
  it('counts what is under way', async () => {
    const { proxy, upstream, post } = open()
    expect(proxy.health()).toMatchObject({ status: 'ok', inFlight: 0 })
    const answer = post()
    await upstream.asked()
    expect(proxy.health()).toMatchObject({ status: 'ok', inFlight: 1 })
    upstream.head(200, {}).end()
    await answer
    await setImmediate()
    expect(proxy.health()).toMatchObject({ status: 'ok', inFlight: 0 })
  })

  it('lets what is under way finish, and refuses what is new with 503', async () => {
    const { proxy, upstream, post, log } = open()
    const answer = post()
    await upstream.asked()
    upstream.head(200, EVENTS).data('a')
    const closed = vi.fn<() => void>()
    const closing = proxy.close().then(closed)
    expect(proxy.health()).toMatchObject({ status: 'draining', inFlight: 1 })

    const refused = await post()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('connection')).toBe('close')
    expect(refused.headers.get('x-should-retry')).toBeNull()
    expect(await errorOf(refused)).toMatchObject({ error: { type: 'api_error' } })
    expect(closed).not.toHaveBeenCalled()

    upstream.data('b').end()
    expect(await (await answer).text()).toBe('ab')
    await closing
    expect(proxy.health()).toMatchObject({ status: 'draining', inFlight: 0 })
    expect(log.exchanges.map(({ status }) => status)).toEqual([503, 200])
  })

  it('cuts after drainMs what has not finished: an answer by breaking it off, a wait by 503', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { proxy, upstream, post } = open()
    const streaming = post()
    await upstream.asked()
    upstream.head(200, EVENTS).data('data: 1\n\n')
    const { body } = await streaming
    const waiting = post()
    await setImmediate()
    expect(upstream.requests).toHaveLength(2)
    const closing = proxy.close({ drainMs: 5000 })
    await vi.advanceTimersByTimeAsync(4999)
    expect(proxy.health().inFlight).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    await closing
    expect((await waiting).status).toBe(503)
    expect(upstream.requests.map(({ aborted }) => aborted)).toMatchObject([{ code: 'draining' }, { code: 'draining' }])
    const reader = body!.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n')
    expect(Buffer.from((await reader.read()).value!).toString()).toContain('The server is shutting down.')
    await expect(reader.read()).rejects.toThrow()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait past drainMs for a host that never answers whom a request is from', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { proxy } = open({ authenticate: () => new Promise(() => {}) })
    const closed = vi.fn<() => void>()
    void proxy.handle(inbound(), fakeSink())
    void proxy.close({ drainMs: 5000 }).then(closed)
    await vi.advanceTimersByTimeAsync(5000)
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('closes once: a second call waits for the first', async () => {
    const { proxy, upstream, post } = open()
    const answer = post()
    await upstream.asked()
    const first = proxy.close()
    const second = proxy.close({ drainMs: 1 })
    expect(second).toBe(first)
    upstream.head(200, {}).end()
    await Promise.all([first, second, answer])
    await proxy.close()
  })

  it('leaves a dispatcher that was given open', async () => {
    const { proxy, upstream } = open()
    await proxy.close()
    expect(upstream.destroy).not.toHaveBeenCalled()
    expect(upstream.close).not.toHaveBeenCalled()
  })
})

describe('createProxy, client keys', () => {
  const wrong = { headers: { 'x-api-key': stranger.key } }

  it('answers 429 to failures over the limit, and serves a good key from the same address all the same', async () => {
    const { upstream, post, log } = open({ edge: { limits: { authFailures: { max: 2 } } } })
    const from = { remoteAddress: '192.0.2.1' }
    const failures = []
    for (let i = 0; i < 4; i++) failures.push(await post({ ...wrong, ...from }))
    expect(failures.map(({ status }) => status)).toEqual([401, 401, 429, 429])
    expect(failures[3]!.headers.get('retry-after')).toMatch(/^(?:59|60)$/)
    expect(failures[3]!.headers.has('x-should-retry')).toBe(false)
    expect((await errorOf(failures[3]!)).error).toMatchObject({ type: 'rate_limit_error' })
    expect(failures[1]!.headers.has('retry-after')).toBe(false)
    expect(log.exchanges[3]).toMatchObject({ status: 429, errorType: 'rate_limit_error', keyId: null })

    const answer = post(from)
    await upstream.asked()
    upstream.head(200, { 'content-type': 'application/json' }).data(MESSAGE).end()
    expect((await answer).status).toBe(200)
    expect((await post({ headers: { 'x-api-key': 'FAKE' }, remoteAddress: '192.0.2.2' })).status).toBe(401)
  })

  it('does not let X-Forwarded-For choose whom a failure is counted for', async () => {
    const { post } = open({ edge: { limits: { authFailures: { max: 1 } } } })
    const failures = []
    for (let i = 0; i < 3; i++) {
      const headers = { 'x-api-key': 'FAKE', 'x-forwarded-for': `198.51.100.${i}` }
      failures.push((await post({ headers, remoteAddress: '192.0.2.1' })).status)
    }
    expect(failures).toEqual([401, 429, 429])
  })

  it('counts accepted requests for their key and stores them when it closes', async () => {
    const { upstream, post, proxy, storage } = open({ edge: { allow: ['192.0.2.0/24'] } })
    const answer = post({ remoteAddress: '192.0.2.1' })
    await upstream.asked()
    upstream.head(529, { 'content-type': 'application/json' }).data('{}').end()
    await (await answer).text()
    expect((await post({ remoteAddress: '198.51.100.1' })).status).toBe(403)
    expect((await post(wrong)).status).toBe(401)
    await proxy.close()
    expect(await storage.clientKeys.uses()).toEqual([
      { keyId: record.keyId, requests: 1, lastUsedAt: expect.any(Number), lastAddress: '192.0.2.1' },
    ])
  })

  it('checks the Host where it is told to, after the key', async () => {
    const { upstream, post } = open({ edge: { checkHost: true } })
    const at = (host: string, clientKey = key) => post({ headers: { 'x-api-key': clientKey, host } })
    const refused = await at('other.example')
    expect(refused.status).toBe(403)
    expect((await errorOf(refused)).error).toMatchObject({ type: 'permission_error' })
    expect((await at('example.com', stranger.key)).status).toBe(401)
    expect(upstream.requests).toEqual([])
    const answer = at('example.com:3000')
    await upstream.asked()
    upstream.head(200, { 'content-type': 'application/json' }).data(MESSAGE).end()
    expect((await answer).status).toBe(200)
  })
})

describe('createProxy, options', () => {
  it.each<[string, object]>([
    ['edge.limits.authFailures.max', { max: 0 }],
    ['edge.limits.authFailures.windowMs', { windowMs: -1 }],
    ['edge.limits.authFailures.perKey', { perKey: 1 }],
  ])('refuses a wrong %s', (option, authFailures) => {
    expect(() => open({ edge: { limits: { authFailures } } })).toThrow(expect.objectContaining({ option }))
  })

  it('names the option that is wrong, and changes none', () => {
    const options = Object.freeze({ authenticate: allowAnyone('x'), credentials: { find: () => null } })
    expect(() => createProxy({ ...options, upstream: 'http://api.example' })).toThrow(ConfigurationError)
    expect(() => createProxy({ ...options, upstream: 'http://api.example' })).toThrow(/^upstream: /)
    expect(() => createProxy({})).toThrow(/^credentials: /)
    expect(() => createProxy(options)).not.toThrow()
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
