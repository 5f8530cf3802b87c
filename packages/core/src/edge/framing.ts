import { ProxyError } from '../errors.js'

/**
 * Refuses what the host's HTTP parser lets through but two readers could understand differently.
 *
 * @throws ProxyError `request_malformed` for more than one Host line (RFC 9112 section 3.2)
 * @throws ProxyError `transfer_coding_unsupported` for any coding but `chunked` (RFC 9112 section 6.1): Node undoes
 *   the chunking alone and hides that there was more
 */
export function assertPlainFraming(rawHeaders: readonly string[]): void {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4) {
      if (name.toLowerCase() === 'host' && ++hosts > 1) throw new ProxyError('request_malformed')
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (rawHeaders[i + 1]!.trim().toLowerCase() !== 'chunked') throw new ProxyError('transfer_coding_unsupported')
    }
  }
}
