import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAlerts } from '../alerts.js'
import type { Logger } from '../logger.js'
import { Secret } from '../secret.js'
import { type Credential, neverRefreshed, type OAuthCredential } from '../storage/credential.js'
import { memoryStorage } from '../storage/memory.js'
import type { CredentialStore } from '../storage/storage.js'
import { FakeClock } from '../testing/fake-clock.js'
import { ScriptedTokenServer } from '../testing/scripted-token-server.js'
import { digestToken } from './oauth-state.js'
import { createCredentialResolver, type ResolverSettings } from './resolve.js'

const DOMAIN = 'example.com'
const HOUR = 3_600_000
const MINUTE = 60_000

function oauth(clock: FakeClock, leftMs: number, fields: Partial<OAuthCredential> = {}): OAuthCredential {
  return {
    type: 'oauth',
    accessToken: new Secret('sk-ant-oat01-FAKE-0'),
    refreshToken: new Secret('sk-ant-ort01-FAKE-0'),
    expiresAt: clock.now() + leftMs,
    subscription: false,
    refresh: { ...neverRefreshed, refreshedAt: clock.now() - 8 * HOUR + leftMs },
    ...fields,
  }
}

interface Scene {
  readonly leftMs?: number
  readonly fields?: (clock: FakeClock) => Partial<OAuthCredential>
  readonly credential?: Credential
  readonly settings?: Partial<ResolverSettings>
  readonly store?: (inner: CredentialStore) => CredentialStore
}

const opened: { close(): Promise<void> }[] = []

function open({
  leftMs = HOUR,
  fields = () => ({}),
  credential,
  settings,
  store: wrap = (inner) => inner,
}: Scene = {}) {
  const clock = new FakeClock()
  const server = new ScriptedTokenServer()
  const lines: string[] = []
  const write = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`)
  const logger: Logger = { debug: write, info: write, warn: write, error: write }
  const sent: string[] = []
  const sink = { send: ({ kind, count }: { kind: string; count: number }) => void sent.push(`${kind} ${count}`) }
  const alerts = createAlerts({ sinks: [sink], logger, clock })
  const inner = memoryStorage({
    credentials: { [DOMAIN]: credential ?? oauth(clock, leftMs, fields(clock)) },
  }).credentials
  const editable = withEdits(inner)
  const store = wrap(editable.store)
  const start = (more: Partial<ResolverSettings> = {}) => {
    const resolver = createCredentialResolver({
      lookup: store,
      tokenUrl: new URL('https://api.anthropic.com/v1/oauth/token'),
      clientId: 'client-1',
      allowSubscription: false,
      spareStore: null,
      tokenDispatcher: server,
      assertion: null,
      clock,
      alerts,
      logger,
      ...settings,
      ...more,
    })
    opened.push(resolver)
    return resolver
  }
  const resolver = start()
  const pass = async (ms: number) => {
    clock.pass(ms)
    await vi.advanceTimersByTimeAsync(ms)
  }
  /** Time passes in steps, as for those who look at a clock now and then. */
  const live = async (ms: number, stepMs = 1000) => {
    for (let left = ms; left > 0; left -= stepMs) await pass(Math.min(left, stepMs))
  }
  const token = async () => {
    const resolved = await resolver.resolve(DOMAIN)
    if (resolved.type !== 'oauth') throw new Error(resolved.type)
    return resolved.accessToken.expose().replace('sk-ant-oat01-FAKE-', '')
  }
  const stored = async () => {
    const found = await editable.store.find(DOMAIN)
    if (found?.type !== 'oauth') throw new Error('no oauth credential')
    return found
  }
  return {
    clock,
    server,
    lines,
    sent,
    store,
    inner: editable.store,
    replace: editable.replace,
    start,
    resolver,
    pass,
    live,
    token,
    stored,
  }
}

/** A store whose credential can be replaced without a lease, as by hand: what is given then stands until the next write. */
function withEdits(inner: CredentialStore): { store: CredentialStore; replace(credential: Credential): void } {
  let edited: Credential | null = null
  return {
    replace: (credential) => {
      edited = credential
    },
    store: {
      list: () => inner.list(),
      find: (domain) => edited ?? inner.find(domain),
      update: (domain, change) =>
        inner.update(domain, async (current, lease) => {
          const given = edited ?? current
          const changed = await change(given, { ...lease, read: async () => edited ?? (await lease.read()) })
          if (changed === given) return current
          edited = null
          return changed
        }),
    },
  }
}

/** Lets what was begun come as far as it can without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => void vi.useFakeTimers())

afterEach(async () => {
  const closing = Promise.all(opened.splice(0).map((resolver) => resolver.close()))
  await vi.advanceTimersByTimeAsync(60_000)
  await closing
  vi.useRealTimers()
})

describe('resolve', () => {
  it('answers at once for an API key and for a fresh token', () => {
    const apiKey: Credential = { type: 'api_key', apiKey: new Secret('FAKE') }
    expect(open({ credential: apiKey }).resolver.resolve(DOMAIN)).toBe(apiKey)
    expect(open().resolver.resolve(DOMAIN)).toMatchObject({ type: 'oauth' })
  })

  it.each([
    ['no credential', null],
    ['a sealed one', { type: 'sealed', ringKeyId: 'k1', sealed: 'FAKE' } as const],
  ])('refuses a domain with %s', async (_name, credential) => {
    const { resolver, inner } = open()
    await inner.update(DOMAIN, () => credential)
    expect(() => resolver.resolve(DOMAIN)).toThrow(expect.objectContaining({ code: 'credential_unavailable' }))
  })

  it('waits for a store that answers later', async () => {
    const { resolver } = open({ store: (inner) => ({ ...inner, find: async (domain) => inner.find(domain) }) })
    await expect(resolver.resolve(DOMAIN)).resolves.toMatchObject({ type: 'oauth' })
  })

  it('sends what the endpoint needs and nothing else', async () => {
    const { server, token } = open({ leftMs: 10_000 })
    await token()
    expect(server.asked).toEqual([
      {
        url: 'https://api.anthropic.com/v1/oauth/token',
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'content-type': 'application/json',
          'anthropic-beta': 'oauth-2025-04-20',
          'user-agent': 'agent-prompt-train',
        },
        grant: { grant_type: 'refresh_token', refresh_token: 'sk-ant-ort01-FAKE-0', client_id: 'client-1' },
      },
    ])
  })
})

describe('the windows', () => {
  it('serves the old token at once in the advisory window, and refreshes beside it', async () => {
    const { server, token, resolver } = open({ leftMs: 80_000 })
    server.script.push('hang')
    expect(resolver.resolve(DOMAIN)).toMatchObject({ type: 'oauth' })
    await settle()
    expect(server.asked).toHaveLength(1)
    expect(await token()).toBe('0')
  })

  it('refreshes by itself before expiry though nobody asks', async () => {
    const { server, live, stored, clock } = open({ leftMs: HOUR })
    await live(HOUR - 121_000, 60_000)
    expect(server.granted).toBe(0)
    await live(40_000)
    expect(server.granted).toBe(1)
    expect(await stored()).toMatchObject({ expiresAt: expect.any(Number), refresh: { intent: null, failure: null } })
    expect((await stored()).expiresAt).toBeGreaterThan(clock.now() + 7 * HOUR)
  })

  it('goes on doing so', async () => {
    const { server, live } = open({ leftMs: HOUR })
    await live(48 * HOUR, 10_000)
    expect(server.granted).toBe(6)
    expect(server.reuses).toBe(0)
  })

  it('waits for the new token where the old one is about to expire', async () => {
    const { server, token } = open({ leftMs: 29_000 })
    expect(await token()).toBe('1')
    expect(server.granted).toBe(1)
  })

  it('refreshes once for 500 requests at expiry', async () => {
    const { server, token } = open({ leftMs: 0 })
    const tokens = await Promise.all(Array.from({ length: 500 }, token))
    expect(new Set(tokens)).toEqual(new Set(['1']))
    expect(server.asked).toHaveLength(1)
  })

  it('does not hold requests up for long where the old token still serves', async () => {
    const { server, token, pass, clock } = open({ leftMs: 29_000 })
    server.script.push('hang')
    const waiting = token()
    const answered = vi.fn()
    void waiting.then(answered)
    await pass(1999)
    expect(answered).not.toHaveBeenCalled()
    await pass(1)
    expect(await waiting).toBe('0')
    const before = clock.monotonic()
    expect(await token()).toBe('0')
    expect(clock.monotonic()).toBe(before)
  })

  it('adds no wait while an endpoint hangs for two minutes in the advisory window', async () => {
    const { server, resolver, pass } = open({ leftMs: 115_000, fields: () => ({ refresh: neverRefreshed }) })
    server.script.push('hang', 'hang', 'hang', 'hang')
    for (let i = 0; i < 84; i++) {
      expect(resolver.resolve(DOMAIN)).not.toBeInstanceOf(Promise)
      await pass(1000)
    }
  })

  it('lets a request wait half a minute at most where nothing serves', async () => {
    const { server, resolver, pass } = open({ leftMs: -1 })
    server.script.push('hang')
    const refused = expect(resolver.resolve(DOMAIN)).rejects.toMatchObject({ code: 'credential_refresh_failed' })
    await pass(30_001)
    await refused
  })

  it.each([
    ['absent', undefined, 24],
    ['zero', 0, 3000],
    ['negative', -1, 3000],
    ['absurd', 1e15, 2],
    ['no number', 'soon', 24],
  ])('does not loop where expires_in is %s', async (_name, expiresIn, most) => {
    const { server, live } = open({ leftMs: 0 })
    server.expiresIn = expiresIn
    await live(24 * HOUR, 5000)
    expect(server.granted).toBeLessThanOrEqual(most + 2)
    expect(server.granted).toBeGreaterThan(0)
    expect(server.reuses).toBe(0)
  })

  it.each([
    ['forth by 10 minutes', 600_000],
    ['back by 10 minutes', -600_000],
    ['back by an hour', -HOUR],
    ['forth by a day', 24 * HOUR],
  ])('refreshes once more at most when the clock steps %s', async (_name, ms) => {
    const { server, live, clock, token } = open({ leftMs: HOUR })
    await live(MINUTE)
    clock.step(ms)
    for (let i = 0; i < 50 * 60; i += 10) {
      await token()
      await live(10_000, 10_000)
    }
    expect(server.granted).toBeLessThanOrEqual(1)
    clock.step(-ms)
    for (let i = 0; i < 10; i++) {
      await token()
      await live(1000)
    }
    expect(server.granted).toBeLessThanOrEqual(2)
  })

  it('serves a token without an end, or one that cannot be renewed, as it is', async () => {
    const endless = open({ fields: () => ({ expiresAt: null }) })
    expect(await endless.token()).toBe('0')
    const bare = open({ leftMs: 10_000, fields: () => ({ refreshToken: null }) })
    expect(await bare.token()).toBe('0')
    await bare.pass(10_001)
    await expect(bare.token()).rejects.toMatchObject({ code: 'credential_unavailable' })
    expect(bare.server.asked).toEqual([])
  })
})

describe('a token endpoint in trouble', () => {
  it('is asked again after a growing pause, and the old token serves meanwhile', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    onTestFinished(() => random.mockRestore())
    const { server, token, live, stored } = open({ leftMs: 119_000, fields: () => ({ refresh: neverRefreshed }) })
    server.script.push({ status: 503 }, { status: 503 }, { status: 503 })
    const askedAt: number[] = []
    for (let second = 0; second < 80; second++) {
      expect(['0', '1']).toContain(await token())
      await live(1000)
      if (server.asked.length > askedAt.length) askedAt.push(second)
    }
    expect(server.asked).toHaveLength(4)
    expect(askedAt[2]! - askedAt[1]!).toBeGreaterThanOrEqual(9)
    expect(askedAt[3]! - askedAt[2]!).toBeGreaterThanOrEqual(19)
    expect(server.granted).toBe(1)
    expect((await stored()).refresh.failure).toBeNull()
  })

  it('is given the time that it asks for, by every process', async () => {
    const { server, token, live, start, stored, clock } = open({ leftMs: -1 })
    server.script.push({ status: 429, headers: { 'retry-after': '600' } })
    await expect(token()).rejects.toMatchObject({ code: 'credential_refresh_failed', status: 503, retry: true })
    const { failure } = (await stored()).refresh
    expect(failure).toMatchObject({ error: 'http_429', permanent: false })
    expect(failure!.retryAt).toBeGreaterThanOrEqual(clock.now() + 600_000)
    const other = start()
    for (let i = 0; i < 59; i++) {
      await expect(token()).rejects.toMatchObject({ code: 'credential_refresh_failed' })
      await expect(Promise.resolve().then(() => other.resolve(DOMAIN))).rejects.toThrow()
      await live(10_000)
    }
    expect(server.asked).toHaveLength(1)
    await live(160_000)
    expect(server.granted).toBe(1)
  })

  it.each([
    [{ status: 404 }, 'http_404'],
    [{ status: 401 }, 'http_401'],
    [{ status: 403, body: '<html>FAKE</html>' }, 'http_403'],
    [{ status: 400, body: { error: 'invalid_client' } }, 'invalid_client'],
    [{ status: 307, headers: { location: 'https://elsewhere.example' } }, 'redirect'],
  ])(
    'that refuses (%j) is asked once a minute at most, the token kept, and somebody told once',
    async (script, error) => {
      const { server, token, live, stored, sent, resolver } = open({ leftMs: -1 })
      server.script.push(...Array.from({ length: 100 }, () => script))
      for (let i = 0; i < 600; i++) {
        await token().catch(() => {})
        await live(1000)
      }
      expect(server.asked.length).toBeGreaterThan(1)
      expect(server.asked.length).toBeLessThanOrEqual(10)
      expect((await stored()).refresh).toMatchObject({ intent: null, failure: { error, permanent: false } })
      expect(sent).toEqual(['credential_refresh_refused 1'])
      expect(resolver.health()).toEqual({ needLogin: 0, notStored: 0 })
    },
  )

  it.each([
    ['cut JSON', { status: 200, body: '{"access_token": "FAKE' }, 'malformed'],
    ['a huge body', { status: 200, body: 'x'.repeat(100_000) }, 'huge'],
    ['a broken connection', { broken: 'ECONNRESET' }, 'broken'],
    ['a gateway that gave up', { status: 504 }, 'http_504'],
    ['silence', 'hang' as const, 'slow'],
  ])(
    'that answers with %s may have spent the token, which is not sent again while the old access token serves',
    async (_name, script, error) => {
      const { server, token, live, stored } = open({ leftMs: 119_000, fields: () => ({ refresh: neverRefreshed }) })
      server.script.push(script)
      for (let i = 0; i < 85; i++) {
        expect(await token()).toBe('0')
        await live(1000)
      }
      expect(server.asked).toHaveLength(1)
      expect((await stored()).refresh).toMatchObject({
        intent: { tokenDigest: digestToken(new Secret('sk-ant-ort01-FAKE-0')) },
        failure: { error },
      })
      await live(70_000)
      expect(server.asked).toHaveLength(2)
      expect(await token()).toBe('1')
    },
  )

  it.each([['ECONNREFUSED'], ['ENOTFOUND'], ['UND_ERR_CONNECT_TIMEOUT']])(
    'that cannot be reached (%s) has not spent it',
    async (code) => {
      const { server, token, live, stored } = open({ leftMs: 80_000, fields: () => ({ refresh: neverRefreshed }) })
      server.script.push({ unreachable: code })
      await token()
      await settle()
      expect((await stored()).refresh).toMatchObject({ intent: null, failure: { error: 'unreachable' } })
      await live(10_000)
      await token()
      await settle()
      expect(await token()).toBe('1')
    },
  )

  it('is a reason to tell somebody when requests suffer', async () => {
    const { server, token, sent } = open({ leftMs: -1 })
    server.script.push({ status: 500 })
    await expect(token()).rejects.toThrow()
    await settle()
    expect(sent).toEqual(['credential_refresh_failing 1'])
  })
})

describe('a dead login', () => {
  const dead = { status: 400, body: { error: 'invalid_grant', error_description: 'FAKE' } }

  it('is set aside: one call, one alert, no loop; the old token serves to its end', async () => {
    const { server, token, live, stored, sent, lines, resolver } = open({
      leftMs: 100_000,
      fields: () => ({ refresh: neverRefreshed }),
    })
    server.script.push(dead)
    for (let i = 0; i < 99; i++) {
      expect(await token()).toBe('0')
      await live(1000)
    }
    await live(5000)
    await expect(token()).rejects.toMatchObject({ code: 'credential_unavailable', retry: false })
    await live(24 * HOUR, MINUTE)
    expect(server.asked).toHaveLength(1)
    expect(sent).toEqual(['credential_needs_login 1'])
    expect(resolver.health()).toEqual({ needLogin: 1, notStored: 0 })
    expect((await stored()).refresh.failure).toMatchObject({ error: 'invalid_grant', permanent: true })
    expect(lines.join('\n')).not.toContain('FAKE')
  })

  it('is not tried by other processes, nor by one that starts later', async () => {
    const { server, token, live, start } = open({ leftMs: -1 })
    server.script.push(dead)
    await expect(token()).rejects.toThrow()
    const later = start()
    await live(10 * MINUTE)
    await expect(later.resolve(DOMAIN)).rejects.toMatchObject({ code: 'credential_unavailable' })
    expect(server.asked).toHaveLength(1)
  })

  it.each([
    ['as a new login stores it', (fresh: OAuthCredential) => fresh],
    [
      'as somebody edits it who leaves the old state',
      (fresh: OAuthCredential, old: OAuthCredential) => ({ ...fresh, refresh: old.refresh }),
    ],
  ])('is over at once with a new login, %s', async (_name, toStored) => {
    const { clock, server, token, inner, stored, resolver, live } = open({ leftMs: -1 })
    server.script.push(dead)
    await expect(token()).rejects.toThrow()
    const fresh = oauth(clock, 100_000, {
      accessToken: new Secret('sk-ant-oat01-FAKE-new'),
      refreshToken: new Secret('sk-ant-ort01-FAKE-new'),
    })
    const old = await stored()
    await inner.update(DOMAIN, () => toStored(fresh, old))
    server.refreshToken = 'sk-ant-ort01-FAKE-new'
    expect(await token()).toBe('new')
    expect(resolver.health().needLogin).toBe(0)
    await live(90_000)
    expect(await token()).toBe('1')
  })

  it('is not seen in a token that somebody outside has replaced meanwhile', async () => {
    const { clock, server, token, replace, stored, sent } = open({ leftMs: -1 })
    const outside = oauth(clock, HOUR, {
      accessToken: new Secret('sk-ant-oat01-FAKE-outside'),
      refreshToken: new Secret('sk-ant-ort01-FAKE-outside'),
    })
    server.script.push(dead)
    server.beforeAnswer = () => replace(outside)
    const asked = token()
    await settle()
    expect(await asked).toBe('outside')
    expect(sent).toEqual([])
    expect((await stored()).refresh.failure).toBeNull()
  })
})

/** Fields of a credential whose refresh was begun by a process that is gone. */
function interrupted(clock: FakeClock) {
  return {
    refresh: {
      refreshedAt: null,
      intent: {
        tokenDigest: digestToken(new Secret('sk-ant-ort01-FAKE-0')),
        startedAt: clock.now() - 20_000,
        owner: 'host:1:dead',
      },
      failure: null,
    },
  }
}

describe('a refresh that was interrupted', () => {
  it('is left alone while the old token serves: whoever began it may come back', async () => {
    const { server, token, live } = open({ leftMs: 100_000, fields: interrupted })
    for (let i = 0; i < 65; i++) {
      expect(await token()).toBe('0')
      await live(1000)
    }
    expect(server.asked).toEqual([])
    await live(14_000)
    expect(server.asked).toHaveLength(1)
    expect(await token()).toBe('1')
  })

  it('is tried once more after that, and where the token was spent somebody is told once', async () => {
    const { server, token, live, sent, stored } = open({ leftMs: -1, fields: interrupted })
    server.refreshToken = 'sk-ant-ort01-FAKE-lost'
    const refused = expect(token()).rejects.toMatchObject({ code: 'credential_unavailable' })
    await live(HOUR, 1000)
    await refused
    expect(server.asked).toHaveLength(1)
    expect(sent).toEqual(['credential_needs_login 1'])
    expect((await stored()).refresh.failure).toMatchObject({ permanent: true })
  })

  it('comes to light at the start though nobody asks', async () => {
    const { server, live } = open({ leftMs: -1, fields: interrupted })
    await live(3000)
    expect(server.asked).toHaveLength(0)
    await live(2000)
    expect(server.asked).toHaveLength(1)
  })

  it('is first left to a process that comes back with the pair, though requests wait', async () => {
    const { clock, server, token, live, inner } = open({ leftMs: -1, fields: interrupted })
    const waiting = token()
    await live(2000)
    await inner.update(DOMAIN, () => oauth(clock, 8 * HOUR, { accessToken: new Secret('sk-ant-oat01-FAKE-handed-in') }))
    await live(2000)
    expect(await waiting).toBe('handed-in')
    expect(server.asked).toEqual([])
  })

  it('is nothing to an unrelated token', async () => {
    const other = (clock: FakeClock) => ({ ...interrupted(clock), refreshToken: new Secret('sk-ant-ort01-FAKE-9') })
    const { server, token } = open({ leftMs: 80_000, fields: other })
    server.refreshToken = 'sk-ant-ort01-FAKE-9'
    await token()
    await settle()
    expect(await token()).toBe('1')
  })

  it('is recovered from the spare place, without a call', async () => {
    const spare = memoryStorage().credentials
    const { clock, server, token, stored, pass } = open({
      leftMs: 80_000,
      fields: interrupted,
      settings: { spareStore: spare },
    })
    const saved = oauth(clock, 8 * HOUR, { accessToken: new Secret('sk-ant-oat01-FAKE-saved') })
    await spare.update(DOMAIN, () => ({ ...saved, refresh: { ...saved.refresh, ...interrupted(clock).refresh } }))
    await token()
    await pass(10_000)
    expect(await token()).toBe('saved')
    expect((await stored()).refresh.intent).toBeNull()
    expect(await spare.find(DOMAIN)).toBeNull()
    expect(server.asked).toEqual([])
  })
})

describe('a login that somebody stores by hand during the call', () => {
  const byHand = (clock: FakeClock) =>
    oauth(clock, HOUR, {
      accessToken: new Secret('sk-ant-oat01-FAKE-hand'),
      refreshToken: new Secret('sk-ant-ort01-FAKE-hand'),
    })

  it.each([
    ['tokens', null],
    ['a dead login', { status: 400, body: { error: 'invalid_grant' } }],
    ['a refusal', { status: 404 }],
    ['a busy endpoint', { status: 503 }],
    ['a connection that breaks', { broken: 'ECONNRESET' }],
    ['no usable tokens', { status: 200, body: {} }],
  ] as const)('stays, whatever the endpoint answers: %s', async (_what, script) => {
    const { clock, server, token, replace, stored, sent } = open({ leftMs: -1 })
    if (script !== null) server.script.push(script)
    const ask = server.dispatch.bind(server)
    server.dispatch = (options, handler) => {
      replace(byHand(clock))
      return ask(options, handler)
    }
    expect(await token()).toBe('hand')
    expect((await stored()).refreshToken?.expose()).toBe('sk-ant-ort01-FAKE-hand')
    expect((await stored()).refresh).toMatchObject({ intent: null, failure: null })
    expect(sent).toEqual([])
  })

  it('stays beside the pair that was granted, which goes to the spare place', async () => {
    const spare = memoryStorage().credentials
    const { clock, server, token, replace, lines } = open({ leftMs: -1, settings: { spareStore: spare } })
    server.beforeAnswer = () => replace(byHand(clock))
    expect(await token()).toBe('hand')
    const kept = await spare.find(DOMAIN)
    expect(kept?.type === 'oauth' && kept.accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
    expect(lines.filter((line) => line.includes('set aside'))).toHaveLength(1)
    expect(lines.join('\n')).not.toContain('FAKE')
  })
})

describe('a store that fails', () => {
  /** Fails the last write of an update, or all of them. */
  function failing(what: 'persist' | 'everything') {
    const state = { broken: false, saves: 0 }
    const wrap = (inner: CredentialStore): CredentialStore => ({
      find: (domain) => inner.find(domain),
      list: () => inner.list(),
      update: (domain, change) =>
        inner.update(domain, async (current, lease) => {
          const enospc = () => {
            throw Object.assign(new Error('no space for sk-ant-ort01-FAKE-0'), { code: 'ENOSPC' })
          }
          const save = (credential: Credential) =>
            state.broken && what === 'everything' ? Promise.reject(enospc()) : lease.save(credential)
          const changed = await change(current, { ...lease, signal: lease.signal, save })
          if (state.broken && changed !== current) enospc()
          return changed
        }),
    })
    return { state, wrap }
  }

  it('after the rotation: the pair serves from memory, is stored later, and the spent token is never sent again', async () => {
    const { state, wrap } = failing('persist')
    const { server, token, live, sent, resolver, stored, lines } = open({ leftMs: 10_000, store: wrap })
    state.broken = true
    expect(await token()).toBe('1')
    expect(resolver.health().notStored).toBe(1)
    for (let i = 0; i < 300; i++) {
      expect(await token()).toBe('1')
      await live(1000)
    }
    expect(server.asked).toHaveLength(1)
    expect(sent).toEqual(['credential_not_stored 1'])
    expect((await stored()).refresh.intent).not.toBeNull()
    state.broken = false
    await live(90_000)
    expect(resolver.health().notStored).toBe(0)
    expect((await stored()).accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
    expect((await stored()).refresh).toMatchObject({ intent: null, failure: null })
    await live(8 * HOUR, 10_000)
    expect(await token()).toBe('2')
    expect(server.reuses).toBe(0)
    expect(lines.join('\n')).not.toContain('FAKE')
  })

  it('before the call: no token is spent', async () => {
    const { state, wrap } = failing('everything')
    const { server, token, live } = open({ leftMs: 119_000, store: wrap, fields: () => ({ refresh: neverRefreshed }) })
    state.broken = true
    for (let i = 0; i < 60; i++) {
      expect(await token()).toBe('0')
      await live(1000)
    }
    expect(server.asked).toEqual([])
    state.broken = false
    await live(6000)
    await token()
    await settle()
    expect(await token()).toBe('1')
  })

  it('for long: the spare place takes the pair, and gives it up once the store has it', async () => {
    const spare = memoryStorage().credentials
    const { state, wrap } = failing('persist')
    const { server, token, live, start, stored } = open({
      leftMs: 10_000,
      store: wrap,
      settings: { spareStore: spare },
    })
    state.broken = true
    expect(await token()).toBe('1')
    expect(await spare.find(DOMAIN)).toMatchObject({ type: 'oauth' })
    state.broken = false
    // The process that holds the pair is gone; another one finds it.
    const other = start()
    const resolved = await other.resolve(DOMAIN)
    expect(resolved.type === 'oauth' && resolved.accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
    expect((await stored()).refresh.intent).toBeNull()
    await live(120_000)
    expect(await spare.find(DOMAIN)).toBeNull()
    expect(server.asked).toHaveLength(1)
  })

  it('does not overwrite what is newer with what it could not store', async () => {
    const { state, wrap } = failing('persist')
    const { clock, token, inner, live, resolver, stored } = open({ leftMs: 10_000, store: wrap })
    state.broken = true
    expect(await token()).toBe('1')
    const login = { accessToken: new Secret('sk-ant-oat01-FAKE-login'), refresh: neverRefreshed }
    await inner.update(DOMAIN, () => oauth(clock, HOUR, login))
    expect(await token()).toBe('login')
    state.broken = false
    await live(90_000)
    expect((await stored()).accessToken.expose()).toBe('sk-ant-oat01-FAKE-login')
    expect(resolver.health().notStored).toBe(0)
  })

  it('is given the pair once more when the process ends', async () => {
    const { state, wrap } = failing('persist')
    const { token, resolver, stored } = open({ leftMs: 10_000, store: wrap })
    state.broken = true
    await token()
    state.broken = false
    const closing = resolver.close()
    await settle()
    await closing
    expect((await stored()).accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
  })

  it('by hanging: requests are served from memory after half a minute at most', async () => {
    let release = () => {}
    const { token, pass, sent } = open({
      leftMs: -1,
      store: (inner) => ({
        ...inner,
        find: (domain) => inner.find(domain),
        update: (domain, change) =>
          inner.update(domain, async (current, lease) => {
            const changed = await change(current, lease)
            await new Promise<void>((resolve) => (release = resolve))
            return changed
          }),
      }),
    })
    const first = token()
    await pass(5001)
    expect(sent).toEqual(['credential_not_stored 1'])
    expect(await token()).toBe('1')
    release()
    expect(await first).toBe('1')
  })

  it('that cannot be written to at all serves the token to its end', async () => {
    const { inner, token, pass, lines, server } = open({
      leftMs: 60_000,
      store: (store) => ({ find: (domain: string) => store.find(domain) }) as CredentialStore,
    })
    expect(await token()).toBe('0')
    await pass(60_001)
    await expect(token()).rejects.toMatchObject({ code: 'credential_unavailable' })
    expect(lines.filter((line) => line.includes('cannot be written to'))).toHaveLength(1)
    expect(server.asked).toEqual([])
    expect(await inner.list()).toEqual([DOMAIN])
  })
})

describe('a pair in the spare place', () => {
  it('is found though the login was given up, and nothing is sent', async () => {
    const spare = memoryStorage().credentials
    const begun = (clock: FakeClock) => {
      const failure = { at: clock.now(), error: 'invalid_grant', permanent: true, retryAt: clock.now() + MINUTE }
      return { refresh: { ...interrupted(clock).refresh, failure } }
    }
    const { clock, server, token, stored, resolver } = open({
      leftMs: -1,
      fields: begun,
      settings: { spareStore: spare },
    })
    await expect(token()).rejects.toMatchObject({ code: 'credential_unavailable' })
    const saved = oauth(clock, 8 * HOUR, { accessToken: new Secret('sk-ant-oat01-FAKE-saved') })
    const { intent } = (await stored()).refresh
    await spare.update(DOMAIN, () => ({ ...saved, refresh: { ...saved.refresh, intent } }))
    clock.pass(5000)
    expect(await token()).toBe('saved')
    expect((await stored()).refresh).toMatchObject({ intent: null, failure: null })
    expect(resolver.health().needLogin).toBe(0)
    expect(await spare.find(DOMAIN)).toBeNull()
    expect(server.asked).toEqual([])
  })
})

describe('a holder that loses its lease', () => {
  it('does not send the token when it was frozen before the call', async () => {
    const { server, token, clock } = open({
      leftMs: -1,
      store: (inner) => ({
        ...inner,
        find: (domain) => inner.find(domain),
        update: (domain, change) =>
          inner.update(domain, (current, lease) =>
            change(current, {
              ...lease,
              async save(credential) {
                await lease.save(credential)
                vi.setSystemTime(Date.now() + 6000)
                vi.advanceTimersByTime(6000)
              },
            }),
          ),
      }),
    })
    await expect(token()).rejects.toThrow()
    expect(server.asked).toEqual([])
    expect(clock.now()).toBeGreaterThan(0)
  })

  it('hands in the pair that it holds, where nobody has stored anything newer', async () => {
    let lose = true
    const { server, token, stored, sent } = open({
      leftMs: -1,
      store: (inner) => ({
        ...inner,
        find: (domain) => inner.find(domain),
        async update(domain, change) {
          return inner.update(domain, async (current, lease) => {
            const changed = await change(current, lease)
            if (!lose || changed === current) return changed
            lose = false
            throw Object.assign(new Error('lost'), { code: 'lease_lost' })
          })
        },
      }),
    })
    expect(await token()).toBe('1')
    expect((await stored()).accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
    expect(server.asked).toHaveLength(1)
    expect(sent).toEqual([])
  })
})

describe('several processes', () => {
  it('refresh once between them, though their readings of the store lag', async () => {
    const clock = new FakeClock()
    const { server, start, inner } = open({ leftMs: -1 })
    const lagging = Array.from({ length: 8 }, () => {
      const old = oauth(clock, -1)
      let seen: Credential | null = old
      return start({
        lookup: {
          list: () => inner.list(),
          find: () => seen,
          update: async (domain, change) => {
            const changed = await inner.update(domain, change)
            setTimeout(() => (seen = changed), 4000)
            return changed
          },
        } as CredentialStore,
      })
    })
    const use = async () => {
      const all = await Promise.all(lagging.map((resolver) => resolver.resolve(DOMAIN)))
      return new Set(all.map((each) => (each.type === 'oauth' ? each.accessToken.expose() : each.type)))
    }
    expect(await use()).toEqual(new Set(['sk-ant-oat01-FAKE-1']))
    expect(await use()).toEqual(new Set(['sk-ant-oat01-FAKE-1']))
    await vi.advanceTimersByTimeAsync(5000)
    expect(await use()).toEqual(new Set(['sk-ant-oat01-FAKE-1']))
    expect(server.asked).toHaveLength(1)
  })
})

describe('a store that lags', () => {
  it('counts again once it shows anything new, whatever time that names', async () => {
    let shown: Credential | null = null
    const { clock, token, inner } = open({
      leftMs: HOUR,
      store: (store) => ({
        list: async () => [],
        find: (domain) => shown ?? store.find(domain),
        update: (domain, change) => store.update(domain, change),
      }),
    })
    shown = oauth(clock, 10_000, { accessToken: new Secret('sk-ant-oat01-FAKE-lagging') })
    expect(await token()).toBe('0')
    const at = clock.now() - 9 * HOUR
    shown = oauth(clock, HOUR, {
      accessToken: new Secret('sk-ant-oat01-FAKE-login'),
      refresh: { ...neverRefreshed, refreshedAt: at },
    })
    await inner.update(DOMAIN, () => shown)
    expect(await token()).toBe('login')
  })
})

describe('a store that lags by more than one pair', () => {
  it('does not bring back an earlier one', async () => {
    let shown: Credential | null = null
    let next: Credential | null = null
    const { clock, token, pass } = open({
      leftMs: HOUR,
      store: (store) => ({
        list: async () => [],
        find: (domain) => shown ?? store.find(domain),
        async update(domain, change) {
          const changed = await store.update(domain, change)
          shown = next ?? shown
          return changed
        },
      }),
    })
    shown = oauth(clock, 10_000, { accessToken: new Secret('sk-ant-oat01-FAKE-lagging') })
    expect(await token()).toBe('0')
    next = oauth(clock, HOUR)
    await pass(HOUR)
    expect(await token()).toBe('1')
  })
})

describe('upkeep', () => {
  it('goes on past a credential that cannot be read, which is told once', async () => {
    const { server, live, lines } = open({
      leftMs: 60_000,
      store: (inner) => ({
        list: async () => ['a.example', DOMAIN],
        find: (domain) => (domain === DOMAIN ? inner.find(domain) : Promise.reject(new Error('does not open'))),
        update: (domain, change) => inner.update(domain, change),
      }),
    })
    await live(150_000)
    expect(server.asked).toHaveLength(1)
    expect(lines.filter((line) => line.includes('credential could not be read'))).toHaveLength(1)
  })

  it('finds a domain within a minute that comes later', async () => {
    const { clock, server, inner, live } = open({ credential: { type: 'api_key', apiKey: new Secret('FAKE') } })
    await live(1000)
    await inner.update(DOMAIN, () => oauth(clock, 60_000))
    await live(60_000)
    expect(server.asked).toHaveLength(1)
  })
})

describe('replace', () => {
  const use = (scene: ReturnType<typeof open>) => scene.resolver.resolve(DOMAIN)

  it('refreshes a token that the upstream refused, once for all who ask', async () => {
    const scene = open()
    const refused = await use(scene)
    const replaced = await Promise.all(Array.from({ length: 500 }, () => scene.resolver.replace(DOMAIN, refused)))
    expect(new Set(replaced.map((each) => each?.type === 'oauth' && each.accessToken.expose()))).toEqual(
      new Set(['sk-ant-oat01-FAKE-1']),
    )
    expect(scene.server.asked).toHaveLength(1)
  })

  it('gives the newer token where another one has been stored meanwhile, without a refresh', async () => {
    const scene = open()
    const refused = await use(scene)
    await scene.inner.update(DOMAIN, () =>
      oauth(scene.clock, HOUR, { accessToken: new Secret('sk-ant-oat01-FAKE-other') }),
    )
    expect(await scene.resolver.replace(DOMAIN, refused)).toMatchObject({ type: 'oauth' })
    expect(scene.server.asked).toEqual([])
  })

  it('does not refresh again and again where every token is refused', async () => {
    const scene = open()
    for (let i = 0; i < 100; i++) {
      await scene.resolver.replace(DOMAIN, await use(scene))
      await scene.live(1000)
    }
    expect(scene.server.asked).toHaveLength(2)
  })

  it('does not refresh again what another process has just refreshed', async () => {
    const scene = open()
    for (const resolver of [scene.resolver, ...Array.from({ length: 7 }, () => scene.start())]) {
      await resolver.replace(DOMAIN, await resolver.resolve(DOMAIN))
    }
    expect(scene.server.asked).toHaveLength(1)
  })

  it('gives nothing for an API key, or where the refresh fails', async () => {
    const key = open({ credential: { type: 'api_key', apiKey: new Secret('FAKE') } })
    expect(await key.resolver.replace(DOMAIN, await use(key))).toBeNull()
    const failing = open()
    failing.server.script.push({ status: 503 })
    expect(await failing.resolver.replace(DOMAIN, await use(failing))).toBeNull()
  })
})

describe('subscription credentials', () => {
  const marked = (subscription: boolean | undefined, refreshToken: Secret | null) => () => {
    const marker = subscription === undefined ? {} : { subscription }
    return { ...marker, refreshToken }
  }
  const token = new Secret('sk-ant-ort01-FAKE-0')

  it.each([
    ['marked as one', true, null],
    ['marked as one, with a refresh token', true, token],
  ])('%s are not used', async (_name, subscription, refreshToken) => {
    const { resolver, sent, server, live } = open({ leftMs: -1, fields: marked(subscription, refreshToken) })
    expect(() => resolver.resolve(DOMAIN)).toThrow(expect.objectContaining({ code: 'credential_unavailable' }))
    expect(() => resolver.resolve(DOMAIN)).toThrow()
    await live(10_000)
    expect(sent).toEqual(['subscription_not_allowed 1'])
    expect(server.asked).toEqual([])
  })

  it('are used where they are allowed by name', async () => {
    const scene = open({ leftMs: -1, fields: marked(true, token), settings: { allowSubscription: true } })
    expect(await scene.token()).toBe('1')
  })
})

describe('close', () => {
  it('waits for a refresh under way, so that its pair is stored', async () => {
    let answer = () => {}
    const { server, resolver, stored } = open({ leftMs: 60_000, fields: () => ({ refresh: neverRefreshed }) })
    server.beforeAnswer = () => new Promise((resolve) => (answer = resolve))
    await resolver.resolve(DOMAIN)
    await settle()
    const closed = vi.fn()
    const closing = resolver.close().then(closed)
    await settle()
    expect(closed).not.toHaveBeenCalled()
    answer()
    await settle()
    await closing
    expect((await stored()).accessToken.expose()).toBe('sk-ant-oat01-FAKE-1')
  })

  it('leaves no timer behind', async () => {
    const { resolver, token } = open({ leftMs: -1 })
    await token()
    await resolver.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a credential that cannot stand in a header', () => {
  const texts = ['', ' sk-ant-FAKE', 'sk-ant-FAKE\r\nx-api-key: FAKE', 'sk-ant-FAKE\0', 'sk-ant-FAKE-é']
  const problem = (field: string) => ({
    code: 'credential_unavailable',
    cause: {
      name: 'ConfigurationError',
      option: `credentials.${DOMAIN}.${field}`,
      message: expect.not.stringContaining('FAKE'),
    },
  })
  const resolving = (scene: Scene) => {
    const { resolver } = open(scene)
    return async () => resolver.resolve(DOMAIN)
  }

  it.each(texts)('is refused by its field where it is an API key: %j', async (text) => {
    const credential: Credential = { type: 'api_key', apiKey: new Secret(text) }
    await expect(resolving({ credential })()).rejects.toMatchObject(problem('apiKey'))
  })

  it.each(texts)('is refused by its field where it is an access token: %j', async (text) => {
    const fields = () => ({ accessToken: new Secret(text) })
    await expect(resolving({ fields })()).rejects.toMatchObject(problem('accessToken'))
  })

  it.each(texts)('is refused by its field where it replaces a token that was refused: %j', async (text) => {
    const { resolver, store, clock } = open()
    const refused = (await resolver.resolve(DOMAIN)) as OAuthCredential
    await store.update(DOMAIN, () => oauth(clock, HOUR, { accessToken: new Secret(text) }))
    await expect(resolver.replace(DOMAIN, refused)).rejects.toMatchObject(problem('accessToken'))
  })
})
