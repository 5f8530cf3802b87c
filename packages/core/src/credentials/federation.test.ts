import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAlerts } from '../alerts.js'
import type { Logger } from '../logger.js'
import type { FederationCredential } from '../storage/credential.js'
import { memoryStorage } from '../storage/memory.js'
import { FakeClock } from '../testing/fake-clock.js'
import { ScriptedTokenServer } from '../testing/scripted-token-server.js'
import type { Assertion } from './federation.js'
import { createCredentialResolver } from './resolve.js'

const credential: FederationCredential = {
  type: 'federation',
  federationRuleId: 'fdrl_1',
  organizationId: 'org-1',
  serviceAccountId: 'svac_1',
  workspaceId: null,
  assertionFile: null,
}

function open(fields: Partial<FederationCredential> = {}, assertion: Assertion | null = () => 'jwt-FAKE') {
  const clock = new FakeClock()
  const server = new ScriptedTokenServer()
  server.expiresIn = 3600
  const lines: string[] = []
  const write = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`)
  const logger: Logger = { debug: write, info: write, warn: write, error: write }
  const { credentials } = memoryStorage({ credentials: { 'example.com': { ...credential, ...fields } } })
  const resolver = createCredentialResolver({
    lookup: credentials,
    tokenUrl: new URL('https://api.anthropic.com/v1/oauth/token'),
    clientId: null,
    allowSubscription: false,
    spareStore: null,
    tokenDispatcher: server,
    assertion,
    clock,
    alerts: createAlerts({ sinks: [], logger, clock }),
    logger,
  })
  onTestFinished(() => resolver.close())
  const token = async () => {
    const resolved = await resolver.resolve('example.com')
    return resolved.type === 'oauth' ? resolved.accessToken.expose() : resolved.type
  }
  return { clock, server, lines, credentials, resolver, token }
}

function assertionFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'assertion-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'token')
  writeFileSync(path, text)
  return path
}

afterEach(() => void vi.useRealTimers())

describe('federation', () => {
  it('exchanges the assertion once for all who ask, as the API wants it', async () => {
    const { server, token } = open()
    const tokens = await Promise.all(Array.from({ length: 100 }, token))
    expect(new Set(tokens)).toEqual(new Set(['sk-ant-oat01-FAKE-1']))
    expect(server.asked).toHaveLength(1)
    expect(server.asked[0]!.headers['anthropic-beta']).toBe('oauth-2025-04-20,oidc-federation-2026-04-01')
    expect(server.asked[0]!.grant).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'jwt-FAKE',
      federation_rule_id: 'fdrl_1',
      organization_id: 'org-1',
      service_account_id: 'svac_1',
    })
  })

  it('names the workspace where there is one', async () => {
    const { server, token } = open({ workspaceId: 'wrkspc_1' })
    await token()
    expect(server.asked[0]!.grant).toMatchObject({ workspace_id: 'wrkspc_1' })
  })

  it('exchanges again before expiry, in the background, with the assertion of that time', async () => {
    const path = assertionFile('jwt-FAKE-1\n')
    const { server, token, clock } = open({ assertionFile: path }, null)
    expect(await token()).toBe('sk-ant-oat01-FAKE-1')
    writeFileSync(path, 'jwt-FAKE-2\n')
    clock.pass(3_600_000 - 80_000)
    expect(await token()).toBe('sk-ant-oat01-FAKE-1')
    await vi.waitFor(() => expect(server.granted).toBe(2))
    await vi.waitFor(async () => expect(await token()).toBe('sk-ant-oat01-FAKE-2'))
    expect(server.asked.map(({ grant }) => grant.assertion)).toEqual(['jwt-FAKE-1', 'jwt-FAKE-2'])
  })

  it('stores no token', async () => {
    const { token, credentials } = open()
    await token()
    expect(await credentials.find('example.com')).toEqual(credential)
  })

  it('takes up a changed credential at once', async () => {
    const { token, credentials, server } = open()
    await token()
    await credentials.update('example.com', () => ({ ...credential, federationRuleId: 'fdrl_2' }))
    expect(await token()).toBe('sk-ant-oat01-FAKE-2')
    expect(server.asked[1]!.grant.federation_rule_id).toBe('fdrl_2')
  })

  it.each(['sk-ant-FAKE\r\nx-api-key: FAKE', 'sk-ant-FAKE-é', ' sk-ant-FAKE', ''])(
    'sends no token that cannot stand in a header: %j',
    async (access_token) => {
      const { server, token, lines } = open()
      server.script.push({ status: 200, body: { access_token, token_type: 'bearer', expires_in: 3600 } })
      await expect(token()).rejects.toMatchObject({ code: 'credential_refresh_failed' })
      expect(lines.join('\n')).toContain('malformed')
      expect(lines.join('\n')).not.toContain('FAKE')
    },
  )

  it('replaces a token that the upstream refused', async () => {
    const { resolver, server } = open()
    const refused = await resolver.resolve('example.com')
    const replaced = await resolver.replace('example.com', refused)
    expect(replaced?.type === 'oauth' && replaced.accessToken.expose()).toBe('sk-ant-oat01-FAKE-2')
    expect(server.granted).toBe(2)
  })

  it.each([
    ['no source', {}, null],
    ['a file that is not there', { assertionFile: '/nonexistent/FAKE' }, null],
    ['an empty assertion', {}, () => ' \n'],
    ['one over 16 KiB', {}, () => 'x'.repeat(16_385)],
    [
      'a callback that throws',
      {},
      () => {
        throw new Error('FAKE')
      },
    ],
  ])('with %s asks nobody and says why in the log', async (_name, fields, assertion) => {
    const { server, token, lines } = open(fields, assertion)
    await expect(token()).rejects.toMatchObject({ code: 'credential_refresh_failed' })
    expect(server.asked).toEqual([])
    expect(lines.join('\n')).toMatch(/federation exchange failed/)
    expect(lines.join('\n')).not.toContain('FAKE')
  })

  it('is not asked again before its time when the endpoint is in trouble', async () => {
    const { server, token, clock } = open()
    server.script.push({ status: 429, headers: { 'retry-after': '120' } })
    for (let i = 0; i < 119; i++) {
      await expect(token()).rejects.toMatchObject({ code: 'credential_refresh_failed' })
      clock.pass(1000)
    }
    expect(server.asked).toHaveLength(1)
    clock.pass(60_000)
    expect(await token()).toBe('sk-ant-oat01-FAKE-1')
  })
})
