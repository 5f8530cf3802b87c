import { createServer } from 'node:http'
import {
  type Authenticate,
  type ExchangeStore,
  type Logger,
  memoryStorage,
  type ProxyOptions,
  StorageError,
} from '@agent-prompt-train/core'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../support/hosts.js'
import { listen } from '../support/listen.js'
import type { RawUpstream } from '../support/raw-upstream.js'
import { callers, canaries, everyCanary } from './canaries.js'
import { hosts, openScene, storageWithCanaries } from './scene.js'
import { expectNoCanary, readFolder, toTexts } from './sinks.js'
import { startUpstream } from './upstream.js'

let upstream: RawUpstream
beforeAll(async () => {
  upstream = await startUpstream()
  return upstream.close
})

/** What clients of databases, HTTP and URLs throw: secrets in the message, the fields beside it, and its causes. */
function careless(Kind: new (message: string) => Error = Error): Error {
  const inner = Object.assign(new TypeError(`Invalid URL: ${canaries.databaseUrl.value}`), {
    input: canaries.databaseUrl.value,
  })
  const middle = Object.assign(new SyntaxError(`Unexpected token in JSON: "${canaries.credentialFile.secret}"`), {
    cause: new AggregateError([inner], everyCanary, { cause: inner }),
    data: Buffer.from(everyCanary),
  })
  const outer = new Kind(
    `query failed\n    at ${canaries.answer.value} (${canaries.databaseUrl.value}:1:1)\n${everyCanary}`,
  )
  return Object.assign(outer, {
    cause: middle,
    data: everyCanary,
    input: canaries.databaseUrl.value,
    headers: { authorization: `Bearer ${canaries.accessToken.value}`, cookie: canaries.cookie.value },
    config: { headers: { 'x-api-key': canaries.upstreamKey.value }, url: canaries.webhook.value },
    detail: everyCanary,
    where: canaries.prompt.value,
  })
}

const reject = () => Promise.reject(careless())
const throws = (): never => {
  throw careless()
}

const faults: readonly (readonly [string, number, () => ProxyOptions])[] = [
  ['authenticate throws', 500, () => ({ authenticate: throws })],
  ['authenticate rejects', 500, () => ({ authenticate: reject })],
  ['authenticate throws a text', 500, () => ({ authenticate: () => Promise.reject(everyCanary) })],
  ['authenticate gives no domain', 500, () => ({ authenticate: (() => ({ domain: '' })) as unknown as Authenticate })],
  ['the key store rejects', 500, () => ({ storage: { clientKeys: { find: reject } } })],
  ['the key store is away', 503, () => ({ storage: { clientKeys: { find: unavailable } } })],
  ['the credential store rejects', 500, () => ({ storage: { credentials: { find: reject } } })],
  ['the exchange store rejects', 200, () => ({ storage: { exchanges: rejectingStore() } })],
  ['the use of keys cannot be stored', 200, () => ({ storage: { clientKeys: withoutUses() } })],
  ['an alert sink rejects', 200, () => ({ storage: { exchanges: rejectingStore() }, alerts: [{ send: reject }] })],
  ['an alert sink throws', 200, () => ({ storage: { exchanges: rejectingStore() }, alerts: [{ send: throws }] })],
]

async function unavailable(): Promise<never> {
  throw new StorageError('unavailable', `cannot reach ${canaries.databaseUrl.value}`, { cause: careless() })
}

function rejectingStore(): ExchangeStore {
  return { ...memoryStorage().exchanges, append: reject }
}

function withoutUses() {
  return { ...storageWithCanaries().clientKeys, addUses: reject }
}

describe.each(hosts)('$name tells nothing where', (host) => {
  it.each(faults)('%s', async (_, status, options) => {
    const scene = await openScene(host, { upstream: upstream.origin, ...options() })
    const answer = await scene.send()
    expect(answer.status).toBe(status)
    if (status !== 200) expectNoCanary({ 'an answer of ours': [answer.head, answer.body] })
    await scene.close()
    expect(scene.log()).toContain('"msg":"exchange"')
    if (options().storage?.exchanges !== undefined) {
      expect(readFolder(scene.folder).filter((name) => String(name).endsWith('.spill'))).not.toEqual([])
    }
  })

  it("the host's own logger takes what the library says", async () => {
    const said: unknown[] = []
    const say = (facts: object, message: string) => void said.push(facts, message)
    const logger: Logger = { debug: say, info: say, warn: say, error: say }
    const scene = await openScene(host, {
      upstream: upstream.origin,
      logger,
      storage: { clientKeys: withoutUses(), exchanges: rejectingStore() },
      alerts: [{ send: reject }],
    })
    for (const script of ['message', 'echo', 'unauthorized', 'garbage', 'redirect'] as const)
      await scene.send({ script })
    await scene.send({ key: canaries.strangerKey.value, path: `/v1/messages?key=${callers.key}` })
    await scene.close()
    expect(said.length).toBeGreaterThan(12)
    expectNoCanary({ "the host's log": said.flatMap(toTexts) })
  })

  it("the host's own logger throws", async () => {
    const scene = await openScene(host, {
      upstream: upstream.origin,
      logger: { debug: throws, info: throws, warn: throws, error: throws },
    })
    const answer = await scene.send({ script: 'garbage' })
    expect(answer.status).toBe(502)
    expectNoCanary({ 'an answer of ours': [answer.head, answer.body] })
    await scene.close()
  })
})

/** Hosts whose body parser has had the body. */
const parsing: readonly Host[] = [
  {
    name: 'express.json()',
    mount: async (app) => ({
      ...(await listen(createServer(express().use(express.json(), createExpressMiddleware(app))))),
      fetch,
    }),
  },
  {
    name: 'c.req.json()',
    mount: async (app) => {
      const hono = new Hono()
      hono.use(async (c, next) => {
        await c.req.json()
        await next()
      })
      hono.all('*', createHonoHandler(app))
      return { ...(await listen(createAdaptorServer(hono) as ReturnType<typeof createServer>)), fetch }
    },
  },
]

it.each(parsing)('tells nothing where $name came first', async (host) => {
  const scene = await openScene(host, { upstream: upstream.origin })
  const answer = await scene.send()
  expect(answer.status).toBe(500)
  expect(answer.body.toString()).toContain('Set-up error')
  expectNoCanary({ 'an answer of ours': [answer.head, answer.body] })
  await scene.close()
})
