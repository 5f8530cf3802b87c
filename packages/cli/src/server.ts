import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '@agent-prompt-train/core'
import type { Environment } from './environment.js'
import { refuseExpectation, refuseMalformed } from './host-answers.js'

/**
 * How long an idle client connection is kept. Load balancers keep theirs for 60 s and reuse them: if ours closed first,
 * a request already on its way would meet a closed socket and fail with a 502 that is nobody's fault.
 */
const KEEP_ALIVE_MS = 65_000
/** How long a slow reader may take for the rest of its answer once no exchange is under way. */
const LINGER_MS = 3_000

/** A server that listens. */
export interface ListeningServer {
  /** `http://host:port`, as a client on this machine reaches it. */
  readonly address: string
  /** Closes the connections that carry no request. */
  closeIdle(): void
  /** Stops listening; resolves once every connection is closed. */
  close(): Promise<void>
}

/**
 * Starts an HTTP server.
 *
 * @throws ConfigurationError that names PORT or HOST when the address cannot be listened on
 */
export async function listen(
  listener: RequestListener,
  { host, port }: Pick<Environment, 'host' | 'port'>,
): Promise<ListeningServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener)
  server.on('checkExpectation', refuseExpectation)
  server.on('clientError', refuseMalformed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  return {
    address: toAddress(host, (server.address() as AddressInfo).port),
    closeIdle: () => server.closeIdleConnections(),
    close: () => close(server),
  }
}

function close(server: Server): Promise<void> {
  // Connections become idle one by one as their last answer is read.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), LINGER_MS)
  return new Promise((resolve) => {
    server.close(() => {
      clearInterval(idle)
      clearTimeout(cut)
      resolve()
    })
  })
}

function toAddress(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function toProblem(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigurationError(
        'PORT',
        `${port} is in use on ${host}: stop what listens there, or set another PORT`,
      )
    case 'EACCES':
      return new ConfigurationError('PORT', `${port} may not be listened on by this user: set one above 1023`)
    default:
      return new ConfigurationError(
        'HOST',
        `cannot be listened on (${error.code}): set an address of this machine, such as 127.0.0.1 or 0.0.0.0`,
      )
  }
}
