import { describe, expect, it } from 'vitest'
import { classifyTokenAnswer, type TokenFailure, type TokenOutcome, toWaitMs } from './token-answers.js'

const NOW = Date.UTC(2026, 0, 1)

function classify(status: number, body: unknown, retryAfter: string | null = null): TokenOutcome {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return classifyTokenAnswer({ kind: 'answer', status, retryAfter, body: text }, NOW)
}

function failureOf(outcome: TokenOutcome): TokenFailure {
  if (outcome.kind === 'granted') throw new Error('granted')
  return outcome.failure
}

const granted = (fields: object = {}) => ({ access_token: 'FAKE-access', refresh_token: 'FAKE-refresh', ...fields })

describe('classifyTokenAnswer', () => {
  it.each([
    [400, { error: 'invalid_grant', error_description: 'Refresh token not found or invalid' }],
    [401, { error: 'invalid_grant' }],
    [403, { error: 'invalid_grant' }],
  ])('takes invalid_grant (%i) for the end of the login', (status, body) => {
    expect(failureOf(classify(status, body))).toEqual({
      error: 'invalid_grant',
      permanent: true,
      maybeSpent: true,
      waitMs: 60_000,
      retryAfterMs: null,
    })
  })

  it.each([
    [400, { error: 'invalid_client' }, 'invalid_client'],
    [400, { error: 'unsupported_grant_type' }, 'unsupported_grant_type'],
    [400, { type: 'error', error: { type: 'invalid_request_error' } }, 'http_400'],
    [401, { error: 'sk-ant-FAKE echoed' }, 'http_401'],
    [403, '<html>blocked by a firewall</html>', 'http_403'],
    [404, '', 'http_404'],
    [405, '', 'http_405'],
    [418, '', 'http_418'],
  ])(
    'takes another %i for a set-up that is wrong: asked again after a minute, the login kept',
    (status, body, error) => {
      const failure = failureOf(classify(status, body))
      expect(failure).toMatchObject({ error, permanent: false, maybeSpent: false, waitMs: 60_000 })
    },
  )

  it.each([
    [408, false],
    [425, false],
    [429, false],
    [500, false],
    [502, true],
    [503, false],
    [504, true],
    [529, false],
  ])('takes a %i for trouble that passes; the token may be spent: %s', (status, maybeSpent) => {
    const failure = failureOf(classify(status, ''))
    expect(failure).toMatchObject({ error: `http_${status}`, permanent: false, maybeSpent, waitMs: 5000 })
  })

  it('does not believe an invalid_grant of a server that is out of order', () => {
    expect(failureOf(classify(500, { error: 'invalid_grant' }))).toMatchObject({ error: 'http_500', permanent: false })
  })

  it.each([300, 301, 302, 303, 307, 308])('takes a %i for a redirect whatever it holds', (status) => {
    expect(failureOf(classify(status, granted()))).toMatchObject({ error: 'redirect', permanent: false })
  })

  it.each([
    ['no JSON', 'OK'],
    ['cut JSON', '{"access_token":"FAKE'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no access token', { refresh_token: 'FAKE' }],
    ['an empty access token', granted({ access_token: '' })],
    ['an access token that no header carries', granted({ access_token: 'FAKE\r\nx: y' })],
    ['a number for a token', granted({ access_token: 5 })],
    ['a refresh token that is none', granted({ refresh_token: {} })],
    ['another token type', granted({ token_type: 'mac' })],
  ])('takes a success with %s for malformed, and the token for spent', (_name, body) => {
    expect(failureOf(classify(200, body))).toMatchObject({ error: 'malformed', permanent: false, maybeSpent: true })
  })

  it.each([
    ['unreachable', false],
    ['unsent', false],
    ['slow', true],
    ['huge', true],
    ['broken', true],
  ] as const)('takes no answer (%s) for trouble that passes; the token may be spent: %s', (reason, maybeSpent) => {
    const failure = failureOf(classifyTokenAnswer({ kind: 'none', reason }, NOW))
    expect(failure).toMatchObject({ error: reason, permanent: false, maybeSpent })
  })

  it.each([
    ['7', 7000],
    ['0', 0],
    ['999999999', 3_600_000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    [new Date(NOW - 90_000).toUTCString(), 0],
    ['soon', null],
    ['', null],
  ])('reads Retry-After %j', (header, retryAfterMs) => {
    expect(failureOf(classify(429, '', header)).retryAfterMs).toBe(retryAfterMs)
  })

  it.each([
    [28_800, 28_800_000],
    ['28800', 28_800_000],
    [undefined, 3_600_000],
    [null, 3_600_000],
    ['', 3_600_000],
    ['soon', 3_600_000],
    [{}, 3_600_000],
    [0, 60_000],
    [-5, 60_000],
    [0.001, 60_000],
    [59, 60_000],
    [1e12, 2_592_000_000],
    ['Infinity', 2_592_000_000],
    ['-Infinity', 60_000],
  ])('makes a lifetime of expires_in %j', (expiresIn, lifetimeMs) => {
    const outcome = classify(200, granted({ expires_in: expiresIn }))
    expect(outcome).toMatchObject({ kind: 'granted', tokens: { lifetimeMs } })
  })

  it('gives the tokens, in secrets, and the scopes', () => {
    const outcome = classify(200, granted({ token_type: 'bearer', scope: 'user:inference  org:x' }))
    if (outcome.kind === 'failed') throw new Error(outcome.failure.error)
    const { tokens } = outcome
    expect(tokens.accessToken.expose()).toBe('FAKE-access')
    expect(tokens.refreshToken?.expose()).toBe('FAKE-refresh')
    expect(tokens.scopes).toEqual(['user:inference', 'org:x'])
    expect(JSON.stringify(outcome)).not.toContain('FAKE')
  })

  it.each([[granted({ refresh_token: undefined })], [granted({ refresh_token: null })]])(
    'gives no refresh token where the answer has none: the old one stays',
    (body) => {
      expect(classify(200, body)).toMatchObject({ kind: 'granted', tokens: { refreshToken: null, scopes: null } })
    },
  )

  it('never repeats text of the answer', () => {
    for (const status of [200, 302, 400, 401, 403, 429, 500]) {
      expect(JSON.stringify(classify(status, { error: 'FAKE', error_description: 'FAKE' }))).not.toContain('FAKE')
    }
  })
})

describe('toWaitMs', () => {
  const busy: TokenFailure = { error: 'x', permanent: false, maybeSpent: false, waitMs: 5000, retryAfterMs: null }
  const waits = (failure: TokenFailure, earlierMs: number) =>
    Array.from({ length: 50 }, () => toWaitMs(failure, earlierMs))

  it.each([
    [0, 5000],
    [5000, 10_000],
    [40_000, 80_000],
    [290_000, 300_000],
    [3_600_000, 300_000],
  ])('doubles a wait of %i up to five minutes, and spreads those that failed together', (earlierMs, least) => {
    const all = waits(busy, earlierMs)
    expect(Math.min(...all)).toBeGreaterThanOrEqual(least)
    expect(Math.max(...all)).toBeLessThanOrEqual(least * 1.25)
    expect(new Set(all).size).toBeGreaterThan(1)
  })

  it('waits as long as it is asked to, and no shorter than its class says', () => {
    expect(Math.min(...waits({ ...busy, retryAfterMs: 700_000 }, 0))).toBeGreaterThanOrEqual(700_000)
    expect(Math.min(...waits({ ...busy, retryAfterMs: 0 }, 300_000))).toBeGreaterThanOrEqual(5000)
    expect(Math.max(...waits({ ...busy, retryAfterMs: 0 }, 300_000))).toBeLessThanOrEqual(6250)
  })
})
