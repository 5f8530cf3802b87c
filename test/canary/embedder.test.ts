import {
  type ApiKeyCredential,
  createKeyRingKey,
  createOAuthLogin,
  createProxy,
  createSealer,
  fileCredentialStore,
  neverRefreshed,
  type OAuthCredential,
  type ProxyOptions,
  parseKeyRing,
  rotateClientKey,
  Secret,
  sealedCredentialStore,
  silentLogger,
} from '@agent-prompt-train/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { callers, canaries, domain, everyCanary } from './canaries.js'
import { makeFolder } from './command.js'
import { hosts, keyRing, openScene, storageWithCanaries } from './scene.js'
import { expectNoCanary, readFolder, toTexts } from './sinks.js'

const apiKey: ApiKeyCredential = { type: 'api_key', apiKey: new Secret(canaries.upstreamKey.value) }

/** An OAuth credential that has to be refreshed before it is used. */
function expired(): OAuthCredential {
  return {
    type: 'oauth',
    accessToken: new Secret(canaries.accessToken.value),
    refreshToken: new Secret(canaries.refreshToken.value),
    expiresAt: Date.now() - 1000,
    refresh: neverRefreshed,
  }
}

describe('what an embedder holds prints no secret', () => {
  it('credentials, key rings, sealers and stores', async () => {
    const folder = makeFolder()
    const files = fileCredentialStore(`${folder}`, { permissions: 'warn', logger: silentLogger })
    onTestFinished(() => files.close())
    const sealed = sealedCredentialStore(files, keyRing)
    await sealed.update(domain, () => expired())
    const stored = await files.find(domain)
    const opened = await sealed.find(domain)
    expect(stored?.type).toBe('sealed')
    expect(opened?.type).toBe('oauth')
    const held = {
      apiKey,
      files,
      sealed,
      stored,
      opened,
      keyRing,
      sealer: createSealer(keyRing),
      health: files.health(),
    }
    expectNoCanary({
      ...Object.fromEntries(Object.entries(held).map(([name, value]) => [name, toTexts(value)])),
      'the key ring of a text': toTexts(parseKeyRing(`k1:${canaries.ringKey.value}`)),
      'the client key record': toTexts(callers.record),
      'the folder': readFolder(folder),
    })
  })

  it.each<[string, ProxyOptions]>([
    ['upstream', { upstream: `https://u:${canaries.prompt.secret}@api.anthropic.com` }],
    ['upstream', { upstream: canaries.databaseUrl.value }],
    ['oauth.tokenUrl', { oauth: { tokenUrl: `${canaries.webhook.value}?token=${canaries.prompt.secret}` } }],
    ['edge.allow', { edge: { allow: [canaries.upstreamKey.value] } }],
    ['edge.trustedProxies', { edge: { trustedProxies: [everyCanary] } }],
    ['allowHeaders.request', { allowHeaders: { request: [canaries.upstreamError.value] } }],
    ['keyRing', { record: { keyRing: canaries.ringKey.value as never } }],
    ['keyRing', { record: { keyRing: { current: canaries.ringKey.value, keys: { k1: canaries.ringKey.value } } } }],
    ['keyRing', { record: { keyRing: { current: 'k1', keys: { [canaries.ringKey.value]: 'k1' } } } }],
    ['keyRing', { record: { keyRing: { current: 'k1', keys: { k1: canaries.upstreamKey.value } } } }],
    ['storage', { storage: canaries.databaseUrl.value as never }],
    ['alerts', { alerts: [canaries.webhook.value as never] }],
    ['timeouts', { timeouts: { connectMs: canaries.prompt.secret as never } }],
  ])('an error that names %s', (option, options) => {
    let thrown: unknown = null
    try {
      createProxy({ storage: storageWithCanaries(), logger: silentLogger, ...options })
    } catch (error) {
      thrown = error
    }
    expect(String(thrown)).toContain(option)
    expectNoCanary({ 'the error': toTexts(thrown) })
  })

  it('errors of a ring that cannot open, of keys and of logins', async () => {
    const sealed = sealedCredentialStore(storageWithCanaries().credentials, keyRing)
    await sealed.update(domain, () => apiKey)
    const inner = storageWithCanaries().credentials
    await sealedCredentialStore(inner, keyRing).update(domain, () => expired())
    const other = sealedCredentialStore(inner, {
      current: 'k1',
      keys: { k1: createKeyRingKey() },
    })
    const tokens = await startScriptedUpstream((_, response) => {
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: canaries.refreshToken.value, error_description: everyCanary }))
    })
    const login = createOAuthLogin({
      authorizeUrl: `${tokens.origin}/authorize`,
      tokenUrl: `${tokens.origin}/token`,
      clientId: 'client',
      redirectUri: 'http://127.0.0.1/callback',
      scopes: [],
    })
    const state = new URL(login.url).searchParams.get('state')
    const failures = await Promise.allSettled([
      Promise.resolve(other.find(domain)),
      Promise.resolve(other.assertOpens()),
      rotateClientKey(storageWithCanaries().clientKeys, canaries.strangerKey.value, { overlapMs: 0 }),
      login.finish(canaries.accessToken.value),
      login.finish(`${canaries.accessToken.value}#${canaries.prompt.secret}`),
      login.finish(`${canaries.accessToken.value}#${state}`),
    ])
    await tokens.close()
    const reasons = failures.map((failure) => (failure.status === 'rejected' ? failure.reason : null))
    expect(reasons.every((reason) => reason instanceof Error)).toBe(true)
    expectNoCanary({ 'the errors': reasons.flatMap(toTexts) })
  })
})

describe('a token endpoint that answers with secrets', () => {
  const quoting = JSON.stringify({ error: 'invalid_grant', error_description: everyCanary })
  it.each([
    ['invalid_grant', 400, quoting, {}],
    ['an error that is the token itself', 400, JSON.stringify({ error: canaries.refreshToken.value }), {}],
    ['an outage', 500, `<html>${everyCanary}</html>`, {}],
    ['garbage', 200, everyCanary, {}],
    [
      'an answer without a token',
      200,
      JSON.stringify({ refresh_token: canaries.refreshToken.value, extra: everyCanary }),
      {},
    ],
    ['a redirect', 302, everyCanary, { location: `http://127.0.0.1:1/?token=${canaries.refreshToken.value}` }],
  ])('%s', async (_, status, body, headers) => {
    const tokens = await startScriptedUpstream((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    })
    const folder = makeFolder()
    const files = fileCredentialStore(folder, { permissions: 'warn', logger: silentLogger })
    const credentials = sealedCredentialStore(files, keyRing)
    await credentials.update(domain, () => expired())
    const scene = await openScene(hosts[0]!, {
      upstream: tokens.origin,
      credentials,
      storage: {},
      oauth: { tokenUrl: `${tokens.origin}/token`, allowSubscriptionOAuth: true },
    })
    const answer = await scene.send()
    expect(answer.status).toBe(503)
    expect(tokens.received[0]!.body.includes(canaries.refreshToken.value)).toBe(true)
    await scene.close()
    files.close()
    await tokens.close()
    expectNoCanary({ 'the answer': [answer.head, answer.body], 'the credential folder': readFolder(folder) })
  })
})
