import type { ExchangeStore } from '../storage/exchange-store.js'
import { type Conversation, linkConversations } from './link-conversations.js'
import type { LinkableExchange } from './linkable.js'
import { readLinkable } from './list-conversations.js'

const PAUSE_MS = 7 * 86_400_000

/**
 * Finds the requests that hang together with one: all branches of its conversation, the sub-tasks that were called for in
 * it, and whatever called for it. Looks on, forwards and backwards, until a week holds nothing that belongs to it: one that
 * rested for longer is found whole by naming its latest request and `from`. What linking looks at is held in memory, about
 * 1 KB for each exchange of the domain in that time.
 *
 * @param from looks as far back as this too, in epoch milliseconds
 * @returns their ids, the named one among them; null where there is no such request
 */
export async function relatedRequests(
  store: Pick<ExchangeStore, 'find' | 'list'>,
  requestId: string,
  { from }: { readonly from?: number } = {},
): Promise<readonly string[] | null> {
  const record = await store.find(requestId)
  if (record === null) return null
  const { domain, startedAt } = record
  if (domain === null) return [requestId]
  let exchanges: readonly LinkableExchange[] = []
  let related: readonly Conversation[] = []
  let looked = { from: startedAt, to: startedAt }
  let wanted = { from: Math.min(startedAt - PAUSE_MS, from ?? startedAt), to: startedAt + PAUSE_MS }
  while (wanted.from < looked.from || wanted.to > looked.to) {
    exchanges = [
      ...(await readLinkable(store, { domain, from: wanted.from, to: looked.from })),
      ...exchanges,
      ...(await readLinkable(store, { domain, from: looked.to, to: wanted.to })),
    ]
    looked = wanted
    related = relatedConversations(linkConversations(exchanges).conversations, requestId)
    wanted = {
      from: related.reduce((first, conversation) => Math.min(first, conversation.startedAt - PAUSE_MS), looked.from),
      to: related.reduce((last, { endedAt }) => Math.max(last, endedAt + PAUSE_MS), looked.to),
    }
  }
  return related.length === 0 ? [requestId] : related.flatMap(requestsOf)
}

/** The conversation of a request, the sub-tasks that were called for in it, and whatever called for it. */
export function relatedConversations(
  conversations: readonly Conversation[],
  requestId: string,
): readonly Conversation[] {
  const conversationOf = new Map(
    conversations.flatMap((conversation) => requestsOf(conversation).map((id) => [id, conversation] as const)),
  )
  const own = conversationOf.get(requestId)
  if (own === undefined) return []
  const neighbours = new Map<Conversation, Conversation[]>(conversations.map((conversation) => [conversation, []]))
  for (const subTask of conversations) {
    const caller = subTask.subTaskOf === null ? undefined : conversationOf.get(subTask.subTaskOf)
    if (caller === undefined) continue
    neighbours.get(caller)!.push(subTask)
    neighbours.get(subTask)!.push(caller)
  }
  const related = new Set([own])
  // What is added on the way is visited too. Prompts are the clients': two sub-tasks may seem to call for each other.
  for (const conversation of related) for (const next of neighbours.get(conversation)!) related.add(next)
  return conversations.filter((conversation) => related.has(conversation))
}

function requestsOf({ branches }: Conversation): readonly string[] {
  return branches.flatMap(({ requests }) => requests)
}
