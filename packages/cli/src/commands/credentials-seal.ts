import { sealCredentials } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { resealAll } from '../reseal.js'

/** `prompt-train credentials seal`: seals what is stored in the clear. */
export async function run({ flags: { json } }: Given): Promise<void> {
  await resealAll(sealCredentials, { json: json === true, done: 'sealed' })
}
