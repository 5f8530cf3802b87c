import type { ExchangeFilter, ExchangeStore } from '../storage/exchange-store.js'
import { type LinkedConversations, linkConversations } from './link-conversations.js'
import type { LinkableExchange } from './linkable.js'

const PAGE = 1_000

/**
 * Reads the exchanges of a domain, or of all, and links them. What began before `from` is not looked at: a conversation that
 * was going on then is given from there. All exchanges of the time are held in memory, about 2 KB each.
 */
export async function listConversations(
  store: Pick<ExchangeStore, 'list'>,
  filter: Pick<ExchangeFilter, 'domain' | 'from' | 'to'> = {},
): Promise<LinkedConversations> {
  const exchanges: LinkableExchange[] = []
  let after: string | null = null
  do {
    const page = await store.list(filter, { limit: PAGE, ...(after !== null && { after }) })
    exchanges.push(...page.exchanges)
    after = page.next
  } while (after !== null)
  return linkConversations(exchanges)
}
