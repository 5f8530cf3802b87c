import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createClientKey } from '../client-key.js'
import { silentLogger } from '../logger.js'
import type { Mountable } from '../mountable.js'
import { createProxy } from '../proxy.js'
import { Secret } from '../secret.js'
import { memoryStorage } from '../storage/memory.js'
import { assertIs, type ContractCase } from './contract-case.js'
import { type StubAnswer, type StubUpstream, stubUpstream } from './stub-upstream.js'

/** An app mounted in a host that runs. */
export interface MountedHost {
  /** Sends a request to the host: `target` is path and query from the host's root. */
  fetch(target: string, init?: RequestInit): Promise<Response>
  /** Stops the host. */
  close(): Promise<void>
}

/** What an adapter's author writes to run {@link mountableCases}. */
export interface MountableHarness {
  /** Starts a fresh host with `app` mounted under `mountPath`, which is `""` for the root. */
  mount(app: Mountable, options: { readonly mountPath: string }): Promise<MountedHost>
}

const UPSTREAM_KEY = 'sk-ant-api03-FAKE-upstream-key'
const MIB = 1024 * 1024

/** What every adapter must carry intact between its host and a Mountable. */
export const mountableCases: readonly ContractCase<MountableHarness>[] = [
  contractCase('the first chunk arrives before the upstream ends', async ({ send, upstream }) => {
    const gate = latch()
    upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: ping\ndata: {"type":"ping"}\n\n')
      void gate.opened.then(() => response.end('event: ping\ndata: {"type":"ping"}\n\n'))
    })
    const response = await send({ body: '{"stream":true}' })
    const reader = response.body!.getReader()
    const first = await reader.read()
    assert.equal(Buffer.from(first.value).toString(), 'event: ping\ndata: {"type":"ping"}\n\n')
    gate.open()
    assertIs((await reader.read()).done, false, 'done after the first event')
    assertIs((await reader.read()).done, true, 'done after the last event')
  }),

  contractCase('the head arrives before the first chunk', async ({ send, upstream }) => {
    const gate = latch()
    upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      void gate.opened.then(() => response.end('x'))
    })
    const response = await send({ body: '{}' })
    assertIs(response.status, 200, 'status')
    gate.open()
    assert.equal(await response.text(), 'x')
  }),

  ...[0, 1, 256 * 1024, 256 * 1024 + 1, MIB, 32 * MIB].map((size) =>
    contractCase(`a request body of ${size} bytes goes up byte-exact`, async ({ send, upstream }) => {
      upstream(async (response, request) => response.end(digest(await request.body)))
      const body = someBytes(size)
      assert.equal(await (await send({ body })).text(), digest(body))
    }),
  ),

  ...[0, 1, MIB, 32 * MIB].map((size) =>
    contractCase(`an answer of ${size} bytes comes down byte-exact`, async ({ send, upstream }) => {
      const body = someBytes(size)
      upstream((response) => response.end(body))
      const answer = Buffer.from(await (await send({ body: '{}' })).arrayBuffer())
      assertIs(answer.length, size, 'bytes of the answer')
      assert.equal(digest(answer), digest(body))
    }),
  ),

  contractCase('a reader that stops pauses the upstream, and gets every byte later', async ({ send, upstream }) => {
    const chunk = randomBytes(MIB)
    const total = 64
    let written = 0
    upstream((response) => {
      const writeOn = () => {
        while (written++ < total) if (!response.write(chunk)) return
        response.off('drain', writeOn).end()
      }
      response.on('drain', writeOn)
      writeOn()
    })
    const response = await send({ body: '{}' })
    const reader = response.body!.getReader()
    let read = (await reader.read()).value!.byteLength
    // Until it stands still: buffers of both sockets fill first.
    for (let before = -1; before !== written; ) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    assert.ok(written < 30, `the upstream could write ${written} MiB to a client that does not read`)
    for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.byteLength
    assertIs(read, total * MIB, 'bytes that the client read')
  }),

  contractCase('a client that leaves before the head ends the upstream request', async ({ send, upstream, server }) => {
    upstream(() => {})
    const client = new AbortController()
    const answer = send({ body: '{}', signal: client.signal })
    const request = await server().nextRequest()
    client.abort()
    // Over a socket nobody is left to see an answer; in process a host may still give one.
    await Promise.allSettled([answer, request.closed])
  }),

  contractCase('a client that leaves in mid-stream ends the upstream request', async ({ send, upstream, server }) => {
    upstream((response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n'))
    const client = new AbortController()
    const response = await send({ body: '{}', signal: client.signal })
    await response.body!.getReader().read()
    const request = await server().nextRequest()
    client.abort()
    await request.closed
  }),

  contractCase('an answer that breaks off never ends cleanly', async ({ send, upstream }) => {
    upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n', () => response.destroy())
    })
    const response = await send({ body: '{}' })
    await assert.rejects(response.text())
  }),

  contractCase('an answer of known length that breaks off never ends cleanly', async ({ send, upstream }) => {
    upstream((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{', () => response.destroy())
    })
    const response = await send({ body: '{}' })
    await assert.rejects(response.text())
  }),

  contractCase('an upstream that cannot be reached is a 502 in the API’s shape', async ({ send, server }) => {
    await server().close()
    const response = await send({ body: '{}' })
    assertIs(response.status, 502, 'status')
    const body = (await response.json()) as { error: { type: string }; request_id: string }
    assert.equal(body.error.type, 'api_error')
    assert.equal(body.request_id, response.headers.get('x-prompt-train-request-id'))
    assert.equal(body.request_id, response.headers.get('request-id'))
  }),

  contractCase('the query goes up as it came', async ({ send, upstream, server }) => {
    upstream((response) => response.end())
    await send({ body: '{}', query: '?beta=true&a=%2F%2e&a=1&empty=' })
    assert.equal((await server().nextRequest()).url, '/v1/messages?beta=true&a=%2F%2e&a=1&empty=')
  }),

  contractCase('an upstream 404 is an answer, with its body untouched', async ({ send, upstream }) => {
    const body = '{ "type":"error", "error":{"type":"not_found_error","message":"model: nope"} }'
    upstream((response) => response.writeHead(404, { 'content-type': 'application/json' }).end(body))
    const response = await send({ body: '{}' })
    assertIs(response.status, 404, 'status')
    assert.equal(await response.text(), body)
  }),

  contractCase('rate-limit, retry and request-id headers come down', async ({ send, upstream }) => {
    const headers = {
      'request-id': 'req_FAKE',
      'retry-after': '7',
      'retry-after-ms': '7000',
      'x-should-retry': 'true',
      'anthropic-ratelimit-requests-remaining': '0',
    }
    upstream((response) => response.writeHead(429, headers).end())
    const response = await send({ body: '{}' })
    for (const [name, value] of Object.entries(headers)) assert.equal(response.headers.get(name), value, name)
  }),

  contractCase('repeated answer headers stay separate or joined by comma, none is lost', async ({ send, upstream }) => {
    upstream((response) => response.writeHead(200, { 'anthropic-note': ['one', 'two'] }).end())
    assert.equal((await send({ body: '{}' })).headers.get('anthropic-note'), 'one, two')
  }),

  contractCase('cookies and the edge’s own headers of the upstream stay behind', async ({ send, upstream }) => {
    upstream((response) => response.writeHead(200, { 'set-cookie': 'a=b', server: 'edge', via: '1.1 edge' }).end())
    const { headers } = await send({ body: '{}' })
    assert.deepEqual([headers.get('set-cookie'), headers.get('server'), headers.get('via')], [null, null, null])
  }),

  contractCase('HEAD is answered without a body', async ({ host, key, upstream }) => {
    upstream((response) => response.writeHead(200, { 'content-length': '5' }).end())
    const response = await host.fetch('/api/hello', { method: 'HEAD', headers: { 'x-api-key': key } })
    assertIs(response.status, 200, 'status')
    assert.equal(await response.text(), '')
  }),

  contractCase('OPTIONS and unknown paths are our 404, never the host’s', async ({ host, key, server }) => {
    for (const [method, target] of [
      ['OPTIONS', '/v1/messages'],
      ['GET', '/v1/organizations/me'],
      ['POST', '/'],
    ] as const) {
      const response = await host.fetch(target, { method, headers: { 'x-api-key': key } })
      assertIs(response.status, 404, `status of ${method} ${target}`)
      assert.ok(response.headers.has('x-prompt-train-request-id'), `${method} ${target}`)
    }
    assertIs(server().requests.length, 0, 'requests that reached the upstream')
  }),

  contractCase('a bad client key is a 401 in the API’s shape', async ({ host, server }) => {
    const response = await host.fetch('/v1/messages', { method: 'POST', body: '{}', headers: { 'x-api-key': 'nope' } })
    assertIs(response.status, 401, 'status')
    assert.equal(response.headers.get('x-should-retry'), 'false')
    assert.equal(((await response.json()) as { error: { type: string } }).error.type, 'authentication_error')
    assertIs(server().requests.length, 0, 'requests that reached the upstream')
  }),

  contractCase(
    'the upstream gets its own credential, and nothing of the client’s',
    async ({ host, key, server, upstream }) => {
      upstream((response) => response.end())
      const headers = {
        authorization: `Bearer ${key}`,
        cookie: 'session=FAKE',
        origin: 'https://app.test',
        'x-mine': '1',
      }
      await host.fetch('/v1/messages', { method: 'POST', body: '{}', headers })
      const request = await server().nextRequest()
      assert.equal(request.headers['x-api-key'], UPSTREAM_KEY)
      for (const name of ['authorization', 'cookie', 'origin', 'x-mine']) assert.equal(request.headers[name], undefined)
      assert.ok(!request.rawHeaders.join('\n').includes(key))
    },
  ),
]

interface Scene {
  readonly host: MountedHost
  readonly key: string
  /** Sets how the upstream answers. */
  upstream(answer: StubAnswer): void
  server(): StubUpstream
  /** POST /v1/messages with the client key. */
  send(init: RequestInit & { readonly query?: string }): Promise<Response>
}

/** Runs `body` at the host's root and again under a prefix. */
function contractCase(name: string, body: (scene: Scene) => Promise<void>): ContractCase<MountableHarness> {
  return {
    name,
    async run(harness) {
      for (const mountPath of ['', '/deep/claude']) await withScene(harness, mountPath, body)
    },
  }
}

async function withScene(harness: MountableHarness, mountPath: string, body: (scene: Scene) => Promise<void>) {
  let answer: StubAnswer = (response) => response.end()
  const server = await stubUpstream((response, request) => answer(response, request))
  const { key, record } = createClientKey({ domain: 'example.com' })
  const proxy = createProxy({
    storage: memoryStorage({
      clientKeys: [record],
      credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(UPSTREAM_KEY) } },
    }),
    upstream: server.origin,
    logger: silentLogger,
  })
  const mounted = await harness.mount(proxy, { mountPath })
  const host: MountedHost = { ...mounted, fetch: (target, init) => mounted.fetch(mountPath + target, init) }
  try {
    await body({
      host,
      key,
      upstream: (next) => {
        answer = next
      },
      server: () => server,
      send: ({ query = '', ...init }) =>
        host.fetch(`/v1/messages${query}`, { method: 'POST', headers: { 'x-api-key': key }, ...init }),
    })
  } finally {
    await proxy.close({ drainMs: 0 })
    await mounted.close()
    await server.close()
  }
}

/** Repeats after a prime number of bytes, so that no two pieces of a body can change places unseen. */
function someBytes(size: number): Buffer<ArrayBuffer> {
  return Buffer.alloc(size, randomBytes(65_521))
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function latch(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
