import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClientKey } from '../../client-key.js'
import { ConfigurationError } from '../../errors.js'
import type { Credential } from '../../storage/credential.js'
import { readContent } from './file-content.js'
import { toFileText, withAddedKey, withChangedKey, withCredential } from './file-fields.js'

const SECRET = 'sk-ant-api03-FAKE'
const read = (value: unknown) => readContent('a.json', 'example.com', JSON.stringify(value))

function problemOf(text: string): string {
  try {
    readContent('a.json', 'example.com', text)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return (error as ConfigurationError).message
  }
  return ''
}

describe('readContent', () => {
  it('reads every field of a client key', () => {
    const entry = {
      digest: `sha256:${'a'.repeat(64)}`,
      keyId: 'AbCd1234',
      label: 'laptop',
      created_at: '2026-01-01T00:00:00Z',
      expires_at: '2027-01-01T01:00:00+01:00',
      revoked_at: '2026-06-01T00:00:00.123Z',
      replaced_by: 'Zyxw9876',
      last_four: 'wxyz',
    }
    expect(read({ type: 'api_key', api_key: SECRET, client_api_keys: [entry] }).clientKeys).toEqual([
      {
        domain: 'example.com',
        digest: 'a'.repeat(64),
        keyId: 'AbCd1234',
        label: 'laptop',
        createdAt: Date.UTC(2026, 0, 1),
        expiresAt: Date.UTC(2027, 0, 1),
        revokedAt: Date.UTC(2026, 5, 1, 0, 0, 0, 123),
        replacedBy: 'Zyxw9876',
        lastFour: 'wxyz',
      },
    ])
  })

  it('takes null for absent', () => {
    const { credential } = read({ type: 'oauth', access_token: SECRET, refresh_token: null, expires_at: null })
    expect(credential).toMatchObject({ refreshToken: null, expiresAt: null })
  })

  it('never shows a value, whatever the file says', () => {
    const names = ['type', 'api_key', 'access_token', 'expires_at', 'client_api_key', 'client_api_keys', 'refresh', 'x']
    const values = fc.oneof(
      fc.constantFrom(
        SECRET,
        'api_key',
        'oauth',
        'sealed',
        'federation',
        'none',
        null,
        [],
        [SECRET],
        [{ digest: SECRET }],
      ),
      fc.record({ intent: fc.constant(SECRET), [SECRET]: fc.constant(1) }),
      fc.jsonValue(),
    )
    const files = fc.dictionary(fc.constantFrom(...names, SECRET, '__proto__', 'constructor'), values)
    fc.assert(
      fc.property(files, (file) => {
        expect(problemOf(JSON.stringify(file))).not.toContain('FAKE')
      }),
      { numRuns: 500 },
    )
    expect(({} as Record<string, unknown>).intent).toBeUndefined()
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void problemOf(text)),
      { numRuns: 500 },
    )
  })

  it.each<[object, string]>([
    [{ type: 'api_key' }, 'api_key is missing'],
    [{ type: 'api_key', apikey: SECRET }, 'api_key is missing, and apikey does not belong here'],
    [{ type: 'api_key', api_key: 7 }, 'api_key must be text'],
    [{ type: 'none', client_api_keys: SECRET }, 'client_api_keys must be a list'],
    [{ type: 'oauth', access_token: SECRET, subscription: SECRET }, 'subscription must be true or false'],
    [{ type: 'federation', federation_rule_id: 'a' }, 'organization_id is missing'],
    [{ type: 'sealed', ring_key_id: '', sealed: 'RkFLRQ==' }, 'ring_key_id is empty'],
  ])('tells what is wrong with %j', (file, problem) => {
    expect(problemOf(JSON.stringify(file))).toBe(`a.json: ${problem}`)
  })

  it('tells where it is no JSON, without quoting it', () => {
    const text = `{\n  "type": "api_key"\n  "api_key": "${SECRET}"\n}`
    expect(problemOf(text)).toBe('a.json: is not valid JSON: see line 3, column 3')
    expect(problemOf('')).toBe('a.json: is not valid JSON')
  })

  it('names the place of a wrong client key', () => {
    expect(problemOf(JSON.stringify({ type: 'none', client_api_keys: ['a'.repeat(64), SECRET] }))).toMatch(
      /^a\.json: client_api_keys\.1 is neither a client key/,
    )
  })
})

describe('what is written', () => {
  const time = fc.integer({ min: 0, max: Date.UTC(2100, 0) })
  const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })

  it('is read again as it was', () => {
    const facts = fc.record({
      label: perhaps(fc.string()),
      createdAt: perhaps(time),
      expiresAt: perhaps(time),
      revokedAt: perhaps(time),
      replacedBy: perhaps(fc.constant('Zyxw9876')),
    })
    fc.assert(
      fc.property(facts, facts, (some, others) => {
        const key = { ...createClientKey({ domain: 'example.com' }).record, ...some }
        const added = withAddedKey({ type: 'none' }, key)
        expect(readContent('a.json', 'example.com', toFileText(added)).clientKeys).toEqual([key])
        const changed = withChangedKey(added, 0, { ...key, ...others })
        expect(readContent('a.json', 'example.com', toFileText(changed)).clientKeys).toEqual([{ ...key, ...others }])
      }),
      { numRuns: 200 },
    )
  })

  it('keeps a sealed credential as it is', () => {
    const credential: Credential = { type: 'sealed', ringKeyId: 'k1', sealed: 'RkFLRQ==' }
    expect(read(withCredential({}, credential)).credential).toEqual(credential)
  })

  it('is nothing where neither credential nor client key is left', () => {
    expect(withCredential({ type: 'api_key', api_key: SECRET, client_api_keys: [] }, null)).toBeNull()
  })
})
