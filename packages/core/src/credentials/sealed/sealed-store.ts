import { ConfigurationError, KeyRingError, ProxyError } from '../../errors.js'
import type { KeyRing } from '../../key-ring/key-ring.js'
import { createSealer } from '../../key-ring/sealer.js'
import type { Credential } from '../../storage/credential.js'
import { type CredentialStore, isPromise, type MaybePromise } from '../../storage/storage.js'
import { fromCredentialBytes, type PlainCredential, toCredentialBytes } from './credential-text.js'
import { openCredentialBytes, sealCredentialBytes } from './seal-credential.js'

/** Opened credentials kept in memory. */
const MAX_OPENED = 10_000

/** What {@link sealedCredentialStore} takes beside the store and the ring. */
export interface SealedCredentialStoreOptions {
  /**
   * Whether credentials that are stored in the clear are used, and sealed when they next change. Switch it off once
   * `prompt-train credentials seal` has run: then nobody can put a credential of their own in a domain's place.
   *
   * @default true
   */
  readonly allowPlain?: boolean
}

/** A store whose credentials are sealed before they reach the store within. */
export interface SealedCredentialStore extends CredentialStore {
  /**
   * Opens every credential once: for the start, where a wrong key should show rather than at the first request.
   *
   * @throws ConfigurationError that names the domains and the ring's key
   */
  assertOpens(): Promise<void>
}

/**
 * Seals the credentials of `store` with a key ring. A credential that does not open makes its own domain fail and no
 * other: `find` throws ProxyError `credential_unavailable` with the reason as cause. `update` hands it over as it is
 * stored, so that a new login can take its place; what has the type `sealed` already is stored untouched.
 *
 * @throws ConfigurationError that names the key of the ring at fault
 */
export function sealedCredentialStore(
  store: CredentialStore,
  keyRing: KeyRing,
  options: SealedCredentialStoreOptions = {},
): SealedCredentialStore {
  const { allowPlain = true } = options
  const sealer = createSealer(keyRing)
  /** The last opened credential of each domain, good as long as the same text is stored. */
  const opened = new Map<string, { readonly sealed: string; readonly credential: PlainCredential }>()

  function remember(domain: string, sealed: string, credential: PlainCredential): void {
    opened.delete(domain)
    opened.set(domain, { sealed, credential })
    if (opened.size > MAX_OPENED) opened.delete(opened.keys().next().value!)
  }

  /** The credential where it takes no opening, else null. */
  function peek(domain: string, stored: Credential): PlainCredential | null {
    if (stored.type !== 'sealed') return allowPlain ? stored : null
    const known = opened.get(domain)
    return known?.sealed === stored.sealed ? known.credential : null
  }

  async function open(domain: string, stored: Credential): Promise<PlainCredential> {
    const known = peek(domain, stored)
    if (known !== null) return known
    if (stored.type !== 'sealed') {
      throw new KeyRingError('not_sealed', `The credential ${domain} is stored in the clear, which is not allowed.`)
    }
    const credential = fromCredentialBytes(await openCredentialBytes(sealer, domain, stored), domain)
    remember(domain, stored.sealed, credential)
    return credential
  }

  async function openToServe(domain: string, stored: Credential): Promise<Credential> {
    try {
      return await open(domain, stored)
    } catch (cause) {
      throw new ProxyError('credential_unavailable', { cause })
    }
  }

  /** A request that comes again for an opened credential costs one look-up and no promise. */
  function openFound(domain: string, stored: Credential | null): MaybePromise<Credential | null> {
    if (stored !== null) return peek(domain, stored) ?? openToServe(domain, stored)
    opened.delete(domain)
    return null
  }

  async function openToChange(domain: string, stored: Credential | null): Promise<Credential | null> {
    if (stored === null) return null
    try {
      return await open(domain, stored)
    } catch (error) {
      // The key management service comes back: a change must not take the credential for lost meanwhile.
      if (toKeyRingError(error).code === 'key_unavailable') throw error
      return stored
    }
  }

  async function seal(domain: string, credential: Credential): Promise<Credential> {
    if (credential.type === 'sealed') return credential
    const sealed = await sealCredentialBytes(sealer, domain, toCredentialBytes(credential, domain))
    remember(domain, sealed.sealed, credential)
    return sealed
  }

  async function assertOpens(): Promise<void> {
    await sealer.ready().catch((cause: unknown) => {
      const { message } = toKeyRingError(cause)
      throw new ConfigurationError(`keyRing.keys.${sealer.currentKeyId}`, message, { cause })
    })
    const problems: { readonly domain: string; readonly error: KeyRingError }[] = []
    for (const domain of await store.list()) {
      const stored = await store.find(domain)
      try {
        if (stored !== null) await open(domain, stored)
      } catch (error) {
        problems.push({ domain, error: toKeyRingError(error) })
      }
    }
    const [first, ...others] = problems
    if (first === undefined) return
    const more = others.length === 0 ? '' : ` Nor do those of ${others.map(({ domain }) => domain).join(', ')} open.`
    throw new ConfigurationError(`credentials.${first.domain}`, first.error.message + more, { cause: first.error })
  }

  return {
    ...(store.clientKeys !== undefined && { clientKeys: store.clientKeys }),
    assertOpens,
    find(domain) {
      const stored = store.find(domain)
      return isPromise(stored) ? stored.then((found) => openFound(domain, found)) : openFound(domain, stored)
    },
    list: () => store.list(),
    async update(domain, change) {
      // A refresh spends a token that works once: what it brings must not meet a key that cannot be had.
      await sealer.ready()
      let result: Credential | null = null
      await store.update(domain, async (stored, lease) => {
        const current = await openToChange(domain, stored)
        result = await change(current, {
          signal: lease.signal,
          save: async (credential) => lease.save(await seal(domain, credential)),
          read: async () => openToChange(domain, await lease.read()),
        })
        if (result === current) return stored
        return result === null ? null : seal(domain, result)
      })
      return result
    },
  }
}

/** Anything else that was thrown is a fault of ours and goes on as it is. */
function toKeyRingError(error: unknown): KeyRingError {
  if (error instanceof KeyRingError) return error
  throw error
}
