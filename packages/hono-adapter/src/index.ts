import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Mountable, respond } from '@agent-prompt-train/core'
import { fromIncoming } from '@agent-prompt-train/core/node'
import type { Handler } from 'hono'

/** What {@link createHonoHandler} takes beside the app. */
export interface HonoHandlerOptions {
  /** Where the app is mounted. Needed where the route has parameters. @default the route's path without `/*` */
  readonly mountPath?: string
}

/** What @hono/node-server hands on; other hosts have their own or nothing. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/**
 * Mounts an app on Hono: `hono.all('/claude/*', createHonoHandler(proxy))`. On
 * @hono/node-server the request is read raw; everywhere the answer is one Response fed chunk by chunk, so that `cors()`,
 * `secureHeaders()` and `c.header()` work on it.
 */
export function createHonoHandler(app: Mountable, options: HonoHandlerOptions = {}): Handler {
  return (c) => {
    const mountPath = options.mountPath ?? c.req.routePath.replace(/\/?\*$/, '')
    const { incoming, outgoing } = (c.env ?? {}) as NodeBindings
    if (incoming?.rawHeaders === undefined || outgoing === undefined) {
      return app.fetch(c.req.raw, { mountPath, hostRequest: c }).catch(answerNobody(c.req.raw.signal))
    }
    const gone = new AbortController()
    outgoing.on('close', () => gone.abort())
    const request = fromIncoming(incoming, { mountPath, hostRequest: c })
    return respond(app, request, { gone: gone.signal, cut: () => setImmediate(() => outgoing.destroy()) }).catch(
      answerNobody(gone.signal),
    )
  }
}

/** A client that left is no error of the application: Hono would log one and call its error handler. */
function answerNobody(gone: AbortSignal): (error: unknown) => Response {
  return (error) => {
    if (!gone.aborted) throw error
    return new Response(null, { status: 499 })
  }
}
