import { describe, expect, it } from 'vitest'
import { createClientKey } from '../client-key.js'
import { ConfigurationError } from '../errors.js'
import { Secret } from '../secret.js'
import { neverRefreshed } from './credential.js'
import { memoryStorage } from './memory.js'

const { key, record } = createClientKey({ domain: 'example.com' })
const apiKey = 'sk-ant-api03-FAKE'
const oauth = { type: 'oauth', accessToken: new Secret(apiKey), refreshToken: null, expiresAt: null }

describe('memoryStorage', () => {
  it('takes what the contract says', () => {
    const sealed = { type: 'sealed', ringKeyId: 'k1', sealed: 'RkFLRQ==' } as const
    const credentials = {
      'a.test': { type: 'api_key', apiKey: new Secret(apiKey) },
      'b.test': { ...oauth, type: 'oauth', refresh: neverRefreshed },
      'c.test': sealed,
    } as const
    expect(() =>
      memoryStorage({ clientKeys: [record], credentials, maxExchanges: Number.POSITIVE_INFINITY }),
    ).not.toThrow()
  })

  it.each<[object, string]>([
    [{ clientKeys: { [record.keyId]: record } }, 'clientKeys: must be a list of records of createClientKey()'],
    [{ clientKeys: [key] }, 'clientKeys.0: must be a record of createClientKey()'],
    [{ clientKeys: [{ key, record }] }, 'clientKeys.0.keyId: must be text'],
    [{ clientKeys: [record, { ...record, digest: apiKey }] }, 'clientKeys.1.digest: must be a SHA-256 digest'],
    [{ credentials: [apiKey] }, 'credentials: must be an object of credentials by domain'],
    [{ credentials: { 'a.test': apiKey } }, 'credentials.a.test: must be a credential'],
    [{ credentials: { 'a.test': { type: 'api_key', apiKey } } }, 'credentials.a.test.apiKey: must be a Secret'],
    [{ credentials: { 'a.test': { type: 'key', apiKey } } }, 'credentials.a.test.type: must be a credential'],
    [{ credentials: { 'a.test': oauth } }, 'credentials.a.test.refresh: must be an object: neverRefreshed'],
    [{ maxExchanges: 'many' }, 'maxExchanges: must be a whole number above 0'],
  ])('refuses wrong options (%#) by name, without a value', (options, problem) => {
    const open = () => memoryStorage(options as never)
    expect(open).toThrow(ConfigurationError)
    expect(open).toThrow(problem)
    expect(open).not.toThrow('FAKE')
  })
})
