import type { Exchange } from '../exchange.js'
import type { Logger } from '../logger.js'

/** Writes the one access line of an exchange. The query stays out: it is the client's text. */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const usage = exchange.answer?.usage
  logger.info(
    {
      requestId: exchange.requestId,
      domain: exchange.domain,
      keyId: exchange.keyId,
      clientAddress: exchange.clientAddress,
      method: exchange.method,
      path: toLoggedPath(exchange.path),
      status: exchange.status,
      durationMs: Math.round(exchange.durationMs),
      firstByteMs: exchange.firstByteMs === null ? null : Math.round(exchange.firstByteMs),
      model: exchange.answer?.model ?? exchange.modelAsked,
      inputTokens: usage?.input_tokens ?? null,
      outputTokens: usage?.output_tokens ?? null,
      cacheReadTokens: usage?.cache_read_input_tokens ?? null,
      cacheWriteTokens: usage?.cache_creation_input_tokens ?? null,
      answerBytes: exchange.answerBytes,
      upstreamRequestId: exchange.upstreamRequestId,
      errorType: exchange.errorType,
      aborted: exchange.aborted,
      broken: exchange.broken,
    },
    'exchange',
  )
}

function toLoggedPath(path: string): string {
  const query = path.indexOf('?')
  return (query === -1 ? path : path.slice(0, query)).slice(0, 1024)
}
