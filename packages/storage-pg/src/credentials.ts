import {
  type Clock,
  type Credential,
  type CredentialLease,
  type CredentialStore,
  type MaybePromise,
  StorageError,
} from '@agent-prompt-train/core'
import type { ChangeFeed } from './change-feed.js'
import { fromCredentialJson } from './credential-json.js'
import type { Database } from './database.js'
import { Lease, type StoredCredential } from './lease.js'
import { Mirror } from './mirror.js'
import { toStorable } from './rows.js'

/** A credential as it is looked up. */
interface HeldCredential {
  readonly credential: Credential | null
  readonly revision: number
}

/** More changes than this within a poll, and forgetting all is cheaper than following them. */
const MOST_CHANGES = 1_000

/** Credentials in Postgres: JSON text, sealed or not as it was given. */
export class PostgresCredentials implements CredentialStore {
  readonly #database: Database
  readonly #mirror: Mirror<HeldCredential>
  /** The end of the last change to each domain in this process, which need not contend with itself for the lease. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(database: Database, feed: ChangeFeed, clock: Clock) {
    this.#database = database
    this.#mirror = new Mirror(
      feed,
      () => clock.monotonic(),
      (domain) => this.#read(domain),
    )
    feed.onChanges((seconds) => this.#takeChanges(seconds))
  }

  find(domain: string): MaybePromise<Credential | null> {
    const held = this.#mirror.find(toStorable(domain))
    return held instanceof Promise ? held.then((found) => found?.credential ?? null) : (held?.credential ?? null)
  }

  async list(): Promise<readonly string[]> {
    const rows = await this.#database.rows<{ domain: string }>(
      'select domain from $<schema:name>.credentials where credential is not null order by domain collate "C"',
    )
    return rows.map(({ domain }) => domain)
  }

  update(
    domain: string,
    change: (current: Credential | null, lease: CredentialLease) => MaybePromise<Credential | null>,
  ): Promise<Credential | null> {
    const earlier = this.#turns.get(domain) ?? Promise.resolve()
    const result = earlier.then(() => this.#update(toStorable(domain), change))
    const ended = result.then(
      () => {},
      () => {},
    )
    this.#turns.set(domain, ended)
    void ended.then(() => {
      if (this.#turns.get(domain) === ended) this.#turns.delete(domain)
    })
    return result
  }

  async #update(
    domain: string,
    change: (current: Credential | null, lease: CredentialLease) => MaybePromise<Credential | null>,
  ): Promise<Credential | null> {
    const lease = await Lease.take(this.#database, domain, (stored) => this.#mirror.put(domain, toHeld(stored)))
    let changed: Credential | null
    let current: Credential | null
    try {
      current = toHeld(lease.stored).credential
      changed = await change(current, lease)
    } catch (error) {
      await lease.release()
      throw error
    }
    if (changed !== current) {
      await lease.saveAndRelease(changed)
    } else {
      if (lease.signal.aborted)
        throw new StorageError('lease_lost', `The lease on the credential of ${domain} is lost.`)
      await lease.release()
    }
    return changed
  }

  async #read(domain: string): Promise<HeldCredential | null> {
    const [row] = await this.#database.repeatable<StoredCredential>(
      'select credential, revision from $<schema:name>.credentials where domain = $1',
      [domain],
    )
    return row === undefined ? null : toHeld(row)
  }

  async #takeChanges(seconds: number): Promise<void> {
    const rows = await this.#database.repeatable<StoredCredential & { domain: string }>(
      `select domain, credential, revision from $<schema:name>.credentials
      where changed_at > clock_timestamp() - make_interval(secs => $1) limit $2`,
      [seconds, MOST_CHANGES],
    )
    if (rows.length === MOST_CHANGES) this.#mirror.clear()
    for (const row of rows) this.#mirror.change(row.domain, toHeld(row))
  }
}

function toHeld({ credential, revision }: StoredCredential): HeldCredential {
  return { credential: credential === null ? null : fromCredentialJson(credential), revision }
}
