import { type ExchangeStore, type Logger, type Retention, StorageError } from '@agent-prompt-train/core'

/** How often what is past its retention goes. */
const PURGE_EVERY_MS = 6 * 3_600_000

/**
 * Purges at once and every 6 hours from then, beside the requests, until `stop` is called. A role that may not purge is told
 * of once; the partitions of the days ahead are made by that role too.
 */
export function schedulePurge(
  exchanges: Pick<ExchangeStore, 'purge'>,
  retention: Retention,
  logger: Logger,
): { stop(): void } {
  let isStopped = false
  let isRefused = false

  async function purge(): Promise<void> {
    try {
      const { records, bodies } = await exchanges.purge(Date.now(), retention)
      if (records + bodies > 0) logger.info({ records, bodies }, 'purged what was past its retention')
    } catch (error) {
      if (!isStopped) tell(error)
    }
  }

  function tell(error: unknown): void {
    if (!(error instanceof StorageError && error.code === 'not_permitted')) {
      logger.warn({ problem: (error as Error).message }, 'not purged: it is tried again in 6 hours')
      return
    }
    if (isRefused) return
    isRefused = true
    logger.warn(
      {},
      'not purged: the role of DATABASE_URL may not delete, so run prompt-train purge daily as the role that owns the tables',
    )
  }

  void purge()
  const timer = setInterval(() => void purge(), PURGE_EVERY_MS).unref()
  return {
    stop() {
      isStopped = true
      clearInterval(timer)
    },
  }
}
