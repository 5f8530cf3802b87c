import {
  type ClientKey,
  type ClientKeyStore,
  type ClientKeyUse,
  type Clock,
  type MaybePromise,
  StorageError,
} from '@agent-prompt-train/core'
import { type ChangeFeed, changeChannel } from './change-feed.js'
import type { Database } from './database.js'
import { Mirror } from './mirror.js'
import { toStorable } from './rows.js'
import { PostgresError } from './store-error.js'

interface KeyRow {
  readonly key_id: string
  readonly digest: string
  readonly domain: string
  readonly label: string | null
  readonly last_four: string | null
  readonly created_at: number | null
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly replaced_by: string | null
  readonly revision: number
}

/** A key as it is looked up. */
interface HeldKey {
  readonly key: ClientKey
  readonly revision: number
}

const UNIQUE_VIOLATION = '23505'
/** More changes than this within a poll, and forgetting all is cheaper than following them. */
const MOST_CHANGES = 1_000

/** Client keys in Postgres. */
export class PostgresClientKeys implements ClientKeyStore {
  readonly #database: Database
  readonly #mirror: Mirror<HeldKey>

  constructor(database: Database, feed: ChangeFeed, clock: Clock) {
    this.#database = database
    this.#mirror = new Mirror(
      feed,
      () => clock.monotonic(),
      (keyId) => this.#read(keyId),
    )
    feed.onChanges((seconds) => this.#takeChanges(seconds))
  }

  find(keyId: string): MaybePromise<ClientKey | null> {
    const held = this.#mirror.find(keyId)
    return held instanceof Promise ? held.then((found) => found?.key ?? null) : (held?.key ?? null)
  }

  async list(domain?: string): Promise<readonly ClientKey[]> {
    const rows = await this.#database.rows<KeyRow>(
      `select * from $<schema:name>.client_keys
      where $1::text is null or domain = $1
      order by created_at nulls first, position`,
      [domain ?? null],
    )
    return rows.map(toClientKey)
  }

  async add(key: ClientKey): Promise<void> {
    try {
      await this.#database.rows(
        `with added as (
          insert into $<schema:name>.client_keys
            (key_id, digest, domain, label, last_four, created_at, expires_at, revoked_at, replaced_by)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
          returning key_id
        )
        select pg_notify($10, '') from added`,
        [
          ...[key.keyId, key.digest, toStorable(key.domain), toStorable(key.label), key.lastFour],
          ...[key.createdAt, key.expiresAt, key.revokedAt, key.replacedBy, changeChannel(this.#database.schema)],
        ],
      )
    } catch (error) {
      if (!(error instanceof PostgresError) || error.code !== UNIQUE_VIOLATION) throw error
      throw new StorageError('key_exists', `A client key with the id ${key.keyId} or its digest is stored already.`, {
        cause: error,
      })
    }
    this.#mirror.put(key.keyId, { key, revision: 1 })
  }

  async update(keyId: string, change: (current: ClientKey) => ClientKey): Promise<ClientKey | null> {
    const held = await this.#database.transaction(async (queries) => {
      const row = await queries.row<KeyRow>('select * from $<schema:name>.client_keys where key_id = $1 for update', [
        keyId,
      ])
      if (row === null) return null
      const { label, lastFour, createdAt, expiresAt, revokedAt, replacedBy } = change(toClientKey(row))
      const changed = await queries.row<KeyRow>(
        `with changed as (
          update $<schema:name>.client_keys set label = $2, last_four = $3, created_at = $4, expires_at = $5,
            revoked_at = $6, replaced_by = $7, revision = revision + 1, changed_at = clock_timestamp()
          where key_id = $1
          returning *
        )
        select changed.*, pg_notify($8, '') from changed`,
        [
          ...[keyId, toStorable(label), lastFour, createdAt, expiresAt, revokedAt, replacedBy],
          changeChannel(this.#database.schema),
        ],
      )
      return toHeldKey(changed!)
    })
    if (held !== null) this.#mirror.put(keyId, held)
    return held?.key ?? null
  }

  async addUses(uses: readonly ClientKeyUse[]): Promise<void> {
    await this.#database.rows(
      `insert into $<schema:name>.client_key_uses as stored (key_id, requests, last_used_at, last_address)
      select key_id, sum(requests), max(last_used_at), (array_agg(last_address order by last_used_at desc, n desc))[1]
      from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
        with ordinality as added (key_id, requests, last_used_at, last_address, n)
      join $<schema:name>.client_keys using (key_id)
      group by key_id
      order by key_id
      on conflict (key_id) do update set
        requests = stored.requests + excluded.requests,
        last_address = case when excluded.last_used_at >= stored.last_used_at
          then excluded.last_address else stored.last_address end,
        last_used_at = greatest(stored.last_used_at, excluded.last_used_at)`,
      [
        uses.map((use) => use.keyId),
        uses.map((use) => use.requests),
        uses.map((use) => use.lastUsedAt),
        uses.map((use) => toStorable(use.lastAddress)),
      ],
    )
  }

  async uses(domain?: string): Promise<readonly ClientKeyUse[]> {
    const rows = await this.#database.rows<{
      key_id: string
      requests: number
      last_used_at: number
      last_address: string | null
    }>(
      `select uses.* from $<schema:name>.client_key_uses uses
      join $<schema:name>.client_keys using (key_id)
      where $1::text is null or domain = $1
      order by position`,
      [domain ?? null],
    )
    return rows.map(({ key_id, requests, last_used_at, last_address }) => ({
      keyId: key_id,
      requests,
      lastUsedAt: last_used_at,
      lastAddress: last_address,
    }))
  }

  async #read(keyId: string): Promise<HeldKey | null> {
    const [row] = await this.#database.repeatable<KeyRow>(
      'select * from $<schema:name>.client_keys where key_id = $1',
      [keyId],
    )
    return row === undefined ? null : toHeldKey(row)
  }

  async #takeChanges(seconds: number): Promise<void> {
    const rows = await this.#database.repeatable<KeyRow>(
      `select * from $<schema:name>.client_keys
      where changed_at > clock_timestamp() - make_interval(secs => $1) limit $2`,
      [seconds, MOST_CHANGES],
    )
    if (rows.length === MOST_CHANGES) this.#mirror.clear()
    for (const row of rows) this.#mirror.change(row.key_id, toHeldKey(row))
  }
}

function toHeldKey(row: KeyRow): HeldKey {
  return { key: toClientKey(row), revision: row.revision }
}

function toClientKey(row: KeyRow): ClientKey {
  return {
    keyId: row.key_id,
    digest: row.digest,
    domain: row.domain,
    label: row.label,
    lastFour: row.last_four,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
  }
}
