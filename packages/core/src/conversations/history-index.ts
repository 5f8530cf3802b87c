import { Candidates, choose } from './candidates.js'
import { endedBefore, isAnswered, type LinkableExchange, scopeOf } from './linkable.js'

/** A client that tries again does so within this time. */
const RETRY_MS = 600_000

/** Finds which exchange's history a request continues. */
export class HistoryIndex {
  readonly #byAnswerId = new Candidates()
  readonly #byAnswer = new Candidates()
  readonly #unanswered = new Candidates()
  readonly #claimed = new Set<LinkableExchange>()

  /** @param exchanges in order of time */
  constructor(exchanges: readonly LinkableExchange[]) {
    for (const exchange of exchanges) {
      const { links } = exchange
      if (links === null) continue
      if (links.answerId !== null) this.#byAnswerId.add(`${exchange.domain} ${links.answerId}`, exchange)
      for (const answer of links.answers) this.#byAnswer.add(scopeOf(exchange, answer), exchange)
      if (!isAnswered(exchange) && links.history.length > 0)
        this.#unanswered.add(scopeOf(exchange, links.history[0]!), exchange)
    }
  }

  /** The exchange that `child` continues; null where its history begins with it. */
  findParent(child: LinkableExchange): LinkableExchange | null {
    if (child.links === null) return null
    const parent = this.#findNamed(child) ?? this.#findLongest(child) ?? this.#findFailed(child)
    if (parent !== null) this.#claimed.add(parent)
    return parent
  }

  #findNamed(child: LinkableExchange): LinkableExchange | null {
    const { previousAnswerId } = child.links!
    if (previousAnswerId === null) return null
    return this.#choose(child, this.#byAnswerId.before(`${child.domain} ${previousAnswerId}`, child))
  }

  /**
   * The longest part of the history that is known together with its answer. What differs from an answer that came whole
   * is another history; one that did not come may be followed by anything.
   */
  #findLongest(child: LinkableExchange): LinkableExchange | null {
    for (const [back, point] of child.links!.history.entries()) {
      const key = scopeOf(child, point)
      const answered = this.#choose(child, this.#byAnswer.before(key, child))
      if (answered !== null) return answered
      const unanswered = back === 0 ? null : this.#choose(child, this.#unanswered.before(key, child))
      if (unanswered !== null) return unanswered
    }
    return null
  }

  /** The same request, which failed before and which nothing has come of yet. */
  #findFailed(child: LinkableExchange): LinkableExchange | null {
    const [whole] = child.links!.history
    if (whole === undefined) return null
    const failed = this.#unanswered
      .before(scopeOf(child, whole), child)
      .filter(
        (candidate) =>
          candidate.startedAt < child.startedAt &&
          candidate.startedAt > child.startedAt - RETRY_MS &&
          endedBefore(candidate, child) &&
          !this.#claimed.has(candidate),
      )
    return this.#choose(child, failed)
  }

  #choose(child: LinkableExchange, candidates: readonly LinkableExchange[]): LinkableExchange | null {
    return choose(child, candidates, { wholeAnswer: true, isClaimed: (candidate) => this.#claimed.has(candidate) })
  }
}
