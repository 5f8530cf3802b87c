import { rewrapCredentials } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { reportReseal } from '../reseal.js'
import { requireKeyRing, withStores } from '../stores.js'

/** `prompt-train keyring rewrap`: seals anew with the first key of the ring. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const result = await withStores(async (stores) => rewrapCredentials(stores.stored, requireKeyRing(stores)))
  reportReseal(result, json === true, 'sealed anew')
}
