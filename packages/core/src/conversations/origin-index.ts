import { Candidates, choose } from './candidates.js'
import { byTime, endedBefore, type LinkableExchange } from './linkable.js'

/** A sub-agent starts within this time of the call: a person may have to allow it first. */
const TASK_MS = 3_600_000

/** How much of a summary's passages a message must have to carry it. */
const LEAST_SHARE = 0.5

/** Finds what a history that begins anew came out of: a summary, or a call for a sub-agent. */
export class OriginIndex {
  readonly #byPassage = new Candidates()
  readonly #byTask = new Candidates()
  /** Summaries that a history begins with already. */
  readonly #continued = new Set<LinkableExchange>()
  /** How many sub-tasks each call has, by its exchange and prompt. */
  readonly #started = new Map<string, number>()

  /** @param exchanges in order of time */
  constructor(exchanges: readonly LinkableExchange[]) {
    for (const exchange of exchanges) {
      const { domain, links } = exchange
      for (const passage of links?.summary ?? []) this.#byPassage.add(`${domain} ${passage}`, exchange)
      for (const task of new Set(links?.tasks)) this.#byTask.add(`${domain} ${task}`, exchange)
    }
  }

  /** The exchange whose answer is the summary that the first message carries, at least half of its longest passages. */
  findSummarized(child: LinkableExchange): LinkableExchange | null {
    const counts = new Map<LinkableExchange, number>()
    for (const passage of child.links?.carried ?? []) {
      for (const candidate of this.#byPassage.before(`${child.domain} ${passage}`, child))
        if (endedBefore(candidate, child)) counts.set(candidate, (counts.get(candidate) ?? 0) + 1)
    }
    const shares = [...counts].map(([candidate, count]) => ({
      candidate,
      share: count / candidate.links!.summary.length,
    }))
    const most = shares.reduce((best, { share }) => Math.max(best, share), LEAST_SHARE)
    const candidates = shares.filter(({ share }) => share === most).map(({ candidate }) => candidate)
    const found = choose(child, candidates.sort(byTime).reverse(), {
      wholeAnswer: true,
      isClaimed: (candidate) => this.#continued.has(candidate),
    })
    if (found !== null) this.#continued.add(found)
    return found
  }

  /** The exchange whose answer calls for a sub-agent with this first user message. Each call has one, if there are enough. */
  findTask(child: LinkableExchange): LinkableExchange | null {
    const prompt = child.links?.opening ?? null
    if (prompt === null) return null
    const recent = this.#byTask
      .before(`${child.domain} ${prompt}`, child)
      .filter(({ startedAt, durationMs }) => startedAt + durationMs > child.startedAt - TASK_MS)
    const started = ({ requestId }: LinkableExchange) => this.#started.get(`${requestId} ${prompt}`) ?? 0
    const calls = ({ links }: LinkableExchange) => links!.tasks.filter((task) => task === prompt).length
    const found = choose(child, recent, {
      wholeAnswer: false,
      isClaimed: (candidate) => started(candidate) >= calls(candidate),
    })
    if (found !== null) this.#started.set(`${found.requestId} ${prompt}`, started(found) + 1)
    return found
  }
}
