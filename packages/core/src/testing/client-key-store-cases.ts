import assert from 'node:assert/strict'
import { createClientKey } from '../client-key.js'
import { StorageError, type StorageErrorCode } from '../errors.js'
import { Secret } from '../secret.js'
import type { ClientKey, ClientKeyStore, ClientKeyUse } from '../storage/storage.js'
import { assertIs, type ContractCase } from './contract-case.js'
import { assertSeen, freshDomain, type OpenStores, type StoreHarness, withTwoHandles } from './open-stores.js'

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** What every client key store must hold to: the sentences of {@link ClientKeyStore}. */
export const clientKeyStoreCases: readonly ContractCase<StoreHarness>[] = [
  storeCase('find gives null for a key that is not stored', async ({ first, newKey }) => {
    const { keyId, digest } = newKey()
    assert.equal(await first.find(keyId, digest), null)
  }),

  storeCase('find gives a key that was added, of the same handle at once', async ({ first, newKey }) => {
    const key = newKey({ label: 'laptop', expiresAt: START + 1 })
    await first.add(key)
    assert.deepEqual(await first.find(key.keyId, key.digest), key)
  }),

  storeCase('find of another handle sees an added key within 5 seconds', async ({ first, second, newKey }) => {
    const key = newKey()
    await first.add(key)
    await assertSeen('the key that was added', async () => (await second.find(key.keyId, key.digest)) !== null)
    assert.deepEqual(await second.find(key.keyId, key.digest), key)
  }),

  storeCase('find of another handle sees a revocation within 5 seconds', async ({ first, second, newKey }) => {
    const key = newKey()
    await first.add(key)
    await assertSeen('the key that was added', async () => (await second.find(key.keyId, key.digest)) !== null)
    await first.update(key.keyId, (current) => ({ ...current, revokedAt: START }))
    assertIs((await first.find(key.keyId, key.digest))?.revokedAt, START, 'revokedAt, in the handle that set it')
    await assertSeen('the revocation', async () => (await second.find(key.keyId, key.digest))?.revokedAt === START)
  }),

  storeCase('find of one key never gives another', async ({ first, newKey }) => {
    const keys = [newKey(), newKey(), newKey()]
    for (const key of keys) await first.add(key)
    for (const { keyId, digest } of keys) assert.equal((await first.find(keyId, digest))?.digest, digest)
  }),

  storeCase('list gives the keys of a domain, oldest first, those no longer good included', async (scene) => {
    const { first, domain, newKey, otherDomain } = scene
    const young = newKey({ createdAt: START + 3, expiresAt: START })
    const old = newKey({ createdAt: START + 1, revokedAt: START })
    const middle = newKey({ createdAt: START + 2 })
    for (const key of [young, old, middle, newKey({ domain: await otherDomain() })]) await first.add(key)
    assert.deepEqual(await first.list(domain), [old, middle, young])
  }),

  storeCase('list without a domain gives the keys of every domain', async ({ first, newKey, otherDomain }) => {
    const keys = [newKey(), newKey({ domain: await otherDomain() })]
    for (const key of keys) await first.add(key)
    const listed = await first.list()
    for (const key of keys)
      assert.ok(
        listed.some(({ keyId }) => keyId === key.keyId),
        `list does not give ${key.keyId}`,
      )
  }),

  storeCase('list of a domain without keys is empty', async ({ first }) => {
    assert.deepEqual(await first.list(freshDomain()), [])
  }),

  storeCase('add throws key_exists for an id that is stored', async ({ first, second, newKey, otherDomain }) => {
    const key = newKey()
    await first.add(key)
    const { digest } = newKey()
    await assert.rejects(second.add({ ...key, digest }), hasCode('key_exists'))
    await assert.rejects(second.add({ ...key, digest, domain: await otherDomain() }), hasCode('key_exists'))
  }),

  storeCase('add throws key_exists for a digest that is stored', async ({ first, second, newKey }) => {
    const key = newKey()
    await first.add(key)
    await assert.rejects(second.add({ ...key, keyId: newKey().keyId }), hasCode('key_exists'))
    assert.deepEqual(await first.find(key.keyId, key.digest), key)
  }),

  storeCase(
    'add throws domain_unknown where keys are kept beside credentials and there is none for the domain',
    async ({ first, newKey, keysBesideCredentials }) => {
      const key = newKey({ domain: freshDomain() })
      if (!keysBesideCredentials) return first.add(key)
      await assert.rejects(first.add(key), hasCode('domain_unknown'))
      assert.equal(await first.find(key.keyId, key.digest), null)
    },
  ),

  storeCase('keys that are added at once are all kept', async ({ first, second, newKey, domain }) => {
    const keys = Array.from({ length: 10 }, () => newKey())
    await Promise.all(keys.map((key, i) => (i % 2 === 0 ? first : second).add(key)))
    const isComplete = async () => (await first.list(domain)).length === keys.length
    await assertSeen('every key that was added', isComplete)
  }),

  storeCase('update stores what change makes of the key, and returns it', async ({ first, newKey }) => {
    const key = newKey()
    const successor = newKey()
    await first.add(key)
    const changed = { ...key, label: 'desk', expiresAt: START + 1, revokedAt: START + 2, replacedBy: successor.keyId }
    assert.deepEqual(await first.update(key.keyId, () => changed), changed)
    assert.deepEqual(await first.find(key.keyId, key.digest), changed)
    const cleared = { ...key, label: null, expiresAt: null, revokedAt: null, replacedBy: null }
    assert.deepEqual(await first.update(key.keyId, () => cleared), cleared)
    assert.deepEqual(await first.find(key.keyId, key.digest), cleared)
  }),

  storeCase('update gives null, without a call of change, where there is no such key', async ({ first, newKey }) => {
    const update = first.update(newKey().keyId, () => assert.fail('change was called'))
    assert.equal(await update, null)
  }),

  storeCase('changes to one key run one at a time, each sees the last result', async ({ first, second, newKey }) => {
    const key = newKey({ label: '0' })
    await first.add(key)
    const count = (store: ClientKeyStore) =>
      store.update(key.keyId, (current) => ({ ...current, label: String(Number(current.label) + 1) }))
    await Promise.all(Array.from({ length: 20 }, (_, i) => count(i % 2 === 0 ? first : second)))
    assertIs((await first.update(key.keyId, (current) => current))?.label, '20', 'label after 20 changes that add one')
  }),

  storeCase('nothing is stored if change throws', async ({ first, newKey }) => {
    const key = newKey()
    const failure = new Error('of the change')
    await first.add(key)
    const update = first.update(key.keyId, () => {
      throw failure
    })
    await assert.rejects(update, (error) => error === failure)
    assert.deepEqual(await first.find(key.keyId, key.digest), key)
  }),

  storeCase('id, digest and domain never change', async ({ first, newKey }) => {
    const key = newKey()
    await first.add(key)
    await first.update(key.keyId, () => newKey({ domain: freshDomain(), label: 'changed' }))
    const { keyId, digest, domain } = key
    const stored = await first.find(keyId, digest)
    assert.deepEqual({ ...stored, ...{ keyId, digest, domain } }, stored)
    assertIs(stored?.label, 'changed', 'label')
  }),

  storeCase('keys never used are absent from uses', async ({ first, domain, newKey }) => {
    await first.add(newKey())
    assert.deepEqual(await first.uses(domain), [])
  }),

  storeCase('addUses adds to the counts of every handle', async ({ first, second, domain, newKey }) => {
    const { keyId } = await addVisible(first, second, newKey())
    await first.addUses([use(keyId, { requests: 2, lastUsedAt: START + 1 })])
    await second.addUses([use(keyId, { requests: 3, lastUsedAt: START + 2, lastAddress: '192.0.2.2' })])
    const total = use(keyId, { requests: 5, lastUsedAt: START + 2, lastAddress: '192.0.2.2' })
    await assertSeen('the sum of the uses', async () => (await first.uses(domain))[0]?.requests === 5)
    assert.deepEqual(await first.uses(domain), [total])
  }),

  storeCase('counts that are added at once are all kept', async ({ first, second, domain, newKey }) => {
    const { keyId } = await addVisible(first, second, newKey())
    const all = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? first : second).addUses([use(keyId)]))
    await Promise.all(all)
    await assertSeen('the sum of the uses', async () => (await first.uses(domain))[0]?.requests === 10)
  }),

  storeCase('lastUsedAt never goes back, and lastAddress belongs to it', async ({ first, domain, newKey }) => {
    const { keyId } = newKey()
    await first.add({ ...newKey(), keyId })
    const later = use(keyId, { lastUsedAt: START + 9, lastAddress: null })
    await first.addUses([later])
    await first.addUses([use(keyId, { lastUsedAt: START })])
    assert.deepEqual(await first.uses(domain), [{ ...later, requests: 2 }])
  }),

  storeCase('one call may bring several keys, and one key twice', async ({ first, domain, newKey }) => {
    const keys = [newKey(), newKey()] as const
    for (const key of keys) await first.add(key)
    const [one, two] = keys
    await first.addUses([use(one.keyId), use(two.keyId), use(one.keyId)])
    const requests = new Map((await first.uses(domain)).map((each) => [each.keyId, each.requests]))
    assert.deepEqual([requests.get(one.keyId), requests.get(two.keyId)], [2, 1])
  }),

  storeCase('uses of unknown keys are ignored', async ({ first, domain, newKey }) => {
    const key = newKey()
    const unknown = newKey()
    await first.add(key)
    await first.addUses([use(unknown.keyId), use(key.keyId)])
    assert.deepEqual(await first.uses(domain), [use(key.keyId)])
    assert.ok(
      (await first.uses()).every(({ keyId }) => keyId !== unknown.keyId),
      'uses gives a key that is not stored',
    )
  }),

  storeCase('uses gives those of a domain, or of every domain', async ({ first, domain, newKey, otherDomain }) => {
    const key = newKey()
    const other = newKey({ domain: await otherDomain() })
    for (const each of [key, other]) await first.add(each)
    await first.addUses([use(key.keyId), use(other.keyId)])
    assert.deepEqual(
      (await first.uses(domain)).map(({ keyId }) => keyId),
      [key.keyId],
    )
    const all = (await first.uses()).map(({ keyId }) => keyId)
    assert.ok(all.includes(key.keyId) && all.includes(other.keyId))
  }),

  storeCase('a change of the key leaves its counts', async ({ first, domain, newKey }) => {
    const key = newKey()
    await first.add(key)
    await first.addUses([use(key.keyId)])
    await first.update(key.keyId, (current) => ({ ...current, revokedAt: START }))
    assert.deepEqual(await first.uses(domain), [use(key.keyId)])
  }),
]

interface Scene {
  readonly first: ClientKeyStore
  readonly second: ClientKeyStore
  /** A domain that may have client keys. */
  readonly domain: string
  readonly keysBesideCredentials: boolean
  /** One more domain that may have client keys. */
  otherDomain(): Promise<string>
  /** A key of `domain`, not stored. */
  newKey(facts?: Partial<ClientKey>): ClientKey
}

function storeCase(name: string, body: (scene: Scene) => Promise<void>): ContractCase<StoreHarness> {
  return {
    name,
    run: (harness) =>
      withTwoHandles(harness, async (one, two) => {
        const { clientKeys: first } = one
        const { clientKeys: second } = two
        assert.ok(first !== undefined && second !== undefined, 'the harness opens no client key store')
        const keysBesideCredentials = harness.keysBesideCredentials ?? false
        const newDomain = () => (keysBesideCredentials ? domainWithCredential(one) : Promise.resolve(freshDomain()))
        const domain = await newDomain()
        await body({
          first,
          second,
          domain,
          keysBesideCredentials,
          otherDomain: newDomain,
          newKey: (facts) => ({ ...createClientKey({ domain }).record, createdAt: START, ...facts }),
        })
      }),
  }
}

async function domainWithCredential({ credentials }: OpenStores): Promise<string> {
  const domain = freshDomain()
  assert.ok(credentials !== undefined, 'keys are kept beside credentials, and the harness opens no credential store')
  await credentials.update(domain, () => ({ type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') }))
  return domain
}

async function addVisible(first: ClientKeyStore, second: ClientKeyStore, key: ClientKey): Promise<ClientKey> {
  await first.add(key)
  await assertSeen('the key that was added', async () => (await second.find(key.keyId, key.digest)) !== null)
  return key
}

function use(keyId: string, facts: Partial<ClientKeyUse> = {}): ClientKeyUse {
  return { keyId, requests: 1, lastUsedAt: START, lastAddress: '192.0.2.1', ...facts }
}

function hasCode(code: StorageErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StorageError && error.code === code
}
