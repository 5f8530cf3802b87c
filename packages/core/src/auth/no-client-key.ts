import { type Logger, toLoggedError } from '../logger.js'
import type { ClientKeyLookup, ClientKeyStore } from '../storage/storage.js'

/**
 * Creates what a refused authentication calls: the first time it is logged if no store holds any client key, because then
 * everybody is refused, whatever they present. Stores that only look keys up cannot tell.
 */
export function createNoKeyNotice(stores: readonly ClientKeyLookup[], logger: Logger): () => void {
  const listing = stores.filter((store): store is ClientKeyStore => 'list' in store)
  let isDue = listing.length === stores.length && listing.length > 0

  async function look(): Promise<void> {
    for (const store of listing) if ((await store.list()).length > 0) return
    logger.warn(
      {},
      'no client key is configured, so every request is refused: make one, for example with prompt-train keys create',
    )
  }

  return () => {
    if (!isDue) return
    isDue = false
    look().catch((error: unknown) => logger.debug(toLoggedError(error), 'client keys cannot be listed'))
  }
}
