import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError, KeyRingError, ProxyError } from '../../errors.js'
import type { KeyRing } from '../../key-ring/key-ring.js'
import { toLoggedError } from '../../logger.js'
import { Secret } from '../../secret.js'
import {
  type Credential,
  neverRefreshed,
  type OAuthCredential,
  type SealedCredential,
} from '../../storage/credential.js'
import { memoryStorage } from '../../storage/memory.js'
import type { ClientKeyLookup, CredentialLease, CredentialStore } from '../../storage/storage.js'
import { sealedCredentialStore } from './sealed-store.js'

const k1 = randomBytes(32)
const k2 = randomBytes(32)
const ring: KeyRing = { current: 'k1', keys: { k1 } }
const apiKey = (name = 'sk-ant-FAKE'): Credential => ({ type: 'api_key', apiKey: new Secret(name) })
const oauth = (token: string): OAuthCredential => ({
  type: 'oauth',
  accessToken: new Secret(token),
  refreshToken: new Secret(`${token}-refresh`),
  expiresAt: 1000,
  refresh: neverRefreshed,
})

const memory = (credentials: Record<string, Credential> = {}) => memoryStorage({ credentials }).credentials
const stored = async (inner: CredentialStore, domain = 'a.com') => (await inner.find(domain)) as SealedCredential

/** A store that holds one sealed credential, as a process before this one left it. */
async function sealedBefore(keyRing = ring, credential = apiKey()): Promise<CredentialStore> {
  const inner = memory()
  await sealedCredentialStore(inner, keyRing).update('a.com', () => credential)
  return inner
}

const failureOf = async (find: () => unknown): Promise<ProxyError & { cause: KeyRingError }> => {
  try {
    await find()
  } catch (error) {
    return error as ProxyError & { cause: KeyRingError }
  }
  return expect.unreachable('it was found')
}

describe('sealedCredentialStore', () => {
  it('keeps nothing readable in the store within', async () => {
    const inner = memory()
    const store = sealedCredentialStore(inner, ring)
    await store.update('a.com', async (_current, lease) => {
      await lease.save(oauth('FAKE-interim'))
      const interim = await stored(inner)
      expect(interim).toEqual({ type: 'sealed', ringKeyId: 'k1', sealed: expect.any(String) })
      return oauth('FAKE-last')
    })
    const { sealed } = await stored(inner)
    expect(inspect(await stored(inner)) + Buffer.from(sealed, 'base64')).not.toContain('FAKE')
    expect(await store.find('a.com')).toEqual(oauth('FAKE-last'))
  })

  it('opens what another process sealed', async () => {
    const store = sealedCredentialStore(await sealedBefore(), ring)
    const found = await store.find('a.com')
    expect(found?.type === 'api_key' && found.apiKey.expose()).toBe('sk-ant-FAKE')
  })

  it('finds an opened credential without a promise, until what is stored changes', async () => {
    const inner = await sealedBefore()
    const store = sealedCredentialStore(inner, ring)
    const found = await store.find('a.com')
    expect(store.find('a.com')).toBe(found)
    await sealedCredentialStore(inner, ring).update('a.com', () => apiKey('FAKE-other'))
    expect(await store.find('a.com')).toEqual(apiKey('FAKE-other'))
    await inner.update('a.com', () => null)
    expect(store.find('a.com')).toBeNull()
  })

  it('finds in a store that answers later', async () => {
    const inner = await sealedBefore()
    const store = sealedCredentialStore({ ...inner, find: async (domain) => inner.find(domain) }, ring)
    expect(await store.find('a.com')).toEqual(apiKey())
    expect(await store.find('b.com')).toBeNull()
  })

  it('uses credentials stored in the clear, and seals them when they change', async () => {
    const inner = memory({ 'a.com': apiKey(), 'b.com': apiKey() })
    const store = sealedCredentialStore(inner, ring)
    expect(store.find('a.com')).toEqual(apiKey())
    await store.update('a.com', () => apiKey('FAKE-next'))
    expect(await stored(inner)).toMatchObject({ type: 'sealed' })
    expect(await stored(inner, 'b.com')).toMatchObject({ type: 'api_key' })
  })

  it('refuses credentials stored in the clear where they are not allowed, until they change', async () => {
    const inner = memory({ 'a.com': apiKey() })
    const store = sealedCredentialStore(inner, ring, { allowPlain: false })
    expect(await failureOf(() => store.find('a.com'))).toMatchObject({
      code: 'credential_unavailable',
      cause: { code: 'not_sealed' },
    })
    await expect(store.assertOpens()).rejects.toThrow(
      /^credentials\.a\.com: The credential a\.com is stored in the clear/,
    )
    await store.update('a.com', () => apiKey())
    expect(await store.find('a.com')).toEqual(apiKey())
  })

  it('passes on the client keys and the list', async () => {
    const clientKeys: ClientKeyLookup = { find: () => null }
    const store = sealedCredentialStore({ ...memory({ 'b.com': apiKey(), 'a.com': apiKey() }), clientKeys }, ring)
    expect(store.clientKeys).toBe(clientKeys)
    expect(await store.list()).toEqual(['a.com', 'b.com'])
    expect(sealedCredentialStore(memory(), ring)).not.toHaveProperty('clientKeys')
  })

  it('refuses a key ring that is none', () => {
    expect(() => sealedCredentialStore(memory(), { current: 'k1', keys: {} })).toThrow(ConfigurationError)
  })
})

describe('update', () => {
  it('runs changes to one domain one at a time, each with the last result', async () => {
    const inner = memory()
    const handles = [sealedCredentialStore(inner, ring), sealedCredentialStore(inner, ring)]
    let running = 0
    const changes = Array.from({ length: 20 }, (_, i) =>
      handles[i % 2]!.update('a.com', async (current) => {
        expect(++running).toBe(1)
        const last = current?.type === 'api_key' ? Number(current.apiKey.expose()) : 0
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return apiKey(String(last + 1))
      }),
    )
    await Promise.all(changes)
    expect(await handles[0]!.find('a.com')).toEqual(apiKey('20'))
  })

  it('does not let one domain wait for another', async () => {
    const store = sealedCredentialStore(memory(), ring)
    // The change of a.com ends with that of b.com: it never would, were b.com to wait for it.
    await store.update('a.com', () => store.update('b.com', () => apiKey('FAKE-b')))
    expect(await store.find('b.com')).toEqual(apiKey('FAKE-b'))
  })

  it('returns what it stored, and stores nothing for a change that returns what it was given', async () => {
    const inner = await sealedBefore()
    const store = sealedCredentialStore(inner, ring)
    const before = await stored(inner)
    const same = await store.update('a.com', (current) => current)
    expect(same).toEqual(apiKey())
    expect(await stored(inner)).toBe(before)
    const next = oauth('FAKE')
    expect(await store.update('a.com', () => next)).toBe(next)
  })

  it('deletes, and tells of nothing as null', async () => {
    const inner = await sealedBefore()
    const store = sealedCredentialStore(inner, ring)
    await store.find('a.com')
    expect(await store.update('a.com', () => null)).toBeNull()
    expect(await inner.list()).toEqual([])
    expect(store.find('a.com')).toBeNull()
    expect(await store.update('a.com', (current) => current)).toBeNull()
  })

  it('stores nothing if the change rejects, but what it saved', async () => {
    const inner = await sealedBefore()
    const store = sealedCredentialStore(inner, ring)
    const failure = new Error('refused')
    await expect(store.update('a.com', () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await store.find('a.com')).toEqual(apiKey())
    const saving = store.update('a.com', async (_current, lease) => {
      await lease.save(oauth('FAKE-saved'))
      throw failure
    })
    await expect(saving).rejects.toBe(failure)
    expect(await store.find('a.com')).toEqual(oauth('FAKE-saved'))
  })

  it("works with the lease of the store within, and meets its loss as the store's own", async () => {
    const lost = new AbortController()
    const gone = new Error('lease_lost')
    const innerLease: CredentialLease = {
      signal: lost.signal,
      save: () => Promise.reject(gone),
      read: async () => null,
    }
    const inner: CredentialStore = {
      ...memory(),
      update: async (_domain, change) => change(null, innerLease),
    }
    const saving = sealedCredentialStore(inner, ring).update('a.com', async (_current, lease) => {
      expect(lease.signal).toBe(lost.signal)
      await lease.save(apiKey())
      return null
    })
    await expect(saving).rejects.toBe(gone)
  })

  it('hands over what does not open as it is, so that a new login can take its place', async () => {
    const inner = await sealedBefore()
    const before = await stored(inner)
    const store = sealedCredentialStore(inner, { current: 'k2', keys: { k2 } })
    expect(await store.update('a.com', (current) => current)).toEqual(before)
    expect(await stored(inner)).toBe(before)
    await store.update('a.com', () => oauth('FAKE-login'))
    expect(await store.find('a.com')).toEqual(oauth('FAKE-login'))
  })

  it('stores what is sealed already untouched', async () => {
    const sealed = await stored(await sealedBefore())
    const inner = memory()
    const store = sealedCredentialStore(inner, ring)
    await store.update('a.com', () => sealed)
    expect(await stored(inner)).toBe(sealed)
    expect(await store.find('a.com')).toEqual(apiKey())
  })

  it('begins no change while the key management service is away', async () => {
    const away = () => Promise.reject(new Error('FAKE'))
    const keyRing = { current: 'kms', keys: { kms: { wrap: away, unwrap: away }, k1 } }
    const store = sealedCredentialStore(await sealedBefore(), keyRing)
    const change = vi.fn(() => apiKey())
    await expect(store.update('a.com', change)).rejects.toMatchObject({ code: 'key_unavailable' })
    expect(change).not.toHaveBeenCalled()
  })

  it('does not take a credential for lost because the service is away', async () => {
    const state = { away: false }
    const kms = {
      wrap: async (key: Uint8Array) => Buffer.from(key).map((byte) => byte ^ 0x55),
      unwrap: async (key: Uint8Array) => {
        if (state.away) throw new Error('FAKE')
        return Buffer.from(key).map((byte) => byte ^ 0x55)
      },
    }
    const keys = { k1, kms }
    const inner = await sealedBefore({ current: 'kms', keys })
    state.away = true
    const change = vi.fn(() => apiKey('FAKE-other'))
    await expect(sealedCredentialStore(inner, { current: 'k1', keys }).update('a.com', change)).rejects.toMatchObject({
      code: 'key_unavailable',
    })
    expect(change).not.toHaveBeenCalled()
  })
})

describe('a credential that does not open', () => {
  it("fails its own domain with the reason as cause, and no other's", async () => {
    const inner = await sealedBefore()
    await sealedCredentialStore(inner, { current: 'k2', keys: { k2 } }).update('b.com', () => apiKey('FAKE-b'))
    const store = sealedCredentialStore(inner, { current: 'k2', keys: { k2 } })
    const error = await failureOf(() => store.find('a.com'))
    expect(error).toBeInstanceOf(ProxyError)
    expect(error.code).toBe('credential_unavailable')
    expect(toLoggedError(error.cause)).toMatchObject({
      name: 'KeyRingError',
      code: 'key_unknown',
      message: expect.stringMatching(/^The credential a\.com is sealed with ring key k1, which is not in the key ring/),
    })
    expect(await store.find('b.com')).toEqual(apiKey('FAKE-b'))
  })

  it("is one copied to another domain's place", async () => {
    const inner = await sealedBefore()
    const copy = await stored(inner)
    await inner.update('b.com', () => copy)
    const store = sealedCredentialStore(inner, ring)
    await store.find('a.com')
    expect((await failureOf(() => store.find('b.com'))).cause).toMatchObject({ code: 'not_authentic' })
  })

  it('is one that names another key than it is sealed with', async () => {
    const inner = await sealedBefore()
    const sealed = await stored(inner)
    await inner.update('a.com', () => ({ ...sealed, ringKeyId: 'k2' }))
    const store = sealedCredentialStore(inner, { current: 'k2', keys: { k1, k2 } })
    expect((await failureOf(() => store.find('a.com'))).cause).toMatchObject({ code: 'not_authentic' })
  })

  it('is one that is damaged', async () => {
    const inner = await sealedBefore()
    const sealed = await stored(inner)
    const store = sealedCredentialStore(inner, ring)
    for (const text of ['', 'FAKE', sealed.sealed.slice(0, -8), `AA${sealed.sealed.slice(2)}`]) {
      await inner.update('a.com', () => ({ ...sealed, sealed: text }))
      expect((await failureOf(() => store.find('a.com'))).cause).toBeInstanceOf(KeyRingError)
    }
  })
})

describe('assertOpens', () => {
  it('is content with what opens, and with nothing', async () => {
    await sealedCredentialStore(memory(), ring).assertOpens()
    const store = sealedCredentialStore(await sealedBefore(), ring)
    await store.assertOpens()
    expect(store.find('a.com')).toEqual(apiKey())
  })

  it('names the domains and the key that is missing or another', async () => {
    const inner = await sealedBefore()
    await sealedCredentialStore(inner, ring).update('b.com', () => apiKey())
    const missing = sealedCredentialStore(inner, { current: 'k2', keys: { k2 } }).assertOpens()
    await expect(missing).rejects.toBeInstanceOf(ConfigurationError)
    await expect(missing).rejects.toThrow(
      /^credentials\.a\.com: .*ring key k1.*: add k1 back to it\. Nor do those of b\.com open\.$/,
    )
    const other = sealedCredentialStore(inner, { current: 'k1', keys: { k1: k2 } }).assertOpens()
    await expect(other).rejects.toThrow(/^credentials\.a\.com: .*ring key k1 is another key than then/)
  })

  it('names the key whose service does not answer', async () => {
    const away = () => Promise.reject(new Error('FAKE'))
    const starting = sealedCredentialStore(memory(), {
      current: 'kms',
      keys: { kms: { wrap: away, unwrap: away } },
    }).assertOpens()
    await expect(starting).rejects.toThrow(
      /^keyRing\.keys\.kms: The key management service of ring key kms did not wrap/,
    )
  })
})
