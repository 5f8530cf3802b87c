import { ConfigurationError, Secret } from '@agent-prompt-train/core'
import { assertTls, type PostgresTls, readTlsParameters, type TlsMode } from './tls.js'

/** What may be shown of a connection: no user, no password. */
export interface ConnectionFacts {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  /** How the server proves who it is; `disable` where the connection is not encrypted. */
  readonly tls: TlsMode
  /** Whether nobody else on the machine's network can be on the line: a loopback address or a Unix socket. */
  readonly local: boolean
}

/** A connection string, taken apart. */
export interface Connection {
  readonly facts: ConnectionFacts
  readonly user: string
  readonly password: Secret
  readonly tls: PostgresTls
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

/**
 * Takes a connection string apart: `postgresql://user:password@host:port/database?sslmode=verify-full`, with `host` as a
 * parameter for Unix sockets.
 *
 * @throws ConfigurationError naming the part at fault, never its value
 */
export function parseConnectionString(connectionString: string, tls?: PostgresTls): Connection {
  const url = toUrl(connectionString)
  const parameters = url.searchParams
  const host = parameters.get('host') ?? decode(url.hostname).replace(/^\[|\]$/g, '')
  if (host === '') throw problem('names no host')
  if (host.includes(',')) throw problem('names several hosts: give one, such as that of a proxy in front of them')
  const user = decode(url.username) || parameters.get('user')
  if (user === null || user === '') throw problem('names no user')
  const database = decode(url.pathname.slice(1))
  if (tls !== undefined && parameters.has('sslmode')) throw problem('says sslmode beside the option ssl: say it once')
  if (tls !== undefined) assertTls(tls)
  const local = LOOPBACK.test(host) || host.startsWith('/')
  const resolved = tls ?? readTlsParameters(parameters, local)
  return {
    facts: { host, port: Number(url.port || 5432), database: database || user, tls: resolved.mode, local },
    user,
    password: new Secret(decode(url.password)),
    tls: resolved,
  }
}

/**
 * What may be shown of a connection string, without connecting.
 *
 * @throws ConfigurationError naming the part at fault, never its value
 */
export function toConnectionFacts(connectionString: string): ConnectionFacts {
  return parseConnectionString(connectionString).facts
}

/** The URL parser's own error quotes the whole string, password included, so it is not passed on. */
function toUrl(connectionString: string): URL {
  // A URL without a host is no URL to the parser, but common for Unix sockets.
  const text = connectionString.replace(/^(postgres(?:ql)?:\/\/(?:[^/?@]*@)?)\//, '$1unix-socket/')
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) throw problem('must be a postgresql:// URL')
  if (text !== connectionString && !url.searchParams.has('host')) throw problem('names no host')
  return url
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw problem('has a % that begins no escape: write it as %25')
  }
}

function problem(text: string): ConfigurationError {
  return new ConfigurationError('connectionString', text)
}
