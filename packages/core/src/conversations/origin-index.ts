import { Candidates, choose } from './candidates.js'
import { endedBefore, type LinkableExchange } from './linkable.js'

/** A sub-agent starts within this time of the call: a person may have to allow it first. */
const TASK_MS = 3_600_000

/** Finds what a history that begins anew came out of: a summary, or a call for a sub-agent. */
export class OriginIndex {
  readonly #byPassage = new Candidates()
  readonly #byTask = new Candidates()
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

  /** The exchange whose answer is the summary that the first message carries: at least half of its longest passages. */
  findSummarized(child: LinkableExchange): LinkableExchange | null {
    const found = new Map<LinkableExchange, number>()
    for (const passage of child.links?.carried ?? []) {
      for (const candidate of this.#byPassage.before(`${child.domain} ${passage}`, child))
        found.set(candidate, (found.get(candidate) ?? 0) + 1)
    }
    const carried = [...found].filter(([{ links }, passages]) => 2 * passages >= links!.summary.length)
    const candidates = carried.map(([candidate]) => candidate).filter((candidate) => endedBefore(candidate, child))
    return choose(child, candidates, { wholeAnswer: true, isClaimed: () => false })
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
