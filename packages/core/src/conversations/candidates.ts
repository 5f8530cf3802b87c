import { endedBefore, type LinkableExchange } from './linkable.js'

/** Of more exchanges with one and the same digest only the newest are looked at: a job may send one prompt all day. */
const MOST_CANDIDATES = 200

/** Exchanges by a digest of theirs. */
export class Candidates {
  readonly #byKey = new Map<string, LinkableExchange[]>()

  /** Adds an exchange; they come in order of time. */
  add(key: string, exchange: LinkableExchange): void {
    const list = this.#byKey.get(key)
    if (list === undefined) this.#byKey.set(key, [exchange])
    else list.push(exchange)
  }

  /** Those that began no later than `child`, the newest first. */
  before(key: string, child: LinkableExchange): LinkableExchange[] {
    const list = this.#byKey.get(key)
    if (list === undefined) return []
    let [from, to] = [0, list.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (list[middle]!.startedAt <= child.startedAt) from = middle + 1
      else to = middle
    }
    return list
      .slice(Math.max(0, from - MOST_CANDIDATES), from)
      .reverse()
      .filter((candidate) => candidate !== child)
  }
}

/** What {@link choose} goes by beside the exchanges themselves. */
export interface Choice {
  /** Whether the child rests on the whole answer, and not on a part of it that may have come early. */
  readonly wholeAnswer: boolean
  /** Whether another child has it already. */
  isClaimed(candidate: LinkableExchange): boolean
}

/**
 * The candidate that the child most likely comes from: of the same session, user, key and address, with no other child
 * yet; among equals the newest, which is the first.
 */
export function choose(
  child: LinkableExchange,
  candidates: readonly LinkableExchange[],
  { wholeAnswer, isClaimed }: Choice,
): LinkableExchange | null {
  if (candidates.length <= 1) return candidates[0] ?? null
  const rank = (candidate: LinkableExchange) =>
    [
      wholeAnswer && endedBefore(candidate, child),
      candidate.sessionId === child.sessionId,
      candidate.agentId === child.agentId,
      candidate.links?.user === child.links?.user,
      candidate.keyId === child.keyId,
      candidate.clientAddress === child.clientAddress,
      !isClaimed(candidate),
    ].reduce((sum, holds) => 2 * sum + Number(holds), 0)
  let best: readonly [rank: number, candidate: LinkableExchange] | null = null
  for (const candidate of candidates) {
    const ranked = rank(candidate)
    if (best === null || ranked > best[0]) best = [ranked, candidate]
  }
  return best![1]
}
