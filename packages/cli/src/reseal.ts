import { ConfigurationError, type CredentialStore, type KeyRing, type ResealResult } from '@agent-prompt-train/core'
import { withStores } from './stores.js'

/**
 * Reseals every credential of every place and tells what became of them; the exit code is 1 where one failed.
 *
 * @throws ConfigurationError when ENCRYPTION_KEYS is not set
 */
export async function resealAll(
  reseal: (stored: CredentialStore, keyRing: KeyRing) => Promise<ResealResult>,
  { json, done }: { readonly json: boolean; readonly done: string },
): Promise<void> {
  const results = await withStores(async ({ places }) => {
    const results: ResealResult[] = []
    for (const { stored, keyRing } of places) results.push(await reseal(stored, keyRing ?? missing()))
    return results
  })
  const changed = sum(results.map((result) => result.changed))
  const unchanged = sum(results.map((result) => result.unchanged))
  const failed = results.flatMap((result) => result.failed)
  const problems = failed.map(({ domain, error }) => ({ domain, problem: error.message }))
  const text = problems.map(({ domain, problem }) => `${domain}: ${problem}\n`).join('')
  process.stdout.write(
    json
      ? `${JSON.stringify({ changed, unchanged, failed: problems })}\n`
      : `${text}${changed} ${done}, ${unchanged} left as they were, ${failed.length} failed.\n`,
  )
  if (failed.length > 0) process.exitCode = 1
}

function missing(): never {
  throw new ConfigurationError('ENCRYPTION_KEYS', 'is not set: make a key with prompt-train keyring create')
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
