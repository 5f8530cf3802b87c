import { HistoryIndex } from './history-index.js'
import type { LinkableExchange } from './linkable.js'
import { scopeOf } from './linkable.js'
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
    if (parent !== null) this.parents.set(exchange, parent)
  }

  placeBeginning(exchange: LinkableExchange): void {
    const scope = scopeOf(exchange)
    if (!this.parents.has(exchange)) this.#place(exchange, scope)
    this.#newest.set(scope, exchange)
  }

  #place(exchange: LinkableExchange, scope: string): void {
    const { sessionId, agentId, links } = exchange
    const hasHeaders = sessionId !== null || agentId !== null
    const before = this.#newest.get(scope)
    const summarized = this.#origins.findSummarized(exchange)
    if (summarized !== null && !this.#leadsTo(summarized, exchange)) {
      this.parents.set(exchange, summarized)
      return
    }
    // Without its body, where in the session it belongs is known by the time alone.
    if (hasHeaders && links === null && before !== undefined) {
      this.parents.set(exchange, before)
      return
    }
    const home = hasHeaders ? this.#homes.get(scope) : undefined
    const called =
      agentId === null ? this.#findCall(exchange) : home === undefined ? this.#findAgentCall(exchange) : null
    if (called !== null) this.tasks.set(exchange, called)
    if (home === undefined) {
      // A session's own conversation does not begin with a sub-task; that of an agent does.
      if (hasHeaders && (called === null || agentId !== null)) this.#homes.set(scope, exchange)
    } else if (called === null) this.joined.set(exchange, home)
  }

  #findCall(exchange: LinkableExchange): LinkableExchange | null {
    const called = this.#origins.findTask(exchange)
    return called === null || this.#leadsTo(called, exchange) ? null : called
  }

  /** Where no call has this prompt, what the parent agent did last. */
  #findAgentCall(exchange: LinkableExchange): LinkableExchange | null {
    const parentScope = scopeOf({ ...exchange, agentId: exchange.parentAgentId })
    return this.#findCall(exchange) ?? this.#newest.get(parentScope) ?? null
  }

  /** Whether `exchange` comes from `origin`: what began in the same millisecond has no order. */
  #leadsTo(exchange: LinkableExchange, origin: LinkableExchange): boolean {
    let at: LinkableExchange | undefined = exchange
    while (at !== undefined && at !== origin) at = this.parents.get(at) ?? this.joined.get(at)
    return at === origin
  }
}
