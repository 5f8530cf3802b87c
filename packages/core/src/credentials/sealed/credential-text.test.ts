import { describe, expect, it } from 'vitest'
import { KeyRingError } from '../../errors.js'
import { Secret } from '../../secret.js'
import { neverRefreshed } from '../../storage/credential.js'
import { fromCredentialBytes, type PlainCredential, toCredentialBytes } from './credential-text.js'

const toJson = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())

const refreshed = {
  refreshedAt: 1,
  intent: { tokenDigest: 'ab'.repeat(32), startedAt: 2, owner: 'host:1:x' },
  failure: { at: 3, error: 'invalid_grant', permanent: true, retryAt: 4 },
}
const oauth = { type: 'oauth', accessToken: new Secret('FAKE-access'), expiresAt: 5 } as const
const credentials: PlainCredential[] = [
  { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') },
  { ...oauth, refreshToken: new Secret('FAKE-refresh'), refresh: refreshed },
  { ...oauth, refreshToken: null, expiresAt: null, refresh: neverRefreshed },
  { ...oauth, refreshToken: null, refresh: neverRefreshed, subscription: true },
  {
    type: 'federation',
    federationRuleId: 'fdrl_1',
    organizationId: 'o',
    serviceAccountId: 'svac_1',
    workspaceId: null,
    assertionFile: '/run/token',
  },
]

describe('credential bytes', () => {
  it.each(credentials)('come back as the $type credential that they were, secrets and all', (credential) => {
    const bytes = toCredentialBytes(credential, 'example.com')
    const read = fromCredentialBytes(bytes, 'example.com')
    expect(read).toEqual(credential)
    expect(toJson(toCredentialBytes(read, 'example.com'))).toEqual(toJson(bytes))
    for (const [name, value] of Object.entries(credential)) {
      if (!(value instanceof Secret)) continue
      expect((read as unknown as Record<string, Secret>)[name]!.expose()).toBe(value.expose())
    }
  })

  it('are JSON with a version: they outlive this release', () => {
    expect(toJson(toCredentialBytes(credentials[0]!, 'example.com'))).toEqual({
      version: 1,
      credential: { type: 'api_key', apiKey: 'sk-ant-FAKE' },
    })
    expect(toJson(toCredentialBytes(credentials[1]!, 'example.com'))).toEqual({
      version: 1,
      credential: { ...oauth, accessToken: 'FAKE-access', refreshToken: 'FAKE-refresh', refresh: refreshed },
    })
  })

  it('are not made of what would not be read again', () => {
    const later = { type: 'api_key', apiKey: new Secret('FAKE'), scope: 'FAKE' } as PlainCredential
    const seal = () => toCredentialBytes(later, 'example.com')
    expect(seal).toThrow(expect.objectContaining({ code: 'malformed' }))
    expect(seal).not.toThrow(/FAKE/)
  })

  it.each([
    ['a later version', '{"version":2,"credential":{"type":"api_key","apiKey":"FAKE"}}'],
    ['an unknown type', '{"version":1,"credential":{"type":"FAKE"}}'],
    ['an unknown field', '{"version":1,"credential":{"type":"api_key","apiKey":"FAKE","scope":"FAKE"}}'],
    ['a missing field', '{"version":1,"credential":{"type":"oauth","accessToken":"FAKE"}}'],
    ['no JSON', 'FAKE'],
    ['nothing', ''],
  ])('are refused with %s, and not quoted', (_what, text) => {
    const read = () => fromCredentialBytes(Buffer.from(text), 'example.com')
    expect(read).toThrow(KeyRingError)
    expect(read).toThrow(/^The credential example\.com opens, but another version/)
    expect(read).not.toThrow(/FAKE/)
  })
})
