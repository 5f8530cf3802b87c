import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Credential, type CredentialLease, StorageError } from '@agent-prompt-train/core'
import { changeChannel } from './change-feed.js'
import { fromCredentialJson, toCredentialJson } from './credential-json.js'
import type { Database } from './database.js'

/** How long a holder that says nothing keeps the lease, by the database's clock: takeover is in under 10 seconds. */
const LEASE_SECONDS = 6
const HEARTBEAT_MS = 1_500
const TRY_MS = { first: 25, most: 250 }
/** How long a result is held on to while the database does not answer: a refresh token that was spent is in it. */
const SAVE_FOR_MS = 60_000

/** A domain's credential as it is stored. */
export interface StoredCredential {
  readonly credential: string | null
  readonly revision: number
}

/**
 * The right to change one domain's credential: a row that names the holder, until when, and the how many-th it is. No
 * transaction stays open while it is held. Every write is made under the condition that the holder is still the one
 * named, so one that froze and was overtaken can store nothing.
 */
export class Lease implements CredentialLease {
  /** What was stored when the lease was taken. */
  readonly stored: StoredCredential
  readonly #database: Database
  readonly #domain: string
  readonly #owner: string
  readonly #generation: number
  readonly #lost = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  readonly #onSaved: (stored: StoredCredential) => void
  #ended = false

  private constructor(
    database: Database,
    domain: string,
    owner: string,
    row: StoredCredential & { readonly generation: number },
    onSaved: (stored: StoredCredential) => void,
  ) {
    this.#database = database
    this.#domain = domain
    this.#owner = owner
    this.#generation = row.generation
    this.#onSaved = onSaved
    this.stored = { credential: row.credential, revision: row.revision }
    this.#heartbeat = setInterval(() => void this.#prolong(), HEARTBEAT_MS).unref()
  }

  /**
   * Takes the lease, waiting for as long as another holds it.
   *
   * @throws StorageError `unavailable` when the database cannot be reached
   */
  static async take(database: Database, domain: string, onSaved: (stored: StoredCredential) => void): Promise<Lease> {
    const owner = randomUUID()
    for (let waitMs = TRY_MS.first; ; waitMs = Math.min(waitMs * 1.5, TRY_MS.most)) {
      // Naming itself lets an attempt whose answer was lost find that it succeeded.
      const [row] = await database.repeatable<StoredCredential & { generation: number }>(
        `insert into $<schema:name>.credentials as held (domain, lease_owner, lease_generation, lease_expires_at)
        values ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
        on conflict (domain) do update set
          lease_owner = excluded.lease_owner,
          lease_generation = case when held.lease_owner = $2 then held.lease_generation else held.lease_generation + 1 end,
          lease_expires_at = clock_timestamp() + make_interval(secs => $3)
        where held.lease_owner = $2 or held.lease_expires_at is null or held.lease_expires_at < clock_timestamp()
        returning credential, revision, lease_generation as generation`,
        [domain, owner, LEASE_SECONDS],
      )
      if (row !== undefined) return new Lease(database, domain, owner, row, onSaved)
      await sleep(waitMs * (0.5 + Math.random() / 2))
    }
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  save(credential: Credential): Promise<void> {
    return this.#store(credential, false)
  }

  async read(): Promise<Credential | null> {
    const row = await this.#insist(() =>
      this.#database.row<Pick<StoredCredential, 'credential'>>(
        'select credential from $<schema:name>.credentials where domain = $1',
        [this.#domain],
      ),
    )
    const text = row?.credential ?? null
    return text === null ? null : fromCredentialJson(text)
  }

  /**
   * Stores the end of the change and gives the lease back.
   *
   * @throws StorageError `lease_lost` when another has taken over; nothing is stored then
   */
  async saveAndRelease(credential: Credential | null): Promise<void> {
    try {
      await this.#store(credential, true)
    } finally {
      this.#end()
    }
  }

  /** Gives the lease back and stores nothing. Where that fails it runs out by itself. */
  async release(): Promise<void> {
    this.#end()
    await this.#database
      .rows(
        `update $<schema:name>.credentials set lease_expires_at = '-infinity'
        where domain = $1 and lease_owner = $2 and lease_generation = $3`,
        [this.#domain, this.#owner, this.#generation],
      )
      .catch(() => {})
  }

  async #store(credential: Credential | null, last: boolean): Promise<void> {
    if (this.#ended) throw this.#lose()
    const text = credential === null ? null : toCredentialJson(credential)
    const row = await this.#insist(() =>
      this.#database.row<StoredCredential>(
        `with saved as (
          update $<schema:name>.credentials set
            credential = $4, revision = revision + 1, changed_at = clock_timestamp(),
            lease_expires_at = case when $5 then '-infinity' else clock_timestamp() + make_interval(secs => $6) end
          where domain = $1 and lease_owner = $2 and lease_generation = $3
          returning credential, revision
        )
        select saved.*, pg_notify($7, '') from saved`,
        [
          ...[this.#domain, this.#owner, this.#generation, text, last, LEASE_SECONDS],
          changeChannel(this.#database.schema),
        ],
      ),
    )
    if (row === null) throw this.#lose()
    this.#onSaved(row)
  }

  /**
   * Tries again for as long as the database does not answer. It may have stored what it could not confirm; the same
   * again does no harm, because a lease given back stays in the holder's name until the next one takes it.
   */
  async #insist<T>(attempt: () => Promise<T>): Promise<T> {
    const until = Date.now() + SAVE_FOR_MS
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        return await attempt()
      } catch (error) {
        const mayPass = error instanceof StorageError && error.code === 'unavailable'
        if (!mayPass || Date.now() > until) throw error
        await sleep(waitMs)
      }
    }
  }

  async #prolong(): Promise<void> {
    try {
      const row = await this.#database.row(
        `update $<schema:name>.credentials set lease_expires_at = clock_timestamp() + make_interval(secs => $4)
        where domain = $1 and lease_owner = $2 and lease_generation = $3 and lease_expires_at > '-infinity'
        returning 1`,
        [this.#domain, this.#owner, this.#generation, LEASE_SECONDS],
      )
      if (row === null && !this.#ended) this.#lose()
    } catch {
      // Whether the lease is lost is known when the database answers again.
    }
  }

  #end(): void {
    this.#ended = true
    clearInterval(this.#heartbeat)
  }

  #lose(): StorageError {
    this.#end()
    this.#lost.abort()
    return new StorageError(
      'lease_lost',
      `Another process has taken over the change of the credential of ${this.#domain}.`,
    )
  }
}
