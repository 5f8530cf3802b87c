import { ConfigurationError, createKeyRingKey, parseKeyRing } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { UsageError } from '../usage-error.js'

/** `prompt-train keyring create`: shows a new entry for ENCRYPTION_KEYS. */
export function run({ flags: { json }, values }: Given): void {
  const taken = readIds(process.env.ENCRYPTION_KEYS)
  const id = values.id ?? nextId(taken)
  const help = 'prompt-train keyring create'
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(id)) {
    throw new UsageError('option "--id" is not 1 to 32 letters, digits, "_" and "-"', help)
  }
  if (taken.includes(id)) throw new UsageError(`ENCRYPTION_KEYS has a key with the id "${id}" already`, help)
  const entry = `${id}:${createKeyRingKey().expose()}`
  process.stdout.write(json ? `${JSON.stringify({ id, entry })}\n` : toText(entry, taken))
}

/** None of a malformed variable: whatever refuses that says to make a key by this command. */
function readIds(text: string | undefined): string[] {
  if (!text) return []
  try {
    return Object.keys(parseKeyRing(text).keys)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    process.stderr.write(`prompt-train: ${error.message}\n`)
    return []
  }
}

function nextId(taken: readonly string[]): string {
  let number = taken.length + 1
  while (taken.includes(`k${number}`)) number++
  return `k${number}`
}

function toText(entry: string, taken: readonly string[]): string {
  const steps =
    taken.length === 0
      ? ['Set ENCRYPTION_KEYS to it, for every process.', 'prompt-train credentials seal']
      : [
          'Add it at the end of ENCRYPTION_KEYS, for every process; then move it to the front, for every process.',
          `prompt-train keyring rewrap. After that ${taken.join(', ')} can be taken out.`,
        ]
  return `${entry}

The key is shown this once and stored nowhere. What is sealed with it is lost without it: keep a copy
apart from the data, in a password manager or secret store. What to do next:

${steps.map((step, i) => `${i + 1}. ${step}\n`).join('')}`
}
