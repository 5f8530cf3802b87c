import { KeyRingError } from '../../errors.js'
import { readRingKeyId, type Sealer } from '../../key-ring/sealer.js'
import type { SealedCredential } from '../../storage/credential.js'

/** What ties a sealed credential to its domain: in another domain's place it does not open. */
const contextOf = (domain: string) => ({ purpose: 'credential', id: domain })

/**
 * Seals the bytes of a domain's credential.
 *
 * @throws KeyRingError as `Sealer.seal` does
 */
export async function sealCredentialBytes(
  sealer: Sealer,
  domain: string,
  bytes: Uint8Array,
): Promise<SealedCredential> {
  const sealed = Buffer.from(await sealer.seal(bytes, contextOf(domain)))
  return { type: 'sealed', ringKeyId: sealer.currentKeyId, sealed: sealed.toString('base64') }
}

/**
 * Opens a domain's credential to its bytes.
 *
 * @throws KeyRingError as `Sealer.open` does
 */
export async function openCredentialBytes(
  sealer: Sealer,
  domain: string,
  { ringKeyId, sealed }: SealedCredential,
): Promise<Uint8Array> {
  const bytes = Buffer.from(sealed, 'base64')
  const opened = await sealer.open(bytes, contextOf(domain))
  // It opened by the id within; the one beside it is what people and `rewrapCredentials` go by.
  if (readRingKeyId(bytes) === ringKeyId) return opened
  throw new KeyRingError('not_authentic', `The credential ${domain} is not sealed with the ring key that it names.`)
}
