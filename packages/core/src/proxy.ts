import { authenticateRequest } from './auth/authenticate.js'
import { resolveCredential } from './credentials/resolve.js'
import { assertAdmitted } from './edge/admit.js'
import { resolveClientAddress } from './edge/client-address.js'
import { checkFraming } from './edge/framing.js'
import { ProxyError, type ProxyErrorCode, StorageError } from './errors.js'
import { type Exchange, openExchange } from './exchange.js'
import { toLoggedError } from './logger.js'
import type { InboundRequest, Mountable, ResponseSink } from './mountable.js'
import { type ProxyOptions, resolveOptions } from './options.js'
import { logExchange } from './record/access-log.js'
import type { ExchangeDraft } from './record/exchange-draft.js'
import type { RecorderHealth } from './record/recorder.js'
import { sendRefusal } from './refusal.js'
import { type Placed, UnderWay } from './under-way.js'
import { type Forwarding, forward } from './upstream/forward.js'
import { ClientGoneError, leaveRequestBody, openRequestBody } from './upstream/request-body.js'
import type { Meter } from './usage/facts.js'
import { createMeter } from './usage/meter.js'
import { findModel } from './usage/request-model.js'
import { toFetch } from './web.js'

/** How long what is still to be recorded may take once nothing is under way. */
const FLUSH_MS = 10_000

/** How the proxy stands. */
export interface ProxyHealth {
  readonly status: 'ok' | 'draining'
  /** Exchanges under way. */
  readonly inFlight: number
  /** Null where exchanges are not recorded. */
  readonly recorder: RecorderHealth | null
}

/** Forwards requests to the Claude API; mount it with an adapter. */
export interface ProxyApp extends Mountable {
  health(): ProxyHealth
  /**
   * Drains: new requests get 503, those under way finish within `drainMs` (default 30,000) and are cut after that;
   * then what is still to be recorded is written, for up to 10 seconds, and what the proxy opened is closed. A second
   * call waits for the first.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

/** One exchange under way, and what ends it early. */
interface Live extends Placed {
  readonly exchange: Exchange
  /** Null where exchanges are not recorded. */
  readonly draft: ExchangeDraft | null
  readonly request: InboundRequest
  readonly sink: ResponseSink
  forwarding: Forwarding | null
  closed: boolean
}

/**
 * Creates the proxy.
 *
 * @throws ConfigurationError when an option is wrong or missing; it names the option
 */
export function createProxy(options: ProxyOptions): ProxyApp {
  const resolved = resolveOptions(options)
  const { clock, logger, dispatcher, recorder } = resolved
  const underWay = new UnderWay<Live>()
  let closing: Promise<void> | null = null
  let whenIdle: (() => void) | null = null

  /** The life of one request, top to bottom. */
  async function run(request: InboundRequest, live: Live): Promise<void> {
    const { exchange, draft, sink } = live
    if (closing !== null) throw new ProxyError('draining')
    exchange.clientAddress = resolveClientAddress(request, resolved.trustedProxies)
    const contentLength = checkFraming(request.rawHeaders)
    resolved.targets.assertForwardable(request.method, request.path)
    const identity = await authenticateRequest(resolved.authenticate, request)
    exchange.domain = identity.domain
    exchange.keyId = identity.keyId
    assertAdmitted(exchange.clientAddress, resolved.allow)
    const credential = await resolveCredential(resolved.credentials, identity.domain, clock.now())
    const headers = resolved.headers.toUpstream(request.rawHeaders, credential)
    const body = await openRequestBody(request.body, contentLength, resolved.bodyLimits, (chunk) => {
      exchange.requestBytes += chunk.length
      draft?.request.push(chunk)
    })
    if (sink.closed) throw new ClientGoneError()

    let meter: Meter | null = null
    live.forwarding = forward(
      {
        dispatcher,
        method: request.method,
        path: resolved.basePath + request.path,
        headers,
        body,
        contentLength,
        timeouts: resolved.timeouts,
        requestId: exchange.requestId,
        toClientHeaders: resolved.headers.toClient,
      },
      sink,
      {
        onHead(status, head) {
          exchange.status = status
          exchange.upstreamRequestId = (head['request-id'] as string | undefined) ?? null
          exchange.firstByteMs = clock.monotonic() - exchange.startedMonotonic
          draft?.openAnswer(head)
          meter = createMeter(head)
        },
        onChunk(chunk) {
          exchange.answerBytes += chunk.length
          draft?.answer.push(chunk)
          meter?.push(chunk)
        },
      },
    )
    const end = await live.forwarding.ended
    exchange.aborted = end === 'aborted'
    exchange.broken = end === 'broken'
    exchange.answer = (meter as Meter | null)?.facts() ?? null
    exchange.errorType = exchange.answer?.errorType ?? null
    // Whoever takes the body apart for its record finds it there.
    if (exchange.answer?.model == null || recorder?.keepsBodies === false) exchange.modelAsked = findModel(body)
  }

  async function handle(request: InboundRequest, sink: ResponseSink): Promise<void> {
    const exchange = openExchange(request, clock)
    const draft = recorder?.open(exchange, request.rawHeaders) ?? null
    const live: Live = { exchange, draft, request, sink, forwarding: null, closed: false, place: 0 }
    underWay.add(live)
    try {
      await run(request, live)
    } catch (error) {
      refuse(error, live)
    } finally {
      close(live)
    }
  }

  function close(live: Live): void {
    if (live.closed) return
    live.closed = true
    const { exchange } = live
    underWay.remove(live)
    leaveRequestBody(live.request.body)
    exchange.durationMs = clock.monotonic() - exchange.startedMonotonic
    if (underWay.size === 0) whenIdle?.()
    logExchange(logger, exchange)
    if (live.draft !== null) recorder?.record(live.draft)
  }

  /** Answers a request that could not be forwarded, in the API's error shape. */
  function refuse(error: unknown, { exchange, sink }: Live): void {
    if (error instanceof ClientGoneError || sink.closed) {
      exchange.aborted = true
      return
    }
    const refusal = error instanceof ProxyError ? error : new ProxyError(toRefusalCode(error), { cause: error })
    exchange.status = refusal.status
    exchange.errorType = refusal.type
    if (refusal.cause !== undefined) {
      const { requestId } = exchange
      logger.error({ requestId, code: refusal.code, error: toLoggedError(refusal.cause) }, 'request failed')
    }
    if (sink.headersSent) {
      exchange.broken = true
      sink.destroy()
      return
    }
    sendRefusal(sink, refusal, exchange.requestId)
  }

  async function drain(drainMs: number): Promise<void> {
    if (underWay.size > 0) {
      const idle = new Promise<void>((resolve) => {
        whenIdle = resolve
      })
      const timer = setTimeout(() => {
        for (const live of underWay.all()) {
          if (live.forwarding !== null) {
            live.forwarding.stop(new ProxyError('draining'))
          } else {
            // Nothing is known to end what it waits for: the host's own authentication, say.
            live.exchange.aborted = true
            live.sink.destroy()
            close(live)
          }
        }
      }, drainMs)
      await idle
      clearTimeout(timer)
    }
    await recorder?.close(FLUSH_MS)
    if (resolved.ownsDispatcher) await dispatcher.destroy()
  }

  return {
    handle,
    fetch: toFetch(handle),
    health: () => ({
      status: closing === null ? 'ok' : 'draining',
      inFlight: underWay.size,
      recorder: recorder?.health() ?? null,
    }),
    close({ drainMs = 30_000 } = {}) {
      closing ??= drain(drainMs)
      return closing
    },
  }
}

/** A store that cannot answer does not make a valid key wrong: the client may come again. */
function toRefusalCode(error: unknown): ProxyErrorCode {
  return error instanceof StorageError && error.code === 'unavailable' ? 'storage_unavailable' : 'internal'
}
