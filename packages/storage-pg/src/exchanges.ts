import type {
  AppendReport,
  Cost,
  ExchangeFilter,
  ExchangePage,
  ExchangeRecord,
  ExchangeStore,
  PurgeReport,
  RepriceReport,
  Retention,
  UsageDimension,
  UsageRow,
} from '@agent-prompt-train/core'
import { appendExchanges } from './append.js'
import type { Database } from './database.js'
import { Partitions } from './partitions.js'
import { deleteDomainRows, purgeExchanges } from './purge.js'
import { exportExchanges, findExchange, listExchanges } from './read.js'
import { repriceExchanges } from './reprice.js'
import { fromDomainColumn } from './rows.js'
import { sumUsage } from './usage.js'

/** An exchange that is on hold. */
export interface Hold {
  readonly requestId: string
  /** Null for one refused before its domain was known. */
  readonly domain: string | null
  /** Epoch milliseconds. */
  readonly heldAt: number
}

/** Exchange records in Postgres. `purge` and `deleteDomain` want the owner role. */
export interface PostgresExchangeStore extends ExchangeStore {
  /**
   * Keeps an exchange and its content from `purge` and `deleteDomain` until it is released: a legal hold. False where
   * there is no such exchange.
   */
  hold(requestId: string): Promise<boolean>
  /** Ends a hold: the exchange goes with the next purge that it is too old for. False where there was none. */
  release(requestId: string): Promise<boolean>
  /** What is on hold now, the oldest hold first. */
  holds(): Promise<readonly Hold[]>
}

/** One statement, or one function of a file beside this one, for each method. */
export class PostgresExchanges implements PostgresExchangeStore {
  readonly #database: Database
  readonly #partitions: Partitions

  constructor(database: Database) {
    this.#database = database
    this.#partitions = new Partitions(database)
  }

  append(records: readonly ExchangeRecord[]): Promise<AppendReport> {
    return appendExchanges(this.#database, this.#partitions, records)
  }

  find(requestId: string): Promise<ExchangeRecord | null> {
    return findExchange(this.#database, requestId)
  }

  list(filter: ExchangeFilter, page: { readonly limit: number; readonly after?: string }): Promise<ExchangePage> {
    return listExchanges(this.#database, filter, page)
  }

  export(filter: ExchangeFilter): AsyncIterable<ExchangeRecord> {
    return exportExchanges(this.#database, filter)
  }

  usage(filter: ExchangeFilter, by: readonly UsageDimension[]): Promise<readonly UsageRow[]> {
    return sumUsage(this.#database, filter, by)
  }

  reprice(filter: ExchangeFilter, price: (record: ExchangeRecord) => Cost | null): AsyncIterable<RepriceReport> {
    return repriceExchanges(this.#database, filter, price)
  }

  purge(now: number, retention: Retention, domains: Readonly<Record<string, Retention>> = {}): Promise<PurgeReport> {
    return purgeExchanges(this.#database, now, retention, domains)
  }

  deleteDomain(domain: string): Promise<PurgeReport> {
    return deleteDomainRows(this.#database, domain)
  }

  async hold(requestId: string): Promise<boolean> {
    const row = await this.#database.row(
      `insert into $<schema:name>.holds (domain, request_id)
      select domain, request_id from $<schema:name>.exchanges where request_id = $1
      on conflict (domain, request_id) do update set held_at = clock_timestamp(), released_at = null
      returning 1`,
      [requestId],
    )
    return row !== null
  }

  async release(requestId: string): Promise<boolean> {
    const row = await this.#database.row(
      `update $<schema:name>.holds set released_at = clock_timestamp()
      where request_id = $1 and released_at is null
      returning 1`,
      [requestId],
    )
    return row !== null
  }

  async holds(): Promise<readonly Hold[]> {
    const rows = await this.#database.rows<Hold & { readonly domain: string }>(
      `select request_id as "requestId", domain, held_at as "heldAt"
      from $<schema:name>.holds where released_at is null
      order by held_at, request_id`,
    )
    return rows.map((hold) => ({ ...hold, domain: fromDomainColumn(hold.domain) }))
  }
}
