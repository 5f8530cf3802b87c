import { type ConversationBranch, groupByRoot, toBranches } from './branches.js'
import { linkExchanges } from './link-exchanges.js'
import { byTime, isTurn, type LinkableExchange } from './linkable.js'

/** Exchanges that hang together. Times are epoch milliseconds. */
export interface Conversation {
  /** The id of the request that it began with. */
  readonly id: string
  readonly domain: string
  /** As the client names it; null where it names none. */
  readonly sessionId: string | null
  readonly startedAt: number
  /** When the last of its exchanges ended. */
  readonly endedAt: number
  /** The request whose answer called for this sub-task; null where it is none. */
  readonly subTaskOf: string | null
  /** Its number, from 1, among the sub-tasks of that request's conversation; null where it is none. */
  readonly subTask: number | null
  /** The first is the one it began with. */
  readonly branches: readonly ConversationBranch[]
}

/** How far exchanges could be linked. */
export interface LinkingCounts {
  readonly exchanges: number
  /** Those that continue another, belong to a known session or to a sub-task's call. */
  readonly linked: number
  /** Those that a conversation begins with. */
  readonly begun: number
  /** Those of which nothing is known to link them by: no session, no body looked into. */
  readonly unknown: number
}

/** Conversations, oldest first. */
export interface LinkedConversations {
  readonly conversations: readonly Conversation[]
  readonly linking: LinkingCounts
}

/**
 * Links exchanges into conversations, within each domain. The same exchanges give the same conversations in whatever
 * order they come. Of records that are none of a conversation's turns nothing is made.
 */
export function linkConversations(records: readonly LinkableExchange[]): LinkedConversations {
  const exchanges = records.filter(isTurn).sort(byTime)
  const links = linkExchanges(exchanges)
  const groups = groupByRoot(exchanges, links)
  const rootOf = new Map([...groups].flatMap(([root, group]) => group.map((exchange) => [exchange, root] as const)))
  const subTasks = new Map<LinkableExchange, number>()
  const toSubTask = (caller: LinkableExchange | undefined) => {
    if (caller === undefined) return null
    const number = (subTasks.get(rootOf.get(caller)!) ?? 0) + 1
    subTasks.set(rootOf.get(caller)!, number)
    return number
  }
  const roots = [...groups.keys()].sort(byTime)
  const conversations = roots.map((root) => {
    const group = groups.get(root)!
    const caller = links.tasks.get(root)
    return {
      id: root.requestId,
      domain: root.domain!,
      sessionId: root.sessionId,
      startedAt: root.startedAt,
      endedAt: group.reduce((last, { startedAt, durationMs }) => Math.max(last, startedAt + durationMs), 0),
      subTaskOf: caller?.requestId ?? null,
      subTask: toSubTask(caller),
      branches: toBranches(group, links),
    }
  })
  return { conversations, linking: count(exchanges, links) }
}

function count(
  exchanges: readonly LinkableExchange[],
  { parents, joined, tasks }: ReturnType<typeof linkExchanges>,
): LinkingCounts {
  const isLinked = (exchange: LinkableExchange) => parents.has(exchange) || joined.has(exchange) || tasks.has(exchange)
  const linked = exchanges.filter(isLinked).length
  const unknown = exchanges.filter(
    (exchange) => !isLinked(exchange) && exchange.links === null && exchange.sessionId === null,
  ).length
  return { exchanges: exchanges.length, linked, begun: exchanges.length - linked - unknown, unknown }
}
