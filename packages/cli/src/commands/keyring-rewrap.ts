import { rewrapCredentials } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { resealAll } from '../reseal.js'

/** `prompt-train keyring rewrap`: seals anew with the first key of the ring. */
export async function run({ flags: { json } }: Given): Promise<void> {
  await resealAll(rewrapCredentials, { json: json === true, done: 'sealed anew' })
}
