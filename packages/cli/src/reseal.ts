import type { ResealResult } from '@agent-prompt-train/core'

/** Tells what became of all credentials; the exit code is 1 where one failed. */
export function reportReseal({ changed, unchanged, failed }: ResealResult, json: boolean, done: string): void {
  const problems = failed.map(({ domain, error }) => ({ domain, problem: error.message }))
  const text = problems.map(({ domain, problem }) => `${domain}: ${problem}\n`).join('')
  process.stdout.write(
    json
      ? `${JSON.stringify({ changed, unchanged, failed: problems })}\n`
      : `${text}${changed} ${done}, ${unchanged} left as they were, ${failed.length} failed.\n`,
  )
  if (failed.length > 0) process.exitCode = 1
}
