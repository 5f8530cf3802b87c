interface ErrorRow {
  readonly status: number
  /** Anthropic's error type, so that SDKs raise their own class. */
  readonly type: string
  /** Fixed text for the client: nothing of the request, the upstream or the set-up. */
  readonly message: string
  /** Whether the same request may succeed later. False is sent as `x-should-retry: false`. */
  readonly retry: boolean
}

/** Every failure of ours, by code: what the client is told. Anthropic's own errors pass through and are not here. */
export const errorTable = {
  request_malformed: row(400, 'invalid_request_error', 'The request is malformed.'),
  target_malformed: row(400, 'invalid_request_error', 'The request target is malformed.'),
  authentication_failed: row(401, 'authentication_error', 'A valid client key is required.'),
  address_not_allowed: row(403, 'permission_error', 'Requests from this address are not allowed.'),
  host_not_allowed: row(403, 'permission_error', 'This client key is not for this host.'),
  target_not_allowed: row(404, 'not_found_error', 'This method and path are not available here.'),
  request_timeout: row(408, 'timeout_error', 'The request body did not arrive in time.', true),
  body_too_large: row(413, 'request_too_large', 'The request body is larger than this server accepts.'),
  headers_too_many: row(431, 'invalid_request_error', 'The request has more header lines than this server accepts.'),
  authentication_throttled: row(
    429,
    'rate_limit_error',
    'Too many failed authentications. Check the client key, and try again later.',
    true,
  ),
  body_consumed: row(
    500,
    'api_error',
    "Set-up error: something read this request's body before the proxy did. Mount the proxy before body parsers and body limits (express.json(), c.req.json() and the like); on Express the exact bytes may also be kept as req.rawBody.",
  ),
  internal: row(500, 'api_error', 'Internal error.'),
  transfer_coding_unsupported: row(501, 'api_error', 'Only the chunked transfer coding is supported.'),
  upstream_unreachable: row(502, 'api_error', 'The upstream could not be reached.', true),
  upstream_broken: row(502, 'api_error', 'The upstream answer broke off or was not valid HTTP.', true),
  upstream_redirect: row(502, 'api_error', 'The upstream answered with a redirect.'),
  credential_refused: row(502, 'api_error', 'The upstream refused the credential of this server.'),
  credential_unavailable: row(503, 'api_error', 'No usable upstream credential is configured for this client.'),
  credential_refresh_failed: row(503, 'api_error', 'The upstream credential could not be renewed just now.', true),
  storage_unavailable: row(503, 'api_error', 'The key store cannot be reached.', true),
  draining: row(503, 'api_error', 'The server is shutting down.', true),
  upstream_timeout: row(504, 'timeout_error', 'The upstream did not answer in time.', true),
} as const satisfies Record<string, ErrorRow>

/** Names one row of {@link errorTable}. Stable: match on it rather than on the message. */
export type ProxyErrorCode = keyof typeof errorTable

/** What all errors here have: a stable code, and an `instanceof` that holds across two copies of this package. */
abstract class CodedError<Code extends string> extends Error {
  declare protected static readonly brand: symbol
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, new.target.brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: each class has a brand of its own.
    return typeof value === 'object' && value !== null && this.brand in value
  }
}

/** A failure that a client is told of. `message` is fixed text; `cause` is for the log alone. */
export class ProxyError extends CodedError<ProxyErrorCode> {
  protected static override readonly brand = Symbol.for('agent-prompt-train.ProxyError')
  override readonly name = 'ProxyError'
  /** HTTP status of the answer. */
  readonly status: number
  /** Anthropic's error type in the answer. */
  readonly type: string
  readonly retry: boolean
  /** When a retry may succeed, sent as `Retry-After`; null where it is not known. */
  readonly retryAfterMs: number | null

  constructor(code: ProxyErrorCode, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    const { status, type, message, retry } = errorTable[code]
    super(code, message, options)
    this.status = status
    this.type = type
    this.retry = retry
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

/** Thrown to the embedder while constructing: names the option at fault and how to mend it, never its secret value. */
export class ConfigurationError extends CodedError<'configuration_error'> {
  protected static override readonly brand = Symbol.for('agent-prompt-train.ConfigurationError')
  override readonly name = 'ConfigurationError'
  /** The option, environment variable, or file and field at fault. */
  readonly option: string

  constructor(option: string, problem: string, options?: ErrorOptions) {
    super('configuration_error', `${option}: ${problem}`, options)
    this.option = option
  }
}

/** Names what a store refused. Stable: match on it rather than on the message. */
export type StorageErrorCode =
  | 'key_exists'
  | 'domain_unknown'
  | 'lease_lost'
  | 'read_only'
  | 'write_failed'
  /** What is behind the store does not answer. The same call may succeed later. */
  | 'unavailable'
  /** The store's own account lacks the right. */
  | 'not_permitted'

/** Thrown by stores; never tells a secret. */
export class StorageError extends CodedError<StorageErrorCode> {
  protected static override readonly brand = Symbol.for('agent-prompt-train.StorageError')
  override readonly name = 'StorageError'
}

/** Names why a client key cannot be rotated or revoked. Stable: match on it rather than on the message. */
export type ClientKeyErrorCode = 'key_unknown' | 'key_revoked' | 'key_expired' | 'key_replaced'

/** Thrown to whoever manages client keys. */
export class ClientKeyError extends CodedError<ClientKeyErrorCode> {
  protected static override readonly brand = Symbol.for('agent-prompt-train.ClientKeyError')
  override readonly name = 'ClientKeyError'
}

/** Names why something could not be sealed or opened. Stable: match on it rather than on the message. */
export type KeyRingErrorCode = 'key_unknown' | 'key_unavailable' | 'not_authentic' | 'malformed' | 'not_sealed'

/** Thrown where a key ring seals and opens; never tells a key or what is sealed. */
export class KeyRingError extends CodedError<KeyRingErrorCode> {
  protected static override readonly brand = Symbol.for('agent-prompt-train.KeyRingError')
  override readonly name = 'KeyRingError'
}

/** What the client is told of `error`. A store that cannot answer does not make a valid key wrong: it may come again. */
export function toProxyError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const unavailable = error instanceof StorageError && error.code === 'unavailable'
  return new ProxyError(unavailable ? 'storage_unavailable' : 'internal', { cause: error })
}

/** The answer's body in the Anthropic API's error shape, as JSON text. */
export function toErrorBody(error: ProxyError, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type: error.type, message: error.message },
    request_id: requestId,
  })
}

function row(status: number, type: string, message: string, retry = false): ErrorRow {
  return { status, type, message, retry }
}
