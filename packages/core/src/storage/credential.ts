import type { Secret } from '../secret.js'

/** An upstream API key. */
export interface ApiKeyCredential {
  readonly type: 'api_key'
  readonly apiKey: Secret
}

/** What is known of the refreshes of an OAuth credential. */
export interface OAuthRefreshState {
  /** Epoch milliseconds of the login or last successful refresh; null where it is not known. */
  readonly refreshedAt: number | null
  /**
   * A refresh that was begun and is not known to have ended. It is stored before the call, because a refresh token
   * can be spent once: a process that dies within the call would else leave no trace of having spent it. It stays
   * beside a permanent failure, and beside one that leaves open whether the token was spent, to tell which token that was.
   */
  readonly intent: {
    /** SHA-256 of the refresh token about to be spent, 64 lower-case hex characters. */
    readonly tokenDigest: string
    /** Epoch milliseconds. */
    readonly startedAt: number
    /** The process, as `host:pid:random`. */
    readonly owner: string
  } | null
  /** The last failure, until a refresh succeeds. */
  readonly failure: {
    /** Epoch milliseconds. */
    readonly at: number
    /** The error code of RFC 6749 section 5.2, or ours. */
    readonly error: string
    /** Whether only a new login helps: the credential needs one. */
    readonly permanent: boolean
    /** Epoch milliseconds before which no process tries again. */
    readonly retryAt: number
  } | null
}

/** An OAuth access token with what renews it. */
export interface OAuthCredential {
  readonly type: 'oauth'
  readonly accessToken: Secret
  /** Null for a token that cannot be renewed. */
  readonly refreshToken: Secret | null
  /** Epoch milliseconds; null where it is not known. */
  readonly expiresAt: number | null
  /**
   * Whether it is one of a subscription plan (Free, Pro, Max, Team, Enterprise) rather than of a Console organisation.
   * @default not known: a credential that has a refresh token counts as one
   */
  readonly subscription?: boolean
  readonly refresh: OAuthRefreshState
}

/** Workload identity federation: an assertion of the host's identity provider is exchanged for a short-lived token. */
export interface FederationCredential {
  readonly type: 'federation'
  /** `fdrl_…` */
  readonly federationRuleId: string
  readonly organizationId: string
  /** `svac_…` */
  readonly serviceAccountId: string
  /** `wrkspc_…` */
  readonly workspaceId: string | null
  /** The file that holds the assertion, read anew for each exchange; null where the host gives it by callback. */
  readonly assertionFile: string | null
}

/** A credential at rest that only a key ring opens. Stores keep it as it is; nothing can be sent with it. */
export interface SealedCredential {
  readonly type: 'sealed'
  /** Which key of the ring it is sealed with. */
  readonly ringKeyId: string
  /** What `Sealer.seal` gave for the purpose `credential` and the domain as id, base64. */
  readonly sealed: string
}

/** What is stored for a domain to present upstream. */
export type Credential = ApiKeyCredential | OAuthCredential | FederationCredential | SealedCredential

/** The caller's own, to be sent as it came; it is never stored. */
export interface PassedCredential {
  readonly type: 'passed'
  /** The value of the `Authorization` header; null where the caller sent none. */
  readonly authorization: Secret | null
}

/**
 * A credential that can be sent as it is: an API key, a valid access token however it was come by, or the caller's own.
 */
export type UsableCredential =
  | ApiKeyCredential
  | (Pick<OAuthCredential, 'type' | 'accessToken'> & Partial<OAuthCredential>)
  | PassedCredential

/** The state of a credential that was never refreshed. */
export const neverRefreshed: OAuthRefreshState = { refreshedAt: null, intent: null, failure: null }

/**
 * Whether an API key or token can be sent: visible ASCII alone, so that nothing of it can end the header it stands in
 * (RFC 9110 sections 5.5 and 11.2).
 */
export function isCredentialText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}
