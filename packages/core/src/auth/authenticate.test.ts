import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClientKey } from '../client-key.js'
import type { Clock } from '../clock.js'
import type { InboundRequest } from '../mountable.js'
import type { ClientKey, ClientKeyLookup } from '../storage/storage.js'
import { allowAnyone, clientKeyAuthentication, type Identity, presentedKeyId } from './authenticate.js'

const NOW = 1_800_000_000_000
const clock: Clock = { now: () => NOW, monotonic: () => 0 }
const { key, record } = createClientKey({ domain: 'example.com' })
const { key: otherKey, record: otherRecord } = createClientKey({ domain: 'other.example' })
const { key: strangerKey } = createClientKey({ domain: 'example.com' })
const identity: Identity = { domain: 'example.com', keyId: record.keyId }
const FOREIGN = 'sk-ant-api03-FAKE-foreign'

function storeOf(...records: ClientKey[]): ClientKeyLookup & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    find(keyId) {
      asked.push(keyId)
      return records.find((record) => record.keyId === keyId) ?? null
    },
  }
}

function toRequest(rawHeaders: readonly string[], path = '/v1/messages'): InboundRequest {
  const headers = Object.fromEntries(
    rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1]]] : [])),
  )
  return {
    method: 'POST',
    path,
    mountPath: '',
    rawHeaders,
    headers,
    body: null,
    remoteAddress: '127.0.0.1',
    hostRequest: null,
  }
}

const authenticate = clientKeyAuthentication([storeOf(record, otherRecord)], clock)
const present = async (...rawHeaders: string[]) => authenticate(toRequest(rawHeaders))

describe('clientKeyAuthentication', () => {
  it.each([
    ['Authorization', `Bearer ${key}`],
    ['authorization', `Bearer ${key}`],
    ['AUTHORIZATION', `bearer ${key}`],
    ['aUtHoRiZaTiOn', `BEARER ${key}`],
    ['Authorization', `Bearer   ${key}`],
    ['x-api-key', key],
    ['X-Api-Key', key],
    ['X-API-KEY', key],
  ])('takes the key in "%s: %s"', async (name, value) => {
    expect(await present('host', 'h', name, value, 'accept', '*/*')).toMatchObject(identity)
  })

  it('takes the key that both headers hold', async () => {
    expect(await present('authorization', `Bearer ${key}`, 'x-api-key', key)).toMatchObject(identity)
  })

  it('refuses two different keys, in either order, known or not', async () => {
    expect(await present('authorization', `Bearer ${key}`, 'x-api-key', otherKey)).toBeNull()
    expect(await present('x-api-key', otherKey, 'authorization', `Bearer ${key}`)).toBeNull()
    expect(await present('authorization', `Bearer ${key}`, 'x-api-key', strangerKey)).toBeNull()
    expect(await present('authorization', `Bearer ${key}`, 'x-api-key', 'cnp_live_')).toBeNull()
  })

  it.each([
    ['authorization', `Bearer ${key}`, 'authorization', `Bearer ${key}`],
    ['authorization', `Bearer ${key}`, 'Authorization', 'Basic eDp5'],
    ['Authorization', 'Basic eDp5', 'authorization', `Bearer ${key}`],
    ['x-api-key', key, 'x-api-key', key],
    ['x-api-key', key, 'X-API-Key', FOREIGN],
    ['x-api-key', FOREIGN, 'x-api-key', key],
    ['x-api-key', '', 'x-api-key', key],
    ['authorization', '', 'authorization', `Bearer ${key}`],
    ['x-api-key', key, 'authorization', `Bearer ${key}`, 'x-api-key', key],
  ])('refuses a repeated line, even an equal one (%#)', async (...rawHeaders) => {
    expect(await present(...rawHeaders)).toBeNull()
  })

  it.each([
    ['authorization', `Bearer ${key}, Bearer ${key}`],
    ['authorization', `Bearer ${key},Bearer ${otherKey}`],
    ['authorization', `Bearer ${key}, Basic eDp5`],
    ['authorization', `Basic eDp5, Bearer ${key}`],
    ['authorization', `Bearer ${FOREIGN}, Bearer ${key}`],
    ['x-api-key', `${key}, ${key}`],
    ['x-api-key', `${key},${otherKey}`],
    ['x-api-key', `${FOREIGN}, ${key}`],
    ['x-api-key', `${key},`],
    ['x-api-key', `,${key}`],
  ])('refuses a comma-joined list (%#)', async (name, value) => {
    expect(await present(name, value)).toBeNull()
  })

  it('refuses a list beside the same key alone', async () => {
    expect(await present('authorization', `Bearer ${key}`, 'x-api-key', `${key}, ${key}`)).toBeNull()
  })

  it.each([
    ['authorization', `Bearer ${FOREIGN}`, 'x-api-key', key],
    ['authorization', `Bearer ${key}`, 'x-api-key', FOREIGN],
    ['authorization', 'Basic eDp5', 'x-api-key', key],
    ['authorization', '', 'x-api-key', key],
    ['authorization', `Bearer ${key}`, 'x-api-key', ''],
    ['x-api-key', key, 'proxy-authorization', `Bearer ${otherKey}`],
  ])('takes the client key beside a foreign credential (%#)', async (...rawHeaders) => {
    expect(await present(...rawHeaders)).toMatchObject(identity)
  })

  it.each([
    ['authorization', key],
    ['authorization', `Basic ${key}`],
    ['authorization', `Basic ${Buffer.from(`${key}:`).toString('base64')}`],
    ['authorization', `Basic ${Buffer.from(`user:${key}`).toString('base64')}`],
    ['authorization', `Token ${key}`],
    ['authorization', `Bearer${key}`],
    ['authorization', `Bearer\t${key}`],
    ['authorization', `Bearer "${key}"`],
    ['authorization', `Bearer Bearer ${key}`],
    ['authorization', `NotBearer ${key}`],
    ['authorization', `Bearer ${key} `],
    ['authorization', `Bearer ${key.toUpperCase()}`],
    ['authorization', 'Bearer '],
    ['authorization', `Bearer ${FOREIGN}`],
    ['x-api-key', `Bearer ${key}`],
    ['x-api-key', FOREIGN],
    ['x-api-key', ` ${key}`],
    ['proxy-authorization', `Bearer ${key}`],
    ['cookie', `x-api-key=${key}; authorization=Bearer ${key}`],
    ['x-api-key2', key],
    ['x_api_key', key],
    ['x-apikey', key],
    ['api-key', key],
    ['x-goog-api-key', key],
    ['x-forwarded-authorization', `Bearer ${key}`],
    ['x-original-authorization', `Bearer ${key}`],
    ['anthropic-api-key', key],
    ['sec-websocket-protocol', key],
    ['referer', `https://example.com/?x-api-key=${key}`],
  ])('does not take the key from "%s: …" (%#)', async (...rawHeaders) => {
    expect(await present(...rawHeaders)).toBeNull()
  })

  it('never takes the key from the query', async () => {
    const path = `/v1/messages?x-api-key=${key}&api_key=${key}&authorization=Bearer%20${key}&key=${key}`
    expect(await authenticate(toRequest([], path))).toBeNull()
  })

  it('goes by the raw lines, not by what the host made of them', async () => {
    const request = { ...toRequest([]), headers: { authorization: `Bearer ${key}`, 'x-api-key': key } }
    expect(await authenticate(request)).toBeNull()
  })

  it('looks nothing up for what is not a client key', async () => {
    const store = storeOf(record)
    const authenticate = clientKeyAuthentication([store], clock)
    for (const junk of [
      '',
      'x',
      FOREIGN,
      `${key}x`,
      key.slice(1),
      `cnp_live_${'0'.repeat(46)}`,
      `cnp_live_${'0'.repeat(5000)}`,
    ]) {
      expect(await authenticate(toRequest(['x-api-key', junk]))).toBeNull()
    }
    expect(store.asked).toEqual([])
  })

  it('refuses an unknown key', async () => {
    expect(await present('x-api-key', strangerKey)).toBeNull()
  })

  it('refuses a right key id with a wrong secret, and odd digests in the store', async () => {
    for (const digest of [otherRecord.digest, '', 'not hex', record.digest.slice(0, -2), `${record.digest}00`]) {
      const authenticate = clientKeyAuthentication([storeOf({ ...record, digest })], clock)
      expect(await authenticate(toRequest(['x-api-key', key])), digest).toBeNull()
    }
  })

  it.each([
    ['ends now', { expiresAt: NOW }, false],
    ['ended long ago', { expiresAt: 0 }, false],
    ['ends in a millisecond', { expiresAt: NOW + 1 }, true],
    ['was revoked now', { revokedAt: NOW }, false],
    ['was revoked long ago', { revokedAt: 0 }, false],
    ['will be revoked later', { revokedAt: NOW + 1 }, true],
    ['was revoked, though it ends later', { revokedAt: NOW - 1, expiresAt: NOW + 1 }, false],
    ['ended, though it will be revoked later', { revokedAt: NOW + 1, expiresAt: NOW - 1 }, false],
  ])('judges a key that %s', async (_name, change, good) => {
    const authenticate = clientKeyAuthentication([storeOf({ ...record, ...change })], clock)
    expect(await authenticate(toRequest(['x-api-key', key]))).toEqual(good ? expect.objectContaining(identity) : null)
  })

  it('asks the clock at each request', async () => {
    let now = NOW
    const authenticate = clientKeyAuthentication([storeOf({ ...record, expiresAt: NOW + 1 })], {
      ...clock,
      now: () => now,
    })
    expect(await authenticate(toRequest(['x-api-key', key]))).toMatchObject(identity)
    now++
    expect(await authenticate(toRequest(['x-api-key', key]))).toBeNull()
  })

  it('asks several stores in order until one knows the key', async () => {
    const stores = [storeOf(), storeOf(otherRecord), storeOf(record), storeOf({ ...record, domain: 'late.example' })]
    const authenticate = clientKeyAuthentication(stores, clock)
    expect(await authenticate(toRequest(['x-api-key', key]))).toMatchObject(identity)
    expect(stores.map(({ asked }) => asked.length)).toEqual([1, 1, 1, 0])
  })

  it('does not let a later store revive a key that an earlier one has revoked', async () => {
    const stores = [storeOf({ ...record, revokedAt: 1 }), storeOf(record)]
    expect(await clientKeyAuthentication(stores, clock)(toRequest(['x-api-key', key]))).toBeNull()
  })

  it('knows nobody without stores', async () => {
    expect(await clientKeyAuthentication([], clock)(toRequest(['x-api-key', key]))).toBeNull()
  })

  it('waits for a store that answers later, and passes on its failure', async () => {
    const later: ClientKeyLookup = { find: async () => record }
    expect(await clientKeyAuthentication([later], clock)(toRequest(['x-api-key', key]))).toMatchObject(identity)
    const down: ClientKeyLookup = { find: () => Promise.reject(new Error('down')) }
    await expect(clientKeyAuthentication([down], clock)(toRequest(['x-api-key', key]))).rejects.toThrow('down')
  })

  it('authenticates no list of headers that does not hold the right key', async () => {
    const name = fc.constantFrom('authorization', 'Authorization', 'x-api-key', 'X-API-KEY', 'cookie', 'x-api-key ')
    const part = fc.oneof(
      fc.constantFrom('Bearer ', 'bearer ', 'Basic ', ',', ' ', 'cnp_live_', strangerKey, FOREIGN, record.keyId),
      fc.constantFrom(record.digest, key.slice(0, 49), key.slice(9), key.slice(0, 17), `${key.slice(0, 54)}`),
      fc.string(),
    )
    const value = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''))
    const header = fc.tuple(fc.oneof(name, fc.string()), value)
    await fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 6 }), async (headers) => {
        fc.pre(!headers.some(([, value]) => value.includes(key)))
        expect(await present(...headers.flat())).toBeNull()
      }),
      { numRuns: 1000 },
    )
  })

  it('authenticates exactly the lists with one well-placed key', async () => {
    const value = fc.constantFrom(
      key,
      `Bearer ${key}`,
      otherKey,
      `Bearer ${otherKey}`,
      FOREIGN,
      `Bearer ${FOREIGN}`,
      '',
    )
    const header = fc.tuple(fc.constantFrom('authorization', 'x-api-key', 'X-Api-Key', 'cookie', 'accept'), value)
    await fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 4 }), async (headers) => {
        const lines = (name: string) => headers.filter(([other]) => other.toLowerCase() === name)
        const repeated = lines('authorization').length > 1 || lines('x-api-key').length > 1
        const keys = new Set([
          ...lines('authorization').flatMap(([, value]) => (value.startsWith('Bearer cnp_') ? [value.slice(7)] : [])),
          ...lines('x-api-key').flatMap(([, value]) => (value.startsWith('cnp_') ? [value] : [])),
        ])
        const expected = repeated || keys.size !== 1 ? null : keys.has(key) ? 'example.com' : 'other.example'
        expect((await present(...headers.flat()))?.domain ?? null).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a key of over 512 characters', () => {
  it('is refused before it is hashed or looked up', async () => {
    const store = storeOf(record)
    const long = key + '0'.repeat(512)
    for (const headers of [
      ['x-api-key', long],
      ['authorization', `Bearer ${long}`],
      ['x-api-key', `cnp_live_${long}`],
    ]) {
      expect(await clientKeyAuthentication([store], clock)(toRequest(headers))).toBeNull()
    }
    expect(store.asked).toEqual([])
  })
})

describe('allowAnyone', () => {
  it('lets in everybody as nobody in particular of one domain', async () => {
    expect(await allowAnyone('example.com')(toRequest([]))).toEqual({ domain: 'example.com', keyId: null })
  })
})

describe('presentedKeyId', () => {
  it('tells the id of a well-formed key, known or not', () => {
    expect(presentedKeyId(['x-api-key', key])).toBe(record.keyId)
    expect(presentedKeyId(['authorization', `Bearer ${strangerKey}`])).toBe(strangerKey.slice(9, 17))
  })

  it('tells nothing of what is no key', () => {
    const wrongChecksum = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    for (const value of ['', FOREIGN, wrongChecksum, `${key}x`, 'cnp_live_']) {
      expect(presentedKeyId(['x-api-key', value])).toBeNull()
    }
    expect(presentedKeyId(['authorization', `Bearer ${key}`, 'x-api-key', otherKey])).toBeNull()
  })
})
