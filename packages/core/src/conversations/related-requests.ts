import type { Conversation } from './link-conversations.js'

/**
 * The ids of the requests that hang together with one, itself among them: all branches of its conversation, the sub-tasks
 * that these called for, and whatever called for it. The one alone where it is in none of the conversations.
 */
export function relatedRequests(conversations: readonly Conversation[], requestId: string): readonly string[] {
  const requestsOf = ({ branches }: Conversation) => branches.flatMap(({ requests }) => requests)
  const conversationOf = new Map(
    conversations.flatMap((conversation) => requestsOf(conversation).map((id) => [id, conversation] as const)),
  )
  const own = conversationOf.get(requestId)
  if (own === undefined) return [requestId]
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
  return conversations.filter((conversation) => related.has(conversation)).flatMap(requestsOf)
}
