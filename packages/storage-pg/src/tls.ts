import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { ConfigurationError } from '@agent-prompt-train/core'

/** How far the server must prove who it is, weakest first; as libpq's `sslmode` of the same name. */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

/** TLS towards the database, for hosts that do not say it in the connection string. */
export interface PostgresTls {
  readonly mode: TlsMode
  /** PEM text of the certificates to trust. @default Node's own list, for `verify-full` alone */
  readonly ca?: string
  /** PEM text of the client's certificate. @default none */
  readonly cert?: string
  /** PEM text of the client's private key. @default none */
  readonly key?: string
}

const MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full'] satisfies TlsMode[]

/**
 * Reads the TLS parameters of a connection string as libpq means them (PostgreSQL documentation, section 34.19), where
 * node-postgres has a meaning of its own:
 *
 * - `require` encrypts and verifies nothing, but verifies as `verify-ca` does where `sslrootcert` is given.
 * - `verify-ca` verifies the chain, `verify-full` the host name as well.
 * - `sslrootcert=system` trusts Node's own list, and goes with `verify-full` alone.
 * - `prefer` and `allow` are refused: whoever sits on the line decides whether they encrypt.
 *
 * Where nothing is said, `local` connections are not encrypted and all others are, as by `require`.
 *
 * @throws ConfigurationError when a parameter is unknown, contradictory, or names a file that cannot be read
 */
export function readTlsParameters(parameters: URLSearchParams, local: boolean): PostgresTls {
  const mode = parameters.get('sslmode') ?? (local ? 'disable' : 'require')
  const root = parameters.get('sslrootcert')
  if (mode === 'prefer' || mode === 'allow') {
    throw problem(`sslmode=${mode} falls back to plain text: say verify-full, verify-ca, require, or disable`)
  }
  if (!isMode(mode)) throw problem('sslmode must be disable, require, verify-ca or verify-full')
  if (root === 'system' && mode !== 'verify-full') throw problem('sslrootcert=system goes with sslmode=verify-full')
  const tls = {
    mode: mode === 'require' && root !== null ? ('verify-ca' as const) : mode,
    ...(root !== null && root !== 'system' && { ca: readPem('sslrootcert', root) }),
    ...fileOf('cert', 'sslcert', parameters),
    ...fileOf('key', 'sslkey', parameters),
  }
  assertTls(tls)
  return tls
}

/** @throws ConfigurationError when the parts contradict each other */
export function assertTls({ mode, ca, cert, key }: PostgresTls): void {
  if (!isMode(mode)) throw problem('the TLS mode must be disable, require, verify-ca or verify-full')
  if (mode === 'verify-ca' && ca === undefined) {
    throw problem('verify-ca needs the certificate to trust (sslrootcert): any public CA would do otherwise')
  }
  if ((cert === undefined) !== (key === undefined)) throw problem('a client certificate and its key go together')
}

/** What node-postgres takes as `ssl`. */
export function toSslOption({ mode, ca, cert, key }: PostgresTls): ConnectionOptions | false {
  if (mode === 'disable') return false
  return {
    rejectUnauthorized: mode !== 'require',
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

function isMode(mode: string): mode is TlsMode {
  return MODES.includes(mode)
}

function fileOf(name: 'cert' | 'key', parameter: string, parameters: URLSearchParams): { cert?: string; key?: string } {
  const path = parameters.get(parameter)
  return path === null ? {} : { [name]: readPem(parameter, path) }
}

function readPem(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigurationError('connectionString', `the file of ${parameter} cannot be read`, { cause })
  }
}

function problem(text: string): ConfigurationError {
  return new ConfigurationError('connectionString', text)
}
