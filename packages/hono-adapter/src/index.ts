import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Mountable, respond } from '@agent-prompt-train/core'
import { fromIncoming } from '@agent-prompt-train/core/node'
import type { Handler } from 'hono'

/** What {@link createHonoHandler} takes beside the app. */
export interface HonoHandlerOptions {
  /** The path that the route stands under, without `/*`. @default "" */
  readonly mountPath?: string
}

/** What @hono/node-server hands on; other hosts have their own or nothing. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/**
 * Mounts an app on Hono: `hono.all('/claude/*', createHonoHandler(proxy, { mountPath: '/claude' }))`. On
 * @hono/node-server the request is read raw; everywhere the answer is one Response fed chunk by chunk, so that `cors()`,
 * `secureHeaders()` and `c.header()` work on it.
 */
export function createHonoHandler(app: Mountable, options: HonoHandlerOptions = {}): Handler {
  const { mountPath = '' } = options
  return (c) => {
    const { incoming, outgoing } = (c.env ?? {}) as NodeBindings
    if (incoming?.rawHeaders === undefined || outgoing === undefined) {
      return app.fetch(c.req.raw, { mountPath, hostRequest: c })
    }
    const gone = new AbortController()
    outgoing.on('close', () => gone.abort())
    return respond(app, fromIncoming(incoming, { mountPath, hostRequest: c }), gone.signal)
  }
}
