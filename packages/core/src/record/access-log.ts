import type { Exchange } from '../exchange.js'
import type { Logger } from '../logger.js'

/**
 * Writes the one access line of an exchange. The query stays out: it is the client's text. What is not so or not known
 * of most exchanges stands only in the lines where it is. Secrets are masked and long texts cut by the logger.
 */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const usage = exchange.answer?.usage
  logger.info(
    {
      requestId: exchange.requestId,
      domain: exchange.domain,
      keyId: exchange.keyId,
      clientAddress: exchange.clientAddress,
      method: exchange.method,
      path: exchange.path.split('?', 1)[0]!,
      status: exchange.status,
      durationMs: Math.round(exchange.durationMs),
      model: exchange.answer?.model ?? exchange.modelAsked,
      inputTokens: usage?.input_tokens ?? null,
      outputTokens: usage?.output_tokens ?? null,
      cacheReadTokens: usage?.cache_read_input_tokens ?? undefined,
      cacheWriteTokens: usage?.cache_creation_input_tokens ?? undefined,
      firstByteMs: exchange.firstByteMs === null ? undefined : Math.round(exchange.firstByteMs),
      upstreamRequestId: exchange.upstreamRequestId ?? undefined,
      failure: exchange.failure ?? undefined,
      errorType: exchange.errorType ?? undefined,
      aborted: exchange.aborted || undefined,
      broken: exchange.broken || undefined,
    },
    'exchange',
  )
}
