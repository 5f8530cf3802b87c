import type { Exchange } from '../exchange.js'
import type { Logger } from '../logger.js'

const MAX_LOGGED = 1024
/** A client key, or a key or token of the API. */
const SECRET = /\b(cnp_(?:live|test)_|sk-ant-)[\w-]+/g

/**
 * Writes the one access line of an exchange. The query stays out: it is the client's text. What is not so or not known
 * of most exchanges stands only in the lines where it is.
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
      path: toLoggedText(exchange.path.split('?', 1)[0]!.replace(SECRET, '$1****')),
      status: exchange.status,
      durationMs: Math.round(exchange.durationMs),
      model: toLoggedText(exchange.answer?.model ?? exchange.modelAsked),
      inputTokens: usage?.input_tokens ?? null,
      outputTokens: usage?.output_tokens ?? null,
      cacheReadTokens: usage?.cache_read_input_tokens ?? undefined,
      cacheWriteTokens: usage?.cache_creation_input_tokens ?? undefined,
      firstByteMs: exchange.firstByteMs === null ? undefined : Math.round(exchange.firstByteMs),
      upstreamRequestId: exchange.upstreamRequestId ?? undefined,
      errorType: exchange.errorType ?? undefined,
      aborted: exchange.aborted || undefined,
      broken: exchange.broken || undefined,
    },
    'exchange',
  )
}

/** Clients choose paths and models: no line grows with what they send. */
function toLoggedText(text: string): string
function toLoggedText(text: string | null): string | null
function toLoggedText(text: string | null): string | null {
  return text === null || text.length <= MAX_LOGGED ? text : `${text.slice(0, MAX_LOGGED)}…`
}
