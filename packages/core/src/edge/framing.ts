import { ProxyError } from '../errors.js'
import { isHost } from './host.js'

/** Node 20 keeps about this many header lines of a request and hides that there were more; Node 24 answers 431. */
const MAX_HEADERS = 1000

/**
 * Refuses what the host's HTTP parser lets through but two readers could understand differently, and tells the length
 * that the request declares for its body; null where it declares none.
 *
 * @throws ProxyError `headers_too_many` where the parser may have left lines out: a second credential, say
 * @throws ProxyError `request_malformed` for anything but one well-formed Host line (RFC 9112 section 3.2),
 *   which HTTP/2 may leave to `:authority`
 * @throws ProxyError `transfer_coding_unsupported` for any coding but `chunked` (RFC 9112 section 6.1): Node undoes
 *   the chunking alone and hides that there was more
 */
export function checkFraming(rawHeaders: readonly string[]): number | null {
  if (rawHeaders.length >= 2 * MAX_HEADERS) throw new ProxyError('headers_too_many')
  let hasHost = false
  let hasAuthority = false
  let contentLength: number | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4) {
      if (name.toLowerCase() !== 'host') continue
      if (hasHost || !isHost(rawHeaders[i + 1]!)) throw new ProxyError('request_malformed')
      hasHost = true
    } else if (name === ':authority') {
      hasAuthority = true
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      contentLength = Number(rawHeaders[i + 1]!)
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (rawHeaders[i + 1]!.trim().toLowerCase() !== 'chunked') throw new ProxyError('transfer_coding_unsupported')
    }
  }
  if (!hasHost && !hasAuthority) throw new ProxyError('request_malformed')
  return contentLength
}
