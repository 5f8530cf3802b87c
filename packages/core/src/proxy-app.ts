import type { CredentialHealth } from './credentials/resolve.js'
import type { Mountable } from './mountable.js'
import type { RecorderHealth } from './record/recorder.js'

/** How the proxy stands. */
export interface ProxyHealth {
  readonly status: 'ok' | 'draining'
  /** Exchanges under way. */
  readonly inFlight: number
  /** Null where exchanges are not recorded. */
  readonly recorder: RecorderHealth | null
  readonly credentials: CredentialHealth
}

/** Forwards requests to the Claude API; mount it with an adapter. */
export interface ProxyApp extends Mountable {
  health(): ProxyHealth
  /**
   * Drains: new requests get 503, those under way finish within `drainMs` (default 30,000) and are cut after that;
   * then what is still to be recorded is written, for up to 10 seconds, and what the proxy opened is closed. A second
   * call waits for the first.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}
