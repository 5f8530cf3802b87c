import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2'
import { createClientKey, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import { type StubUpstream, stubUpstream } from '@agent-prompt-train/core/testing'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { timeout } from 'hono/timeout'
import { afterEach, expect, it, vi } from 'vitest'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const { key, record } = createClientKey({ domain: 'example.com' })
const spaced = '{ "model":"claude-x",   "n": 1e2 }'

async function start(
  hono: Hono,
  upstream: StubUpstream,
  options: Pick<Parameters<typeof serve>[0], 'createServer'> = {},
): Promise<string> {
  const proxy = createProxy({
    storage: memoryStorage({
      clientKeys: [record],
      credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') } },
    }),
    upstream: upstream.origin,
    logger: silentLogger,
  })
  hono.all('/claude/*', createHonoHandler(proxy, { mountPath: '/claude' }))
  let server!: ServerType
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: hono.fetch, hostname: '127.0.0.1', port: 0, ...options } as never, (info) =>
      resolve(info.port),
    )
  })
  stops.push(
    () => upstream.close(),
    () => proxy.close({ drainMs: 0 }),
    () => new Promise((resolve) => server.close(resolve)),
  )
  return `http://127.0.0.1:${port}/claude/v1/messages`
}

const echo = () => stubUpstream(async (response, request) => response.end(await request.body))
const send = (url: string) =>
  fetch(url, { method: 'POST', body: spaced, headers: { 'x-api-key': key, origin: 'https://app.test' } })

it('keeps the headers of cors(), secureHeaders() and c.header()', async () => {
  const hono = new Hono()
    .use(cors({ origin: 'https://app.test' }))
    .use(secureHeaders())
    .use(async (c, next) => {
      await next()
      c.header('x-own', '1')
    })
  const response = await send(await start(hono, await echo()))
  expect(await response.text()).toBe(spaced)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'access-control-allow-origin': 'https://app.test',
    'x-content-type-options': 'nosniff',
    'x-own': '1',
    'x-prompt-train-request-id': expect.any(String),
  })
})

it('lets events through compress() one by one', async () => {
  let next!: () => void
  const upstream = await stubUpstream((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let left = 3
    next = () => (left-- > 0 ? response.write('data: 1\n\n') : response.end())
    next()
  })
  const reader = (await send(await start(new Hono().use(compress()), upstream))).body!.getReader()
  for (let event = 0; event < 3; event++) {
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n')
    next()
  }
  expect((await reader.read()).done).toBe(true)
})

it.each([
  ['a time limit answered meanwhile', new Hono().use(timeout(50)), 504],
  [
    'a middleware answered something else',
    new Hono().use(async (c, next) => {
      await next()
      c.res = new Response('own', { status: 418 })
    }),
    418,
  ],
])('ends the upstream request when %s', async (_, hono, status) => {
  const upstream = await stubUpstream((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (status !== 504) response.write('data: 1\n\n')
  })
  const response = await send(await start(hono, upstream))
  expect(response.status).toBe(status)
  await response.text()
  await (await upstream.nextRequest()).closed
})

it('ends the upstream request when a client of HTTP/2 cancels before there is an answer', async () => {
  const upstream = await stubUpstream(() => {})
  const url = new URL(await start(new Hono(), upstream, { createServer: createHttp2Server }))
  const session = connectHttp2(url.origin)
  stops.push(async () => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': url.pathname, 'x-api-key': key })
  stream.on('error', () => {}).end(spaced)
  const request = await upstream.nextRequest()
  stream.close(constants.NGHTTP2_CANCEL)
  await request.closed
})

it('says what to do when something read the body first', async () => {
  const upstream = await echo()
  const hono = new Hono().use(async (c, next) => {
    await c.req.json()
    await next()
  })
  const response = await send(await start(hono, upstream))
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('body parser') } })
  expect(upstream.requests).toHaveLength(0)
})

it('prints nothing when the upstream breaks off, and the client sees a break', async () => {
  const printed = vi.spyOn(console, 'error')
  stops.push(async () => printed.mockRestore())
  const upstream = await stubUpstream((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n', () => response.destroy())
  })
  const response = await send(await start(new Hono(), upstream))
  const reader = response.body!.getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n')
  const rest = (async () => {
    while (!(await reader.read()).done);
  })()
  await expect(rest).rejects.toThrow()
  expect(printed).not.toHaveBeenCalled()
})

it('takes the address from the host where it is told how, and from nowhere else', async () => {
  const upstream = await echo()
  stops.push(() => upstream.close())
  const proxy = createProxy({
    storage: memoryStorage({
      clientKeys: [record],
      credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') } },
    }),
    upstream: upstream.origin,
    edge: { allow: ['192.0.2.0/24'] },
    logger: silentLogger,
  })
  stops.push(() => proxy.close({ drainMs: 0 }))
  const ask = (address: string | undefined) => {
    const hono = new Hono().all('/claude/*', createHonoHandler(proxy, { remoteAddress: () => address }))
    return hono.request('/claude/v1/messages', { method: 'POST', body: '{}', headers: { 'x-api-key': key } })
  }
  expect((await ask('192.0.2.7')).status).toBe(200)
  expect((await ask('198.51.100.7')).status).toBe(403)
  expect((await ask(undefined)).status).toBe(403)
})

it('says that a route with parameters needs its mount path', async () => {
  const proxy = createProxy({ storage: memoryStorage(), logger: silentLogger })
  stops.push(() => proxy.close({ drainMs: 0 }))
  const failures: unknown[] = []
  const hono = new Hono().all('/:team/claude/*', createHonoHandler(proxy))
  hono.onError((error, c) => {
    failures.push(error)
    return c.text('', 500)
  })
  expect((await hono.request('/a/claude/v1/messages')).status).toBe(500)
  expect(failures).toMatchObject([{ code: 'configuration_error', option: 'mountPath' }])
})
