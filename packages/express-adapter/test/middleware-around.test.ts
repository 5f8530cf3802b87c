import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClientKey, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import { type StubUpstream, stubUpstream } from '@agent-prompt-train/core/testing'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import compression from 'compression'
import cors from 'cors'
import express, { type Express } from 'express'
import express4 from 'express4'
import { afterEach, describe, expect, it } from 'vitest'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const { key, record } = createClientKey({ domain: 'example.com' })

async function start(host: Express, upstream: StubUpstream): Promise<string> {
  const proxy = createProxy({
    storage: memoryStorage({
      clientKeys: [record],
      credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') } },
    }),
    upstream: upstream.origin,
    logger: silentLogger,
  })
  host.use('/claude', createExpressMiddleware(proxy))
  const server = createServer(host)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(
    () => upstream.close(),
    () => proxy.close({ drainMs: 0 }),
    () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/claude/v1/messages`
}

const echo = () => stubUpstream(async (response, request) => response.end(await request.body))
const spaced = '{ "model":"claude-x",   "n": 1e2 }'
const send = (url: string, init: RequestInit = {}) =>
  fetch(url, {
    method: 'POST',
    body: spaced,
    ...init,
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...init.headers },
  })

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_name, framework) => {
  it('says what to do when a body parser was mounted first, at once and without calling the upstream', async () => {
    const upstream = await echo()
    const response = await send(await start(framework().use(framework.json()), upstream))
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('express.json()') } })
    expect(upstream.requests).toHaveLength(0)
  })

  it('forwards the exact bytes where the parser kept them as rawBody', async () => {
    const keepRawBody = framework.json({
      verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }),
    })
    const url = await start(framework().use(keepRawBody), await echo())
    expect(await (await send(url)).text()).toBe(spaced)
  })

  it('forwards the exact bytes behind express.raw()', async () => {
    const url = await start(framework().use(framework.raw({ type: '*/*' })), await echo())
    expect(await (await send(url)).text()).toBe(spaced)
  })

  it('refuses rawBody that the parser unpacked from a content coding', async () => {
    const keepRawBody = framework.json({
      verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }),
    })
    const upstream = await echo()
    const url = await start(framework().use(keepRawBody), upstream)
    const body = new Response(new Blob([spaced]).stream().pipeThrough(new CompressionStream('gzip')))
    const response = await send(url, { body: await body.arrayBuffer(), headers: { 'content-encoding': 'gzip' } })
    expect(response.status).toBe(500)
    expect(upstream.requests).toHaveLength(0)
  })

  it('lets events through compression() one by one', async () => {
    let next!: () => void
    const upstream = await stubUpstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let left = 3
      next = () => (left-- > 0 ? response.write('data: 1\n\n') : response.end())
      next()
    })
    const response = await send(await start(framework().use(compression({ threshold: 0 })), upstream), {
      headers: { 'accept-encoding': 'gzip' },
    })
    const reader = response.body!.getReader()
    for (let event = 0; event < 3; event++) {
      expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n')
      next()
    }
    expect((await reader.read()).done).toBe(true)
    expect(response.headers.get('content-encoding')).toBeNull()
  })

  it('keeps the headers of cors() and answers its preflight', async () => {
    const url = await start(framework().use(cors({ origin: 'https://app.test' })), await echo())
    const response = await send(url)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.test')
    expect(await response.text()).toBe(spaced)
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.test' } })
    expect(preflight.status).toBe(204)
  })
})
