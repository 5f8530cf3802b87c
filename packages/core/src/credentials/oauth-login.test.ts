import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { FakeClock } from '../testing/fake-clock.js'
import { ScriptedTokenServer } from '../testing/scripted-token-server.js'
import { createOAuthLogin, type OAuthLoginOptions } from './oauth-login.js'

const REDIRECT = 'https://platform.claude.com/oauth/code/callback'

function begin(options: Partial<OAuthLoginOptions> = {}) {
  const server = new ScriptedTokenServer()
  const clock = new FakeClock()
  const login = createOAuthLogin({
    authorizeUrl: 'https://platform.claude.com/oauth/authorize',
    tokenUrl: 'https://platform.claude.com/v1/oauth/token',
    clientId: 'client-1',
    redirectUri: REDIRECT,
    scopes: ['org:profile', 'workspace:inference'],
    clock,
    dispatcher: server,
    ...options,
  })
  const query = new URL(login.url).searchParams
  return { server, clock, login, query, state: query.get('state')! }
}

const granted = (scope?: string) => ({
  status: 200,
  body: { access_token: 'FAKE-access', refresh_token: 'FAKE-refresh', expires_in: 28_800, ...(scope && { scope }) },
})

describe('createOAuthLogin', () => {
  it('sends the person to the page with a challenge and a state of this login', () => {
    const { login, query } = begin()
    expect(login.url).toMatch(/^https:\/\/platform\.claude\.com\/oauth\/authorize\?/)
    expect(Object.fromEntries(query)).toEqual({
      code: 'true',
      client_id: 'client-1',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'org:profile workspace:inference',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(begin().query.get('state')).not.toBe(query.get('state'))
  })

  it('leaves out what the client is registered with', async () => {
    const server = new ScriptedTokenServer()
    const login = createOAuthLogin({
      authorizeUrl: 'https://platform.claude.com/oauth/authorize',
      tokenUrl: 'https://platform.claude.com/v1/oauth/token',
      clientId: 'client-1',
      dispatcher: server,
    })
    const query = new URL(login.url).searchParams
    expect([...query.keys()]).not.toEqual(expect.arrayContaining(['redirect_uri']))
    expect([...query.keys()]).not.toEqual(expect.arrayContaining(['scope']))
    server.script.push(granted())
    await login.finish(`code-FAKE#${query.get('state')}`)
    expect(server.asked[0]!.grant).not.toHaveProperty('redirect_uri')
  })

  it.each([
    ['what the page shows', (state: string) => `code-FAKE#${state}`],
    ['the same with blanks around it', (state: string) => ` \n code-FAKE#${state}\n`],
    ['the address it leads to', (state: string) => `http://localhost:1455/callback?code=code-FAKE&state=${state}`],
  ])('exchanges %s for a credential', async (_name, paste) => {
    const { server, clock, login, query, state } = begin()
    server.script.push(granted())
    const credential = await login.finish(paste(state))
    const { grant, headers, url } = server.asked[0]!
    expect(url).toBe('https://platform.claude.com/v1/oauth/token')
    expect(headers['anthropic-beta']).toBe('oauth-2025-04-20')
    expect(grant).toEqual({
      grant_type: 'authorization_code',
      code: 'code-FAKE',
      state,
      client_id: 'client-1',
      redirect_uri: REDIRECT,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    // RFC 7636 section 4.6.
    expect(createHash('sha256').update(grant.code_verifier!).digest('base64url')).toBe(query.get('code_challenge'))
    expect(credential.accessToken.expose()).toBe('FAKE-access')
    expect(credential.refreshToken?.expose()).toBe('FAKE-refresh')
    expect(credential).toMatchObject({
      expiresAt: clock.now() + 28_800_000,
      subscription: false,
      refresh: { refreshedAt: clock.now(), intent: null, failure: null },
    })
  })

  it.each([
    ['another login', 'code-FAKE#other-state'],
    ['half of it', 'code-FAKE'],
    ['no code', '#x'],
    ['nothing', ''],
    ['an address without a code', 'https://localhost/?state=x'],
  ])('refuses a text of %s, and asks nobody', async (_name, pasted) => {
    const { server, login } = begin()
    await expect(login.finish(pasted)).rejects.toThrow(/^(?!.*FAKE)/)
    expect(server.asked).toEqual([])
  })

  it('says why the endpoint refused, without its text', async () => {
    const { server, login, state } = begin()
    server.script.push({ status: 400, body: { error: 'invalid_grant', error_description: 'FAKE' } })
    await expect(login.finish(`code#${state}`)).rejects.toThrow(/\(invalid_grant\)/)
  })

  it.each([
    ['what was asked for, where the answer does not say', undefined, ['user:inference', 'user:profile'], true],
    ['what was granted', 'user:inference org:create_api_key', ['workspace:inference'], true],
    ['what was granted', 'workspace:inference', ['user:inference'], false],
    ['nothing that tells', 'openid', ['openid'], true],
  ])('marks a subscription by %s', async (_name, scope, scopes, subscription) => {
    const { server, login, state } = begin({ scopes })
    server.script.push(granted(scope))
    expect(await login.finish(`code#${state}`)).toMatchObject({ subscription })
  })

  it.each([['https://claude.ai/oauth/authorize'], ['https://claude.com/cai/oauth/authorize']])(
    'marks a subscription by the page of the plans, %s',
    async (authorizeUrl) => {
      const { server, login, state } = begin({ authorizeUrl })
      server.script.push(granted('workspace:inference'))
      expect(await login.finish(`code#${state}`)).toMatchObject({ subscription: true })
    },
  )

  it.each([
    ['authorizeUrl', { authorizeUrl: 'http://claude.ai/oauth/authorize' }],
    ['tokenUrl', { tokenUrl: 'http://platform.claude.com/v1/oauth/token' }],
    ['clientId', { clientId: '' }],
  ])('refuses a bad %s by name', (option, options) => {
    expect(() => begin(options)).toThrow(ConfigurationError)
    expect(() => begin(options)).toThrow(new RegExp(`^${option}: `))
  })
})
