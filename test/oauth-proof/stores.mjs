// The stores that the proof can be run over, by name: a place of its own for each run, one handle on it for each
// process, and the faults that only this kind of store has.

/**
 * A worker loads its own alone: the driver of a database takes longer to load than the proxy.
 * @typedef {import('@agent-prompt-train/core').CredentialStore & { close(): unknown }} Handle
 * @typedef {object} Place
 * @property {string} name What a process opens it by.
 * @property {Record<string, () => Promise<unknown>>} faults
 * @property {() => Promise<unknown>} remove
 * @type {Record<string, () => Promise<{ prepare(domain: string): Promise<Place>, open(name: string): Handle }>>}
 */
export const stores = {
  file: () => import('./file-store.mjs'),
  postgres: () => import('./postgres-store.mjs'),
}
