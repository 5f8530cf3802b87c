import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { InboundRequest, Mountable, MountableFetchInit, ResponseSink } from './mountable.js'
import { respond, toFetch } from './web.js'

type Answer = (request: InboundRequest, sink: ResponseSink) => void | Promise<void>

const ok: Answer = (_request, sink) => {
  sink.writeHead(200, {})
  sink.end()
}

function app(answer: Answer): { fetch: Mountable['fetch']; seen: InboundRequest[] } {
  const seen: InboundRequest[] = []
  return {
    seen,
    fetch: toFetch(async (request, sink) => {
      seen.push(request)
      await answer(request, sink)
    }),
  }
}

/** The request as the app sees it. */
async function see(input: Request | string | URL, init?: MountableFetchInit): Promise<InboundRequest> {
  const { fetch, seen } = app(ok)
  await fetch(input, init)
  return seen[0]!
}

/** The body as the app reads it before it answers. */
async function readBody(input: Request | string | URL, init?: MountableFetchInit): Promise<string> {
  const chunks: Uint8Array[] = []
  const { fetch } = app(async (request, sink) => {
    for await (const chunk of request.body as AsyncIterable<Uint8Array>) chunks.push(chunk)
    await ok(request, sink)
  })
  await fetch(input, init)
  return Buffer.concat(chunks).toString()
}

describe('toFetch, the request', () => {
  it.each([
    ['http://h/v1/messages?beta=true', '/v1/messages?beta=true'],
    ['https://h.example:8443/a%2Fb/?q=%20#fragment', '/a%2Fb/?q=%20'],
    ['http://h', '/'],
    ['http://h?x=1', '/?x=1'],
    ['http://[::1]:3000/v1/models', '/v1/models'],
    ['http://h/a//b/;c', '/a//b/;c'],
  ])('takes the target of %s as it is spelled', async (url, path) => {
    expect((await see(url)).path).toBe(path)
  })

  it.each([
    ['http://h/claude/v1/models?limit=1', '/v1/models?limit=1'],
    ['http://h/claude', '/'],
    ['http://h/claude?x=1', '/?x=1'],
    ['http://h/claudette/v1/models', '/../claudette/v1/models'],
    ['http://h/v1/models', '/../v1/models'],
    ['http://h/Claude/v1/models', '/../Claude/v1/models'],
  ])('cuts the mount path off %s', async (url, path) => {
    expect(await see(url, { mountPath: '/claude' })).toMatchObject({ path, mountPath: '/claude' })
  })

  it('has method, headers and peer; the content-length, which nobody checked, stays out', async () => {
    const request = await see('http://h/', {
      method: 'DELETE',
      headers: [
        ['X-One', '1'],
        ['x-many', 'a'],
        ['x-many', 'b'],
        ['content-length', '999'],
      ],
      remoteAddress: '10.0.0.7',
    })
    expect(request).toMatchObject({ method: 'DELETE', mountPath: '', remoteAddress: '10.0.0.7', body: null })
    expect(request.rawHeaders).toEqual(['x-many', 'a, b', 'x-one', '1', 'host', 'h'])
    expect(request.headers).toEqual({ 'x-one': '1', 'x-many': 'a, b', host: 'h' })
  })

  it('has the host of the URL, port included, unless the Request brings one', async () => {
    expect((await see('http://h:81/')).rawHeaders).toEqual(['host', 'h:81'])
    expect((await see('http://h/', { headers: { host: 'brought' } })).rawHeaders).toEqual(['host', 'brought'])
  })

  it('has the Request itself as host request, or what the host calls it', async () => {
    const input = new Request('http://h/')
    expect((await see(input)).hostRequest).toBe(input)
    const context = { session: 1 }
    expect((await see(input, { hostRequest: context })).hostRequest).toBe(context)
  })

  it('takes a Request, a text and a URL, with a standard init over it', async () => {
    expect(await see(new URL('http://h/a'))).toMatchObject({ method: 'GET', path: '/a', body: null })
    expect(await see('http://h/a', { method: 'POST' })).toMatchObject({ method: 'POST', body: null })
    const input = new Request('http://h/a', { method: 'POST', body: 'old' })
    expect((await see(input.clone(), { method: 'PUT', body: 'new' })).method).toBe('PUT')
    expect(await readBody(input, { method: 'PUT', body: 'new' })).toBe('new')
  })

  it('brings the body, whole and untouched', async () => {
    const text = JSON.stringify({ text: '€😀 "\\' })
    expect(await readBody('http://h/', { method: 'POST', body: text })).toBe(text)
    const stream = new ReadableStream({
      start(controller) {
        for (const piece of ['a', 'b', 'c']) controller.enqueue(Buffer.from(piece))
        controller.close()
      },
    })
    const init = { method: 'POST', body: stream, duplex: 'half' } as MountableFetchInit
    expect(await readBody('http://h/', init)).toBe('abc')
  })

  it('shows a body that something read before as one that was read', async () => {
    const input = new Request('http://h/', { method: 'POST', body: '{}' })
    await input.text()
    const { body } = (await see(input)) as { body: Readable }
    await setImmediate()
    expect(body.readableDidRead || body.readableEnded).toBe(true)
  })
})

describe('toFetch, the answer', () => {
  it('streams chunks one by one', async () => {
    let sink!: ResponseSink
    const { fetch } = app((_request, opened) => {
      sink = opened
      sink.writeHead(200, { 'content-type': 'text/event-stream' })
    })
    const response = await fetch('http://h/')
    const reader = response.body!.getReader()
    for (const chunk of ['data: 1\n\n', 'data: 2\n\n']) {
      const read = reader.read()
      sink.write(Buffer.from(chunk))
      expect(Buffer.from((await read).value!).toString()).toBe(chunk)
    }
    const read = reader.read()
    sink.end()
    expect((await read).done).toBe(true)
  })

  it('answers HEAD without a body', async () => {
    const { fetch } = app((_request, sink) => {
      sink.writeHead(200, { 'content-length': '5' })
      sink.end('hello')
    })
    const response = await fetch('http://h/', { method: 'HEAD' })
    expect(response.body).toBeNull()
    expect(response.headers.get('content-length')).toBe('5')
  })

  it('rejects with the reason of a signal that is aborted before the call, and asks nobody', async () => {
    const { fetch, seen } = app(ok)
    const reason = new Error('changed my mind')
    await expect(fetch('http://h/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(seen).toEqual([])
  })

  it('rejects with the reason of a signal that is aborted before the head', async () => {
    const caller = new AbortController()
    let closed = 0
    const { fetch } = app((_request, sink) => {
      sink.on('close', () => closed++)
    })
    const reason = new Error('changed my mind')
    const response = expect(fetch('http://h/', { signal: caller.signal })).rejects.toBe(reason)
    await setImmediate()
    caller.abort(reason)
    await response
    expect(closed).toBe(1)
  })

  it('fails the body with the reason of a signal that is aborted within it', async () => {
    const caller = new AbortController()
    const { fetch } = app((_request, sink) => {
      sink.writeHead(200, {})
      sink.write(Buffer.from('a'))
    })
    const response = await fetch('http://h/', { signal: caller.signal })
    const reason = new Error('changed my mind')
    caller.abort(reason)
    await expect(response.text()).rejects.toBe(reason)
  })

  it.each(['is answered', 'aborts'])('cancels a body that nobody reads on when its request %s', async (how) => {
    let cancelled = 0
    const body = new ReadableStream({ pull() {}, cancel: () => void cancelled++ })
    const caller = new AbortController()
    const { fetch } = app((request, sink) => {
      if (how === 'is answered') return ok(request, sink)
    })
    const response = fetch('http://h/', { method: 'POST', body, duplex: 'half', signal: caller.signal } as RequestInit)
    await setImmediate()
    if (how === 'aborts') caller.abort()
    await response.catch(() => {})
    await setImmediate()
    expect(cancelled).toBe(1)
  })

  it('rejects what is no request', async () => {
    await expect(app(ok).fetch('not a URL')).rejects.toBeInstanceOf(TypeError)
    await expect(app(ok).fetch('http://h/', { method: 'GET', body: 'x' })).rejects.toBeInstanceOf(TypeError)
  })
})

describe('respond', () => {
  const request: InboundRequest = {
    method: 'GET',
    path: '/',
    mountPath: '',
    rawHeaders: [],
    headers: {},
    body: null,
    remoteAddress: undefined,
    hostRequest: null,
  }

  it('gives the app the request as it is, and its answer as a Response', async () => {
    const response = await respond(
      {
        async handle(inbound, sink) {
          expect(inbound).toBe(request)
          sink.writeHead(201, { 'x-many': ['a', 'b'] })
          sink.end('done')
        },
      },
      request,
    )
    expect(response.status).toBe(201)
    expect(response.headers.get('x-many')).toBe('a, b')
    expect(await response.text()).toBe('done')
  })

  it('rejects where the connection was cut before there was an answer', async () => {
    const failure = new Error('cut')
    const response = respond({ handle: async (_request, sink) => void sink.destroy(failure) }, request)
    await expect(response).rejects.toBe(failure)
  })
})
