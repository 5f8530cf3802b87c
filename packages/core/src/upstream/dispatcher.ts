import type { buildConnector, Dispatcher } from 'undici'

/** What the proxy calls of an undici dispatcher. */
export interface UpstreamDispatcher {
  dispatch: Dispatcher['dispatch']
  destroy(): Promise<void>
}

/**
 * How long an unused connection is kept. Far below the minutes that the API's edge keeps its end, long enough that a
 * busy team rarely waits for a handshake.
 */
const KEEP_ALIVE_MS = 30_000

const connectedAt = new WeakMap<object, number>()
const socketOfError = new WeakMap<object, object>()

/**
 * Creates the connections to the one upstream. Streams hold a connection for minutes, so their number is open. A
 * request with `reset` gets a connection that nobody used before, and that nobody uses after it: several kept ones may
 * have gone stale at once.
 */
export function createDispatcher(origin: string, connectMs: number): UpstreamDispatcher {
  let pools: Pools | null = null
  const opening = openPools(origin, connectMs).then((opened) => {
    pools = opened
    return opened
  })
  // Whoever sends something is told; a process that sends nothing goes on.
  opening.catch(() => {})
  return {
    dispatch(options, handler) {
      if (pools !== null) return send(pools, options, handler)
      opening.then((opened) => send(opened, options, handler)).catch((error) => handler.onResponseError?.(null!, error))
      return true
    },
    async destroy() {
      const opened = await opening.catch(() => null)
      await Promise.all([opened?.kept.destroy(), opened?.fresh.destroy()])
    },
  }
}

type Pools = Record<'kept' | 'fresh', Dispatcher>

function send(
  { kept, fresh }: Pools,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): boolean {
  return (options.reset ? fresh : kept).dispatch(options, handler)
}

/** undici takes longer to load than all the rest: what never forwards goes without it, and a server listens before. */
async function openPools(origin: string, connectMs: number): Promise<Pools> {
  const { buildConnector, Pool } = await import('undici')
  const connect = watchConnections(buildConnector({ timeout: connectMs, keepAlive: true }))
  return {
    kept: new Pool(origin, { pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, connect }),
    fresh: new Pool(origin, { pipelining: 1, connect }),
  }
}

function watchConnections(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null)
      connectedAt.set(socket, performance.now())
      socket.on('error', (cause) => socketOfError.set(cause, socket))
      callback(null, socket)
    })
}

/**
 * Whether a request failed because the connection it was given, which stood before `startedAt` (of performance.now()),
 * had been closed under it.
 */
export function isStaleSocketError(error: Error, startedAt: number): boolean {
  const socket = socketOfError.get(error)
  if (socket !== undefined) return connectedAt.get(socket)! < startedAt
  // Of a dispatcher that the host brought, undici tells only whether the connection had served before.
  return ((error as { socket?: { bytesRead?: number } }).socket?.bytesRead ?? 0) > 0
}
