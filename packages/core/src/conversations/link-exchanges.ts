import { HistoryIndex } from './history-index.js'
import { type LinkableExchange, scopeOf } from './linkable.js'
import { OriginIndex } from './origin-index.js'

/** How exchanges hang together. */
export interface ExchangeLinks {
  /** What each continues. */
  readonly parents: ReadonlyMap<LinkableExchange, LinkableExchange>
  /** Of a history that begins anew in a known session: the exchange that the session's conversation began with. */
  readonly joined: ReadonlyMap<LinkableExchange, LinkableExchange>
  /** Of the first exchange of a sub-task: the exchange that called for it. */
  readonly tasks: ReadonlyMap<LinkableExchange, LinkableExchange>
}

/** Links exchanges of any domains, which come in order of time. */
export function linkExchanges(exchanges: readonly LinkableExchange[]): ExchangeLinks {
  const linking = new Linking(exchanges)
  for (const exchange of exchanges) linking.continueHistory(exchange)
  for (const exchange of exchanges) linking.placeBeginning(exchange)
  return linking
}

class Linking implements ExchangeLinks {
  readonly parents = new Map<LinkableExchange, LinkableExchange>()
  readonly joined = new Map<LinkableExchange, LinkableExchange>()
  readonly tasks = new Map<LinkableExchange, LinkableExchange>()
  readonly #histories: HistoryIndex
  readonly #origins: OriginIndex
  /** Where the conversation of each session and agent began. */
  readonly #homes = new Map<string, LinkableExchange>()
  /** The newest exchange so far of each session and agent. */
  readonly #newest = new Map<string, LinkableExchange>()

  constructor(exchanges: readonly LinkableExchange[]) {
    this.#histories = new HistoryIndex(exchanges)
    this.#origins = new OriginIndex(exchanges)
  }

  continueHistory(exchange: LinkableExchange): void {
    const parent = this.#histories.findParent(exchange)
    if (parent !== null && !this.#leadsTo(parent, exchange)) this.parents.set(exchange, parent)
  }

  placeBeginning(exchange: LinkableExchange): void {
    const { sessionId, agentId } = exchange
    const scope = scopeOf(exchange)
    const isNamed = sessionId !== null || agentId !== null
    const home = isNamed ? this.#homes.get(scope) : undefined
    if (!this.parents.has(exchange)) this.#place(exchange, home, isNamed ? this.#newest.get(scope) : undefined)
    this.#newest.set(scope, exchange)
    if (!isNamed || home !== undefined) return
    const parent = this.parents.get(exchange)
    const isOwn = parent === undefined || scopeOf(parent) !== scope
    // A session's own conversation does not begin with a sub-task; that of an agent does.
    if (isOwn && (agentId !== null || !this.tasks.has(exchange))) this.#homes.set(scope, exchange)
  }

  /** @param newest of the same session and agent */
  #place(exchange: LinkableExchange, home: LinkableExchange | undefined, newest: LinkableExchange | undefined): void {
    const summarized = this.#origins.findSummarized(exchange)
    if (summarized !== null && !this.#leadsTo(summarized, exchange)) {
      this.parents.set(exchange, summarized)
    } else if (exchange.links === null && newest !== undefined) {
      // Without its body, where in the session it belongs is known by the time alone.
      this.parents.set(exchange, newest)
    } else {
      const called = this.#findCall(exchange, home)
      if (called !== null) this.tasks.set(exchange, called)
      else if (home !== undefined && !this.#leadsTo(home, exchange)) this.joined.set(exchange, home)
    }
  }

  /** The call of a sub-task with this prompt; for an agent's first request, where there is none, what its parent did last. */
  #findCall(exchange: LinkableExchange, home: LinkableExchange | undefined): LinkableExchange | null {
    const isAgent = exchange.agentId !== null
    if (isAgent && home !== undefined) return null
    const called = this.#origins.findTask(exchange)
    if (called !== null && !this.#leadsTo(called, exchange)) return called
    if (!isAgent || exchange.sessionId === null) return null
    return this.#newest.get(scopeOf({ ...exchange, agentId: exchange.parentAgentId })) ?? null
  }

  /** Whether `exchange` comes from `origin`, which it can only where both began in the same millisecond. */
  #leadsTo(exchange: LinkableExchange, origin: LinkableExchange): boolean {
    let at: LinkableExchange | undefined = exchange
    while (at !== undefined && at !== origin && at.startedAt === origin.startedAt)
      at = this.parents.get(at) ?? this.joined.get(at)
    return at === origin
  }
}
