import { describe, expect, it, vi } from 'vitest'
import { createClientKey, isClientKey, toKeyId } from '../client-key.js'
import { ClientKeyError, ConfigurationError } from '../errors.js'
import { memoryStorage } from '../storage/memory.js'
import type { ClientKey } from '../storage/storage.js'
import { clientKeyState, revokeClientKeys, rotateClientKey } from './key-lifecycle.js'

const NOW = 1_800_000_000_000
const DAY = 86_400_000
const clock = { now: () => NOW }

function open(change: Partial<ClientKey> = {}) {
  const { record } = createClientKey({ domain: 'example.com', label: 'ci', clock })
  const key = { ...record, ...change }
  return { key, keyId: key.keyId, store: memoryStorage({ clientKeys: [key] }).clientKeys }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof ClientKeyError ? error.code : error),
  )

describe('clientKeyState', () => {
  it.each<[string, Partial<ClientKey>]>([
    ['good', {}],
    ['good', { expiresAt: NOW + 1 }],
    ['expired', { expiresAt: NOW }],
    ['overlap', { expiresAt: NOW + 1, replacedBy: 'FAKEnext' }],
    ['replaced', { expiresAt: NOW, replacedBy: 'FAKEnext' }],
    ['revoked', { revokedAt: NOW }],
    ['revoked', { revokedAt: 0, expiresAt: NOW, replacedBy: 'FAKEnext' }],
  ])('is %s for %j', (state, change) => {
    expect(clientKeyState(open(change).key, NOW)).toBe(state)
  })
})

describe('rotateClientKey', () => {
  it('makes a successor in the same domain and gives the old key an end', async () => {
    const { store, key, keyId } = open()
    const rotation = await rotateClientKey(store, keyId, { overlapMs: 7 * DAY, clock })
    expect(isClientKey(rotation.key)).toBe(true)
    expect(rotation.record).toMatchObject({
      keyId: toKeyId(rotation.key),
      domain: 'example.com',
      label: 'ci',
      createdAt: NOW,
      expiresAt: null,
      revokedAt: null,
      replacedBy: null,
    })
    expect(rotation.replaced).toEqual({ ...key, expiresAt: NOW + 7 * DAY, replacedBy: rotation.record.keyId })
    expect(await store.list()).toEqual([rotation.replaced, rotation.record])
  })

  it('takes a moment instead of a length, and a label and end of the successor', async () => {
    const { store, keyId } = open()
    const { record, replaced } = await rotateClientKey(store, keyId, {
      endsAt: NOW + 5,
      label: 'ci 2',
      expiresAt: NOW + DAY,
      clock,
    })
    expect(replaced.expiresAt).toBe(NOW + 5)
    expect(record).toMatchObject({ label: 'ci 2', expiresAt: NOW + DAY })
  })

  it('gives the successor the lifetime of the old key, which ends no later than it would have', async () => {
    const { store, keyId } = open({ createdAt: NOW - 80 * DAY, expiresAt: NOW + 10 * DAY })
    const { record, replaced } = await rotateClientKey(store, keyId, { overlapMs: 30 * DAY, clock })
    expect(replaced.expiresAt).toBe(NOW + 10 * DAY)
    expect(record.expiresAt).toBe(NOW + 90 * DAY)
  })

  it('ends the old key at once with an overlap of 0', async () => {
    const { store, keyId } = open()
    const { replaced } = await rotateClientKey(store, keyId, { overlapMs: 0, clock })
    expect(clientKeyState(replaced, NOW)).toBe('replaced')
  })

  it('has the successor stored before the old key gets its end', async () => {
    const { store, keyId } = open()
    const steps: string[] = []
    vi.spyOn(store, 'add').mockImplementation(async () => void steps.push('add'))
    vi.spyOn(store, 'update').mockImplementation(async (_, change) => {
      steps.push('update')
      return change((await store.find(keyId, ''))!)
    })
    await rotateClientKey(store, keyId, { overlapMs: 1, clock })
    expect(steps).toEqual(['add', 'update'])
  })

  it('leaves the old key as it was where the successor cannot be stored', async () => {
    const { store, key, keyId } = open()
    vi.spyOn(store, 'add').mockRejectedValue(new Error('disk full'))
    await expect(rotateClientKey(store, keyId, { overlapMs: 1, clock })).rejects.toThrow('disk full')
    expect(await store.list()).toEqual([key])
  })

  it('revokes the successor where the old key could not be given its end', async () => {
    const { store, key, keyId } = open()
    vi.spyOn(store, 'update').mockRejectedValueOnce(new Error('disk full'))
    await expect(rotateClientKey(store, keyId, { overlapMs: 1, clock })).rejects.toThrow('disk full')
    expect(await store.list()).toEqual([key, expect.objectContaining({ revokedAt: NOW })])
    expect(await codeOf(rotateClientKey(store, keyId, { overlapMs: 1, clock }))).toBe('none')
  })

  it('gives one of two rotations at once its way', async () => {
    const { store, keyId } = open()
    const both = [1, 2].map(() => rotateClientKey(store, keyId, { overlapMs: DAY, clock }))
    expect((await Promise.all(both.map(codeOf))).toSorted()).toEqual(['key_replaced', 'none'])
    const states = (await store.list()).map((key) => clientKeyState(key, NOW))
    expect(states.toSorted()).toEqual(['good', 'overlap', 'revoked'])
  })

  it.each<[string, Partial<ClientKey>]>([
    ['key_revoked', { revokedAt: NOW - 1 }],
    ['key_expired', { expiresAt: NOW - 1 }],
    ['key_replaced', { expiresAt: NOW + 1, replacedBy: 'FAKEnext' }],
  ])('refuses with %s and stores nothing', async (code, change) => {
    const { store, key, keyId } = open(change)
    expect(await codeOf(rotateClientKey(store, keyId, { overlapMs: 1, clock }))).toBe(code)
    expect(await store.list()).toEqual([key])
  })

  it('refuses an unknown key', async () => {
    expect(await codeOf(rotateClientKey(open().store, 'FAKE0000', { overlapMs: 1, clock }))).toBe('key_unknown')
  })

  it.each([{ overlapMs: -1 }, { overlapMs: Number.NaN }, { endsAt: NOW - 1 }])('refuses %j', async (when) => {
    const { store, keyId } = open()
    const [option] = Object.keys(when)
    await expect(rotateClientKey(store, keyId, { ...when, clock })).rejects.toThrow(ConfigurationError)
    await expect(rotateClientKey(store, keyId, { ...when, clock })).rejects.toMatchObject({ option })
  })
})

describe('revokeClientKeys', () => {
  const keyOf = (domain: string) => createClientKey({ domain, clock }).record

  it('revokes one key', async () => {
    const { store, keyId } = open()
    expect(await revokeClientKeys(store, { keyId }, { clock })).toBe(1)
    expect(await store.find(keyId, '')).toMatchObject({ revokedAt: NOW })
  })

  it('revokes every key of a domain and no other, and counts each once', async () => {
    const store = memoryStorage({ clientKeys: [keyOf('a.test'), keyOf('a.test'), keyOf('b.test')] }).clientKeys
    expect(await revokeClientKeys(store, { domain: 'a.test' }, { clock })).toBe(2)
    expect((await store.list('a.test')).map(({ revokedAt }) => revokedAt)).toEqual([NOW, NOW])
    expect((await store.list('b.test')).map(({ revokedAt }) => revokedAt)).toEqual([null])
    expect(await revokeClientKeys(store, { domain: 'a.test' }, { clock })).toBe(0)
    expect(await revokeClientKeys(store, { domain: 'c.test' }, { clock })).toBe(0)
  })

  it('keeps the moment of the first revocation', async () => {
    const { store, keyId } = open({ revokedAt: 1 })
    expect(await revokeClientKeys(store, { keyId }, { clock })).toBe(0)
    expect(await store.find(keyId, '')).toMatchObject({ revokedAt: 1 })
  })

  it('brings a revocation that lies ahead forward', async () => {
    const { store, keyId } = open({ revokedAt: NOW + 1000 })
    expect(await revokeClientKeys(store, { keyId }, { clock })).toBe(1)
    expect(await store.find(keyId, '')).toMatchObject({ revokedAt: NOW })
  })

  it('revokes a key that is made while the domain is being revoked', async () => {
    const { clientKeys } = memoryStorage({ clientKeys: [keyOf('a.test')] })
    let made = false
    const store = {
      ...clientKeys,
      async update(...args: Parameters<typeof clientKeys.update>) {
        if (!made) await clientKeys.add(keyOf('a.test'))
        made = true
        return clientKeys.update(...args)
      },
    }
    expect(await revokeClientKeys(store, { domain: 'a.test' }, { clock })).toBe(2)
    expect((await clientKeys.list()).every(({ revokedAt }) => revokedAt === NOW)).toBe(true)
  })

  it('refuses an unknown key', async () => {
    expect(await codeOf(revokeClientKeys(open().store, { keyId: 'FAKE0000' }, { clock }))).toBe('key_unknown')
    // A whole key given for its id is not repeated.
    const mistaken = revokeClientKeys(open().store, { keyId: `cnp_live_FAKE${'0'.repeat(42)}` }, { clock })
    await expect(mistaken).rejects.toThrow('There is no client key with that id, which is 8 letters and digits.')
  })
})
