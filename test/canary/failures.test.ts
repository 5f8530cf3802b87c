import { connect, createServer } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../support/listen-raw.js'
import type { RawUpstream } from '../support/raw-upstream.js'
import { callers, canaries, everyCanary } from './canaries.js'
import { hosts, openScene, type Received, toRequest } from './scene.js'
import { expectNoCanary } from './sinks.js'
import { echo, eventStream, message, type ScriptName, startUpstream } from './upstream.js'

let upstream: RawUpstream
beforeAll(async () => {
  upstream = await startUpstream()
  return upstream.close
})

/** Of a forwarded answer everything but its body and request id, of one of ours all. */
function expectOurs(...answers: readonly Received[]): void {
  expectNoCanary({ 'an answer of ours': answers.flatMap(({ head, body }) => [head, body]) })
}

describe.each(hosts)('$name', (host) => {
  const timeouts = { firstByteMs: 400, idleMs: 400 }
  const open = (options = {}) => openScene(host, { upstream: upstream.origin, timeouts, ...options })

  it('forwards what the upstream says byte for byte, and masks it in the log, the records and the alerts', async () => {
    const scene = await open()
    const passing: [ScriptName, number, string][] = [
      ['message', 200, message],
      ['stream', 200, eventStream],
      ['echo', 400, echo],
      ['notFound', 404, echo],
      ['limited', 429, echo],
      ['overloaded', 529, echo],
    ]
    await Promise.all(
      passing.map(async ([script, status, body]) => {
        const answer = await scene.send({ script, path: `/v1/messages?beta=true&token=${canaries.prompt.secret}` })
        expect(answer.status).toBe(status)
        expect(answer.body.toString()).toBe(body)
        expect(answer.head).not.toContain(canaries.cookie.secret)
      }),
    )
    const errorEvent = await scene.send({ script: 'errorEvent' })
    expect(errorEvent.body.includes(canaries.upstreamKey.value)).toBe(true)
    expect(upstream.requests.at(-1)!.text.endsWith(toRequest('errorEvent'))).toBe(true)
    await scene.close()
    const records = await scene.records()
    expect(records).toHaveLength(passing.length + 1)
    expect(records.every(({ content }) => content !== null && content.parts.length > 0)).toBe(true)
    expect(records.map(({ stopReason }) => stopReason)).toContain('DB_PASSWORD=****')
    expect(scene.log().match(/"msg":"exchange"/g)).toHaveLength(passing.length + 1)
  })

  it('tells nothing of an upstream that fails', async () => {
    const scene = await open()
    const failing: [ScriptName, number][] = [
      ['unauthorized', 502],
      ['redirect', 502],
      ['garbage', 502],
      ['badHeader', 502],
      ['resetBefore', 502],
      ['silent', 504],
    ]
    const answers = await Promise.all(
      failing.map(async ([script, status]) => {
        const answer = await scene.send({ script })
        expect([script, answer.status]).toEqual([script, status])
        return answer
      }),
    )
    expectOurs(...answers)
    // What had come by then was the upstream's, and the client has it.
    const broken = await Promise.all(
      (['resetWithin', 'stalled'] as const).map(async (script) => (await scene.send({ script })).body.toString()),
    )
    const delivered = eventStream.slice(0, eventStream.indexOf('event: content_block_stop'))
    for (const body of broken) expect(body.startsWith(delivered)).toBe(true)
    await scene.send({ script: 'badChunk' })
    const left = await scene.open({ script: 'stalled' })
    left.on('error', () => {}).destroy()
    await scene.close()
    expect(scene.alerts.map(({ kind }) => kind)).toContain('credential_refused')
    expect(await scene.records()).toHaveLength(failing.length + 4)
  })

  it('tells nothing of an upstream that refuses the connection', async () => {
    const closed = await listen(createServer(), [])
    await closed.close()
    const scene = await open({ upstream: closed.origin })
    const answer = await scene.send()
    expect(answer.status).toBe(502)
    expectOurs(answer)
    await scene.close()
  })

  it('tells nothing of a request that it refuses', async () => {
    const scene = await open({ edge: { limits: { bodyBytes: 64 * 1024, bodyIdleMs: 200 } } })
    const spaceless = encodeURIComponent(everyCanary)
    const refused = [
      [401, { key: canaries.strangerKey.value }],
      [401, { key: canaries.upstreamKey.value }],
      [401, { headers: { authorization: `Bearer ${canaries.strangerKey.value}` } }],
      [401, { key: `${callers.key}x` }],
      [404, { path: `/v1/${canaries.upstreamKey.value}` }],
      [404, { path: `/v1/organizations/keys?key=${spaceless}` }],
      [404, { path: `/v1/../${callers.key}/${canaries.prompt.value}` }],
      [413, { body: toRequest('message') + everyCanary.repeat(100) }],
    ] as const
    for (const [status, sending] of refused) {
      const answer = await scene.send(sending)
      expect([answer.status, Object.keys(sending)]).toEqual([status, Object.keys(sending)])
      expectOurs(answer)
    }
    const slow = connect(Number(new URL(scene.origin).port), '127.0.0.1')
    slow.write(
      `POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: ${callers.key}\r\ncontent-length: 99\r\n\r\n{"system":"${canaries.prompt.value}`,
    )
    const late = await new Promise<string>((resolve) => slow.once('data', (bytes) => resolve(String(bytes))))
    slow.destroy()
    expect(late).toMatch(/^HTTP\/1.1 408 /)
    expectNoCanary({ 'an answer of ours': late })
    await scene.close()
  })

  it('tells nothing where the address, the Host, or too many failures are refused', async () => {
    const throttled = await open({ edge: { limits: { authFailures: { max: 1, windowMs: 60_000 } } } })
    const barred = await open({ edge: { allow: ['192.0.2.0/24'] } })
    const elsewhere = await open({ edge: { checkHost: true } })
    const answers = [
      await throttled.send({ key: canaries.strangerKey.value }),
      await throttled.send({ key: canaries.strangerKey.value }),
      await barred.send(),
      await elsewhere.send({ headers: { host: `${canaries.prompt.secret.toLowerCase()}.example.org` } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 429, 403, 403])
    expectOurs(...answers)
    for (const scene of [throttled, barred, elsewhere]) await scene.close()
  })

  it('tells nothing of a request with too many header lines', async () => {
    const scene = await open()
    const socket = connect(Number(new URL(scene.origin).port), '127.0.0.1')
    const lines = `${canaries.prompt.value.replace('=', ': ')}\r\n`.repeat(150) + 'a: b\r\n'.repeat(900)
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: ${callers.key}\r\n${lines}content-length: 2\r\n\r\n{}`,
    )
    const answer = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
    expectNoCanary({ 'an answer of ours': answer })
    await scene.close()
  })
})
