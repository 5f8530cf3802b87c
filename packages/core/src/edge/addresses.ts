import { BlockList, isIP } from 'node:net'
import { ConfigurationError } from '../errors.js'
import { maskText } from '../masking/mask-text.js'

/** A set of addresses and CIDR blocks. */
export interface AddressSet {
  readonly isEmpty: boolean
  has(address: string): boolean
}

/** The longest address with a prefix: what is longer may be a secret that was put there by mistake. */
const MAX_ENTRY = '0000:0000:0000:0000:0000:ffff:255.255.255.255/128'.length

/**
 * Reads `["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"]`.
 *
 * @throws ConfigurationError that names `option` and the entry: a list that is half understood lets the wrong people in
 */
export function createAddressSet(entries: readonly string[], option: string): AddressSet {
  const list = new BlockList()
  for (const [index, entry] of entries.entries()) {
    const [address = '', prefix, ...rest] = entry.trim().split('/')
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (version === 0 || address.includes('%') || rest.length > 0 || !(length <= bits)) {
      const named = entry.length > MAX_ENTRY ? `entry ${index + 1}` : `"${maskText(entry)}"`
      throw new ConfigurationError(option, `${named} is not an address or CIDR block such as 10.0.0.0/8 or ::1`)
    }
    list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    isEmpty: entries.length === 0,
    has: (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}

/** The address in its one plain form (IPv4-mapped IPv6 as IPv4, no zone id), or null if it is none. */
export function toPlainAddress(text: string | undefined): string | null {
  if (text === undefined) return null
  if (isIP(text) === 4) return text
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  if (isIP(address) !== 6) return null
  return toMappedIPv4(address) ?? address.toLowerCase()
}

const MAPPED = new BlockList()
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6')

/** RFC 4291 section 2.5.5.2, however it is spelled: one client must not count as several. */
function toMappedIPv4(address: string): string | null {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (plain !== undefined) return plain
  if (!MAPPED.check(address, 'ipv6')) return null
  // In the canonical spelling the last two groups hold the IPv4 address.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':')
  return groups
    .slice(-2)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join('.')
}

/** What one holder of addresses usually has: an IPv4 address alone, or the /64 of an IPv6 address (RFC 6177). */
export function toAddressBlock(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    // An IPv4 address at the end stands for two groups.
    const after = tail === '' ? 0 : tail.split(':').length + (tail.includes('.') ? 1 : 0)
    const zeros = 8 - groups.length - after
    groups.push(...Array.from({ length: zeros }, () => '0'), ...tail.split(':'))
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
