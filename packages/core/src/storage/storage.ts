import type { Secret } from '../secret.js'

/** A value, or the promise of one: stores that hold everything in memory answer without a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** What is stored of a client key: never the key. */
export interface ClientKey {
  /** The public part of the key, 8 base62 characters. */
  readonly keyId: string
  /** SHA-256 of the whole key, 64 lower-case hex characters. */
  readonly digest: string
  /** The tenant the key belongs to. */
  readonly domain: string
  /** What people call the key. */
  readonly label: string | null
  /** Last four characters of the key, for its fingerprint; null where only a digest was ever known. */
  readonly lastFour: string | null
  /** Epoch milliseconds; null where it was not recorded. */
  readonly createdAt: number | null
  /** Epoch milliseconds after which the key is refused; null for never. */
  readonly expiresAt: number | null
  /** Epoch milliseconds since which the key is refused; null while it is good. */
  readonly revokedAt: number | null
}

/** Where client keys are looked up. */
export interface ClientKeyStore {
  /**
   * Finds the key with this id, or null. A store that knows only digests may find it by digest instead.
   * The caller compares the digest and judges expiry and revocation; the store need not.
   */
  find(keyId: string, digest: string): MaybePromise<ClientKey | null>
}

/** What is presented upstream for a domain. */
export type Credential =
  | { readonly type: 'api_key'; readonly apiKey: Secret }
  | {
      readonly type: 'oauth'
      readonly accessToken: Secret
      readonly refreshToken: Secret | null
      /** Epoch milliseconds; null where it is not known. */
      readonly expiresAt: number | null
    }

/** Where upstream credentials are looked up. */
export interface CredentialStore {
  /** Finds the credential of this domain, or null. */
  find(domain: string): MaybePromise<Credential | null>
  /** Client keys kept beside the credentials, where the store has such (credential files do). */
  readonly clientKeys?: ClientKeyStore
}

/** The stores a proxy works with. Mix them as you like: `{ ...memoryStorage(), credentials: fileCredentialStore(dir) }`. */
export interface Storage {
  readonly clientKeys: ClientKeyStore
  readonly credentials: CredentialStore
}
