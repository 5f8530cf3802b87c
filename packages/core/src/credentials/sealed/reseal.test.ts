import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { StorageError } from '../../errors.js'
import type { KeyRing } from '../../key-ring/key-ring.js'
import { Secret } from '../../secret.js'
import type { Credential, SealedCredential } from '../../storage/credential.js'
import { memoryStorage } from '../../storage/memory.js'
import type { CredentialStore } from '../../storage/storage.js'
import { type ResealStep, rewrapCredentials, sealCredentials } from './reseal.js'
import { sealedCredentialStore } from './sealed-store.js'

const k1 = randomBytes(32)
const k2 = randomBytes(32)
const before: KeyRing = { current: 'k1', keys: { k1 } }
const rotating: KeyRing = { current: 'k2', keys: { k2, k1 } }
const after: KeyRing = { current: 'k2', keys: { k2 } }
const apiKey = (name: string): Credential => ({ type: 'api_key', apiKey: new Secret(`FAKE-${name}`) })
const domains = ['a.com', 'b.com', 'c.com']

const memory = (credentials: Record<string, Credential> = {}) => memoryStorage({ credentials }).credentials
const inTheClear = () => memory(Object.fromEntries(domains.map((domain) => [domain, apiKey(domain)])))

async function sealedWith(keyRing: KeyRing): Promise<CredentialStore> {
  const inner = inTheClear()
  await sealCredentials(inner, keyRing)
  return inner
}

/** Counts the leases that are taken of a store. */
function counting(inner: CredentialStore): CredentialStore & { leases: number } {
  const store = {
    ...inner,
    leases: 0,
    update: (...of: Parameters<CredentialStore['update']>) => {
      store.leases += 1
      return inner.update(...of)
    },
  }
  return store
}

const allOf = async (inner: CredentialStore) =>
  Promise.all(domains.map(async (domain) => (await inner.find(domain)) as SealedCredential))

describe('rewrapCredentials', () => {
  it('moves all to the current key, so that the old one can go', async () => {
    const inner = await sealedWith(before)
    expect(await rewrapCredentials(inner, rotating)).toEqual({ changed: 3, unchanged: 0, failed: [] })
    expect((await allOf(inner)).map(({ ringKeyId }) => ringKeyId)).toEqual(['k2', 'k2', 'k2'])
    const store = sealedCredentialStore(inner, after)
    await store.assertOpens()
    expect(await store.find('b.com')).toEqual(apiKey('b.com'))
  })

  it('does nothing the second time, and takes no lease for it', async () => {
    const inner = await sealedWith(before)
    await rewrapCredentials(inner, rotating)
    const stored = await allOf(inner)
    const counted = counting(inner)
    expect(await rewrapCredentials(counted, rotating)).toEqual({ changed: 0, unchanged: 3, failed: [] })
    expect(counted.leases).toBe(0)
    expect(await allOf(inner)).toEqual(stored)
  })

  it('runs twice at once beside changes and requests, and nothing is lost', async () => {
    const inner = await sealedWith(before)
    const live = sealedCredentialStore(inner, rotating)
    const served = Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        expect((await live.find(domains[i % 3]!))?.type).toBe('api_key')
      }),
    )
    const [one, two] = await Promise.all([
      rewrapCredentials(inner, rotating),
      rewrapCredentials(inner, rotating),
      live.update('c.com', () => apiKey('changed meanwhile')),
      served,
    ])
    expect(one.failed.concat(two.failed)).toEqual([])
    const store = sealedCredentialStore(inner, after)
    await store.assertOpens()
    expect(await store.find('c.com')).toEqual(apiKey('changed meanwhile'))
  })

  it('leaves what it cannot open, goes on, and says which and why', async () => {
    const inner = await sealedWith(before)
    const [first] = await allOf(inner)
    await inner.update('b.com', () => ({ type: 'sealed', ringKeyId: 'k0', sealed: first!.sealed }))
    const steps: ResealStep[] = []
    const { failed, ...counts } = await rewrapCredentials(inner, rotating, { onProgress: (step) => steps.push(step) })
    expect(counts).toEqual({ changed: 2, unchanged: 0 })
    expect(failed).toMatchObject([{ domain: 'b.com', error: { code: 'not_authentic' } }])
    expect(steps).toEqual([
      { domain: 'a.com', outcome: 'changed', done: 1, total: 3 },
      { domain: 'b.com', outcome: 'failed', done: 2, total: 3 },
      { domain: 'c.com', outcome: 'changed', done: 3, total: 3 },
    ])
    expect((await allOf(inner))[1]!.sealed).toBe(first!.sealed)
  })

  it('tells of a store that refuses, and does not hide a fault', async () => {
    const inner = await sealedWith(before)
    const readOnly = new StorageError('read_only', 'This store is read only.')
    const refusing = { ...inner, update: () => Promise.reject(readOnly) }
    expect((await rewrapCredentials(refusing, rotating)).failed.map(({ error }) => error)).toEqual(
      Array.from({ length: 3 }, () => readOnly),
    )
    const fault = new TypeError('fault')
    const broken = { ...inner, update: () => Promise.reject(fault) }
    await expect(rewrapCredentials(broken, rotating)).rejects.toBe(fault)
  })

  it('leaves the clear ones in the clear', async () => {
    expect(await rewrapCredentials(inTheClear(), rotating)).toEqual({ changed: 0, unchanged: 3, failed: [] })
  })

  it.each([rewrapCredentials, sealCredentials])(
    'refuses a store that opens, which would hide all (%o)',
    async (run) => {
      const store = sealedCredentialStore(await sealedWith(before), rotating)
      await expect(run(store, rotating)).rejects.toThrow(/^store: opens its credentials already/)
    },
  )
})

describe('sealCredentials', () => {
  it('seals what is in the clear, once', async () => {
    const inner = inTheClear()
    expect(await sealCredentials(inner, before)).toEqual({ changed: 3, unchanged: 0, failed: [] })
    expect((await allOf(inner)).every(({ type }) => type === 'sealed')).toBe(true)
    expect(await sealCredentials(inner, rotating)).toEqual({ changed: 0, unchanged: 3, failed: [] })
    await sealedCredentialStore(inner, before, { allowPlain: false }).assertOpens()
  })

  it('keeps in the clear what would not come back', async () => {
    const odd: Credential = Object.assign(apiKey('odd'), { scope: 'FAKE' })
    const inner = memory({ 'a.com': odd, 'b.com': apiKey('b.com') })
    const { changed, failed } = await sealCredentials(inner, before)
    expect(changed).toBe(1)
    expect(failed).toMatchObject([{ domain: 'a.com', error: { code: 'malformed' } }])
    expect(await inner.find('a.com')).toBe(odd)
  })

  it('passes over a credential that went meanwhile', async () => {
    const inner = inTheClear()
    const listed = { ...inner, list: async () => [...domains, 'gone.com'] }
    expect(await sealCredentials(listed, before)).toEqual({ changed: 3, unchanged: 1, failed: [] })
  })
})
