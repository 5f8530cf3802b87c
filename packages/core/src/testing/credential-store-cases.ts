import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Secret } from '../secret.js'
import { type ApiKeyCredential, type Credential, neverRefreshed, type OAuthCredential } from '../storage/credential.js'
import type { CredentialStore } from '../storage/storage.js'
import { assertIs, type ContractCase } from './contract-case.js'
import { assertSeen, freshDomain, type StoreHarness, withTwoHandles } from './open-stores.js'

/** What every credential store must hold to: the sentences of {@link CredentialStore}. */
export const credentialStoreCases: readonly ContractCase<StoreHarness>[] = [
  storeCase('find gives null for a domain without a credential', async ({ first, domain }) => {
    assert.equal(await first.find(domain), null)
  }),

  storeCase('find gives what update has stored, of the same handle at once', async ({ first, domain }) => {
    await first.update(domain, () => apiKey('one'))
    assertSame(await first.find(domain), apiKey('one'))
  }),

  storeCase('find of another handle sees a change within 5 seconds', async ({ first, second, domain }) => {
    await first.update(domain, () => apiKey('one'))
    await assertSeen('what was stored first', async () => isSame(await second.find(domain), apiKey('one')))
    await second.update(domain, () => apiKey('two'))
    await assertSeen('what was stored next', async () => isSame(await first.find(domain), apiKey('two')))
  }),

  storeCase('list gives the domains that have a credential, sorted', async ({ first }) => {
    const domains = [freshDomain(), freshDomain(), freshDomain()]
    for (const domain of domains) await first.update(domain, () => apiKey('one'))
    const listed = await first.list()
    assert.deepEqual(
      listed.filter((domain) => domains.includes(domain)),
      [...domains].sort(),
    )
    assert.deepEqual(listed, [...listed].sort())
  }),

  storeCase('update gives null to change where there is no credential', async ({ first, domain }) => {
    let given: Credential | null | undefined
    await first.update(domain, (current) => {
      given = current
      return apiKey('one')
    })
    assert.equal(given, null)
  }),

  storeCase('update returns what change makes of the credential', async ({ first, domain }) => {
    const made = apiKey('one')
    assert.equal(await first.update(domain, async () => made), made)
    assert.equal(await first.update(domain, () => null), null)
  }),

  storeCase('null removes the credential, for every handle', async ({ first, second, domain }) => {
    await first.update(domain, () => apiKey('one'))
    await assertSeen('the credential', async () => (await second.find(domain)) !== null)
    await first.update(domain, () => null)
    assert.equal(await first.find(domain), null)
    assert.ok(!(await first.list()).includes(domain), 'list gives a domain whose credential was removed')
    await assertSeen('the removal', async () => (await second.find(domain)) === null)
    await second.update(domain, (current) => {
      assert.equal(current, null)
      return current
    })
  }),

  ...everyKind().map((credential) =>
    storeCase(`every field of a credential of type ${credential.type} is kept`, async ({ first, second, domain }) => {
      await first.update(domain, () => credential)
      await second.update(domain, (current) => {
        assertSame(current, credential)
        return current
      })
    }),
  ),

  storeCase('a change that returns what it was given stores nothing', async ({ first, domain }) => {
    await first.update(domain, () => apiKey('one'))
    await first.update(domain, async (current, lease) => {
      await lease.save(apiKey('interim'))
      return current
    })
    // Had the return been stored, the interim credential would be gone.
    assertSame(await first.find(domain), apiKey('interim'))
  }),

  storeCase('changes to one domain run one at a time, each sees the last result', async ({ first, second, domain }) => {
    let running = 0
    const count = async (store: CredentialStore) => {
      await store.update(domain, async (current) => {
        running += 1
        assertIs(running, 1, 'changes of one domain that run at once')
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return apiKey(String(Number(current === null ? 0 : secretOf(current)) + 1))
      })
    }
    await Promise.all(Array.from({ length: 20 }, (_, i) => count(i % 2 === 0 ? first : second)))
    await first.update(domain, (current) => {
      assertSame(current, apiKey('20'))
      return current
    })
  }),

  storeCase('changes to different domains do not wait for each other', async ({ first, second, domain }) => {
    const gate = latch()
    const held = first.update(domain, async () => {
      await gate.opened
      return apiKey('one')
    })
    await first.update(freshDomain(), () => apiKey('other'))
    await second.update(freshDomain(), () => apiKey('other'))
    gate.open()
    await held
  }),

  storeCase('nothing is stored if change rejects, and the rejection is passed on', async ({ first, domain }) => {
    const failure = new Error('of the change')
    await first.update(domain, () => apiKey('one'))
    const rejecting = first.update(domain, async () => Promise.reject(failure))
    await assert.rejects(rejecting, (error) => error === failure)
    const throwing = first.update(domain, () => {
      throw failure
    })
    await assert.rejects(throwing, (error) => error === failure)
    assertSame(await first.find(domain), apiKey('one'))
  }),

  storeCase('a rejected change leaves the domain free for the next', async ({ first, second, domain }) => {
    await first.update(domain, async () => Promise.reject(new Error('of the change'))).catch(() => {})
    await second.update(domain, () => apiKey('next'))
    await assertSeen('the credential of the next', async () => isSame(await first.find(domain), apiKey('next')))
  }),

  storeCase('save stores an interim credential before it resolves', async ({ first, second, domain }) => {
    await first.update(domain, async (_current, lease) => {
      await lease.save(apiKey('interim'))
      assertSame(await first.find(domain), apiKey('interim'))
      await assertSeen('the interim credential', async () => isSame(await second.find(domain), apiKey('interim')))
      return apiKey('final')
    })
    assertSame(await first.find(domain), apiKey('final'))
  }),

  storeCase('what was saved stays even if change rejects later', async ({ first, second, domain }) => {
    const rejecting = first.update(domain, async (_current, lease) => {
      await lease.save(apiKey('interim'))
      throw new Error('of the change')
    })
    await assert.rejects(rejecting)
    await second.update(domain, (current) => {
      assertSame(current, apiKey('interim'))
      return current
    })
  }),

  storeCase('read gives what is stored while change runs', async ({ first, domain }) => {
    await first.update(domain, async (_current, lease) => {
      assert.equal(await lease.read(), null)
      await lease.save(apiKey('interim'))
      const stored = await lease.read()
      assert.ok(stored !== null)
      assertSame(stored, apiKey('interim'))
      return apiKey('final')
    })
  }),

  storeCase('the lease is not aborted while it is held', async ({ first, domain }) => {
    await first.update(domain, async (_current, lease) => {
      await new Promise((resolve) => setImmediate(resolve))
      assertIs(lease.signal.aborted, false, 'aborted of the lease that is held')
      return apiKey('one')
    })
  }),

  storeCase('a store that refuses a value does not show it', async ({ first, domain }) => {
    const unsendable = apiKey('sk-FAKE line\nbreak')
    const refusal: unknown = await first.update(domain, () => unsendable).catch((error: unknown) => error)
    assert.ok(refusal === unsendable || !inspect(refusal).includes('sk-FAKE'))
  }),
]

interface Scene {
  readonly first: CredentialStore
  readonly second: CredentialStore
  readonly domain: string
}

function storeCase(name: string, body: (scene: Scene) => Promise<void>): ContractCase<StoreHarness> {
  return {
    name,
    run: (harness) =>
      withTwoHandles(harness, async ({ credentials: first }, { credentials: second }) => {
        assert.ok(first !== undefined && second !== undefined, 'the harness opens no credential store')
        await body({ first, second, domain: freshDomain() })
      }),
  }
}

function apiKey(value: string): ApiKeyCredential {
  return { type: 'api_key', apiKey: new Secret(value) }
}

function everyKind(): readonly Credential[] {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  const oauth: OAuthCredential = {
    type: 'oauth',
    accessToken: new Secret('sk-ant-oat01-FAKE'),
    refreshToken: new Secret('sk-ant-ort01-FAKE'),
    expiresAt: at,
    refresh: {
      refreshedAt: at - 1,
      intent: { tokenDigest: 'a'.repeat(64), startedAt: at - 2, owner: 'host:1:FAKE' },
      failure: { at: at - 3, error: 'invalid_grant', permanent: true, retryAt: at + 4 },
    },
  }
  const federation = {
    type: 'federation',
    federationRuleId: 'fdrl_FAKE',
    organizationId: '00000000-0000-4000-8000-000000000000',
    serviceAccountId: 'svac_FAKE',
  } as const
  return [
    apiKey('sk-ant-api03-FAKE'),
    oauth,
    { ...oauth, refreshToken: null, expiresAt: null, refresh: neverRefreshed },
    { ...federation, workspaceId: 'wrkspc_FAKE', assertionFile: '/var/run/secrets/FAKE' },
    { ...federation, workspaceId: null, assertionFile: null },
    { type: 'sealed', ringKeyId: 'k1', sealed: Buffer.from('FAKE').toString('base64') },
  ]
}

/** Secrets compare by their value, which deepEqual does not see. */
function reveal(credential: Credential | null): object | null {
  if (credential === null) return null
  const fields = Object.entries(credential) as [string, unknown][]
  return Object.fromEntries(
    fields.map(([name, value]) => [name, value instanceof Secret ? `secret ${value.expose()}` : value]),
  )
}

function assertSame(actual: Credential | null, expected: Credential): void {
  assert.deepEqual(reveal(actual), reveal(expected))
}

function isSame(actual: Credential | null, expected: Credential): boolean {
  return actual !== null && actual.type === expected.type && secretOf(actual) === secretOf(expected)
}

function secretOf(credential: Credential): string {
  return credential.type === 'api_key' ? credential.apiKey.expose() : ''
}

function latch(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
