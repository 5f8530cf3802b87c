import { ProxyError } from '../errors.js'
import type { AddressSet } from './addresses.js'

/**
 * Lets a client in by its address; an empty allow-list lets in everybody.
 *
 * @throws ProxyError `address_not_allowed` when it is not on the list, or cannot be told
 */
export function assertAdmitted(clientAddress: string | null, allow: AddressSet): void {
  if (allow.isEmpty) return
  if (clientAddress === null || !allow.has(clientAddress)) throw new ProxyError('address_not_allowed')
}
