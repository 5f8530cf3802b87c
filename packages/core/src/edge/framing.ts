import { ProxyError } from '../errors.js'

/**
 * Refuses what the host's HTTP parser lets through but two readers could understand differently, and tells the length
 * that the request declares for its body; null where it declares none.
 *
 * @throws ProxyError `request_malformed` for more than one Host line (RFC 9112 section 3.2)
 * @throws ProxyError `transfer_coding_unsupported` for any coding but `chunked` (RFC 9112 section 6.1): Node undoes
 *   the chunking alone and hides that there was more
 */
export function checkFraming(rawHeaders: readonly string[]): number | null {
  let hosts = 0
  let contentLength: number | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4) {
      if (name.toLowerCase() === 'host' && ++hosts > 1) throw new ProxyError('request_malformed')
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      contentLength = Number(rawHeaders[i + 1]!)
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (rawHeaders[i + 1]!.trim().toLowerCase() !== 'chunked') throw new ProxyError('transfer_coding_unsupported')
    }
  }
  return contentLength
}
