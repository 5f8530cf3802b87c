import { sealCredentials } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { reportReseal } from '../reseal.js'
import { requireKeyRing, withStores } from '../stores.js'

/** `prompt-train credentials seal`: seals what is stored in the clear. */
export async function run({ flags: { json } }: Given): Promise<void> {
  const result = await withStores(async (stores) => sealCredentials(stores.stored, requireKeyRing(stores)))
  reportReseal(result, json === true, 'sealed')
}
