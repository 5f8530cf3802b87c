import type { Credential } from './credential.js'
import type { ExchangeStore } from './exchange-store.js'

/** A value, or the promise of one: stores that hold everything in memory answer without a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** Whether it is a promise, of whatever library: what is not is the value itself. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | null)?.then === 'function'
}

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
  /** Id of the key that a rotation made in place of this one; null for a key that was not rotated. */
  readonly replacedBy: string | null
}

/** Finds client keys: all that serving requests takes. */
export interface ClientKeyLookup {
  /**
   * Finds the key with this id, or null. A store that knows only digests may find it by digest instead.
   * The caller compares the digest and judges expiry and revocation; the store need not.
   */
  find(keyId: string, digest: string): MaybePromise<ClientKey | null>
}

/** How often a client key was used, and by whom last. */
export interface ClientKeyUse {
  readonly keyId: string
  /** Requests that the key was accepted for. */
  readonly requests: number
  /** Epoch milliseconds of the last of them. */
  readonly lastUsedAt: number
  /** Address that the last of them came from; null where it could not be told. */
  readonly lastAddress: string | null
}

/**
 * Keeps client keys. What one handle on a store has changed, `find` of another handle or process sees within 5 seconds,
 * and of the same handle at once.
 */
export interface ClientKeyStore extends ClientKeyLookup {
  /** The keys of `domain`, or of every domain, oldest first, those no longer good included. */
  list(domain?: string): Promise<readonly ClientKey[]>
  /**
   * Stores a new key.
   *
   * @throws StorageError `key_exists` when a key with this id or digest is stored
   * @throws StorageError `domain_unknown` where the store keeps keys beside credentials and has none for this domain
   */
  add(key: ClientKey): Promise<void>
  /**
   * Stores what `change` makes of the key, and returns it; null, without a call of `change`, where there is no such
   * key. Changes to one key run one at a time across every process that shares the store, each sees the last result,
   * and nothing is stored if `change` throws. Id, digest and domain never change.
   */
  update(keyId: string, change: (current: ClientKey) => ClientKey): Promise<ClientKey | null>
  /**
   * Adds to the counts of use; `lastUsedAt` never goes back. Called every few seconds with what has come together, so
   * that a busy key costs one write. Unknown keys are ignored.
   */
  addUses(uses: readonly ClientKeyUse[]): Promise<void>
  /** The use of the keys of `domain`, or of every domain; keys never used are absent. */
  uses(domain?: string): Promise<readonly ClientKeyUse[]>
}

/** Finds credentials: all that serving requests takes where nothing is to be refreshed. */
export interface CredentialLookup {
  /** Finds the credential of this domain, or null. */
  find(domain: string): MaybePromise<Credential | null>
  /** Client keys kept beside the credentials, where the store has such (credential files do). */
  readonly clientKeys?: ClientKeyLookup
}

/** The right to change one domain's credential, held while `change` runs. */
export interface CredentialLease {
  /**
   * Stores an interim credential durably before it resolves. It stays even if `change` rejects later.
   *
   * @throws StorageError `lease_lost` when another process has taken over; nothing is stored then
   */
  save(credential: Credential): Promise<void>
  /**
   * What is stored at this moment, from the storage itself and never from memory. It is not what `change` was given or
   * has saved where somebody who knows of no lease has written: a file was pasted, a backup restored.
   *
   * @throws what the store throws
   */
  read(): Promise<Credential | null>
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal
}

/** Keeps credentials. What one handle on a store has changed, another handle or process sees within 5 seconds. */
export interface CredentialStore extends CredentialLookup {
  /** The domains that have a credential, sorted. */
  list(): Promise<readonly string[]>
  /**
   * Stores what `change` makes of the domain's credential (null: there is none), durably, and returns it; a change that
   * returns what it was given stores nothing.
   *
   * - Changes to one domain run one at a time across every process that shares the store, each sees the last result.
   * - Changes to different domains do not wait for each other.
   * - Nothing is stored if `change` rejects, but what it saved by its lease.
   * - A holder that dies or freezes is taken over in under 10 seconds, and fenced off: it can store nothing any more.
   *
   * @throws StorageError `lease_lost` when another process took over while `change` ran
   * @throws what `change` throws
   */
  update(
    domain: string,
    change: (current: Credential | null, lease: CredentialLease) => MaybePromise<Credential | null>,
  ): Promise<Credential | null>
}

/** The stores a proxy works with. Mix them as you like: `{ ...memoryStorage(), credentials: fileCredentialStore(dir) }`. */
export interface Storage {
  readonly clientKeys: ClientKeyStore
  readonly credentials: CredentialStore
  readonly exchanges: ExchangeStore
  /** Closes what the storage opened itself. */
  close(): Promise<void>
}
