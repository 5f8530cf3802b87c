import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigurationError, type Mountable, respond } from '@agent-prompt-train/core'
import { fromIncoming } from '@agent-prompt-train/core/node'
import type { Context, Handler } from 'hono'

/** What {@link createHonoHandler} takes beside the app. */
export interface HonoHandlerOptions {
  /** Where the app is mounted. Needed where the route has parameters. @default the route's path without `/*` */
  readonly mountPath?: string | undefined
  /**
   * The address of the socket's peer, on hosts other than @hono/node-server, whose own is used: without it nobody passes an
   * `edge.allow` list there. `(c) => getConnInfo(c).remote.address`, with `getConnInfo` of the host's `hono/…` module.
   */
  readonly remoteAddress?: ((c: Context) => string | undefined) | undefined
}

/** What @hono/node-server hands on; other hosts have their own or nothing. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/**
 * Mounts an app on Hono: `hono.all('/claude/*', createHonoHandler(proxy))`. On
 * @hono/node-server the request is read raw; everywhere the answer is one Response fed chunk by chunk, so that `cors()`,
 * `secureHeaders()` and `c.header()` work on it. Mount it with `all` or `route`: `mount()` hands on a rewritten request.
 *
 * @throws ConfigurationError `mountPath` at a request, when the route has parameters and the option is missing
 */
export function createHonoHandler(app: Mountable, options: HonoHandlerOptions = {}): Handler {
  return (c) => {
    const mountPath = options.mountPath ?? toMountPath(c.req.routePath)
    const { incoming, outgoing } = (c.env ?? {}) as NodeBindings
    if (incoming?.rawHeaders === undefined || outgoing === undefined) {
      return app
        .fetch(c.req.raw, { mountPath, remoteAddress: options.remoteAddress?.(c), hostRequest: c })
        .catch(answerNobody(() => c.req.raw.signal.aborted))
    }
    const request = fromIncoming(incoming, { mountPath, hostRequest: c })
    let isOver = false
    return respond(app, request, {
      // Whether or not it finished well: a host may have answered something else, and then nobody reads ours.
      onGone: (leave) =>
        outgoing.on('close', () => {
          isOver = true
          leave()
        }),
      cut: () => setImmediate(() => outgoing.destroy()),
    }).catch(answerNobody(() => isOver))
  }
}

function toMountPath(routePath: string): string {
  const path = routePath.replace(/\/?\*$/, '')
  if (/[:*{]/.test(path)) {
    throw new ConfigurationError('mountPath', `is needed where the route has parameters, as "${routePath}" has`)
  }
  return path
}

/** A client that left is no error of the application: Hono would log one and call its error handler. */
function answerNobody(hasLeft: () => boolean): (error: unknown) => Response {
  return (error) => {
    if (!hasLeft()) throw error
    return new Response(null, { status: 499 })
  }
}
