import { isIPv4, isIPv6 } from 'node:net'

const NAME_AND_PORT = /^([a-z\d._-]+|\[[a-f\d.:]+\])(?::(\d{1,5}))?$/i
/** Read as an IPv4 address by URL parsers, whatever its other labels are. */
const NUMERIC_LABEL_LAST = /(?:^|\.)(?:\d+|0x[a-f\d]*)\.?$/i

/**
 * Whether `value` is a host and perhaps a port (RFC 9110 section 7.2), with one meaning for all who parse it: hosts that
 * make a URL of it fail on what others pass over, and one verdict must hold on all of them.
 */
export function isHost(value: string): boolean {
  const [, host, port] = NAME_AND_PORT.exec(value) ?? []
  if (host === undefined || (port !== undefined && Number(port) > 65_535)) return false
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1))
  if (NUMERIC_LABEL_LAST.test(host)) return isIPv4(host)
  if (host.startsWith('.') || host.includes('..')) return false
  // Not all that begins so is Punycode.
  return !/xn--/i.test(host) || URL.canParse(`http://${host}`)
}
