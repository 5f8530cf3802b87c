import { buildConnector, type Dispatcher, Pool } from 'undici'

/**
 * How long an unused connection is kept. Far below the minutes that the API's edge keeps its end, long enough that a
 * busy team rarely waits for a handshake.
 */
const KEEP_ALIVE_MS = 30_000

const reusedSocketErrors = new WeakSet<object>()

/** Creates the connection pool to the one upstream. Streams hold a connection for minutes, so their number is open. */
export function createDispatcher(origin: string, connectMs: number): Dispatcher {
  const connect = buildConnector({ timeout: connectMs, keepAlive: true })
  return new Pool(origin, {
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect(options, callback) {
      connect(options, (error, socket) => {
        if (error !== null) return callback(error, null)
        // undici says of its own errors how much the socket had read, not of the system's.
        socket.on('error', (cause) => {
          if (socket.bytesRead > 0) reusedSocketErrors.add(cause)
        })
        callback(null, socket)
      })
    },
  })
}

/** Whether a request failed because its connection, which had served others before, was closed under it. */
export function isReusedSocketError(error: Error): boolean {
  const { socket } = error as { socket?: { bytesRead?: number } }
  return reusedSocketErrors.has(error) || (socket?.bytesRead ?? 0) > 0
}
