import { ConfigurationError, StorageError } from '@agent-prompt-train/core'

/** Where Postgres says that its own side is at fault, or going away, and the same call may succeed later. */
const UNAVAILABLE = /^(?:08|53|57|58)|^ECONN|^E(?:PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)$|^ENOTFOUND$/
/** The connection's end, by the server (admin_shutdown, crash_shutdown), the system or the driver, which has no code for it. */
const CUT = /^57P0[12]$|^08|^ECONNRESET$|^EPIPE$|^Connection terminated(?: unexpectedly)?$/
/** query_canceled: a statement that took longer than statement_timeout. */
const TIMED_OUT = '57014'
const READ_ONLY = '25006'
const INSUFFICIENT_PRIVILEGE = '42501'
/** What keeps a session from beginning, by SQLSTATE or the system's code: what is wrong, and what to mend. */
const NO_SESSION: ReadonlyMap<string, string> = new Map([
  ['28P01', 'The server refuses the role or its password (28P01): mend user and password.'],
  ['28000', 'The server does not let this role in from here (28000): mend the user, or pg_hba.conf on the server.'],
  ['3D000', 'There is no such database (3D000): mend its name, or create it.'],
  ['ECONNREFUSED', 'The connection is refused (ECONNREFUSED): start the server, or mend host and port.'],
  ['ENOTFOUND', 'The host is not known (ENOTFOUND): mend its name.'],
  ['EAI_AGAIN', 'The host is not known, or the name server does not answer (EAI_AGAIN): mend its name, or try again.'],
])
const UNDEFINED = new Set(['42P01', '3F000', '42883', '42703'])

/** What is kept of an error of the driver: nothing of its text, which quotes values, nor of the statement it carries. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'
  /** SQLSTATE or the system's error code; null where the driver gave none. */
  readonly code: string | null
  readonly table: string | null
  readonly constraint: string | null
  /** Whether the connection was cut: by a server that shuts down or fails over, an administrator, or the network. */
  readonly isCut: boolean

  constructor(error: unknown) {
    const { code, message, table, constraint } = (error ?? {}) as Record<string, unknown>
    super(typeof code === 'string' ? `Postgres refused with ${code}.` : 'The connection to Postgres failed.')
    this.code = typeof code === 'string' ? code : null
    this.table = typeof table === 'string' ? table : null
    this.constraint = typeof constraint === 'string' ? constraint : null
    this.isCut = CUT.test(this.code ?? String(message))
  }
}

/** Whether an error of the contract stands for a connection that was cut. */
export function isCut(error: unknown): boolean {
  return error instanceof StorageError && error.cause instanceof PostgresError && error.cause.isCut
}

/** Turns whatever the driver threw into an error of the contract, without its text. */
export function toStoreError(error: unknown, schema: string): Error {
  if (error instanceof StorageError || error instanceof ConfigurationError || error instanceof PostgresError) {
    return error
  }
  if (error instanceof TypeError || error instanceof RangeError) return error
  const cause = new PostgresError(error)
  const { code } = cause
  if (code === READ_ONLY) return new StorageError('read_only', 'The database is read-only.', { cause })
  if (code === INSUFFICIENT_PRIVILEGE) {
    return new StorageError(
      'not_permitted',
      'The database role lacks the right; purge and migrate as the owner role.',
      {
        cause,
      },
    )
  }
  if (code !== null && UNDEFINED.has(code)) {
    return new ConfigurationError('database', `holds no current schema "${schema}": run \`prompt-train migrate\``, {
      cause,
    })
  }
  // Errors of the driver itself have no code: timeouts, connections that broke, TLS that was refused.
  if (code === null || code === TIMED_OUT || UNAVAILABLE.test(code) || NO_SESSION.has(code) || isTls(code)) {
    return new StorageError('unavailable', unavailableText(error), { cause })
  }
  return cause
}

function isTls(code: string): boolean {
  return /CERT|^ERR_(?:TLS|SSL)|^UNABLE_TO_|^HOSTNAME_MISMATCH|^ERR_SOCKET/.test(code)
}

function unavailableText(error: unknown): string {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown }
  if (message === 'The server does not support SSL connections') {
    return 'The database offers no TLS: switch it on there, or say sslmode=disable for a network that is private.'
  }
  if (typeof code === 'string' && isTls(code)) return `The certificate of the database is not trusted: ${code}.`
  return NO_SESSION.get(String(code)) ?? 'The database cannot be reached.'
}
