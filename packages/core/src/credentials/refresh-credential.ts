import { toLoggedError } from '../logger.js'
import { type Refreshed, type RefreshTools, type RefreshWish, refreshStored } from './oauth-refresh.js'
import { clearSpare, type GrantedPair, storeSpare } from './spare.js'

/**
 * Whoever claims an interrupted refresh leaves this long to a process that holds the pair and is about to store it: one
 * that was frozen, or whose store was away. Longer than it waits between its tries.
 */
const HAND_IN_MS = 4000

/**
 * Refreshes the stored credential of `domain` if that is still wanted, with all that keeps a pair from being lost: an
 * interrupted refresh is looked for in the spare place, and left to whoever may hold its pair before the token is tried
 * again. Never rejects. `onGranted` is told of new tokens before they are stored.
 */
export async function refreshCredential(
  tools: RefreshTools,
  domain: string,
  wish: RefreshWish,
  onGranted: (pair: GrantedPair) => void = () => {},
): Promise<Refreshed> {
  let refreshed = await refreshStored(tools, domain, wish, true, onGranted)
  if (refreshed.claimed) {
    await new Promise((resolve) => setTimeout(resolve, HAND_IN_MS))
    refreshed = await refreshStored(tools, domain, wish, false, onGranted)
  }
  const { storeError, recovered, superseded } = refreshed
  if (storeError !== null) tools.logger.error({ domain, error: toLoggedError(storeError) }, 'credential store failed')
  if (recovered) {
    tools.logger.warn({ domain }, 'interrupted oauth refresh recovered from the spare place')
    // A leftover does no harm: it is found by the token that was spent for it.
    await clearSpare(tools.spareStore, domain).catch(() => {})
  }
  if (superseded !== null) await setAside(tools, domain, superseded)
  return refreshed
}

/** Keeps a pair that another login has taken the place of, as far as there is somewhere to keep it. */
async function setAside({ spareStore, logger }: RefreshTools, domain: string, pair: GrantedPair): Promise<void> {
  const kept =
    spareStore !== null &&
    (await storeSpare(spareStore, domain, pair).then(
      () => true,
      () => false,
    ))
  logger.warn({ domain, kept }, 'refreshed credential set aside: another login was stored meanwhile')
}
