import type { ExchangeLinks } from './link-exchanges.js'
import { byTime, endedBefore, isAnswered, type LinkableExchange } from './linkable.js'

/** Exchanges of a conversation that continue each other, one after the other. */
export interface ConversationBranch {
  /** The id of its first request. */
  readonly id: string
  /** The request that it continues beside another branch; null where it begins anew. */
  readonly from: string | null
  /** Request ids, in order of time. */
  readonly requests: readonly string[]
}

/** Exchanges by the one that their conversation began with, each list in order of time. */
export function groupByRoot(
  exchanges: readonly LinkableExchange[],
  { parents, joined }: ExchangeLinks,
): Map<LinkableExchange, LinkableExchange[]> {
  const places = new Map<LinkableExchange, { readonly root: LinkableExchange; readonly generation: number }>()
  for (const exchange of exchanges) {
    const path: LinkableExchange[] = []
    let at: LinkableExchange | undefined = exchange
    while (at !== undefined && !places.has(at)) {
      path.push(at)
      at = parents.get(at) ?? joined.get(at)
    }
    let place = at === undefined ? { root: path.at(-1)!, generation: -1 } : places.get(at)!
    for (const next of path.reverse()) {
      place = { root: place.root, generation: place.generation + 1 }
      places.set(next, place)
    }
  }
  const groups = new Map<LinkableExchange, LinkableExchange[]>()
  for (const exchange of exchanges) {
    const { root } = places.get(exchange)!
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [exchange])
    else group.push(exchange)
  }
  // A parent goes first, also where both began in one millisecond.
  const generationOf = (exchange: LinkableExchange) => places.get(exchange)!.generation
  for (const group of groups.values())
    group.sort((a, b) => a.startedAt - b.startedAt || generationOf(a) - generationOf(b) || byTime(a, b))
  return groups
}

/** Cuts a conversation into branches: what continues the tip of one goes on with it, all else begins another. */
export function toBranches(
  exchanges: readonly LinkableExchange[],
  { parents }: Pick<ExchangeLinks, 'parents'>,
): ConversationBranch[] {
  const branches: { readonly from: string | null; readonly exchanges: LinkableExchange[] }[] = []
  const branchOf = new Map<LinkableExchange, LinkableExchange[]>()
  for (const exchange of exchanges) {
    const parent = parents.get(exchange)
    let branch = parent === undefined ? undefined : branchOf.get(parent)
    if (parent === undefined || branch === undefined || !isTip(branch, parent, exchange)) {
      branch = []
      branches.push({ from: parent?.requestId ?? null, exchanges: branch })
    }
    branch.push(exchange)
    branchOf.set(exchange, branch)
  }
  return branches.map(({ from, exchanges: [first, ...rest] }) => ({
    id: first!.requestId,
    from,
    requests: [first!, ...rest].map(({ requestId }) => requestId),
  }))
}

/** Attempts that failed leave the tip where it was. */
function isTip(branch: readonly LinkableExchange[], exchange: LinkableExchange, next: LinkableExchange): boolean {
  for (let i = branch.length - 1; branch[i] !== exchange; i--) {
    if (isAnswered(branch[i]!) || !endedBefore(branch[i]!, next)) return false
  }
  return true
}
