import { Agent, type IncomingMessage } from 'node:http'
import { createClientKey, memoryStorage, Secret } from '@agent-prompt-train/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { open, read } from './client.js'
import { hosts, startProxy } from './scene.js'

/** TENANCY_REQUESTS=100000 with --testTimeout=600000 for the long form. */
const REQUESTS = Number(process.env.TENANCY_REQUESTS ?? 2000)
const AT_ONCE = 32

const tenants = Array.from({ length: 50 }, (_, i) => {
  const domain = `tenant-${i}.test`
  return { domain, apiKey: `sk-ant-api03-FAKE-${i}-`, ...createClientKey({ domain }) }
})

/** A mulberry32 generator: the same mix of requests in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe.each(hosts)('tenants, over $name', (host) => {
  it(`get their own credential and answer in ${REQUESTS} interleaved requests with aborts`, async () => {
    const random = randomNumbers(host.name.length)
    const upstream = await startScriptedUpstream(({ headers, url, body }, response) => {
      const answer = `${url} ${headers['x-api-key']} ${body}`
      if (body.length % 2 === 0) return response.end(answer)
      response.write(answer.slice(0, 10))
      setImmediate(() => response.end(answer.slice(10)))
    })
    onTestFinished(() => upstream.close())
    const { origin } = await startProxy(host, upstream.origin, {
      storage: memoryStorage({
        clientKeys: tenants.map(({ record }) => record),
        credentials: Object.fromEntries(
          tenants.map(({ domain, apiKey }) => [domain, { type: 'api_key', apiKey: new Secret(apiKey) }]),
        ),
      }),
    })
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
    onTestFinished(() => agent.destroy())

    let next = 0
    const ends = { answered: 0, aborted: 0 }
    async function sendSome(): Promise<void> {
      while (next < REQUESTS) {
        const number = next++
        const tenant = Math.floor(random() * tenants.length)
        const { key, apiKey } = tenants[tenant]!
        const path = `/v1/messages?${number}-${tenant}`
        const body = 'x'.repeat(1 + Math.floor(random() * 50))
        const request = open(origin, { path, body, agent, headers: { 'x-api-key': key } })
        if (random() < 0.2) {
          request.on('response', (answer) => answer.on('error', () => {}).resume())
          const closed = new Promise((resolve) => request.on('error', () => {}).once('close', resolve))
          setTimeout(() => request.destroy(), random() * 5)
          await closed
          ends.aborted++
        } else {
          const answer = await new Promise<IncomingMessage>((resolve, reject) => {
            request.once('response', resolve).once('error', reject)
          })
          expect((await read(answer)).body.toString()).toBe(`${path} ${apiKey} ${body}`)
          ends.answered++
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome))

    expect(ends.answered + ends.aborted).toBe(REQUESTS)
    expect(ends.aborted).toBeGreaterThan(REQUESTS / 10)
    const foreign = upstream.received.filter(({ url, headers }) => {
      const tenant = Number(url.split('-')[1])
      return headers['x-api-key'] !== tenants[tenant]!.apiKey
    })
    expect(foreign).toEqual([])
    expect(upstream.received.length).toBeGreaterThanOrEqual(ends.answered)
  })
})
