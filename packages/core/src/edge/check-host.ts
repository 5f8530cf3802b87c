import { ProxyError } from '../errors.js'

/** Host without its port; what stands in brackets is an IPv6 address (RFC 3986 section 3.2.2). */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/

/**
 * Lets a request in whose Host is `domain`, or falls under it where it is a wildcard such as `*.example.com`. Host is
 * the client's word, so this can narrow what a client key opens and never widen it.
 *
 * @throws ProxyError `host_not_allowed` for another Host, and for none or several
 */
export function assertHost(rawHeaders: readonly string[], domain: string): void {
  const covered = domain.toLowerCase()
  let hosts = 0
  let authorities = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    // What HTTP/2 has in its place (RFC 9113 section 8.3.1), or beside it.
    else if (name === ':authority') authorities++
    else continue
    if (!covers(covered, toName(rawHeaders[i + 1]!))) throw new ProxyError('host_not_allowed')
  }
  if (hosts > 1 || hosts + authorities === 0) throw new ProxyError('host_not_allowed')
}

function toName(host: string): string {
  const name = HOST.exec(host)?.[1] ?? ''
  // The dot at the end marks the root of the DNS and names the same host.
  return name.toLowerCase().replace(/\.$/, '')
}

function covers(domain: string, name: string): boolean {
  if (!domain.startsWith('*.')) return name === domain
  return name.length >= domain.length && name.endsWith(domain.slice(1)) && !name.startsWith('.')
}
