import { afterEach, describe, expect, it, vi } from 'vitest'
import { Secret } from '../secret.js'
import { neverRefreshed, type OAuthCredential, type OAuthRefreshState } from '../storage/credential.js'
import { memoryStorage } from '../storage/memory.js'
import { FakeClock } from '../testing/fake-clock.js'
import { ScriptedTokenServer } from '../testing/scripted-token-server.js'
import { digestToken } from './oauth-state.js'
import { listOAuthStatus, type RefreshOAuthOptions, refreshOAuth } from './oauth-status.js'

const TOKEN = new Secret('sk-ant-ort01-FAKE-0')
const HOUR = 3_600_000

function open(
  refresh: (now: number) => Partial<OAuthRefreshState> = () => ({}),
  fields: Partial<OAuthCredential> = {},
) {
  const clock = new FakeClock()
  const server = new ScriptedTokenServer()
  const credential: OAuthCredential = {
    type: 'oauth',
    accessToken: new Secret('sk-ant-oat01-FAKE-0'),
    refreshToken: TOKEN,
    expiresAt: clock.now() + HOUR,
    refresh: { ...neverRefreshed, ...refresh(clock.now()) },
    ...fields,
  }
  const { credentials } = memoryStorage({
    credentials: { 'b.example': credential, 'a.example': { type: 'api_key', apiKey: new Secret('FAKE') } },
  })
  const refreshNow = (domain = 'b.example', more: Partial<RefreshOAuthOptions> = {}) =>
    refreshOAuth({
      ...more,
      credentials,
      domain,
      tokenUrl: 'https://api.anthropic.com/v1/oauth/token',
      clientId: 'client-1',
      clock,
      dispatcher: server,
    })
  const status = async () => (await listOAuthStatus(credentials, clock))[0]!
  return { clock, server, credentials, refreshNow, status }
}

const intent = (now: number, agoMs: number) => ({ tokenDigest: digestToken(TOKEN), startedAt: now - agoMs, owner: 'a' })
const failure = (now: number, permanent: boolean) => ({ at: now, error: 'http_503', permanent, retryAt: now + 60_000 })

describe('listOAuthStatus', () => {
  it('tells of OAuth credentials, and no token', async () => {
    const { credentials, clock } = open()
    const statuses = await listOAuthStatus(credentials, clock)
    expect(statuses).toEqual([
      {
        domain: 'b.example',
        state: 'fresh',
        subscription: true,
        expiresAt: clock.now() + HOUR,
        refreshedAt: null,
        nextRefreshAt: clock.now() + HOUR - 120_000,
        failure: null,
      },
    ])
    expect(JSON.stringify(statuses)).not.toContain('FAKE')
  })

  it.each([
    ['paused', (now: number) => ({ failure: failure(now, false) }), 60_000],
    ['interrupted', (now: number) => ({ intent: intent(now, 0) }), HOUR - 30_000],
    ['needs_login', (now: number) => ({ intent: intent(now, 0), failure: failure(now, true) }), null],
  ])('knows %s', async (state, refresh, nextInMs) => {
    const { status, clock } = open(refresh)
    const nextRefreshAt = nextInMs === null ? null : clock.now() + nextInMs
    expect(await status()).toMatchObject({ state, nextRefreshAt })
  })

  it('knows due, and what cannot be renewed', async () => {
    const due = open()
    due.clock.pass(HOUR - 100_000)
    expect(await due.status()).toMatchObject({ state: 'due', nextRefreshAt: due.clock.now() })
    expect(await open(undefined, { refreshToken: null }).status()).toMatchObject({
      state: 'not_renewable',
      nextRefreshAt: null,
    })
  })
})

afterEach(() => void vi.useRealTimers())

describe('refreshOAuth', () => {
  it('refreshes a token that is not due', async () => {
    const { refreshNow, server, clock } = open()
    expect(await refreshNow()).toMatchObject({ state: 'fresh', refreshedAt: clock.now(), failure: null })
    expect(server.granted).toBe(1)
  })

  it('asks where a proxy with the same upstream would', async () => {
    const { credentials, clock, server } = open()
    const options = { credentials, domain: 'b.example', clock, dispatcher: server }
    await expect(refreshOAuth({ ...options, upstream: 'https://gateway.example' })).rejects.toMatchObject({
      option: 'tokenUrl',
    })
    expect(server.asked).toEqual([])
    expect(await refreshOAuth(options)).toMatchObject({ state: 'fresh' })
    expect(server.asked).toHaveLength(1)
  })

  it('gives null for a domain without an OAuth credential', async () => {
    expect(await open().refreshNow('a.example')).toBeNull()
    expect(await open().refreshNow('c.example')).toBeNull()
  })

  it('keeps to the pause after a failure, a permanent one included, and tries after it', async () => {
    for (const permanent of [false, true]) {
      const { refreshNow, server, clock } = open((now) => ({ failure: failure(now, permanent) }))
      expect(await refreshNow()).toMatchObject({ state: permanent ? 'needs_login' : 'paused' })
      expect(server.asked).toEqual([])
      clock.pass(60_000)
      expect(await refreshNow()).toMatchObject({ state: 'fresh' })
    }
  })

  it.each([
    ['was interrupted', null],
    ['was interrupted and then given up', (now: number) => failure(now, true)],
  ])('finds in the spare place what a refresh brought that %s, and sends nothing', async (_what, failed) => {
    const spareStore = memoryStorage().credentials
    const { refreshNow, server, credentials } = open((now) => ({
      intent: intent(now, 120_000),
      failure: failed?.(now) ?? null,
    }))
    const stored = (await credentials.find('b.example')) as OAuthCredential
    const accessToken = new Secret('sk-ant-oat01-FAKE-spare')
    await spareStore.update('b.example', () => ({
      ...stored,
      accessToken,
      refresh: { ...stored.refresh, failure: null },
    }))
    expect(await refreshNow('b.example', { spareStore })).toMatchObject({ state: 'fresh' })
    expect(((await credentials.find('b.example')) as OAuthCredential).accessToken.expose()).toBe(accessToken.expose())
    expect(await spareStore.find('b.example')).toBeNull()
    expect(server.asked).toEqual([])
  })

  it('leaves alone a refresh that may be under way elsewhere, and takes over one that cannot be', async () => {
    const underWay = open((now) => ({ intent: intent(now, 10_000) }))
    expect(await underWay.refreshNow()).toMatchObject({ state: 'interrupted' })
    expect(underWay.server.asked).toEqual([])
    vi.useFakeTimers()
    const abandoned = open((now) => ({ intent: intent(now, 61_000) }))
    const refreshing = abandoned.refreshNow()
    await vi.advanceTimersByTimeAsync(3900)
    expect(abandoned.server.asked).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    expect(await refreshing).toMatchObject({ state: 'fresh' })
  })

  it('refreshes once for two who ask at the same time', async () => {
    const { refreshNow, server, clock } = open()
    const first = refreshNow()
    clock.pass(1)
    await Promise.all([first, refreshNow()])
    clock.pass(1)
    expect(server.granted).toBeLessThanOrEqual(2)
    expect(server.reuses).toBe(0)
  })

  it('throws what the store throws', async () => {
    const { credentials, refreshNow } = open()
    credentials.update = () => Promise.reject(new Error('disk full'))
    await expect(refreshNow()).rejects.toThrow('disk full')
  })
})
