import { Readable } from 'node:stream'
import { createAlerts } from './alerts.js'
import { assertIdentity, presentedKeyId } from './auth/authenticate.js'
import { passedCredential } from './auth/pass-through.js'
import { createUseCounter } from './auth/use-counter.js'
import { createCredentialResolver } from './credentials/resolve.js'
import { isPlanTraffic } from './credentials/subscription.js'
import { assertAdmitted } from './edge/admit.js'
import { createFailureThrottle } from './edge/auth-failures.js'
import { assertHost } from './edge/check-host.js'
import { resolveClientAddress } from './edge/client-address.js'
import { checkFraming } from './edge/framing.js'
import { ProxyError, toProxyError } from './errors.js'
import { type Exchange, openExchange } from './exchange.js'
import { toLoggedError } from './logger.js'
import type { InboundRequest, ResponseSink } from './mountable.js'
import { resolveOptions } from './options.js'
import type { ProxyApp } from './proxy-app.js'
import type { ProxyOptions } from './proxy-options.js'
import { logExchange } from './record/access-log.js'
import type { ExchangeDraft } from './record/exchange-draft.js'
import { createRecording } from './recording.js'
import { sendRefusal } from './refusal.js'
import type { UsableCredential } from './storage/credential.js'
import { type Placed, UnderWay } from './under-way.js'
import { type Forwarding, forward } from './upstream/forward.js'
import { ClientGoneError, leaveRequestBody, openRequestBody } from './upstream/request-body.js'
import { AnswerObserver } from './usage/answer-observer.js'
import { findModel } from './usage/request-model.js'
import { toFetch } from './web.js'

/** How long what is still to be recorded may take once nothing is under way. */
const FLUSH_MS = 10_000

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
  const { clock, logger, dispatcher } = resolved
  const throttle = createFailureThrottle(resolved.authFailures, clock)
  const useCounter = createUseCounter(resolved.clientKeys, { clock, logger })
  const alerts = createAlerts({ sinks: resolved.alertSinks, logger, clock })
  const credentials = resolved.credentials && createCredentialResolver({ ...resolved.credentials, alerts })
  const recorder = resolved.recording && createRecording({ ...resolved.recording, alerts })
  const underWay = new UnderWay<Live>()
  let closing: Promise<void> | null = null

  /** The life of one request, top to bottom. */
  async function run(request: InboundRequest, live: Live): Promise<void> {
    const { exchange, draft, sink } = live
    if (closing !== null) throw new ProxyError('draining')
    exchange.clientAddress = resolveClientAddress(request, resolved.trustedProxies)
    const contentLength = checkFraming(request.rawHeaders)
    resolved.targets.assertForwardable(request.method, request.path)
    const identity = await resolved.authenticate(request)
    if (!identity) {
      resolved.noticeNoKey()
      throw throttle.fail(exchange.clientAddress, presentedKeyId(request.rawHeaders))
    }
    assertIdentity(identity)
    exchange.domain = identity.domain
    exchange.keyId = identity.keyId
    assertAdmitted(exchange.clientAddress, resolved.allow)
    if (resolved.checkHost) assertHost(request.rawHeaders, identity.domain)
    if (identity.clientKey !== undefined) useCounter.count(identity.clientKey, exchange.clientAddress)
    const credential = (await credentials?.resolve(identity.domain)) ?? passedCredential(request.rawHeaders)
    exchange.notional = isPlanTraffic(credential)
    const body = await openRequestBody(request.body, contentLength, resolved.bodyLimits, (chunk) => {
      exchange.requestBytes += chunk.length
      draft?.request.push(chunk)
    })

    const observer = new AnswerObserver(exchange, clock, draft)
    const send = (presented: UsableCredential) => {
      if (sink.closed) throw new ClientGoneError()
      live.forwarding = forward(
        {
          dispatcher,
          origin: resolved.origin,
          method: request.method,
          path: resolved.basePath + request.path,
          headers: resolved.headers.toUpstream(request.rawHeaders, presented),
          body,
          contentLength,
          timeouts: resolved.timeouts,
          isOwnCredential: presented.type !== 'passed',
          requestId: exchange.requestId,
          toClientHeaders: resolved.headers.toClient,
        },
        sink,
        observer,
      )
      return live.forwarding.ended
    }
    const end = await send(credential).catch(async (error) => {
      if (!isRefusal(error)) throw error
      live.forwarding = null
      const renewed = await credentials?.replace(identity.domain, credential)
      // A body that was streamed up is gone.
      if (renewed == null || body instanceof Readable) throw error
      return send(renewed)
    })
    observer.finish()
    exchange.aborted = end === 'aborted'
    if (end instanceof ProxyError) {
      exchange.broken = true
      tell(exchange, end)
    }
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
    logExchange(logger, exchange)
    if (live.draft !== null) recorder?.record(live.draft)
  }

  /** Answers a request that could not be forwarded, in the API's error shape. */
  function refuse(error: unknown, { exchange, sink }: Live): void {
    if (error instanceof ClientGoneError || sink.closed) {
      exchange.aborted = true
      return
    }
    const refusal = toProxyError(error)
    exchange.status = refusal.status
    exchange.errorType = refusal.type
    tell(exchange, refusal)
    if (isRefusal(refusal) && exchange.domain !== null) {
      alerts.raise('credential_refused', exchange.domain, 'The upstream answers 401 to the credential of this domain')
    }
    if (sink.headersSent) {
      exchange.broken = true
      sink.destroy()
      return
    }
    sendRefusal(sink, refusal, exchange.requestId)
  }

  /** Why a request failed: the code in its access line, and a line of its own for what the client is not told. */
  function tell(exchange: Exchange, { code, cause }: ProxyError): void {
    exchange.failure = code
    if (cause === undefined) return
    logger.error({ requestId: exchange.requestId, code, error: toLoggedError(cause) }, 'request failed')
  }

  function cut(live: Live): void {
    if (live.forwarding !== null) {
      live.forwarding.stop(new ProxyError('draining'))
      return
    }
    // Nothing is known to end what it waits for: the host's own authentication, say.
    live.exchange.aborted = true
    live.sink.destroy()
    close(live)
  }

  async function drain(drainMs: number): Promise<void> {
    await underWay.drain(drainMs, cut)
    await useCounter.close()
    await credentials?.close()
    await recorder?.close(FLUSH_MS)
    await alerts.close()
    if (resolved.ownsDispatcher) await dispatcher.destroy()
  }

  return {
    handle,
    fetch: toFetch(handle),
    health: () => ({
      status: closing === null ? 'ok' : 'draining',
      inFlight: underWay.size,
      credentials: credentials?.health() ?? { needLogin: 0, notStored: 0 },
      recorder: recorder?.health() ?? null,
    }),
    close({ drainMs = 30_000 } = {}) {
      closing ??= drain(drainMs)
      return closing
    },
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ProxyError && error.code === 'credential_refused'
}
