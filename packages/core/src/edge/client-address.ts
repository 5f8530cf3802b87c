import type { InboundRequest } from '../mountable.js'
import { type AddressSet, toPlainAddress } from './addresses.js'

/** `X-Forwarded-For` is walked no further than this: no deployment has so many proxies, an attacker has. */
const MAX_HOPS = 32

/**
 * The client's address: the socket's peer, or, where that is a trusted proxy, the first hop of `X-Forwarded-For`,
 * read from the right, that is none. Null where it cannot be told (no peer, or a hop that is not an address).
 */
export function resolveClientAddress(request: InboundRequest, trustedProxies: AddressSet): string | null {
  let address = toPlainAddress(request.remoteAddress)
  if (trustedProxies.isEmpty || address === null) return address
  let rest = forwardedFor(request.rawHeaders)
  for (let hop = 0; rest !== null && address !== null && trustedProxies.has(address); hop++) {
    if (hop === MAX_HOPS) return null
    const comma: number = rest.lastIndexOf(',')
    address = toPlainAddress(rest.slice(comma + 1).trim())
    rest = comma === -1 ? null : rest.slice(0, comma)
  }
  return address
}

/** All lines of the header in order, joined: a proxy may append a line of its own instead of extending the last. */
function forwardedFor(rawHeaders: readonly string[]): string | null {
  let joined: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== 15 || name.toLowerCase() !== 'x-forwarded-for') continue
    joined = joined === null ? rawHeaders[i + 1]! : `${joined},${rawHeaders[i + 1]}`
  }
  return joined
}
