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
  const rootOf = (conversation: Conversation | undefined): Conversation | undefined => {
    const { subTaskOf } = conversation ?? { subTaskOf: null }
    return subTaskOf === null ? conversation : rootOf(conversationOf.get(subTaskOf))
  }
  const root = rootOf(conversationOf.get(requestId))
  if (root === undefined) return [requestId]
  return conversations.filter((conversation) => rootOf(conversation) === root).flatMap(requestsOf)
}
