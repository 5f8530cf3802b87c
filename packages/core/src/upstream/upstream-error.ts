import { ProxyError, type ProxyErrorCode } from '../errors.js'

/** What the client is told when undici or the system fails a request. Errors of ours are what they are. */
export function toUpstreamError(error: Error): ProxyError {
  return error instanceof ProxyError ? error : new ProxyError(toCode(error), { cause: error })
}

function toCode(error: Error): ProxyErrorCode {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return 'upstream_timeout'
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EMFILE':
      return 'upstream_unreachable'
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return 'internal'
    default:
      return 'upstream_broken'
  }
}
