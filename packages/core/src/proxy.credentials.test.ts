import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Alert } from './alerts.js'
import { createClientKey } from './client-key.js'
import { sealedCredentialStore } from './credentials/sealed/sealed-store.js'
import { ConfigurationError } from './errors.js'
import type { KeyRing } from './key-ring/key-ring.js'
import type { Logger } from './logger.js'
import { createProxy } from './proxy.js'
import type { ProxyOptions } from './proxy-options.js'
import { Secret } from './secret.js'
import { type Credential, neverRefreshed } from './storage/credential.js'
import { memoryStorage } from './storage/memory.js'
import { ScriptedTokenServer } from './testing/scripted-token-server.js'

const { key, record } = createClientKey({ domain: 'example.com' })
const oauth: Credential = {
  type: 'oauth',
  accessToken: new Secret('sk-ant-oat01-FAKE-0'),
  refreshToken: new Secret('sk-ant-ort01-FAKE-0'),
  expiresAt: Date.now() + 3_600_000,
  subscription: false,
  refresh: neverRefreshed,
}

interface Seen {
  readonly authorization: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Answers 401 to every credential but the good ones, with what the client must not see. */
class FakeUpstream extends Dispatcher {
  readonly seen: Seen[] = []
  readonly aborted: Error[] = []
  readonly #good: (seen: Seen) => boolean

  constructor(good: (seen: Seen) => boolean) {
    super()
    this.#good = good
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const raw = options.headers as string[]
    const headers: Record<string, string> = {}
    for (let i = 0; i < raw.length; i += 2) headers[raw[i]!] = raw[i + 1]!
    const { body } = options
    const seen = { authorization: headers.authorization, headers, body: Buffer.isBuffer(body) ? body.toString() : null }
    this.seen.push(seen)
    if (body instanceof Readable) body.on('error', () => {}).resume()
    const controller = {
      aborted: false,
      paused: false,
      reason: null,
      rawHeaders: [] as string[],
      pause() {},
      resume() {},
      abort: (reason: Error) => void this.aborted.push(reason),
    }
    queueMicrotask(() => {
      const good = this.#good(seen)
      handler.onRequestStart?.(controller, {})
      handler.onResponseStarted?.()
      controller.rawHeaders = ['content-type', 'application/json', ...(good ? [] : ['request-id', 'req_401'])]
      handler.onResponseStart?.(controller, good ? 200 : 401, {})
      if (this.aborted.length > 0 && !good) return
      handler.onResponseData?.(controller, Buffer.from(good ? '{"ok":true}' : '{"error":"FAKE detail"}'))
      handler.onResponseEnd?.(controller, {})
    })
    return true
  }
}

function open(good: (seen: Seen) => boolean, credential: Credential = oauth, options: Partial<ProxyOptions> = {}) {
  const upstream = new FakeUpstream(good)
  const tokens = new ScriptedTokenServer()
  const lines: string[] = []
  const write = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`)
  const logger: Logger = { debug: write, info: write, warn: write, error: write }
  const alerts: Alert[] = []
  const proxy = createProxy({
    storage: memoryStorage({ clientKeys: [record], credentials: { 'example.com': credential } }),
    dispatcher: upstream,
    oauth: { dispatcher: tokens, clientId: 'client-1' },
    alerts: [{ send: (alert) => void alerts.push(alert) }],
    logger,
    ...options,
  })
  onTestFinished(() => proxy.close())
  const post = (headers: Record<string, string> = { 'x-api-key': key }, body: string = '{"model":"x"}') =>
    proxy.fetch('http://proxy.test/v1/messages', { method: 'POST', headers, body })
  return { upstream, tokens, lines, alerts, proxy, post }
}

describe('a 401 of the upstream', () => {
  it('to an OAuth credential: one forced refresh, one replay, and the client sees neither', async () => {
    const { upstream, tokens, post, alerts } = open(
      ({ authorization }) => authorization === 'Bearer sk-ant-oat01-FAKE-1',
    )
    const response = await post()
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"ok":true}')
    expect(upstream.seen.map(({ body }) => body)).toEqual(['{"model":"x"}', '{"model":"x"}'])
    expect(upstream.seen[1]!.headers['anthropic-beta']).toBe('oauth-2025-04-20')
    expect(tokens.asked).toHaveLength(1)
    expect(alerts).toEqual([])
  })

  it('to the new token too: 502 in our shape, one alert, and nothing of the upstream’s answer', async () => {
    const { upstream, tokens, post, alerts, lines } = open(() => false)
    for (let i = 0; i < 50; i++) {
      const response = await post()
      expect(response.status).toBe(502)
      expect(response.headers.get('x-should-retry')).toBe('false')
      const text = await response.text()
      expect(JSON.parse(text)).toMatchObject({ type: 'error', error: { type: 'api_error' } })
      expect(text).not.toMatch(/FAKE|req_401/)
    }
    expect(tokens.asked).toHaveLength(1)
    expect(upstream.seen).toHaveLength(51)
    expect(alerts).toMatchObject([{ kind: 'credential_refused', subject: 'example.com', count: 1 }])
    expect(lines.join('\n')).not.toContain('FAKE')
  })

  it('to 50 requests at once: one refresh for all', async () => {
    const { tokens, post } = open(({ authorization }) => authorization === 'Bearer sk-ant-oat01-FAKE-1')
    const responses = await Promise.all(Array.from({ length: 50 }, () => post()))
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(tokens.asked).toHaveLength(1)
  })

  it('to a body that was streamed up: 502, and the next request has the new token', async () => {
    const { upstream, tokens, post } = open(({ authorization }) => authorization === 'Bearer sk-ant-oat01-FAKE-1')
    expect((await post(undefined, 'x'.repeat(300_000))).status).toBe(502)
    expect(upstream.seen).toHaveLength(1)
    expect(tokens.asked).toHaveLength(1)
    expect((await post()).status).toBe(200)
  })

  it('to an API key: 502 and an alert', async () => {
    const apiKey: Credential = { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') }
    const { upstream, post, alerts } = open(() => false, apiKey)
    expect((await post()).status).toBe(502)
    expect(upstream.seen).toHaveLength(1)
    expect(alerts).toMatchObject([{ kind: 'credential_refused' }])
  })
})

describe('passThrough', () => {
  const passThrough = (good = true) =>
    open(() => good, undefined, { passThrough: true, storage: memoryStorage({ clientKeys: [record] }) })
  const OWN = 'Bearer sk-ant-oat01-FAKE-own'

  it.each([['x-prompt-train-key'], ['x-api-key']])(
    'takes the client key from %s and sends the caller’s own credential as it came',
    async (name) => {
      const { upstream, post, lines } = passThrough()
      const response = await post({ [name]: key, authorization: OWN, 'anthropic-beta': 'a-1,b-2' })
      expect(response.status).toBe(200)
      expect(upstream.seen[0]!.headers).toMatchObject({ authorization: OWN, 'anthropic-beta': 'a-1,b-2' })
      expect(JSON.stringify(upstream.seen)).not.toContain(key)
      expect(upstream.seen[0]!.headers).not.toHaveProperty(name)
      await setImmediate()
      expect(lines.at(-1)).toContain(`"keyId":"${record.keyId}"`)
      expect(lines.join('\n')).not.toContain('FAKE')
    },
  )

  it('sends no beta of ours where the caller sent none', async () => {
    const { upstream, post } = passThrough()
    await post({ 'x-prompt-train-key': key, authorization: OWN })
    expect(upstream.seen[0]!.headers).not.toHaveProperty('anthropic-beta')
  })

  it('passes a 401 on: it is the caller’s own', async () => {
    const { post, alerts } = passThrough(false)
    const response = await post({ 'x-prompt-train-key': key, authorization: OWN })
    expect(response.status).toBe(401)
    expect(await response.text()).toBe('{"error":"FAKE detail"}')
    expect(alerts).toEqual([])
  })

  it.each([
    ['no client key', { authorization: OWN }],
    ['a client key where the credential belongs', { authorization: `Bearer ${key}` }],
    ['a client key in both places', { authorization: `Bearer ${key}`, 'x-prompt-train-key': key }],
  ])('refuses %s', async (_name, headers) => {
    const { upstream, post } = passThrough()
    expect((await post(headers as Record<string, string>)).status).toBe(401)
    expect(upstream.seen).toEqual([])
  })

  it('is off by default: the caller’s own credential stays behind', async () => {
    const { upstream, post } = open(() => true)
    await post({ 'x-api-key': key, authorization: OWN })
    expect(upstream.seen[0]!.authorization).toBe('Bearer sk-ant-oat01-FAKE-0')
    expect((await post({ 'x-prompt-train-key': key, authorization: OWN })).status).toBe(401)
  })
})

describe('a key management service that fails', () => {
  const secret = 'sk-ant-api03-FAKE-of-the-service'
  const away = Object.assign(new Error(`denied: authorization: Bearer ${secret}`), {
    name: 'AccessDeniedException',
    request: { plaintext: 'FAKE-data-key' },
  })
  const keyRing = (fails: boolean): KeyRing => ({
    current: 'kms',
    keys: {
      kms: {
        wrap: async (dataKey) => Uint8Array.from(dataKey, (byte) => byte ^ 0xff),
        async unwrap(wrapped) {
          if (fails) throw away
          return Uint8Array.from(wrapped, (byte) => byte ^ 0xff)
        },
      },
    },
  })

  async function seal() {
    const { credentials } = memoryStorage()
    const apiKey = new Secret('sk-ant-api03-FAKE')
    await sealedCredentialStore(credentials, keyRing(false)).update('example.com', () => ({ type: 'api_key', apiKey }))
    return sealedCredentialStore(credentials, keyRing(true))
  }

  it('is told of in the log by what it said, without a secret', async () => {
    const { lines, post } = open(() => true, oauth, { credentials: await seal() })
    expect((await post()).status).toBe(503)
    expect(lines.join('\n')).toMatch(/AccessDeniedException.*denied: authorization: Bearer \*\*\*\*/)
    expect(lines.join('\n')).not.toContain('FAKE')
  })

  it('leaves no secret in the error of the start, which a host prints as it is', async () => {
    const error = await (await seal()).assertOpens().catch((thrown: unknown) => thrown)
    expect(inspect(error, { depth: 10 })).toContain('AccessDeniedException')
    expect(inspect(error, { depth: 10 })).not.toContain('FAKE')
  })
})

describe('options', () => {
  const storage = memoryStorage({ clientKeys: [record] })

  it.each([
    ['oauth.tokenUrl', { oauth: { tokenUrl: 'http://token.example/FAKE' } }],
    ['oauth.allowSubscription', { oauth: { allowSubscription: true } }],
    ['federation.assertionFile', { federation: { assertionFile: 'x' } }],
    ['credentials', { passThrough: true, credentials: storage.credentials }],
  ])('names %s when it is wrong', (option, options) => {
    const create = () => createProxy({ storage, ...options } as ProxyOptions)
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(new RegExp(`^${option}: (?!.*FAKE)`))
  })

  it('send tokens to no host that merely stands in for the API', async () => {
    const { tokens, post, lines } = open(() => true, { ...oauth, expiresAt: Date.now() - 1 } as Credential, {
      upstream: 'https://gateway.example',
    })
    expect((await post()).status).toBe(503)
    expect(tokens.asked).toEqual([])
    expect(lines.join('\n')).toContain('oauth.tokenUrl is not set')
  })

  it('count what needs a person in health()', async () => {
    const { proxy, tokens, post } = open(() => true, { ...oauth, expiresAt: Date.now() - 1 } as Credential)
    tokens.refreshToken = null
    expect((await post()).status).toBe(503)
    expect(proxy.health().credentials).toEqual({ needLogin: 1, notStored: 0 })
  })
})
