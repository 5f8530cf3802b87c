// A store with faults that are switched on from outside, at the two places where a refresh touches it.

/**
 * @typedef {{
 *   killAfterGrant: boolean,  ends the process between the endpoint's answer and its storing
 *   failPersists: number,     so many writes of a new pair fail as on a full disk
 *   full: 'no' | 'pairs' | 'everything',
 * }} Faults
 */

/** Wraps `store`; `faults` may be changed at any time. */
export function faultyStore(store, faults) {
  const full = () => Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  return {
    find: (domain) => store.find(domain),
    list: () => store.list(),
    update: (domain, change) =>
      store.update(domain, async (current, lease) => {
        const changed = await change(current, {
          signal: lease.signal,
          read: () => lease.read(),
          save: (credential) => (faults.full === 'everything' ? Promise.reject(full()) : lease.save(credential)),
        })
        const isNewPair = changed?.type === 'oauth' && changed.accessToken.expose() !== current?.accessToken.expose()
        if (isNewPair && faults.killAfterGrant) process.kill(process.pid, 'SIGKILL')
        if (isNewPair && (faults.full === 'pairs' || faults.failPersists-- > 0)) throw full()
        if (changed !== current && faults.full === 'everything') throw full()
        return changed
      }),
  }
}
