import { buildConnector, Dispatcher, Pool } from 'undici'

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
export function createDispatcher(origin: string, connectMs: number): Dispatcher {
  const connect = createConnector(connectMs)
  const kept = new Pool(origin, { pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, connect })
  const fresh = new Pool(origin, { pipelining: 1, connect })
  return Object.assign(new Dispatcher(), {
    dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
      (options.reset ? fresh : kept).dispatch(options, handler),
    close: async () => void (await Promise.all([kept.close(), fresh.close()])),
    destroy: async () => void (await Promise.all([kept.destroy(), fresh.destroy()])),
  })
}

function createConnector(connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, keepAlive: true })
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
