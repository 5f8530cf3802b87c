// The stores that the proof can be run over, by name. Each opens one process's handle on the place it is given.
import { fileCredentialStore } from '@agent-prompt-train/core'

/** @type {Record<string, (place: string) => import('@agent-prompt-train/core').CredentialStore & { close(): unknown }>} */
export const stores = {
  file: (folder) => fileCredentialStore(folder),
}
