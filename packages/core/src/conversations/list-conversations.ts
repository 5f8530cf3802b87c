import type { ExchangeFilter, ExchangeStore } from '../storage/exchange-store.js'
import { type LinkedConversations, linkConversations } from './link-conversations.js'
import { type LinkableExchange, toLinkable } from './linkable.js'

const PAGE = 1_000

/**
 * Reads the exchanges of a domain, or of all, and links them. What began before `from` is not looked at: a conversation that
 * was going on then is given from there. What linking looks at is held in memory, about 1 KB for each exchange of the time.
 */
export async function listConversations(
  store: Pick<ExchangeStore, 'list'>,
  filter: Pick<ExchangeFilter, 'domain' | 'from' | 'to'> = {},
): Promise<LinkedConversations> {
  return linkConversations(await readLinkable(store, filter))
}

/** Reads what linking looks at of every exchange that matches. */
export async function readLinkable(
  store: Pick<ExchangeStore, 'list'>,
  filter: Pick<ExchangeFilter, 'domain' | 'from' | 'to'>,
): Promise<readonly LinkableExchange[]> {
  const exchanges: LinkableExchange[] = []
  let after: string | null = null
  do {
    const page = await store.list(filter, { limit: PAGE, ...(after !== null && { after }) })
    for (const record of page.exchanges) exchanges.push(toLinkable(record))
    after = page.next
  } while (after !== null)
  return exchanges
}
