import { createKeyRingKey, parseKeyRing } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { UsageError } from '../usage-error.js'

/** `prompt-train keyring create`: shows a new entry for ENCRYPTION_KEYS. */
export function run({ flags: { json }, values }: Given): void {
  const { ENCRYPTION_KEYS: text } = process.env
  const taken = text ? Object.keys(parseKeyRing(text).keys) : []
  const id = values.id ?? nextId(taken)
  const help = 'prompt-train keyring create'
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(id)) {
    throw new UsageError('option "--id" is not 1 to 32 letters, digits, "_" and "-"', help)
  }
  if (taken.includes(id)) throw new UsageError(`ENCRYPTION_KEYS has a key with the id "${id}" already`, help)
  const entry = `${id}:${createKeyRingKey().expose()}`
  process.stdout.write(json ? `${JSON.stringify({ id, entry })}\n` : toText(entry, taken))
}

function nextId(taken: readonly string[]): string {
  let number = taken.length + 1
  while (taken.includes(`k${number}`)) number++
  return `k${number}`
}

function toText(entry: string, taken: readonly string[]): string {
  const before = taken.length > 0 ? `, before the ${taken.length === 1 ? 'key' : 'keys'} there` : ''
  return `${entry}

The key is shown this once and stored nowhere. What is sealed with it is lost without it: keep a copy
apart from the data, in a password manager or secret store. What to do next:

1. Put it first into ENCRYPTION_KEYS${before}, for every process.
2. ${taken.length === 0 ? 'prompt-train credentials seal' : `prompt-train keyring rewrap; then ${taken.join(', ')} can be taken out`}
`
}
